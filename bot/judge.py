"""judge: from a proposal to everyone who hears of it: decided, carried out, asked about, told of its end.

Both doors of the road lead here: what a person asked for in conversation, and what the clock or a yes brings about.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy import select

from actions import audit
from actions.approvers import read_staff, who_can
from actions.carry_out import carry_out, confirm, edit, expire, last_deed, timers, undo, withdraw
from actions.commands.calendars import TellClashes
from actions.commands.clock import DeliverReminder
from actions.commands.meetings import ReleaseHold, RemindMeeting
from actions.commands.stops import RuleOnFiring
from actions.commands.undo import Undo
from actions.crm import own, people
from actions.crm.records import Speaker
from actions.decide import may_confirm
from actions.draft import draft
from actions.outside.store import Tx, after_commit
from actions.outside.tables import ProposalRow
from actions.parked import expiry_timer, follow, parked, supersede
from actions.policy.policy import Policy
from actions.proposal import Basis, Command, Create, Decision, Outcome, Proposal, Update
from actions.signing import with_items
from actions.world import World
from bot.announce import Announcer, Confirmer
from bot.buttons import Mint
from bot.message import Address, Reply, address_from_json, address_to_json
from bot.names import NameBook
from bot.outbox import Outbox, target_of
from bot.phrase import phrase_confirmation, phrase_outcome, phrase_settled, phrase_waiting
from bot.phrase_answered import phrase_changed, phrase_passed_on, phrase_renewed, phrase_superseded, with_asked_anew
from bot.standing import Waiting, names_of, waiting_of
from bot.steps import Language
from bot.stops import Stops
from bot.tell import Teller
from bot.thread import Question
from bot.wording.layout import Phrased
from retrieval.setting import ANYWHERE

log = structlog.get_logger()


@dataclass(frozen=True)
class Asker:
    """Where and how whoever asked for something hears of it; `message` is what the reply answers, if anything.

    `question` has their words worked on again from a button.
    """

    address: Address
    lang: Language
    message: str | None = None
    question: Question | None = None


Added = Callable[[Phrased, Mint], Phrased]
"""What the reply says beside the outcome."""


@dataclass(frozen=True)
class Settled:
    """What an answer led to. `outcome` is None where there is no such proposal.

    `says_it_all`: the redrawn card where it was given tells it. `waiting` is the question as it stands after it, `current`
    the one that is asked today in place of the one that was answered.
    """

    outcome: Outcome | None
    says_it_all: bool = False
    waiting: Waiting | None = None
    current: Waiting | None = None


class Judge:
    """decide -> carry_out -> phrase, for whoever asks. `arm` tells the clockwork of new timers."""

    def __init__(
        self,
        world: World,
        outbox: Outbox,
        announce: Announcer,
        teller: Teller,
        names: NameBook,
        policy: Callable[[], Policy],
        arm: Callable[[Iterable[str]], None],
        stops: Stops,
    ) -> None:
        self._world = world
        self._outbox = outbox
        self._announce = announce
        self._teller = teller
        self._names = names
        self._policy = policy
        self._arm = arm
        self._stops = stops

    async def judge(
        self, tx: Tx, proposal: Proposal, asker: Asker, key: str, added: Added | None = None
    ) -> tuple[Outcome, dict[str, Any] | None]:
        """Decide, carry out, and tell whoever asked; where a person must say yes first, ask those who may.

        Returns the outcome and what "why?" would show.
        """
        decision = await self._stops.decide(tx, proposal, asker.address.key)
        proposal = with_items(self._with_rules_passage(proposal, decision, asker.lang))
        outcome = await carry_out(
            self._world,
            proposal,
            decision,
            conversation=asker.address.key,
            address=address_to_json(asker.address),
            lang=asker.lang,
            tx=tx,
        )
        return await self._tell_asker(tx, outcome, asker, key, added)

    async def _tell_asker(
        self, tx: Tx, outcome: Outcome, asker: Asker, key: str, added: Added | None = None
    ) -> tuple[Outcome, dict[str, Any] | None]:
        """What became of it, to whoever asked; where it waits, those who may say yes are asked."""
        self._names.changed(_touched(outcome))
        if keys := timers(outcome):
            after_commit(tx, partial(self._arm, keys))
        await self._stops.record(tx, outcome, asker.address.key)
        requester = outcome.proposal.requester
        waiting = await self._waiting(tx, outcome.proposal.id) if outcome.kind == "waiting" else None
        asks_requester = waiting is not None and may_confirm(waiting.proposal, waiting.decision, requester)
        stand_ins = outcome.data.get("stand_ins", ())
        left = await names_of(tx, {one for each in stand_ins for one in (each["gone"], each["person"]) if one})

        def phrase(mint: Mint) -> Phrased:
            if waiting is None:
                phrased = phrase_outcome(outcome, requester, asker.lang, mint)
                return added(phrased, mint) if added else phrased
            standing = replace(waiting.standing, names={**waiting.standing.names, **left})
            if asks_requester:
                return phrase_confirmation(outcome.proposal, outcome.decision, requester, asker.lang, mint, standing)
            phrased = phrase_waiting(outcome.proposal, outcome.decision, requester, asker.lang, mint, standing, stand_ins)
            return added(phrased, mint) if added else phrased

        why = await self._teller.tell(
            tx, f"reply:{key}", asker.address, phrase, outcome=outcome, answers=asker.message, question=asker.question
        )
        if waiting is not None and not asks_requester:
            await self._ask_confirmers(tx, waiting, but=asker.address)
        if outcome.kind == "done" and isinstance(outcome.proposal.command, RuleOnFiring):
            await self._ruled(tx, requester, outcome.proposal.command, asker.address)
        return outcome, why

    async def _ruled(self, tx: Tx, person: Speaker, command: RuleOnFiring, here: Address) -> None:
        """A stop was ruled on: the step that waits behind it goes on, or ends."""
        paused = await self._stops.paused(tx, command.firing_id)
        if paused is None:
            return
        goes_on = command.ruling != "upheld"
        settled = await self.settle(tx, paused.proposal_id, paused.digest, person, goes_on, here, note=command.reason)
        # a yes that waits for others has used the release as well: it counts once
        is_used = settled.outcome is not None and settled.outcome.kind in ("done", "partial")
        if is_used and command.ruling == "released":
            await self._stops.spend(tx, command.firing_id, paused, person, here.key)

    async def quietly(self, tx: Tx, proposal: Proposal, conversation: str) -> Outcome:
        """Decide and carry out what nobody waits to hear of; its notices reach whom they are for."""
        decision = await self._stops.decide(tx, proposal, conversation)
        outcome = await carry_out(self._world, proposal, decision, conversation=conversation, tx=tx)
        await self._stops.record(tx, outcome, conversation)
        return outcome

    async def for_the_house(self, tx: Tx, proposal: Proposal, conversation: str) -> Outcome:
        """As `quietly`; where somebody must say yes first, those who may are asked."""
        outcome = await self.quietly(tx, proposal, conversation)
        if keys := timers(outcome):
            after_commit(tx, partial(self._arm, keys))
        waiting = await self._waiting(tx, outcome.proposal.id) if outcome.kind == "waiting" else None
        if waiting is not None:
            await self._ask_confirmers(tx, waiting, but=None)
        return outcome

    def _with_rules_passage(self, proposal: Proposal, decision: Decision, lang: Language) -> Proposal:
        """What the company's own documents say about the rule that stands in the way belongs to the reasons shown."""
        audience = "rep" if proposal.requester.is_staff else "customer"
        rules = [f"policy.{reason.rule}" for reason in decision.reasons if reason.verdict != "run"]
        written = (self._world.knowledge.passage_for(rule, audience, lang, ANYWHERE) for rule in rules)
        passages = tuple(passage for passage in written if passage is not None)
        if not passages:
            return proposal
        others = [one for one in proposal.basis.passages if not any(marked.startswith("policy.") for marked in one.intents)]
        return replace(proposal, basis=replace(proposal.basis, passages=(*passages, *others)))

    async def _ask_confirmers(self, tx: Tx, waiting: Waiting, but: Address | None) -> None:
        """Put the question where those who may answer are; where it stands already it is not put again."""
        for to in await self._announce.confirmers(tx, waiting.proposal, waiting.decision):
            if to.address != but:
                await self._ask(tx, waiting, to, f"confirm:{waiting.proposal.id}:{to.address.key}")

    async def _ask(self, tx: Tx, waiting: Waiting, to: Confirmer, key: str) -> None:
        decision = waiting.decision

        def phrase(mint: Mint) -> Phrased:
            shown = self._with_rules_passage(waiting.proposal, decision, to.lang)
            return phrase_confirmation(shown, decision, to.speaker, to.lang, mint, waiting.standing)

        await self._teller.tell(tx, key, to.address, phrase, outcome=Outcome("waiting", waiting.proposal, decision))

    async def _waiting(self, tx: Tx, proposal_id: str) -> Waiting | None:
        row = await parked(tx, proposal_id)
        return await waiting_of(tx, row) if row is not None else None

    async def settle(
        self,
        tx: Tx,
        proposal_id: str,
        digest: str,
        person: Speaker,
        yes: bool,
        here: Address | None,
        note: str | None = None,
    ) -> Settled:
        """A person's yes or no, with all that hangs on it; `note` is why they say so.

        `here` is where it was said, None over the HTTP API.
        """
        await audit.lock(tx)
        said_in, stopping = here.key if here else "api", self._stops.found
        policy = self._policy()
        outcome = await confirm(
            self._world, proposal_id, digest, person, yes, said_in, tx=tx, note=note, stopping=stopping, policy=policy
        )
        if outcome is None:
            return Settled(None)
        outcome = await self._with_name(tx, outcome)
        if outcome.kind == "partial":
            return await self._on_partial(tx, outcome, here)
        says_it_all = await self._settled(tx, proposal_id, outcome, but=here)
        return Settled(outcome, says_it_all, current=await self._current(tx, proposal_id, outcome))

    async def _on_partial(self, tx: Tx, outcome: Outcome, here: Address | None) -> Settled:
        """One yes of several: every copy of the card shows it, and whoever is still needed has one."""
        waiting = await self._waiting(tx, outcome.proposal.id)
        assert waiting is not None  # answered a moment ago
        if outcome.data["is_again"]:
            return Settled(outcome, waiting=waiting)
        targets = await self._show_standing(tx, waiting, f"partial:{outcome.proposal.id}:{len(waiting.standing.said)}")
        await self._ask_confirmers(tx, waiting, but=here)
        return Settled(outcome, here is not None and target_of(here) in targets, waiting=waiting)

    async def _show_standing(self, tx: Tx, waiting: Waiting, key: str) -> frozenset[str]:
        """Redraw every copy of an open question, each as those see it who are there: whoever asked, or who may say yes."""
        proposal, decision, standing = waiting.proposal, waiting.decision, waiting.standing
        row = await parked(tx, proposal.id)
        asked_at = address_from_json(row["address"]) if row is not None and row["address"] is not None else None
        asks_requester = may_confirm(proposal, decision, proposal.requester)
        asked = await self._asked_at(tx, waiting)

        def phrase(to: Address, earlier: Reply, mint: Mint) -> Phrased:
            if to == asked_at and not asks_requester:
                return phrase_waiting(proposal, decision, proposal.requester, earlier.lang, mint, standing)
            viewer = proposal.requester if to == asked_at else asked.get(to.key, proposal.requester)
            shown = self._with_rules_passage(proposal, decision, earlier.lang)
            return phrase_confirmation(shown, decision, viewer, earlier.lang, mint, standing)

        return await self._teller.redraw(tx, key, Outcome("waiting", proposal, decision), phrase)

    async def _asked_at(self, tx: Tx, waiting: Waiting) -> dict[str, Speaker]:
        """By the key of a place, through whose eyes its card is drawn; of several there somebody who is still needed."""
        proposal, decision = waiting.proposal, waiting.decision
        staff = await read_staff(tx)
        may = {one for need in decision.needs for one in who_can(need, proposal, staff)}
        places = [place for person_id in sorted(may) for place in await self._announce.alone(tx, person_id)]
        places += await self._announce.confirmers(tx, proposal, decision)
        places += await self._announce.confirmers(tx, proposal, replace(decision, needs=waiting.standing.missing))
        return {place.address.key: place.speaker for place in places}

    async def _current(self, tx: Tx, proposal_id: str, outcome: Outcome) -> Waiting | None:
        """What is asked today, for an answer to something that no longer is."""
        if outcome.kind not in ("already", "expired") and outcome.data.get("reason") != "wrong_digest":
            return None
        row = await parked(tx, proposal_id)
        if row is None:
            return None
        last = await follow(tx, row)
        is_another = last["id"] != proposal_id or (
            outcome.data.get("reason") == "wrong_digest" and last["state"] == "pending"
        )
        return await waiting_of(tx, last) if is_another else None

    async def edit(
        self,
        tx: Tx,
        proposal_id: str,
        digest: str,
        person: Speaker,
        changes: Mapping[str, Any],
        yes: bool,
        here: Address | None,
    ) -> Settled:
        """Somebody who may confirm changes it first: the old cards are disowned, the changed question is put."""
        await audit.lock(tx)
        conversation, policy = here.key if here else "api", self._policy()
        outcome = await edit(
            self._world,
            proposal_id,
            digest,
            person,
            changes,
            policy,
            conversation,
            yes=yes,
            tx=tx,
            stopping=partial(self._stops.unreleased, conversation=conversation),
        )
        if outcome is None:
            return Settled(None)
        await self._stops.record(tx, outcome, conversation)
        outcome = await self._with_name(tx, outcome)
        if "edited" not in outcome.data:
            says_it_all = (
                await self._settled(tx, proposal_id, outcome, but=here) if not outcome.data.get("is_open") else False
            )
            return Settled(outcome, says_it_all, current=await self._current(tx, proposal_id, outcome))
        instead = await self._waiting(tx, outcome.proposal.id)
        assert instead is not None  # it was parked a moment ago
        self._names.changed(_touched(outcome))
        targets = await self._outbox.redraw(
            tx,
            f"superseded:{proposal_id}",
            f"proposal:{proposal_id}",
            lambda to, earlier: phrase_superseded(instead, earlier.lang).reply,
        )
        after_commit(tx, partial(self._outbox.kick, targets))
        await self._tell_changed(tx, instead, outcome, here)
        return Settled(outcome, waiting=instead)

    async def withdraw(self, tx: Tx, proposal_id: str, why: Mapping[str, Any], instead: str | None = None) -> bool:
        """End what waits, as its evidence does not hold: those who were asked and whoever asked see that it is over, or on
        the old cards that something else is asked `instead`. False if it waits no more."""
        await audit.lock(tx)
        outcome = await withdraw(self._world, proposal_id, why, tx=tx, instead=instead)
        if outcome is None:
            return False
        await self._stops.end(tx, outcome.proposal)
        if instead is None:
            await self._settled(tx, proposal_id, outcome)
            return True
        proposal = outcome.proposal
        targets = await self._outbox.redraw(
            tx,
            f"renewed:{proposal_id}",
            f"proposal:{proposal_id}",
            lambda to, earlier: phrase_renewed(proposal, earlier.lang).reply,
        )
        after_commit(tx, partial(self._outbox.kick, targets))
        return True

    async def renew(self, tx: Tx, before: Waiting, again: Proposal, why: Mapping[str, Any]) -> None:
        """Judge the same once more on other evidence, in place of what was asked `before`: no yes to that counts for it.
        What had been withdrawn is asked again."""
        await audit.lock(tx)
        row = await parked(tx, before.proposal.id)
        assert row is not None  # proposals are never deleted
        if before.state == "pending":
            await self.withdraw(tx, before.proposal.id, why, again.id)
        else:
            await supersede(tx, before.proposal.id, again.id)
        if row["address"] is None:
            await self.for_the_house(tx, again, f"evidence:{again.id}")
            return
        lang = _language(row["lang"])
        asker = Asker(address_from_json(row["address"]), lang)
        await self.judge(tx, again, asker, f"renewed:{again.id}", lambda phrased, mint: with_asked_anew(phrased, lang))

    async def _tell_changed(self, tx: Tx, instead: Waiting, outcome: Outcome, here: Address | None) -> None:
        after_commit(tx, partial(self._arm, (expiry_timer(instead.proposal.id),)))
        row = await parked(tx, instead.proposal.id)
        assert row is not None
        if row["address"] is not None and (to := address_from_json(row["address"])) != here:
            requester, lang = instead.proposal.requester, _language(row["lang"])

            def phrase(mint: Mint) -> Phrased:
                return phrase_changed(instead, outcome, requester, lang, mint, is_requester=True)

            await self._teller.tell(tx, f"changed:{instead.proposal.id}", to, phrase, outcome=outcome)
        if instead.state == "pending":
            await self._ask_confirmers(tx, instead, but=here)

    async def decide_over_http(
        self, proposal_id: str, digest: str, person: Speaker, yes: bool, changes: Mapping[str, Any] | None = None
    ) -> Outcome | None:
        """A yes, a no or other arguments that came through the API, with the same consequences as a press."""
        async with self._world.store.write() as tx:
            if changes is None:
                settled = await self.settle(tx, proposal_id, digest, person, yes, None)
            else:
                settled = await self.edit(tx, proposal_id, digest, person, changes, yes, None)
        return settled.outcome

    async def take_back(
        self, tx: Tx, person: Speaker, deed: str | None, asker: Asker, key: str
    ) -> tuple[Outcome, dict[str, Any] | None] | None:
        """Undo this deed, or the person's last one in this conversation; None if there is none.

        What was confirmed is put to those who confirm, with what would be put back.
        """
        await audit.lock(tx)
        here = asker.address.key
        if deed is None and person.person_id is not None:
            deed = await last_deed(tx, person.person_id, here)
        if deed is None:
            return None
        to = address_to_json(asker.address)
        outcome = await undo(
            self._world,
            deed,
            person,
            here,
            self._policy(),
            tx=tx,
            address=to,
            lang=asker.lang,
            stopping=partial(self._stops.unreleased, conversation=here),
        )
        return await self._tell_asker(tx, outcome, asker, key)

    async def expired(self, proposal_id: str) -> None:
        """The time to answer a parked proposal is up: end it or ask on, and let everyone concerned see that."""
        async with self._world.store.write() as tx:
            await audit.lock(tx)
            before = await self._waiting(tx, proposal_id)
            outcome = await expire(self._world, proposal_id, tx=tx)
            if outcome is None or before is None:
                return
            if outcome.kind == "expired":
                await self._settled(tx, proposal_id, outcome)
            else:
                await self._ask_on(tx, before, outcome)

    async def _ask_on(self, tx: Tx, before: Waiting, outcome: Outcome) -> None:
        """Nobody answered: the cards say until when it is open now, and each who is asked anew, or again, has their own."""
        proposal = outcome.proposal
        waiting = await self._waiting(tx, proposal.id)
        row = await parked(tx, proposal.id)
        assert waiting is not None and row is not None
        step = waiting.standing.step
        after_commit(tx, partial(self._arm, (expiry_timer(proposal.id),)))
        await self._show_standing(tx, waiting, f"step:{proposal.id}:{step}")
        staff = await read_staff(tx)
        asked = {one for need in before.standing.missing for one in who_can(need, proposal, staff)}
        now_asked = {one for need in waiting.standing.missing for one in who_can(need, proposal, staff)}
        anew = sorted(now_asked - asked if outcome.kind == "escalated" else now_asked)
        for person_id in anew:
            for to in await self._announce.alone(tx, person_id):
                await self._ask(tx, waiting, to, f"confirm:{proposal.id}:{step}:{to.address.key}")
        if row["address"] is not None:
            to_requester, lang = address_from_json(row["address"]), _language(row["lang"])
            gone = {one for each in outcome.data["stand_ins"] for one in (each["gone"], each["person"]) if one}
            gone |= set(anew)
            names = {**waiting.standing.names, **await names_of(tx, gone)}
            told = replace(waiting, standing=replace(waiting.standing, names=names))
            await self._teller.tell(
                tx,
                f"step:{proposal.id}:{step}:requester",
                to_requester,
                lambda mint: phrase_passed_on(told, outcome, anew, proposal.requester, lang),
                outcome=outcome,
            )

    async def remind(self, reminder_id: str) -> None:
        """A reminder came due: on behalf of whoever set it, down the same road as everything else."""
        async with self._world.store.write() as tx:
            command = DeliverReminder(reminder_id)
            facts = await own.get_many(tx, command.reads)
            reminder = facts.get("reminder", reminder_id)
            speaker = await people.speaker_of(tx, reminder.person_id) if reminder else None
            if speaker is None:
                log.warning("reminder_for_nobody", reminder=reminder_id)
                return
            basis = Basis(reminder.text, "crm.set_reminder", 1.0)
            proposal = draft(command, facts, speaker, basis, f"reminder:{reminder_id}", self._world.now())
            await self.quietly(tx, proposal, f"reminder:{reminder_id}")

    async def about_a_meeting(self, kind: Literal["meeting_soon", "hold_ends"], booking_id: str) -> None:
        """A meeting is about to begin, or the time for which it was held is over: on behalf of whoever asked for it."""
        command = RemindMeeting(booking_id) if kind == "meeting_soon" else ReleaseHold(booking_id)
        async with self._world.store.write() as tx:
            booking = (await own.get_many(tx, (("booking", booking_id),))).get("booking", booking_id)
            # a meeting that was moved is another one to be reminded of
            cause = f"{kind}:{booking_id}:{booking.starts.isoformat()}" if booking else ""
            await self._by_the_clock(tx, command, booking.owner_id if booking else "", cause)

    async def calendar_taken(self, person_id: str, since: datetime) -> None:
        """Somebody's calendar was taken in: whom it collides with hears of that."""
        async with self._world.store.write() as tx:
            command = TellClashes(person_id, since)
            await self._by_the_clock(tx, command, person_id, f"calendar:{person_id}:{since.isoformat()}")

    async def _by_the_clock(self, tx: Tx, command: Command, person_id: str, cause: str) -> None:
        speaker = await people.speaker_of(tx, person_id)
        if speaker is None:
            log.warning("timer_for_nobody", command=command.name)
            return
        facts = await own.get_many(tx, command.reads)
        proposal = draft(command, facts, speaker, Basis(), cause, self._world.now())
        if proposal.plan.effects:
            await self.quietly(tx, proposal, cause)

    async def _settled(self, tx: Tx, proposal_id: str, outcome: Outcome, but: Address | None = None) -> bool:
        """Redraw every copy of a proposal's card and tell the requester; True if the card here now says it all.

        `but` is where the answer was given: a copy that stands there is redrawn, where its channel can do that. An
        answer that came too late makes sure of the same: whoever settled it may have died before telling. A record that
        changed in the meantime makes a fresh proposal, shown again to those who may confirm it.
        """
        state = outcome.data.get("state") if outcome.kind == "already" else outcome.kind
        if state not in ("done", "rejected", "expired", "withdrawn", "stale", "failed"):
            return False
        self._names.changed(_touched(outcome))
        proposal, final = outcome.proposal, replace(outcome, kind=state)
        row = (await tx.execute(select(ProposalRow).where(ProposalRow.id == proposal_id))).one()
        key = f"settled:{proposal_id}:{state}"
        targets = await self._outbox.redraw(
            tx, key, f"proposal:{proposal_id}", lambda to, earlier: phrase_settled(proposal, final, earlier.lang).reply
        )
        after_commit(tx, partial(self._outbox.kick, targets))
        is_news = "state" not in outcome.data  # else the card said so before this answer
        says_it_all = is_news and but is not None and target_of(but) in targets
        if row.address is None:
            return says_it_all
        requester, lang = address_from_json(row.address), _language(row.lang)
        if outcome.kind == "stale" and proposal.command.name != Undo.name:
            facts = await own.get_many(tx, proposal.command.reads)
            cause = f"{proposal_id}:again"
            basis = replace(proposal.basis, facts=())  # they told of the record as it was
            again = draft(proposal.command, facts, proposal.requester, basis, cause, self._world.now())
            await self.judge(tx, again, Asker(requester, lang), cause)
            await supersede(tx, proposal_id, again.id)
        elif requester != but:
            await self._teller.tell(
                tx, f"{key}:requester", requester, lambda mint: phrase_outcome(final, proposal.requester, lang, mint)
            )
        return says_it_all

    async def _with_name(self, tx: Tx, outcome: Outcome) -> Outcome:
        """The outcome with the name of whoever decided it, in each language, for the sentences."""
        if outcome.decided_by is None:
            return outcome
        person = await people.speaker_of(tx, outcome.decided_by)
        names = {lang: person.called(lang) if person else outcome.decided_by for lang in ("zh", "en")}
        at = outcome.data.get("decided_at", self._world.now().isoformat())
        return replace(outcome, data={**outcome.data, "decided_by_name": names, "decided_at": at})


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"


def _touched(outcome: Outcome) -> frozenset[str]:
    changes = (effect for effect in outcome.proposal.plan.effects if isinstance(effect, Create | Update))
    return frozenset(change.kind for change in changes)
