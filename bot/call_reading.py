"""Reads a call that was listened to: whose words, what was shown, promised and asked, and the signals among it."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from actions.crm.records import Recording
from actions.policy.breakers import Breakers, shown_in
from bot.kept_moods import HeardMood
from bot.names import NameBook
from intents.names import Names
from intents.slots import find_slots
from intents.understand import BUDGET_FREEZE, Reader
from intents.understanding import Slot, Understanding
from voice.report import Mention, Moment, Reading, Report, report_of
from voice.sentences import Sentence
from voice.sides import with_customer
from voice.transcript import Span, Transcript, Turn

_LEADS_TO_STEPS = ("objection.", "buying.")
"""Families of intents that have ranked next steps."""
_SEVERAL_CLAUSES = re.compile(r"\w[，,；;]\s*\w")


@dataclass(frozen=True)
class SignalHeard:
    """A signal that the customer gave: its kind, the sentence, how probable (0 … 1), for how many days it counts, and the
    roles that may lift it."""

    kind: str
    quote: Sentence
    probability: Decimal
    lasts_days: int
    may_lift: tuple[str, ...]


@dataclass(frozen=True)
class SignalOver:
    """The customer said that a signal of this kind is over. `by_anyone`: the house takes such words from anybody, else only
    somebody of the signal's roles may lift it by them, as a model heard them."""

    kind: str
    quote: Sentence
    by_anyone: bool


@dataclass(frozen=True)
class CallRead:
    """A call as it was read. `companies` are who was named of those in the CRM, `mood` how the customer sounded, None where
    that was not judged: whoever asked for the reading adds it (`bot.kept_moods.mood_of`)."""

    recording: Recording
    transcript: Transcript
    report: Report
    signals: tuple[SignalHeard, ...]
    companies: tuple[str, ...]
    mood: HeardMood | None = None
    over: tuple[SignalOver, ...] = ()

    def turn_of(self, sentence: Sentence) -> int:
        """In which turn it was said, counted from 0."""
        turns = enumerate(self.transcript.turns)
        said = [n for n, one in turns if one.speaker == sentence.speaker and one.start <= sentence.start <= one.end]
        return said[-1] if said else 0

    @property
    def strongest(self) -> Moment | None:
        """The objection or the buying signal that the next steps should answer: the surest of the customer's own."""
        own = [one for one in self.report.moments if one.quote.side == "customer" and one.intent.startswith(_LEADS_TO_STEPS)]
        return max(own, key=lambda one: (one.confidence, one.quote.start), default=None)


@dataclass(frozen=True)
class CallSummary:
    """A call in a few sentences; `model` wrote them, "" where they were put together from the report."""

    text: str
    model: str = ""


class CallReader:
    """Reads calls with the model that reads messages; it works in a thread, five milliseconds or so a sentence."""

    def __init__(self, reader: Reader, names: NameBook, breakers: Callable[[], Breakers]) -> None:
        self._reader = reader
        self._names = names
        self._breakers = breakers

    async def read(self, recording: Recording, turns: Sequence[Turn], zone: str) -> CallRead:
        """What the call shows; days that are named in it count from when it was sent, in this zone."""
        names, rivals = await self._names.names(), await self._names.rivals()
        return await asyncio.to_thread(self._read, recording, tuple(turns), zone, names, rivals)

    def _read(
        self,
        recording: Recording,
        turns: tuple[Turn, ...],
        zone: str,
        names: Names,
        rivals: Mapping[str, tuple[str, ...]],
    ) -> CallRead:
        transcript = transcript_of_call(recording, turns)
        sent_at = recording.created_at.astimezone(ZoneInfo(zone))
        read: dict[Sentence, Understanding] = {}

        def reading(sentence: Sentence) -> Reading:
            if sentence.side == "ours":  # what they mean by it is not asked, only what they name
                return Reading("", 0.0, False, _mentions(find_slots(sentence.text, sent_at, names)))
            found = self._reader.understand(sentence.text, role="customer", sent_at=sent_at, names=names)
            read[sentence] = found
            is_budget = found.sure and found.intent == BUDGET_FREEZE
            # one clause that reads two ways is one matter; two clauses may well be two
            beside = found.also if _SEVERAL_CLAUSES.search(sentence.text) else ()
            also = tuple((one.intent, one.confidence) for one in beside)
            return Reading(found.intent, found.confidence, found.sure, _mentions(found.slots), is_budget, also)

        report = report_of(transcript, reading, rivals)
        signals, over = self._signals(read)
        return CallRead(recording, transcript, report, signals, _companies(report.sentences, names), over=over)

    def _signals(self, read: dict[Sentence, Understanding]) -> tuple[tuple[SignalHeard, ...], tuple[SignalOver, ...]]:
        """One for each kind, at the words that show it best, and those that are said to be over.

        Only what the customer says: what somebody of ours says, or somebody who may be ours, gives no signal and ends none.
        """
        breakers = self._breakers()
        found: dict[str, SignalHeard] = {}
        over: dict[str, SignalOver] = {}
        for sentence, understanding in read.items():
            if sentence.side != "customer":
                continue
            intents = {one.intent: one.confidence for one in understanding.also}
            if understanding.sure:
                intents[understanding.intent] = understanding.confidence
            for shown in shown_in(breakers, sentence.text, intents, by_customer=True):
                kind, before = breakers.kind(shown.kind), found.get(shown.kind)
                if kind is not None and shown.is_over:  # taken back, be it in the same call
                    found.pop(shown.kind, None)
                    over[shown.kind] = SignalOver(kind.id, sentence, by_anyone=kind.lifted_by_whom == "anyone")
                    continue
                over.pop(shown.kind, None)
                if kind is not None and (before is None or before.probability < shown.probability):
                    may_lift = tuple(sorted(kind.lift_roles))
                    found[shown.kind] = SignalHeard(kind.id, sentence, shown.probability, kind.lasts.days, may_lift)
        return tuple(found.values()), tuple(over.values())


def _mentions(slots: Sequence[Slot]) -> tuple[Mention, ...]:
    return tuple(Mention(slot.type, slot.text, slot.value) for slot in slots)


def transcript_of_call(recording: Recording, turns: tuple[Turn, ...]) -> Transcript:
    """The turns as a transcript, with the customer as the record has them, else as far as what they say tells."""
    ends = max((turn.end for turn in turns), default=0.0)
    duration = recording.duration_ms / 1000 if recording.duration_ms is not None else ends
    speech = tuple(Span(turn.start, turn.end) for turn in turns)
    transcript = Transcript(turns, recording.model, None, duration, speech, bool(recording.two_channels))
    if recording.customer_speaker is None and recording.customer_percent is None:  # nobody has said that nobody knows
        return with_customer(transcript)
    sure = (recording.customer_percent or 0) / 100 if recording.customer_speaker else 0.0
    return replace(transcript, customer=recording.customer_speaker, customer_certainty=sure)


def _companies(sentences: Sequence[Sentence], names: Names) -> tuple[str, ...]:
    """The companies of the CRM that are named, by their names there."""
    return tuple(
        dict.fromkeys(
            mention.values[0]
            for one in sentences
            for mention in names.find(one.text)
            if mention.kind == "company" and len(mention.values) == 1
        )
    )
