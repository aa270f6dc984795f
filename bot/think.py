"""Thinking about a message: which step it comes down to. Reads a snapshot of the store and changes nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Row, Select, literal, or_, select

from actions.commands.knowledge import TakeInDocument
from actions.commands.planning import named
from actions.commands.recordings import stopping
from actions.commands.roster import command_from_json
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Customer, Paper, Recording, Speaker
from actions.gather import Asked, gather
from actions.outside.store import Tx
from actions.outside.tables import CustomerRow, DeedRow, ProposalRow, SendRow
from actions.parked import parked
from actions.plays.plainly import plainly, ruled_in
from actions.plays.roster import play_of
from actions.proposal import Answer, Ask, Basis
from actions.proposal_json import decision_from_json, proposal_from_json
from actions.propose import basis_of, propose
from actions.readers import audience_of, setting_of
from actions.rows import may_see, one
from actions.world import World
from bot import buttons
from bot.buttons import Pressed
from bot.call_asking import only_sends_along, said_of_call, with_whom_beside
from bot.call_notes import note_on_call, says_with_whom, summary_of_call
from bot.call_reading import CallReader
from bot.correcting import CORRECTING, on_correcting, says_right_words
from bot.edits import LONGEST, approves_with_changes, changes_in
from bot.gaps import ASKS_DOCUMENTS
from bot.kept_papers import may_open
from bot.kept_recordings import may_read, stoppable, turns_of
from bot.meetings import meeting_turn
from bot.message import Address
from bot.names import NameBook
from bot.outbox import IS_WORDS, target_of
from bot.pages.dispatch_links import MAY_SET
from bot.paper_changes import basis_of_words, changed, speaks_of_a_paper
from bot.playing import asked_to_play, play
from bot.reviews import materials_came
from bot.steps import (
    AskBack,
    AskEdit,
    AskWhich,
    ConfirmWords,
    Do,
    Edit,
    Heard,
    Help,
    Introduce,
    JudgePassage,
    Language,
    OfferDocument,
    Plain,
    Rest,
    SendOff,
    Settle,
    ShowDispatchRules,
    ShowPaper,
    ShowTranscript,
    Step,
    TakeBack,
    Tell,
    Versions,
    Walk,
    Why,
)
from bot.thread import Thread, Turn, merge, question_from_json
from bot.why import asked_in, asked_of, why_of
from intents.dictionary import OUT_OF_SCOPE, Intent
from intents.telling import is_all_quoted
from intents.understand import Reader
from intents.understanding import Candidate, Understanding
from retrieval.setting import Setting

_INVITATION = re.compile(r"[2-9A-HJ-NP-Z]{4}-?[2-9A-HJ-NP-Z]{4}")
_MOST_PENDING = 20
_SHOWN_BACK = 400
"""Characters of a voice message's words that are shown back."""
_TAKE_BACK = re.compile(r"撤[销銷回消]|\bundo\b|\brevert\b|take (?:that|it) back", re.IGNORECASE)
_TAKES_IN = re.compile(
    r"(?:收|存|加|放|录|导)(?:进|入|到|录)?(?:公司)?(?:的)?知识库"
    r"|\b(?:add|save|put|take)\b.{0,20}\b(?:to|in|into) (?:the |our )?(?:knowledge|documents)",
    re.IGNORECASE,
)
# what is asked of something just cited: who changed it, what it said before
_ASKS_OF_VERSIONS = re.compile(
    r".{0,6}(?:(?:是)?谁(?:改|写|定|更新|修改)|什么时候(?:改|更新|生效)|(?:改了|变了)(?:什么|哪)|有(?:什么)?(?:变化|改动)"
    r"|(?:上个|上一个?|旧|老|之前的?|以前的?|原来的?|前一个?)(?:版本?|怎么(?:说|写|规定))).{0,16}"
    r"|.{0,16}\b(?:who (?:changed|wrote|updated|edited)|what (?:has )?changed|when (?:was|did) (?:it|this|that) change"
    r"|(?:previous|last|former|older?|earlier) versions?|(?:say|said) before).{0,40}",
    re.IGNORECASE | re.DOTALL,
)
_CANCEL = re.compile(
    r"(?:取消(?:录音)?|停|停止(?:转写)?|别听了|不听了|不用听了"
    r"|cancel(?: (?:the |this )?recording)?|stop(?: listening)?)[。.!！]?",
    re.IGNORECASE,
)
_RULES = re.compile(
    r"(?:看看?|改|打开)?派单规则[。.]?|(?:show |open |change )?(?:the )?dispatch(?:ing)? rules[.]?", re.IGNORECASE
)
_ON_RECORD = frozenset({"look", "change", "send_paper", "transcript", "retype", "call_note", "clip", "summary"}) | CORRECTING
"""Buttons on something that is kept: a paper or a recording."""
_basis = TypeAdapter(Basis)


class Thinker:
    """understand -> gather -> propose, and the words and buttons that steer the dialogue itself."""

    def __init__(
        self, reader: Reader, dictionary: Mapping[str, Intent], names: NameBook, world: World, calls: CallReader
    ) -> None:
        self._reader = reader
        self._dictionary = dictionary
        self._names = names
        self._world = world
        self._calls = calls

    async def think(self, tx: Tx, heard: Heard, kept: tuple[Step, ...]) -> tuple[Heard, list[Step]]:
        """The steps this message comes down to, and what was learnt about it. `kept` says what became of its files."""
        message = heard.message
        if message.press is not None:
            return await self._press(tx, heard, await buttons.pressed(tx, message.press))
        if message.unreadable is not None:
            if message.unreadable == "unsubscribe":
                return heard, []  # nobody is there any more to read an answer
            return heard, [Help() if message.unreadable == "subscribe" else Plain("unreadable")]
        text = message.text.strip()
        came = await materials_came(tx, heard, kept)
        if came != kept:
            return replace(heard, lang=language_of(heard.thread, heard.speaker)), list(came)
        if not text:
            said = "unknown_sender" if heard.speaker.role == "guest" else "empty"
            return heard, list(kept) or [Plain(said)]
        understanding = await self._understand(heard, text, message.sent_at)
        heard = replace(heard, understanding=understanding)
        if heard.speaker.person_id is None and _INVITATION.fullmatch(text.upper()):
            return heard, [Introduce(text)]
        heard = replace(
            heard, lang=asked_in(text) or ruled_in(text) or language_of(heard.thread, heard.speaker, understanding)
        )
        if heard.speaker.role == "guest":
            return heard, [Plain("unknown_sender")]
        if message.spoken is not None and not message.spoken.is_sure:
            return heard, [*kept, ConfirmWords(text, message.spoken.is_synthetic)]
        if message.spoken is not None:
            kept = (*kept, Plain("voice_heard", {"words": text[:_SHOWN_BACK]}))
        if _TAKES_IN.search(text) and (taken := await self._taken_in(tx, heard, kept)):
            return heard, taken
        if _says_nothing(understanding) and plainly(text) is None and not _is_asked_why(heard.thread):
            return heard, [*kept, Plain("empty")]
        kept = await with_whom_beside(tx, heard, kept, understanding)
        too_long: list[Step] = [Plain("too_long")] if message.was_cut else []
        if not _is_asked_why(heard.thread) and (on_call := await said_of_call(tx, heard, understanding, self._calls)):
            return heard, [*kept, *on_call]
        heard, step = await self._steer(tx, heard)
        return heard, [*kept, *too_long, *(() if only_sends_along(kept, step, understanding) else (step,))]

    async def _understand(self, heard: Heard, text: str, sent_at: datetime) -> Understanding:
        zone = ZoneInfo(heard.speaker.zone)
        understanding = self._reader.understand(
            text, role=role_read_as(heard.speaker), sent_at=sent_at.astimezone(zone), names=await self._names.names()
        )
        return self._fit_to_speaker(understanding, heard.speaker)

    def _fit_to_speaker(self, understanding: Understanding, speaker: Speaker) -> Understanding:
        """Customers do not give orders to the CRM: for them the likeliest reading that a customer can mean counts."""
        if speaker.is_staff:
            return understanding
        readings = (Candidate(understanding.intent, understanding.confidence), *understanding.alternatives)
        allowed = [c for c in readings if c.intent in self._dictionary and "customer" in self._dictionary[c.intent].who]
        if allowed and allowed[0].intent == understanding.intent:
            return understanding
        main = allowed[0] if allowed else Candidate("out_of_scope", understanding.confidence)
        return replace(
            understanding, intent=main.intent, confidence=main.confidence, alternatives=tuple(allowed[1:]), sure=False
        )

    async def _taken_in(self, tx: Tx, heard: Heard, kept: tuple[Step, ...]) -> list[Step]:
        """The files sent with these words, or just before, become documents of the house."""
        offers = [step for step in kept if isinstance(step, OfferDocument)]
        if offers:
            basis = Basis(text=heard.message.text, confidence=1.0, message=heard.message.key)
            done = [Do(one.command, basis, f"{heard.message.key}:{number}") for number, one in enumerate(offers)]
            return [*(step for step in kept if step not in offers), *done]
        button = await buttons.latest(tx, heard.message.address.key, "do")
        if button is None or button.data["command"]["name"] != TakeInDocument.name:
            return []
        return (await self._press(tx, heard, button))[1]

    async def _steer(self, tx: Tx, heard: Heard) -> tuple[Heard, Step]:
        """Words that steer the dialogue itself; everything else is read as what it says."""
        understanding = heard.understanding
        assert understanding is not None
        here = heard.message.address.key
        says_why = _is_asked_why(heard.thread) and understanding.control not in ("no", "help", "undo", "choice")
        match None if says_why else understanding.control:
            case "help":
                return heard, Help()
            case "undo":
                return heard, await self._take_back(tx, heard)
            case "more":
                rest = await buttons.latest(tx, here, "more")
                return heard, _rest(rest.data) if rest else Plain("nothing_more")
            case "why":
                why = await buttons.latest(tx, here, "why")
                reasons = why.data if why else heard.thread.why
                return heard, Why(reasons) if reasons else Plain("nothing_to_explain")
            case "choice":
                button = await self._numbered(tx, heard.message.address, understanding.number or 0)
                heard, steps = await self._press(tx, heard, button)
                return heard, steps[0]
            case "ack":
                return heard, Plain("noted")
            case "yes" | "no" as said:
                if (answered := await self._answered(tx, heard, understanding, said == "yes")) is not None:
                    return answered
                if said == "no" and heard.thread.question is not None:
                    return heard, Plain("dropped")
                if understanding.intent == "chat.thanks":
                    return heard, Plain("noted")
            case None if not says_why and (step := await self._on_what_was_said(tx, heard, understanding)) is not None:
                return heard, step
            case None if (
                not says_why
                and (button := await buttons.labelled(tx, here, understanding.text.strip()))
                and button.action != "say"
            ):
                heard, steps = await self._press(tx, heard, button)
                return heard, steps[0]
        turn = merge(heard.thread, understanding, heard.message.sent_at)
        return heard, await self._turn(tx, heard, turn)

    async def _on_what_was_said(self, tx: Tx, heard: Heard, understanding: Understanding) -> Step | None:
        """What only means something after what was said or decided: why, another value, take it back, who changed it."""
        if (stop := await self._stops_listening(tx, heard, understanding)) is not None:
            return stop
        if (clip := await asked_to_play(tx, heard, understanding.text)) is not None:
            return clip
        if heard.speaker.role in MAY_SET and _RULES.fullmatch(understanding.text.strip()):
            return ShowDispatchRules()
        if (with_whom := await says_with_whom(tx, heard, understanding, self._calls)) is not None:
            return with_whom
        if (right := await says_right_words(tx, heard, understanding.text, self._calls)) is not None:
            return right
        if (named := asked_of(understanding.text)) is not None:
            why = await why_of(tx, named, heard.speaker)
            return Why(why) if why else Plain("no_such_decision")
        if (step := await self._edit_said(tx, heard, understanding)) is not None:
            return step
        if heard.speaker.is_staff and (change := await self._changed_paper(tx, heard, understanding)):
            return change
        if _ASKS_OF_VERSIONS.fullmatch(understanding.text) and (versions := await self._versions(tx, heard)):
            return versions
        if (meeting := await meeting_turn(tx, heard, understanding)) is not None:
            return await self._turn(tx, heard, meeting)
        if understanding.intent == "approval.reject" and _TAKE_BACK.search(understanding.text):
            return await self._take_back(tx, heard)
        return None

    async def _numbered(self, tx: Tx, here: Address, number: int) -> Pressed | None:
        """The button that a number means, unless something without buttons was said here since. Pictures say nothing."""
        last = select(SendRow.reply).where(SendRow.target == target_of(here), SendRow.redraws.is_(None), IS_WORDS)
        reply = await tx.scalar(last.order_by(SendRow.id.desc()).limit(1))
        is_plain = reply is not None and not (reply.get("card") or {}).get("buttons")
        if is_plain and here.thread is None:  # threads of one conversation share its line of sends
            return None
        return await buttons.numbered(tx, here.key, number)

    async def _answered(self, tx: Tx, heard: Heard, understanding: Understanding, yes: bool) -> tuple[Heard, Step] | None:
        """A bare yes or no: to what waits for it, to words that were heard and shown back, or to a recording."""
        settled = await self._settle_pending(tx, heard, yes) or await self._stops_listening(tx, heard, understanding)
        if settled is not None:
            return heard, settled
        words = await buttons.latest(tx, heard.message.address.key, "heard" if yes else "retype")
        if words is None:
            return None
        heard, steps = await self._press(tx, heard, words)
        return heard, steps[-1]

    async def _settle_pending(self, tx: Tx, heard: Heard, yes: bool) -> Step | None:
        """What a bare yes or no answers: the one pending proposal whose card stands in this conversation."""
        address = heard.message.address
        rows = await self._pending(tx, address, heard.message.sender)
        if not rows and address.thread is not None:  # the words may stand in the thread below a card of the whole channel
            rows = await self._pending(tx, replace(address, thread=None), heard.message.sender)
        if yes and heard.understanding and heard.understanding.intent == "chat.thanks":
            # "ok" from whoever asked only takes note that it waits for somebody else
            person = heard.speaker.person_id
            rows = [row for row in rows if row.requester_id != person or decision_from_json(row.decision).asks_requester]
        if len(rows) > 1:
            return Plain("several_pending")
        return Settle(rows[0].id, rows[0].digest, yes, by_button=False) if rows else None

    async def _edit_said(self, tx: Tx, heard: Heard, understanding: Understanding) -> Step | None:
        """Another value for what waits here: in answer to the question for one, or "approve with 12%"."""
        if heard.thread.editing is not None and len(understanding.text) <= LONGEST:
            proposal_id, digest = heard.thread.editing
            row = await parked(tx, proposal_id)
            command = proposal_from_json(row["proposal"]).command if row else None
            if command is not None and (changes := changes_in(understanding, command)):
                return Edit(proposal_id, digest, changes, yes=False)
        if not approves_with_changes(understanding.text) or not understanding.slots:
            return None
        address = heard.message.address
        rows = await self._pending(tx, address, heard.message.sender)
        if not rows and address.thread is not None:
            rows = await self._pending(tx, replace(address, thread=None), heard.message.sender)
        said = [(row, changes_in(understanding, proposal_from_json(row.proposal).command)) for row in rows]
        meant = [(row, changes) for row, changes in said if changes]
        if len(meant) > 1:
            return Plain("several_pending")
        return Edit(meant[0][0].id, meant[0][0].digest, meant[0][1], yes=True) if meant else None

    async def _pending(self, tx: Tx, address: Address, sender: str) -> Sequence[Row[Any]]:
        pending = (
            select(
                ProposalRow.id,
                ProposalRow.digest,
                ProposalRow.requester_id,
                ProposalRow.proposal,
                ProposalRow.decision,
            )
            .where(ProposalRow.state == "pending", (literal("proposal:") + ProposalRow.id).in_(_cards(address, sender)))
            .limit(_MOST_PENDING)
        )
        return (await tx.execute(pending)).all()

    async def _take_back(self, tx: Tx, heard: Heard) -> Step:
        """What "undo" takes back: the speaker's own request that still waits, unless they have done something since."""
        here, person_id = heard.message.address.key, heard.speaker.person_id
        shown = _cards(heard.message.address, heard.message.sender)
        waiting = (
            select(ProposalRow.id, ProposalRow.digest, ProposalRow.created_at)
            .where(ProposalRow.state == "pending", ProposalRow.requester_id == person_id)
            .where((literal("proposal:") + ProposalRow.id).in_(shown))
            .order_by(ProposalRow.created_at.desc())
            .limit(1)
        )
        request = (await tx.execute(waiting)).first()
        if request is None:
            return TakeBack()
        since = select(DeedRow.key).where(
            DeedRow.by_id == person_id,
            DeedRow.conversation == here,
            DeedRow.undone_at.is_(None),
            DeedRow.command != Undo.name,
            DeedRow.at > request.created_at,
        )
        is_later = (await tx.execute(since.limit(1))).first() is not None
        return TakeBack() if is_later else Settle(request.id, request.digest, False, by_button=False)

    async def _press(self, tx: Tx, heard: Heard, button: Pressed | None) -> tuple[Heard, list[Step]]:
        if button is None:
            return heard, [Plain("expired")]
        data = button.data
        match button.action:
            case "do":
                basis = (
                    _basis.validate_python(data["basis"])
                    if "basis" in data
                    else Basis(confidence=1.0, message=heard.message.key)
                )
                return heard, [Do(command_from_json(data["command"]), basis, f"press:{button.token}")]
            case "confirm" | "reject" as said:
                # after a number typed, or a press on what only they see, no card changes under their eyes
                is_pressed = heard.message.press is not None and heard.message.address.private_to is None
                return heard, [Settle(data["proposal"], data["digest"], said == "confirm", by_button=is_pressed)]
            case "edit":
                return heard, [await self._asks_to_edit(tx, data)]
            case "walk" | "judge":
                return heard, [await self._on_passage(tx, heard, button.action, data)]
            case action if action in _ON_RECORD:
                is_paper = button.action in ("look", "change", "send_paper")
                on_record = self._on_paper if is_paper else self._on_recording
                return heard, [await on_record(tx, heard, button)]
            case "undo":
                return heard, [TakeBack(data["deed"])]
            case "more":
                return heard, [_rest(data)]
            case "why":
                return heard, [Why(data)]
            case "fill":
                turn = _turn_from(data["question"], {data["slot"]: data["value"]})
                return await self._again(tx, heard, turn)
            case "read_as":
                turn = _turn_from(data["question"], {})
                heard = replace(heard, corrected=(turn.text, data["intent"]))
                return await self._again(tx, heard, replace(turn, intent=data["intent"]))
            case _:
                text = str(data["text"])
                said_now = replace(heard, message=replace(heard.message, press=None, text=text))
                return await self.think(tx, said_now, ())

    async def _asks_to_edit(self, tx: Tx, data: Mapping[str, Any]) -> Step:
        row = await parked(tx, data["proposal"])
        if row is None:
            return Plain("expired")
        if row["state"] != "pending":  # it only learns what became of it
            return Settle(data["proposal"], data["digest"], True, by_button=False)
        return AskEdit(data["proposal"], data["digest"], proposal_from_json(row["proposal"]).command)

    async def _on_paper(self, tx: Tx, heard: Heard, button: Pressed) -> Step:
        """What is done with a paper that was prepared; whoever presses must be one who may see it."""
        paper = await own.get(tx, "paper", button.data["paper"])
        if not isinstance(paper, Paper) or not await may_open(tx, paper, heard.speaker):
            return Plain("paper_gone")
        if button.action == "send_paper":
            basis = Basis(confidence=1.0, message=heard.message.key)
            return SendOff(paper, button.data["digest"], basis, f"press:{button.token}")
        facts = await own.get_many(tx, named(("customer", paper.customer_id), ("contact", paper.contact_id)))
        return ShowPaper(paper, facts, asks_what=button.action == "change")

    async def _on_recording(self, tx: Tx, heard: Heard, button: Pressed) -> Step:
        """What was heard, for whoever may read it; or words that were not heard right."""
        data = button.data
        if button.action == "retype":
            return Plain("voice_retype")
        if button.action in CORRECTING:
            return await on_correcting(tx, heard, button, self._calls)
        if button.action == "summary":
            return await summary_of_call(tx, heard, data, self._calls)
        if button.action == "call_note":
            return await note_on_call(tx, heard, data, self._calls)
        if button.action == "clip":
            return await play(tx, heard, data)
        recording = await own.get(tx, "recording", data["recording"])
        if not isinstance(recording, Recording) or not await may_read(tx, recording, heard.speaker):
            return Plain("recording_gone")
        return ShowTranscript(recording, await turns_of(tx, recording.id), int(data["start"]))

    async def _stops_listening(self, tx: Tx, heard: Heard, understanding: Understanding) -> Step | None:
        """ "Cancel", said alone, to a recording that is waiting or listened to here, while nothing else waits for a yes."""
        message = heard.message
        if not _CANCEL.fullmatch(understanding.text.strip()) or await self._pending(tx, message.address, message.sender):
            return None
        recording = await stoppable(tx, message.address.key, heard.speaker.person_id, heard.now)
        command = stopping(recording) if recording else None
        basis = Basis(text=understanding.text, confidence=1.0, message=message.key)
        return Do(command, basis, message.key) if command else None

    async def _changed_paper(self, tx: Tx, heard: Heard, understanding: Understanding) -> Step | None:
        """Words that change the paper shown last: another discount, quantity or validity makes a new version of it."""
        shown = await buttons.latest(tx, heard.message.address.key, "change") if speaks_of_a_paper(understanding) else None
        paper = await own.get(tx, "paper", shown.data["paper"]) if shown else None
        if not isinstance(paper, Paper) or not await may_open(tx, paper, heard.speaker):
            return None
        command = changed(paper, understanding)
        return Do(command, basis_of_words(understanding, heard.message.key), heard.message.key) if command else None

    async def _on_passage(self, tx: Tx, heard: Heard, action: str, data: Mapping[str, Any]) -> Step:
        """What is done with a passage that was shown; whoever presses must be one who may read it."""
        audience, setting = audience_of(heard.speaker), await self._setting(tx, heard)
        passage = self._world.knowledge.passage(data["passage"], audience=audience, setting=setting)
        if passage is None:
            return Plain("document_gone")
        if action == "walk":
            return Walk(passage, int(data["number"]))
        return JudgePassage(passage, str(data["question"]), bool(data["is_helpful"]))

    async def _setting(self, tx: Tx, heard: Heard) -> Setting:
        """For a passage that was shown before: what it says of a customer is about the one spoken of, whom this speaker
        need not be allowed to see."""
        customer = await one(tx, Customer, CustomerRow, heard.thread.customer_id) if heard.speaker.is_staff else None
        if customer is not None and not may_see(heard.speaker, customer.owner_id, customer.id):
            customer = None
        return setting_of(heard.speaker, customer)

    async def _versions(self, tx: Tx, heard: Heard) -> Versions | None:
        """What the passage cited last says and said before, if there is one that this speaker may read."""
        cited = ((heard.thread.why or {}).get("basis") or {}).get("passages") or ()
        if not cited:
            return None
        audience, setting = audience_of(heard.speaker), await self._setting(tx, heard)
        said = self._world.knowledge.cited(str(cited[0].get("id")), audience=audience, setting=setting)
        return Versions(said) if said else None

    async def _again(self, tx: Tx, heard: Heard, turn: Turn) -> tuple[Heard, list[Step]]:
        """Work on earlier words again, with an answer or a corrected reading added."""
        understanding = await self._understand(heard, turn.text, turn.sent_at)
        heard = replace(heard, understanding=understanding, lang=language_of(heard.thread, heard.speaker, understanding))
        return heard, [await self._turn(tx, heard, turn)]

    async def _turn(self, tx: Tx, heard: Heard, turn: Turn) -> Step:
        """understand -> gather -> propose."""
        understanding = heard.understanding
        assert understanding is not None
        if turn.text != understanding.text:
            understanding = await self._understand(heard, turn.text, turn.sent_at)
        if turn.is_settled:
            understanding = replace(understanding, intent=turn.intent, confidence=1.0, sure=True, alternatives=(), also=())
        thread, plain = heard.thread, plainly(turn.text) if heard.speaker.is_staff else None
        if plain is not None and (about := plain.about(turn.text)) != turn.text:
            understanding = await self._understand(heard, about, turn.sent_at)
        situation = await gather(
            tx,
            Asked(
                key=heard.message.key,
                text=turn.text,
                speaker=heard.speaker,
                understanding=understanding,
                now=heard.now,
                lang=heard.lang,
                needs=play_of(understanding.intent).needs | (plain.needs if plain else frozenset()),
                candidates=(await self._names.names()).candidates,
                answers=turn.answers,
                customer_id=thread.customer_id,
                deal_id=thread.deal_id,
                lead_id=thread.lead_id,
            ),
            self._world,
        )
        said = plain.function(situation) if plain else None
        if said is None and not turn.is_settled and heard.speaker.is_staff and _is_a_quoted_order(understanding):
            return AskWhich(situation, turn)
        if (
            said is None
            and not understanding.sure
            and not (situation.passages and _asks_documents_either_way(understanding))
            and not _means_nothing_here(understanding)
        ):
            return AskWhich(situation, turn)
        if said is not None:
            situation = replace(situation, means_one_thing=True)
        result = said or propose(situation)
        if isinstance(result, Answer):
            return Tell(situation, turn, result)
        if isinstance(result, Ask):
            return AskBack(situation, turn, result)
        return Do(result, basis_of(situation), heard.message.key, situation, turn)


_ORDERS = frozenset({"approval", "flow", "escalation"})
_CRM_ORDERS = frozenset(
    f"crm.{name}" for name in ("update_amount", "update_stage", "transfer_data", "assign_lead", "submit_approval")
)


def _cards(address: Address, sender: str) -> Select[Any]:
    """The cards that this person sees at this very address."""
    thread, only_for = SendRow.address["thread"].as_string(), SendRow.address["private_to"].as_string()
    return select(SendRow.card).where(
        SendRow.target == target_of(address),
        SendRow.card.is_not(None),
        thread.is_(None) if address.thread is None else thread == address.thread,
        or_(only_for.is_(None), only_for == sender),
    )


def _rest(data: Mapping[str, Any]) -> Rest:
    """What the button "more" brings."""
    basis = _basis.validate_python(data["basis"]) if "basis" in data else None
    return Rest(str(data["text"]), tuple(data.get("later", ())), basis)


def _asks_documents_either_way(understanding: Understanding) -> bool:
    """Whether the two likeliest readings are both answered from documents: then it does not matter which it is."""
    readings = {understanding.intent, *(one.intent for one in understanding.alternatives[:1])}
    return readings <= ASKS_DOCUMENTS | {OUT_OF_SCOPE}


def _is_a_quoted_order(understanding: Understanding) -> bool:
    """What a customer writes orders nothing here, whatever it says: only whoever passes it on can want it done."""
    family = understanding.intent.partition(".")[0]
    return (family in _ORDERS or understanding.intent in _CRM_ORDERS) and is_all_quoted(understanding.text)


def _means_nothing_here(understanding: Understanding) -> bool:
    """Words that are about nothing known here, with no other reading to offer."""
    return understanding.intent == OUT_OF_SCOPE and not understanding.alternatives


def _is_asked_why(thread: Thread) -> bool:
    """Whether a sentence that says why is waited for."""
    return thread.question is not None and thread.question.slot == "reason"


def _says_nothing(understanding: Understanding) -> bool:
    """No word in it: emoji, signs. There is nothing to choose from."""
    is_read = understanding.control is not None or understanding.sure or bool(understanding.alternatives)
    return not is_read and not any(character.isalnum() for character in understanding.text)


def role_read_as(speaker: Speaker) -> str:
    """The role in the words of the dictionary, which knows three kinds of people."""
    if not speaker.is_staff:
        return "customer"
    return "manager" if speaker.role in ("manager", "director") else "rep"


def language_of(thread: Thread, speaker: Speaker, understanding: Understanding | None = None) -> Language:
    """The asker's language: of these words, or, where they have none ("ok", "2", a press), of the conversation so far."""
    before: Language = thread.lang or ("en" if speaker.lang == "en" else "zh")
    if understanding is None or understanding.control in ("choice", "yes", "no", "ack"):
        return before
    letters = sum(character.isalpha() for character in understanding.text)
    return understanding.lang if letters > 1 else before


def _turn_from(data: Mapping[str, Any], answers: Mapping[str, Any]) -> Turn:
    question = question_from_json(data)
    return Turn(question.intent, question.text, question.sent_at, {**question.answers, **answers}, question.asked, True)
