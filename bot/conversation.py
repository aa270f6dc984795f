"""The road, readable aloud: a message is understood, the situation gathered, something proposed, decided, carried out, told.

`hear` is called once for each accepted message, one at a time within a conversation. Thinking happens first, on a
snapshot; whatever it leads to (deeds, audit entries, replies, buttons) is then one transaction, keyed by the message, so
that a message heard twice after a crash leads to the same things once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import TypeAdapter

from actions import audit
from actions.commands.knowledge import ReportGap
from actions.commands.papers import SendPaper
from actions.commands.service import TellOwner
from actions.crm import own, people
from actions.crm.records import Speaker
from actions.draft import draft
from actions.outside.insert_new import insert_new
from actions.outside.store import Tx
from actions.outside.tables import CorrectionRow
from actions.policy.breakers import Shown
from actions.proposal import Ask, Basis, Facts, Outcome, Subject
from actions.proposal_json import decision_from_json
from actions.readers import audience_of
from actions.situation import Situation
from actions.world import World
from bot.buttons import Mint
from bot.gaps import ASKS_DOCUMENTS, keep_gap, who_answers_for
from bot.judge import Asker, Judge, Settled
from bot.judgements import keep_judgement
from bot.kept_files import FileKeeper
from bot.memory import Memory
from bot.message import Link, Message
from bot.outbox import Outbox, target_of
from bot.pages.call_links import CallLinks
from bot.pages.dispatch_links import DispatchLinks
from bot.phrase import (
    phrase_also,
    phrase_answer,
    phrase_ask,
    phrase_basis,
    phrase_offer,
    phrase_outcome,
    phrase_plain,
    phrase_unsure,
)
from bot.phrase_answered import phrase_ask_edit, phrase_changed, phrase_current, phrase_partial, phrase_vain_edit
from bot.phrase_call_asked import phrase_ask_to_delete, phrase_call_asked
from bot.phrase_calls import phrase_ask_call_customer, phrase_call_note, phrase_summary
from bot.phrase_clips import phrase_clip
from bot.phrase_corrections import phrase_correcting
from bot.phrase_dispatch import phrase_rules
from bot.phrase_knowledge import phrase_judged, phrase_step, phrase_versions
from bot.phrase_papers import phrase_paper
from bot.phrase_plays import phrase_rest
from bot.phrase_recordings import phrase_transcript, phrase_words
from bot.phrase_stops import phrase_noted
from bot.review import masked
from bot.steps import (
    AskBack,
    AskCallCustomer,
    AskCorrection,
    AskEdit,
    AskToDelete,
    AskWhich,
    AskWords,
    ConfirmWords,
    Do,
    Edit,
    Heard,
    Help,
    Introduce,
    JudgePassage,
    Language,
    OfferDocument,
    OnRecording,
    OnRequest,
    Plain,
    PlayClip,
    Rest,
    SendOff,
    Settle,
    ShowCallNote,
    ShowCorrection,
    ShowDispatchRules,
    ShowPaper,
    ShowSummary,
    ShowTranscript,
    Step,
    TakeBack,
    Tell,
    TellOfCall,
    Versions,
    Walk,
    Why,
)
from bot.stops import Stops
from bot.tell import Teller
from bot.think import Thinker, language_of, role_read_as
from bot.thread import (
    Question,
    Thread,
    Turn,
    about,
    ask,
    thread_from_json,
    thread_to_json,
)
from bot.why import kept_of, shown
from bot.wording.fill import Voice
from bot.wording.layout import Phrased, with_links
from bot.writer import Writer
from retrieval.passage import Passage

log = structlog.get_logger()

# a thread nobody came back to for this long is forgotten
_THREAD_LIFE = timedelta(days=7)
_AT_ONCE = 2
"""Messages thought about side by side. It is work for the processor: more at once are not done sooner, and whatever else
waits for it, the acknowledgements above all, waits longer."""
_basis = TypeAdapter(Basis)


class Conversation:
    """The road from a message to its replies."""

    def __init__(
        self,
        world: World,
        memory: Memory,
        outbox: Outbox,
        thinker: Thinker,
        judge: Judge,
        teller: Teller,
        files: FileKeeper,
        writer: Writer,
        stops: Stops,
        knows_no_people: Callable[[], bool] = lambda: False,
        calls: CallLinks | None = None,
        rules: DispatchLinks | None = None,
    ) -> None:
        self._world = world
        self._memory = memory
        self._outbox = outbox
        self._thinker = thinker
        self._judge = judge
        self._teller = teller
        self._files = files
        self._writer = writer
        self._stops = stops
        self._knows_no_people = knows_no_people
        self._calls = calls
        self._rules = rules
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hear(self, message: Message) -> None:
        """Everything one message leads to. Raises when something is broken; the inbox tries again and tells the person."""
        thread_key = f"thread:{message.address.key}"
        thread = thread_from_json(await self._memory.get(thread_key))
        await self._outbox.wake(target_of(message.address))
        message, kept = await self._keep_files(message, thread) if message.attachments else (message, ())
        async with self._turns:
            heard, steps = await self._think(message, thread, kept)
        steps = await self._writer(steps)
        async with self._turns:
            thread = await self._work(heard, steps)
        await self._memory.set(thread_key, thread_to_json(thread), _THREAD_LIFE)

    async def _keep_files(self, message: Message, thread: Thread) -> tuple[Message, tuple[Step, ...]]:
        async with self._world.store.read() as tx:
            speaker = await people.whois(tx, message.address.channel, message.sender, _claimed(message))
        return await self._files(message, speaker, thread, language_of(thread, speaker))

    async def _think(self, message: Message, thread: Thread, kept: tuple[Step, ...]) -> tuple[Heard, list[Step]]:
        """What a message comes down to, and what was learnt about it; on a snapshot."""
        async with self._world.store.read() as tx:
            speaker = await people.whois(tx, message.address.channel, message.sender, _claimed(message))
            heard = Heard(message, speaker, thread, language_of(thread, speaker), self._world.now())
            return await self._thinker.think(tx, heard, kept)

    async def _work(self, heard: Heard, steps: Sequence[Step]) -> Thread:
        """Act on what a message comes down to. Returns what the conversation is about afterwards."""
        message, thread = heard.message, heard.thread
        async with self._world.store.write() as tx:
            await self._write_down(tx, heard)
            for number, step in enumerate(steps):
                thread = await self._act(tx, replace(heard, thread=thread), step, f"{message.key}:{number}")
        return replace(thread, lang=heard.lang)

    async def broken(self, message: Message) -> None:
        """The honest sentence for a message that could not be worked on after several tries."""
        self._files.drop(message)
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
        shown = await self._noted(tx, heard, step, key)
        match step:
            case Plain():
                await self._say(tx, heard, key, lambda mint: phrase_plain(step.key, lang, **step.data))
                return replace(thread, question=None) if step.key == "dropped" else thread
            case Help() | OfferDocument():
                await self._say(tx, heard, key, lambda mint: phrase_offer(step, heard.speaker, lang, mint))
            case Rest():
                await self._say(tx, heard, key, lambda mint: phrase_rest(step, lang, mint))
            case Why():
                await self._explain(tx, heard, step, key)
            case Introduce():
                speaker = await people.redeem(tx, step.code, heard.message.address.channel, heard.message.sender, heard.now)
                sentence, name = ("recognised", speaker.name) if speaker else ("bad_code", "")
                await self._say(tx, heard, key, lambda mint: phrase_plain(sentence, lang, name=name))
            case Tell():
                told = await self._stops.without_leaks(tx, heard, step)

                def answer(mint: Mint) -> Phrased:
                    phrased = phrase_also(phrase_answer(told.answer, told.situation, mint), told.situation, mint)
                    return phrase_noted(phrased, shown, heard.speaker, lang)

                why = await self._say(tx, heard, key, answer, question=_question(told.turn))
                if told.answer.topic == "not_in_documents":
                    await self._keep_gap(tx, heard, key, told.situation.text)
                thread = replace(_about(thread, told.situation, told.answer.subject), why=why)
                awaits = told.answer.awaits
                return ask(thread, told.turn, Ask(awaits, told.answer.topic)) if awaits else thread
            case AskBack():
                asked = ask(thread, step.turn, step.question)
                why = await self._say(
                    tx, heard, key, lambda mint: phrase_ask(step.question, step.situation, mint), question=asked.question
                )
                return replace(_about(thread, step.situation, None), question=asked.question, why=why)
            case AskWhich():
                why = await self._say(
                    tx,
                    heard,
                    key,
                    lambda mint: phrase_noted(phrase_unsure(step.situation, mint), shown, heard.speaker, lang),
                    question=_question(step.turn),
                )
                return replace(thread, why=why)
            case (
                Walk()
                | Versions()
                | JudgePassage()
                | ShowPaper()
                | ConfirmWords()
                | ShowTranscript()
                | ShowCallNote()
                | AskCallCustomer()
                | ShowSummary()
                | TellOfCall()
                | AskToDelete()
                | AskCorrection()
                | AskWords()
                | ShowCorrection()
                | PlayClip()
                | ShowDispatchRules()
            ):
                why = await self._look_into(tx, heard, step, key)
                return replace(thread, why=why or thread.why)
            case Do() | SendOff():
                do = step if isinstance(step, Do) else await self._sent_to(tx, heard, step)
                return await self._do(tx, heard, do, key, shown)
            case Settle() | Edit() | AskEdit() | TakeBack():
                why = await self._on_request(tx, heard, step, key) or thread.why
                editing = (step.proposal_id, step.digest) if isinstance(step, AskEdit) else None
                return replace(thread, why=why, editing=editing)
        return replace(thread, editing=None)

    async def _noted(self, tx: Tx, heard: Heard, step: Step, key: str) -> tuple[Shown, ...]:
        """The signals that these words have shown or ended, kept before anything else comes of them."""
        if not isinstance(step, Tell | AskBack | AskWhich | Do) or step.situation is None:
            return ()
        return await self._stops.note(tx, heard, step.situation, key)

    async def _look_into(
        self, tx: Tx, heard: Heard, step: Walk | Versions | JudgePassage | ShowPaper | OnRecording, key: str
    ) -> dict[str, Any] | None:
        """Show more of a passage, of a paper or of a recording, or keep a word on it."""
        voice = Voice(heard.lang, heard.speaker.zone, heard.now)
        match step:
            case Walk():
                return await self._say(tx, heard, key, lambda mint: phrase_step(step.passage, step.number, voice, mint))
            case Versions():
                return await self._say(tx, heard, key, lambda mint: phrase_versions(step.said, voice, mint))
            case JudgePassage():
                return await self._judge_passage(tx, heard, step, key)
            case ConfirmWords():
                return await self._say(tx, heard, key, lambda mint: phrase_words(step, voice, mint))
            case ShowTranscript():
                is_synthetic = self._knows_no_people()
                pages = self._page_of(step.recording.id, heard, voice)
                return await self._say(
                    tx, heard, key, lambda mint: with_links(phrase_transcript(step, is_synthetic, voice, mint), pages)
                )
            case ShowDispatchRules():
                rules = () if self._rules is None or heard.message.in_group else self._rules.links(heard.speaker, voice)
                return await self._say(tx, heard, key, lambda mint: phrase_rules(rules, voice))
            case ShowCallNote():
                is_synthetic = self._knows_no_people()
                return await self._say(tx, heard, key, lambda mint: phrase_call_note(step, is_synthetic, voice, mint))
            case AskCallCustomer():
                return await self._say(tx, heard, key, lambda mint: phrase_ask_call_customer(step, voice, mint))
            case ShowSummary() | TellOfCall() | AskToDelete():
                return await self._say(tx, heard, key, lambda mint: self._on_call_asked(step, heard, voice, mint))
            case AskCorrection() | AskWords() | ShowCorrection():
                return await self._say(tx, heard, key, lambda mint: phrase_correcting(step, voice, mint))
            case PlayClip():
                return await self._say(tx, heard, key, lambda mint: phrase_clip(step, heard.speaker, voice, mint))
            case ShowPaper():
                reader = heard.speaker.person_id or ""
                return await self._say(tx, heard, key, lambda mint: phrase_paper(step, reader, voice, mint))

    def _on_call_asked(
        self, step: ShowSummary | TellOfCall | AskToDelete, heard: Heard, voice: Voice, mint: Mint
    ) -> Phrased:
        if isinstance(step, ShowSummary):
            return phrase_summary(step, voice, mint)
        if isinstance(step, AskToDelete):
            return phrase_ask_to_delete(step, voice, mint)
        pages = self._page_of(step.read.recording.id, heard, voice)
        return with_links(phrase_call_asked(step, heard.speaker, voice, mint), pages)

    def _page_of(self, recording_id: str, heard: Heard, voice: Voice) -> tuple[Link, ...]:
        """A fresh link to the page of a call, into a direct chat only: it opens for whoever has it."""
        person = heard.speaker.person_id
        if self._calls is None or person is None or not heard.speaker.is_staff or heard.message.in_group:
            return ()
        return (self._calls.link(recording_id, person, voice),)

    async def _judge_passage(self, tx: Tx, heard: Heard, step: JudgePassage, key: str) -> dict[str, Any] | None:
        by = heard.speaker.person_id or heard.message.sender
        await keep_judgement(tx, by, step.question, step.passage.id, heard.now, is_helpful=step.is_helpful)
        voice = Voice(heard.lang, heard.speaker.zone, heard.now)
        is_staff, is_helpful = heard.speaker.is_staff, step.is_helpful
        why = await self._say(
            tx, heard, key, lambda mint: phrase_judged(voice, mint, is_helpful=is_helpful, is_staff=is_staff)
        )
        if not is_helpful:
            await self._keep_gap(tx, heard, key, step.question, step.passage)
        return why

    async def _keep_gap(self, tx: Tx, heard: Heard, key: str, question: str, cited: Passage | None = None) -> None:
        """Keep what no document answered; when it is asked first, whoever answers for the nearest document hears of it."""
        if not await keep_gap(tx, key, heard, question, cited.title if cited else None):
            return
        audience = audience_of(heard.speaker)
        near = cited or await asyncio.to_thread(self._world.knowledge.nearest, question, audience=audience)
        to = await who_answers_for(tx, near)
        if to == f"person:{heard.speaker.person_id}":
            return
        report = ReportGap(masked(question), to, cited.title if cited else "")
        proposal = draft(report, Facts(), heard.speaker, Basis(text=question, message=heard.message.key), key, heard.now)
        await self._judge.quietly(tx, proposal, heard.message.address.key)

    async def _do(self, tx: Tx, heard: Heard, step: Do, key: str, shown: tuple[Shown, ...]) -> Thread:
        """draft -> decide -> carry out -> phrase."""
        asks_documents = step.situation is not None and step.situation.intent in ASKS_DOCUMENTS
        if step.situation and asks_documents and isinstance(step.command, TellOwner) and not step.situation.passages:
            await self._keep_gap(tx, heard, key, step.situation.text)
        facts = await own.get_many(tx, step.command.reads)
        proposal = draft(step.command, facts, heard.speaker, step.basis, step.key, heard.now)
        question = _question(step.turn) if step.turn else None
        asker = Asker(heard.message.address, heard.lang, heard.message.key, question)

        def also(phrased: Phrased, mint: Mint) -> Phrased:
            phrased = phrase_also(phrased, step.situation, mint) if step.situation else phrased
            return phrase_noted(phrased, shown, heard.speaker, heard.lang)

        outcome, why = await self._judge.judge(tx, proposal, asker, key, also)
        subject = outcome.proposal.plan.subjects[0] if outcome.proposal.plan.subjects else None
        thread = about(heard.thread, (subject,) if subject else (), subject.customer_id if subject else None, None)
        return replace(thread, why=why)

    async def _on_request(self, tx: Tx, heard: Heard, step: OnRequest, key: str) -> dict[str, Any] | None:
        """What was proposed or done: a yes or no, other arguments, or taking it back. Returns what "why?" shows."""
        match step:
            case Settle():
                return await self._settle(tx, heard, step, key)
            case Edit():
                return await self._edit(tx, heard, step, key)
            case AskEdit():
                return await self._say(tx, heard, key, lambda mint: phrase_ask_edit(step.command, heard.lang))
            case TakeBack():
                asker = Asker(heard.message.address, heard.lang, heard.message.key)
                taken_back = await self._judge.take_back(tx, heard.speaker, step.deed, asker, key)
                if taken_back is None:
                    return await self._say(tx, heard, key, lambda mint: phrase_plain("nothing_to_undo", heard.lang))
                return taken_back[1]

    async def _sent_to(self, tx: Tx, heard: Heard, step: SendOff) -> Do:
        """The order to send a paper: to its contact where a channel reaches them now, else released to be sent by hand."""
        paper = step.paper
        can_be_reached = paper.contact_id is not None and await self._teller.reaches(tx, paper.contact_id)
        day = heard.now.astimezone(ZoneInfo(heard.speaker.zone)).date()
        contact = paper.contact_id if can_be_reached else None
        return Do(SendPaper(paper.id, step.digest, day, contact, paper.deal_id), step.basis, step.key)

    async def _explain(self, tx: Tx, heard: Heard, step: Why, key: str) -> None:
        """Show what a reply or a decision rests on, with what has come of it since."""
        if "basis" in step.data:
            basis = _basis.validate_python(step.data["basis"])
            decision = decision_from_json(step.data["decision"]) if step.data.get("decision") else None
            kept = await kept_of(tx, step.data.get("proposal"))
        else:
            basis, decision, kept = await shown(tx, step.data)
        zone = heard.speaker.zone
        await self._say(tx, heard, key, lambda mint: phrase_basis(basis, decision, heard.lang, kept, zone))

    async def _settle(self, tx: Tx, heard: Heard, step: Settle, key: str) -> dict[str, Any] | None:
        here = heard.message.address
        settled = await self._judge.settle(tx, step.proposal_id, step.digest, heard.speaker, step.yes, here)
        if settled.says_it_all and step.by_button:
            return None  # the card under the pressed button has changed
        return await self._say_settled(tx, heard, key, settled)

    async def _edit(self, tx: Tx, heard: Heard, step: Edit, key: str) -> dict[str, Any] | None:
        here = heard.message.address
        settled = await self._judge.edit(tx, step.proposal_id, step.digest, heard.speaker, step.changes, step.yes, here)
        return await self._say_settled(tx, heard, key, settled)

    async def _say_settled(self, tx: Tx, heard: Heard, key: str, settled: Settled) -> dict[str, Any] | None:
        speaker, lang, outcome = heard.speaker, heard.lang, settled.outcome
        if outcome is None:
            return await self._say(tx, heard, key, lambda mint: phrase_plain("expired", lang))
        return await self._say(tx, heard, key, lambda mint: phrase_answer_to(settled, speaker, lang, mint), outcome=outcome)

    async def _say(
        self,
        tx: Tx,
        heard: Heard,
        key: str,
        phrase: Callable[[Mint], Phrased],
        question: Question | None = None,
        outcome: Outcome | None = None,
    ) -> dict[str, Any] | None:
        return await self._teller.tell(
            tx, f"reply:{key}", heard.message.address, phrase, question=question, outcome=outcome, answers=heard.message.key
        )


def phrase_answer_to(settled: Settled, speaker: Speaker, lang: Language, mint: Mint) -> Phrased:
    """What somebody hears to their yes, no or change of a proposal."""
    outcome, waiting = settled.outcome, settled.waiting
    assert outcome is not None
    if settled.current is not None:
        return phrase_current(settled.current, speaker, lang, mint)
    if waiting is not None and outcome.kind == "partial" and "edited" not in outcome.data:
        return phrase_partial(waiting, speaker, lang, is_again=outcome.data["is_again"])
    if waiting is not None:
        return phrase_changed(waiting, outcome, speaker, lang, mint, is_requester=False)
    if outcome.data.get("is_open") or outcome.kind == "impossible":
        return phrase_vain_edit(outcome, speaker, lang, mint)
    return phrase_outcome(outcome, speaker, lang, mint)


def _claimed(message: Message) -> str | None:
    # whoever writes to the Official Account is a customer, known or not
    return message.claimed_role or ("customer" if message.address.channel == "wechat" else None)


def _question(turn: Turn) -> Question:
    """These words, so that a button can have them worked on again."""
    return Question(turn.intent, "", turn.text, turn.sent_at, turn.answers, turn.asked)


def _about(thread: Thread, situation: Situation, subject: Subject | None) -> Thread:
    customer = situation.customer.id if situation.customer else None
    deal = situation.deal.id if situation.deal else None
    return about(thread, (subject,) if subject else (), customer, deal)


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
