"""judge: from a proposal to everyone who hears of it: decided, carried out, asked about, told of its end.

Both doors of the road lead here: what a person asked for in conversation, and what the clock or a yes brings about.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy import select

from actions.carry_out import carry_out, confirm, expire, last_deed, timers, undo
from actions.commands.clock import DeliverReminder
from actions.commands.meetings import ReleaseHold, RemindMeeting, TellClashes
from actions.crm import own, people
from actions.crm.records import Speaker
from actions.decide import decide, may_confirm
from actions.draft import draft
from actions.outside.store import Tx, after_commit
from actions.outside.tables import ProposalRow
from actions.policy.policy import Policy
from actions.proposal import Basis, Command, Create, Decision, Outcome, Proposal, Update
from actions.world import World
from bot.announce import Announcer, Confirmer
from bot.buttons import Mint
from bot.message import Address, address_from_json, address_to_json
from bot.names import NameBook
from bot.outbox import Outbox, target_of
from bot.phrase import phrase_confirmation, phrase_outcome, phrase_settled
from bot.steps import Language
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
    ) -> None:
        self._world = world
        self._outbox = outbox
        self._announce = announce
        self._teller = teller
        self._names = names
        self._policy = policy
        self._arm = arm

    async def judge(
        self, tx: Tx, proposal: Proposal, asker: Asker, key: str, added: Added | None = None
    ) -> tuple[Outcome, dict[str, Any] | None]:
        """Decide, carry out, and tell whoever asked; where a person must say yes first, ask those who may.

        Returns the outcome and what "why?" would show.
        """
        decision = decide(proposal, self._policy(), self._world.now())
        proposal = self._with_rules_passage(proposal, decision, asker.lang)
        outcome = await carry_out(
            self._world,
            proposal,
            decision,
            conversation=asker.address.key,
            address=address_to_json(asker.address),
            lang=asker.lang,
            tx=tx,
        )
        self._names.changed(_touched(outcome))
        if keys := timers(outcome):
            after_commit(tx, partial(self._arm, keys))
        asks_requester = outcome.kind == "waiting" and may_confirm(proposal, decision, proposal.requester)

        def phrase(mint: Mint) -> Phrased:
            if asks_requester:
                return phrase_confirmation(proposal, decision, proposal.requester, asker.lang, mint)
            phrased = phrase_outcome(outcome, proposal.requester, asker.lang, mint)
            return added(phrased, mint) if added else phrased

        why = await self._teller.tell(
            tx, f"reply:{key}", asker.address, phrase, outcome=outcome, answers=asker.message, question=asker.question
        )
        if outcome.kind == "waiting" and not asks_requester:
            await self._ask_confirmers(tx, outcome, but=asker.address)
        return outcome, why

    async def quietly(self, tx: Tx, proposal: Proposal, conversation: str) -> None:
        """Decide and carry out what nobody waits to hear of; its notices reach whom they are for."""
        decision = decide(proposal, self._policy(), self._world.now())
        await carry_out(self._world, proposal, decision, conversation=conversation, tx=tx)

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

    async def _ask_confirmers(self, tx: Tx, outcome: Outcome, but: Address) -> None:
        proposal, decision = outcome.proposal, outcome.decision
        for to in await self._announce.confirmers(tx, proposal, decision):
            if to.address == but:
                continue

            def phrase(mint: Mint, to: Confirmer = to) -> Phrased:
                shown = self._with_rules_passage(proposal, decision, to.lang)
                return phrase_confirmation(shown, decision, to.speaker, to.lang, mint)

            await self._teller.tell(tx, f"confirm:{proposal.id}:{to.address.key}", to.address, phrase, outcome=outcome)

    async def settle(
        self, tx: Tx, proposal_id: str, digest: str, person: Speaker, yes: bool, here: Address | None
    ) -> tuple[Outcome | None, bool]:
        """A person's yes or no, with all that hangs on it. Also tells whether the redrawn card says it all.

        `here` is where it was said, None over the HTTP API. The outcome is None if there is no such proposal.
        """
        outcome = await confirm(self._world, proposal_id, digest, person, yes, here.key if here else "api", tx=tx)
        if outcome is None:
            return None, False
        outcome = await self._with_name(tx, outcome)
        return outcome, await self._settled(tx, proposal_id, outcome, but=here)

    async def decide_over_http(self, proposal_id: str, digest: str, person: Speaker, yes: bool) -> Outcome | None:
        """A yes or no that came through the API, with the same consequences as a press."""
        async with self._world.store.write() as tx:
            outcome, _ = await self.settle(tx, proposal_id, digest, person, yes, None)
        return outcome

    async def take_back(self, tx: Tx, person: Speaker, deed: str | None, here: str) -> Outcome | None:
        """Undo this deed, or the person's last one in this conversation; None if there is none."""
        if deed is None and person.person_id is not None:
            deed = await last_deed(tx, person.person_id, here)
        if deed is None:
            return None
        outcome = await undo(self._world, deed, person, here, tx=tx)
        self._names.changed(_touched(outcome))
        return outcome

    async def expired(self, proposal_id: str) -> None:
        """A parked proposal's time is up: end it, and let everyone concerned see that."""
        async with self._world.store.write() as tx:
            outcome = await expire(self._world, proposal_id, tx=tx)
            if outcome is not None:
                await self._settled(tx, proposal_id, outcome)

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
            decision = decide(proposal, self._policy(), self._world.now())
            await carry_out(self._world, proposal, decision, conversation=f"reminder:{reminder_id}", tx=tx)

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
        decision = decide(proposal, self._policy(), self._world.now())
        if proposal.plan.effects:
            await carry_out(self._world, proposal, decision, conversation=cause, tx=tx)

    async def _settled(self, tx: Tx, proposal_id: str, outcome: Outcome, but: Address | None = None) -> bool:
        """Redraw every copy of a proposal's card and tell the requester; True if the card here now says it all.

        `but` is where the answer was given: a copy that stands there is redrawn, where its channel can do that. An
        answer that came too late makes sure of the same: whoever settled it may have died before telling. A record that
        changed in the meantime makes a fresh proposal, shown again to those who may confirm it.
        """
        state = outcome.data.get("state") if outcome.kind == "already" else outcome.kind
        if state not in ("done", "rejected", "expired", "stale", "failed"):
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
        if outcome.kind == "stale":
            facts = await own.get_many(tx, proposal.command.reads)
            cause = f"{proposal_id}:again"
            basis = replace(proposal.basis, facts=())  # they told of the record as it was
            again = draft(proposal.command, facts, proposal.requester, basis, cause, self._world.now())
            await self.judge(tx, again, Asker(requester, lang), cause)
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
