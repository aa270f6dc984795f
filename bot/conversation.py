"""The road, readable aloud: a message is understood, the situation gathered, something proposed, decided, carried out, told.

`hear` is called once for each accepted message, one at a time within a conversation. Thinking happens first, on a
snapshot; whatever it leads to (deeds, audit entries, replies, buttons) is then one transaction, keyed by the message, so
that a message heard twice after a crash leads to the same things once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter
from sqlalchemy import select

from actions import audit
from actions.carry_out import carry_out, confirm, expire, last_deed, timers, undo
from actions.commands.clock import DeliverReminder
from actions.crm import own, people
from actions.crm.records import Speaker
from actions.decide import decide, may_confirm
from actions.draft import draft
from actions.outside.insert_new import insert_new
from actions.outside.store import Tx, after_commit
from actions.outside.tables import ButtonRow, CorrectionRow, InboxRow, ProposalRow
from actions.policy.policy import Policy
from actions.proposal import Ask, Basis, Create, Decision, Outcome, Proposal, Subject, Update
from actions.proposal_json import decision_from_json, decision_to_json
from actions.situation import Situation
from actions.world import World
from bot.announce import Announcer, Confirmer
from bot.buttons import Mint
from bot.channels.channel import TryLater
from bot.memory import Memory
from bot.message import Address, Attachment, Message, Reply, address_from_json, address_to_json
from bot.names import NameBook
from bot.outbox import Outbox, Send, target_of
from bot.phrase import (
    Phrased,
    phrase_also,
    phrase_answer,
    phrase_ask,
    phrase_basis,
    phrase_confirmation,
    phrase_help,
    phrase_outcome,
    phrase_plain,
    phrase_settled,
    phrase_unsure,
)
from bot.steps import (
    AskBack,
    AskWhich,
    Do,
    Heard,
    Help,
    Introduce,
    Language,
    Plain,
    Rest,
    Settle,
    Step,
    TakeBack,
    Tell,
    Why,
)
from bot.think import Thinker, language_of, role_read_as
from bot.thread import (
    Question,
    Thread,
    Turn,
    about,
    ask,
    question_to_json,
    thread_from_json,
    thread_to_json,
)

log = structlog.get_logger()

# a thread nobody came back to for this long is forgotten
_THREAD_LIFE = timedelta(days=7)
_AT_ONCE = 2
"""Messages thought about side by side. It is work for the processor: more at once are not done sooner, and whatever else
waits for it, the acknowledgements above all, waits longer."""
_basis = TypeAdapter(Basis)


@dataclass(frozen=True)
class Asker:
    """Where and how whoever asked for something hears of it; `message` is what the reply answers, if anything."""

    address: Address
    lang: Language
    message: str | None = None


class Conversation:
    """The road from a message to its replies.

    `fetch` downloads an attachment into the home; `arm` tells the clockwork of new timers; `windows` says how long a
    channel's own request may still take an answer along.
    """

    def __init__(
        self,
        world: World,
        memory: Memory,
        outbox: Outbox,
        announce: Announcer,
        thinker: Thinker,
        names: NameBook,
        policy: Callable[[], Policy],
        fetch: Callable[[Message, Attachment], Awaitable[Path]],
        arm: Callable[[Iterable[str]], None],
        windows: Mapping[str, timedelta],
    ) -> None:
        self._world = world
        self._memory = memory
        self._outbox = outbox
        self._announce = announce
        self._thinker = thinker
        self._names = names
        self._policy = policy
        self._fetch = fetch
        self._arm = arm
        self._windows = windows
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hear(self, message: Message) -> None:
        """Everything one message leads to. Raises when something is broken; the inbox tries again and tells the person."""
        thread_key = f"thread:{message.address.key}"
        thread = thread_from_json(await self._memory.get(thread_key))
        await self._outbox.wake(target_of(message.address))
        kept = await self._keep_files(message) if message.attachments else []
        async with self._turns:
            thread = await self._work(message, thread, tuple(kept))
        await self._memory.set(thread_key, thread_to_json(thread), _THREAD_LIFE)

    async def _work(self, message: Message, thread: Thread, kept: tuple[Step, ...]) -> Thread:
        """Think about a message and act on it. Returns what the conversation is about afterwards."""
        async with self._world.store.read() as tx:
            speaker = await people.whois(tx, message.address.channel, message.sender, _claimed(message))
            heard = Heard(message, speaker, thread, language_of(thread, speaker), self._world.now())
            heard, steps = await self._thinker.think(tx, heard, kept)
        async with self._world.store.write() as tx:
            await self._write_down(tx, heard)
            for number, step in enumerate(steps):
                thread = await self._act(tx, replace(heard, thread=thread), step, f"{message.key}:{number}")
        return replace(thread, lang=heard.lang)

    async def broken(self, message: Message) -> None:
        """The honest sentence for a message that could not be worked on after several tries."""
        async with self._world.store.read() as tx:
            speaker = await people.whois(tx, message.address.channel, message.sender, _claimed(message))
        phrased = phrase_plain("broken", language_of(Thread(), speaker))
        async with self._world.store.write() as tx:
            await self._outbox.put(tx, f"broken:{message.key}", message.address, phrased.reply, answers=message.key)

    # --- acting ---------------------------------------------------------------------------------------------------------

    async def _write_down(self, tx: Tx, heard: Heard) -> None:
        """What was said and how it was read go into the record before anything comes of it."""
        message, understanding = heard.message, heard.understanding
        said = {
            "key": message.key,
            "conversation": message.address.key,
            "sender": message.sender,
            "text": message.text,
            "press": message.press,
            "attachments": [attachment.name or attachment.kind for attachment in message.attachments],
        }
        entries = [audit.Entry("message", heard.speaker.person_id, message.key, said)]
        if understanding is not None:
            reading = {
                "intent": understanding.intent,
                "confidence": round(understanding.confidence, 4),
                "alternatives": [[c.intent, round(c.confidence, 4)] for c in understanding.alternatives],
                "also": [c.intent for c in understanding.also],
                "slots": [[slot.type, slot.text, slot.value] for slot in understanding.slots],
                "sure": understanding.sure,
                "model": understanding.model,
            }
            entries.append(audit.Entry("reading", heard.speaker.person_id, message.key, reading))
        await audit.append(tx, heard.now, *entries)
        await people.touch(tx, message.address.channel, message.sender, heard.now)
        if heard.corrected is not None and understanding is not None:
            text, meant = heard.corrected
            await insert_new(tx, CorrectionRow, [_correction(heard, text, understanding.intent, meant)], CorrectionRow.key)

    async def _act(self, tx: Tx, heard: Heard, step: Step, key: str) -> Thread:
        """Do what the step says, put the reply into the ledger, and return what the conversation is now about."""
        thread, lang = heard.thread, heard.lang
        match step:
            case Plain():
                await self._say(tx, heard, key, lambda mint: phrase_plain(step.key, lang, **step.data))
                return replace(thread, question=None) if step.key == "dropped" else thread
            case Help():
                await self._say(tx, heard, key, lambda mint: phrase_help(heard.speaker, lang, mint))
            case Rest():
                await self._say(tx, heard, key, lambda mint: Phrased(Reply(step.text, lang)))
            case Why():
                basis = _basis.validate_python(step.data["basis"])
                decision = decision_from_json(step.data["decision"]) if step.data.get("decision") else None
                await self._say(tx, heard, key, lambda mint: phrase_basis(basis, decision, lang))
            case Introduce():
                speaker = await people.redeem(tx, step.code, heard.message.address.channel, heard.message.sender, heard.now)
                sentence, name = ("recognised", speaker.name) if speaker else ("bad_code", "")
                await self._say(tx, heard, key, lambda mint: phrase_plain(sentence, lang, name=name))
            case Tell():

                def answer(mint: Mint) -> Phrased:
                    return phrase_also(phrase_answer(step.answer, step.situation, mint), step.situation, mint)

                why = await self._say(tx, heard, key, answer, question=_question(step.turn))
                thread = replace(_about(thread, step.situation, step.answer.subject), why=why)
                awaits = step.answer.awaits
                return ask(thread, step.turn, Ask(awaits, step.answer.topic)) if awaits else thread
            case AskBack():
                asked = ask(thread, step.turn, step.question)
                why = await self._say(
                    tx, heard, key, lambda mint: phrase_ask(step.question, step.situation, mint), question=asked.question
                )
                return replace(_about(thread, step.situation, None), question=asked.question, why=why)
            case AskWhich():
                why = await self._say(
                    tx, heard, key, lambda mint: phrase_unsure(step.situation, mint), question=_question(step.turn)
                )
                return replace(thread, why=why)
            case Do():
                return await self._do(tx, heard, step, key)
            case Settle():
                await self._settle(tx, heard, step, key)
            case TakeBack():
                await self._take_back(tx, heard, step, key)
        return thread

    async def _do(self, tx: Tx, heard: Heard, step: Do, key: str) -> Thread:
        """draft -> decide -> carry out -> phrase."""
        facts = await own.get_many(tx, step.command.reads)
        proposal = draft(step.command, facts, heard.speaker, step.basis, step.key, heard.now)
        asked = Asker(heard.message.address, heard.lang, heard.message.key)
        outcome, why = await self._judge(tx, proposal, asked, key, step)
        subject = outcome.proposal.plan.subjects[0] if outcome.proposal.plan.subjects else None
        thread = about(heard.thread, (subject,) if subject else (), subject.customer_id if subject else None, None)
        return replace(thread, why=why)

    async def _judge(
        self, tx: Tx, proposal: Proposal, asker: Asker, key: str, step: Do | None = None
    ) -> tuple[Outcome, dict[str, Any] | None]:
        """Decide, carry out, and tell whoever asked; where a person must say yes first, ask those who may."""
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
            return phrase_also(phrased, step.situation, mint) if step and step.situation else phrased

        question = _question(step.turn) if step and step.turn else None
        why = await self._put(
            tx, f"reply:{key}", asker.address, phrase, outcome=outcome, answers=asker.message, question=question
        )
        if outcome.kind == "waiting" and not asks_requester:
            await self._ask_confirmers(tx, outcome, but=asker.address)
        return outcome, why

    def _with_rules_passage(self, proposal: Proposal, decision: Decision, lang: Language) -> Proposal:
        """What the company's own documents say about the rule that stands in the way belongs to the reasons shown."""
        audience = "rep" if proposal.requester.is_staff else "customer"
        rules = [f"policy.{reason.rule}" for reason in decision.reasons if reason.verdict != "run"]
        written = (self._world.passage_for(rule, audience, lang) for rule in rules)
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

            await self._put(tx, f"confirm:{proposal.id}:{to.address.key}", to.address, phrase, outcome=outcome)

    async def _settle(self, tx: Tx, heard: Heard, step: Settle, key: str) -> None:
        here = heard.message.address
        outcome = await confirm(self._world, step.proposal_id, step.digest, heard.speaker, step.yes, here.key, tx=tx)
        if outcome is None:
            await self._say(tx, heard, key, lambda mint: phrase_plain("expired", heard.lang))
            return
        outcome = await self._with_name(tx, outcome)
        says_it_all = await self.settled(tx, step.proposal_id, outcome, but=here)
        if not (says_it_all and step.by_button):  # else the card under the pressed button has changed
            await self._say(
                tx, heard, key, lambda mint: phrase_outcome(outcome, heard.speaker, heard.lang, mint), outcome=outcome
            )

    async def _take_back(self, tx: Tx, heard: Heard, step: TakeBack, key: str) -> None:
        here, person = heard.message.address.key, heard.speaker
        deed = step.deed
        if deed is None and person.person_id is not None:
            deed = await last_deed(tx, person.person_id, here)
        if deed is None:
            await self._say(tx, heard, key, lambda mint: phrase_plain("nothing_to_undo", heard.lang))
            return
        outcome = await undo(self._world, deed, person, here, tx=tx)
        self._names.changed(_touched(outcome))
        await self._say(tx, heard, key, lambda mint: phrase_outcome(outcome, person, heard.lang, mint), outcome=outcome)

    async def _with_name(self, tx: Tx, outcome: Outcome) -> Outcome:
        """The outcome with the name of whoever decided it, for the sentences."""
        if outcome.decided_by is None:
            return outcome
        person = await people.speaker_of(tx, outcome.decided_by)
        at = outcome.data.get("decided_at", self._world.now().isoformat())
        name = person.name if person else outcome.decided_by
        return replace(outcome, data={**outcome.data, "decided_by_name": name, "decided_at": at})

    async def settled(self, tx: Tx, proposal_id: str, outcome: Outcome, but: Address | None = None) -> bool:
        """Redraw every copy of a proposal's card and tell the requester; True if the card now says it all.

        An answer that came too late makes sure of the same: whoever settled it may have died before telling. A record
        that changed in the meantime makes a fresh proposal, shown again to those who may confirm it.
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
        if row.address is None:
            return is_news
        requester, lang = address_from_json(row.address), _language(row.lang)
        if outcome.kind == "stale":
            facts = await own.get_many(tx, proposal.command.reads)
            cause = f"{proposal_id}:again"
            basis = replace(proposal.basis, facts=())  # they told of the record as it was
            again = draft(proposal.command, facts, proposal.requester, basis, cause, self._world.now())
            await self._judge(tx, again, Asker(requester, lang), cause)
        elif requester != but:
            await self._put(
                tx, f"{key}:requester", requester, lambda mint: phrase_outcome(final, proposal.requester, lang, mint)
            )
        return is_news

    async def expired(self, proposal_id: str) -> None:
        """A parked proposal's time is up: end it, and let everyone concerned see that."""
        async with self._world.store.write() as tx:
            outcome = await expire(self._world, proposal_id, tx=tx)
            if outcome is not None:
                await self.settled(tx, proposal_id, outcome)

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

    async def decide_over_http(self, proposal_id: str, digest: str, person: Speaker, yes: bool) -> Outcome | None:
        """A yes or no that came through the API, with the same consequences as a press."""
        async with self._world.store.write() as tx:
            outcome = await confirm(self._world, proposal_id, digest, person, yes, "api", tx=tx)
            if outcome is not None:
                outcome = await self._with_name(tx, outcome)
                await self.settled(tx, proposal_id, outcome)
        return outcome

    async def could_not_reach(self, send: Send) -> None:
        """A send was given up: whoever was to get it hears of it where else they can be reached."""
        log.error("send_given_up", send=send.key, channel=send.to.channel, error=send.error)
        async with self._world.store.write() as tx:
            person_id = await people.bound_to(tx, send.to.channel, send.to.conversation)
            if person_id is None:
                return
            for address in await self._announce.addresses(tx, f"person:{person_id}", but=send.to.channel):
                sentence = phrase_plain("gave_up", send.reply.lang)
                target = await self._outbox.put(tx, f"given_up:{send.key}", address, sentence.reply)
                after_commit(tx, partial(self._outbox.kick, [target]))

    async def takes_part(self, address: Address) -> bool:
        """Whether anything was said to this very address before."""
        here = select(ButtonRow.token).where(ButtonRow.conversation == address.key).limit(1)
        said = select(InboxRow.key).where(InboxRow.conversation == address.key).limit(1)
        async with self._world.store.read() as tx:
            return (await tx.execute(said)).first() is not None or (await tx.execute(here)).first() is not None

    # --- telling --------------------------------------------------------------------------------------------------------

    async def _say(
        self,
        tx: Tx,
        heard: Heard,
        key: str,
        phrase: Callable[[Mint], Phrased],
        question: Question | None = None,
        outcome: Outcome | None = None,
    ) -> dict[str, Any] | None:
        return await self._put(
            tx, f"reply:{key}", heard.message.address, phrase, question=question, outcome=outcome, answers=heard.message.key
        )

    async def _put(
        self,
        tx: Tx,
        key: str,
        to: Address,
        phrase: Callable[[Mint], Phrased],
        *,
        question: Question | None = None,
        outcome: Outcome | None = None,
        answers: str | None = None,
    ) -> dict[str, Any] | None:
        """Phrase a reply, write its buttons down and put it into the ledger of sends. Returns what "why?" would show."""
        mint = Mint(key, to.key, self._world.now())
        phrased = phrase(mint)
        basis = outcome.proposal.basis if outcome else phrased.why
        if phrased.more is not None:
            mint.add("more", {"text": phrased.more})
        why: dict[str, Any] | None = None
        if basis is not None:
            kept = _basis.dump_python(basis, mode="json")
            why = {"basis": kept, "decision": decision_to_json(outcome.decision) if outcome else None}
            mint.add("why", why)
            mint.add("do", {"basis": kept})
        if question is not None:
            for action in ("fill", "read_as"):
                mint.add(action, {"question": question_to_json(question)})
        await mint.save(tx)
        view_of = phrased.reply.card.view_of if phrased.reply.card else None
        target = await self._outbox.put(
            tx, key, to, phrased.reply, answers=answers, card=view_of, hold_until=self._held_until(to) if answers else None
        )
        after_commit(tx, partial(self._outbox.kick, [target]))
        return why

    def _held_until(self, to: Address) -> datetime | None:
        """Until when an answer is left for the platform's own request to take along (WeChat's passive reply)."""
        window = self._windows.get(to.channel)
        return self._world.now() + window if window else None

    async def _keep_files(self, message: Message) -> list[Step]:
        """Keep what came along, unless nobody knows who sent it."""
        async with self._world.store.read() as tx:
            speaker = await people.whois(tx, message.address.channel, message.sender, _claimed(message))
        if speaker.role == "guest":
            return []
        return [await self._keep(message, attachment) for attachment in message.attachments]

    async def _keep(self, message: Message, attachment: Attachment) -> Step:
        """Fetch a file into the home and say what becomes of it."""
        try:
            await self._fetch(message, attachment)
        except (ValueError, TryLater):
            return Plain("file_refused")
        return Plain("voice_kept" if attachment.kind == "voice" else "file_kept")


def _claimed(message: Message) -> str | None:
    # whoever writes to the Official Account is a customer, known or not
    return message.claimed_role or ("customer" if message.address.channel == "wechat" else None)


def _question(turn: Turn) -> Question:
    """These words, so that a button can have them worked on again."""
    return Question(turn.intent, "", turn.text, turn.sent_at, turn.answers, turn.asked)


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"


def _about(thread: Thread, situation: Situation, subject: Subject | None) -> Thread:
    customer = situation.customer.id if situation.customer else None
    deal = situation.deal.id if situation.deal else None
    return about(thread, (subject,) if subject else (), customer, deal)


def _touched(outcome: Outcome) -> frozenset[str]:
    changes = (effect for effect in outcome.proposal.plan.effects if isinstance(effect, Create | Update))
    return frozenset(change.kind for change in changes)


def _correction(heard: Heard, text: str, read_as: str, meant: str) -> dict[str, Any]:
    return {
        "key": heard.message.key,
        "text": text,
        "lang": heard.lang,
        "role": role_read_as(heard.speaker),
        "read_as": read_as,
        "meant": meant,
        "at": heard.now,
    }
