"""A call on one sheet: everything that its page shows and `/api/calls/{id}/report` hands out, each part with its second.

The report of `voice/report.py` in the reader's language, beside the customer's mood and the whole transcript. Nothing judges
our own people: the mood is the customer's alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from actions.crm.records import CallCorrection, Customer, RecordingState, Speaker
from actions.plays.local_time import moment
from bot.call_reading import CallRead, CallSummary
from bot.kept_moods import HeardMood
from bot.phrase_mood import customers_words, tells_enough
from bot.phrase_recordings import clock, note_of
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from voice.emotions import EMOTIONS
from voice.mood import UNCERTAIN, Felt, Peak
from voice.report import Moment
from voice.sentences import Sentence, side_of
from voice.speakers import NAMES
from voice.transcript import Turn

_TOPICS = 3
_QUOTE = {"zh": 40, "en": 80}
"""Characters of a quote in the summary."""
_LONG_QUOTE = 240
_TOLD = frozenset({"company", "product", "amount", "person", "percent", "phone", "email", "address", "quantity"})
"""What of the information in a call is shown as named; days stand with what was promised for them."""


class Said(BaseModel):
    """Words of the call. `at` is their second, `side` whose they are; `who` says so in the reader's language."""

    at: float
    side: Literal["customer", "ours", "unknown"]
    who: str
    words: str


class SheetMoment(Said):
    """What the words show: an intent of the dictionary, a signal that stops things, or a `need` said in the customer's own
    words. `again`: seconds of the others."""

    sort: Literal["signal", "objection", "need", "service", "other"]
    name: str
    label: str
    again: list[float]


class SheetPromise(Said):
    """What somebody said they would do; `due` as it was read, `due_words` as it is told."""

    due: datetime | None
    due_words: str


class SheetQuestion(Said):
    """A question that nobody answered; `put_off` where the answer was promised for later."""

    put_off: bool


class SheetRival(Said):
    """A competitor that was named: the first words with it, and the seconds of all."""

    name: str
    again: list[float]


class SheetBudget(Said):
    """Words about the money there is to spend, with the amounts in them."""

    amounts: list[str]


class SheetPerson(BaseModel):
    """Somebody who was named, with company and office where these were said, and the seconds."""

    name: str
    company: str | None
    office: str | None
    at: list[float]


class Share(BaseModel):
    """How much of all speech was this speaker's, 0 … 1."""

    who: str
    side: Literal["customer", "ours", "unknown"]
    share: float


class Silence(BaseModel):
    """Where nobody spoke for long, in seconds."""

    at: float
    seconds: float


class FellInto(BaseModel):
    """Who began to speak while the other was speaking, and when."""

    at: float
    who: str


class NamedHere(BaseModel):
    """What was named: `type` as in the slots of an intent, and the seconds."""

    type: str
    text: str
    at: list[float]


class Bar(BaseModel):
    """One bar of the waveform: its seconds, loudness 0 … 1, and how the customer sounds in it; none where others speak."""

    start: float
    end: float
    level: float
    mood: str | None
    sentence: int | None = Field(description="The number of the sentence that is heard there, or next.")


class SheetPeak(BaseModel):
    """A stretch in which one emotion stands out, its strongest second, and the words that were said there."""

    emotion: str
    at: float
    start: float
    end: float
    strength: float
    words: str
    sentence: int | None


class SheetMood(BaseModel):
    """How the customer sounded, as estimated. `coverage`: the share of their seconds with an answer."""

    model: str
    coverage: float
    knows_calm: bool
    bars: list[Bar]
    peaks: list[SheetPeak]


class SheetSentence(BaseModel):
    """One sentence of a turn; numbers count from 0 over the whole call."""

    number: int
    start: float
    end: float
    text: str


class SheetTurn(BaseModel):
    """What one speaker said in one go. `number` counts from 0; `is_estimated`: who it was is an estimate. `is_put_right`: a
    person corrected words or speaker; `heard` are the model's words where a person wrote others."""

    number: int
    start: float
    end: float
    speaker: str
    side: Literal["customer", "ours", "unknown"]
    who: str
    is_estimated: bool
    lang: str
    text: str
    heard: str | None
    is_put_right: bool
    sentences: list[SheetSentence]


class CallSheet(BaseModel):
    """A call on one sheet. `notes` is what must be said about how it was heard; `summary` are plain sentences made of the
    parts below, or those that `summary_model` has written; `has_sound` is whether it can still be listened to.
    `mood_is_unclear`: it was judged with too few answers to show any."""

    id: str
    name: str
    state: RecordingState
    sent_at: datetime
    by_id: str | None
    by: str
    customer_id: str | None
    customer: str
    seconds: float
    model: str
    basis: str
    notes: list[str]
    has_sound: bool
    summary: list[str]
    summary_model: str
    mood: SheetMood | None
    mood_is_unclear: bool
    moments: list[SheetMoment]
    rivals: list[SheetRival]
    budget: list[SheetBudget]
    promises: list[SheetPromise]
    questions: list[SheetQuestion]
    shares: list[Share]
    knows_sides: bool
    silences: list[Silence]
    interruptions: list[FellInto] | None
    people: list[SheetPerson]
    named: list[NamedHere]
    speakers: list[str]
    customer_speaker: str | None
    turns: list[SheetTurn]
    latest_correction: str


@dataclass(frozen=True)
class Around:
    """What stands around the words of a call: whom it was with, who sent it, the customer's mood, what the model heard, what
    people put right in it, whether there is sound, whether the model knows no real people, and what a
    large model has written of it."""

    customer: Customer | None
    by: Speaker | None
    mood: HeardMood | None
    heard: tuple[Turn, ...]
    corrections: tuple[CallCorrection, ...]
    has_sound: bool
    is_synthetic: bool
    written: CallSummary | None = None


def sheet_of(read: CallRead, around: Around, voice: Voice) -> CallSheet:
    """The sheet in the reader's language and zone."""
    recording, transcript, report = read.recording, read.transcript, read.report
    seconds = max(transcript.duration, max((turn.end for turn in transcript.turns), default=0.0))
    mood = _mood(read, around.mood, seconds)
    moments, promises = _moments(read, voice), _promises(read, voice)
    is_written = around.written is not None and bool(around.written.model)
    questions = [SheetQuestion(**_said(one.quote, voice), put_off=one.was_put_off) for one in report.questions]
    return CallSheet(
        id=recording.id,
        name=recording.name,
        state=recording.state,
        sent_at=recording.created_at,
        by_id=recording.by_id,
        by=around.by.called(voice.lang) if around.by else "",
        customer_id=recording.customer_id,
        customer=_called(around.customer, voice),
        seconds=seconds,
        model=recording.model,
        basis=voice.word("recording_basis", recording.basis) if recording.basis else "",
        notes=_notes(read, around, voice),
        has_sound=around.has_sound,
        summary=[around.written.text] if is_written and around.written else _summary(read, mood, promises, questions, voice),
        summary_model=around.written.model if around.written else "",
        mood=mood,
        mood_is_unclear=_is_judged(read, around.mood) and mood is None,
        moments=moments,
        rivals=[
            SheetRival(**_said(one.quote, voice), name=one.name, again=[at for at in one.at if at != one.quote.start])
            for one in report.rivals
        ],
        budget=[SheetBudget(**_said(one.quote, voice), amounts=[m.text for m in one.amounts]) for one in report.budget],
        promises=promises,
        questions=questions,
        shares=_shares(read, voice),
        knows_sides=transcript.customer is not None,
        silences=[Silence(at=one.start, seconds=one.seconds) for one in report.talk.silences],
        interruptions=None
        if report.talk.interruptions is None
        else [FellInto(at=at, who=_who(side_of(one, transcript), one, voice)) for one, at in report.talk.interruptions],
        people=[
            SheetPerson(name=one.name, company=one.company, office=one.office, at=list(one.at)) for one in report.people
        ],
        named=[NamedHere(type=one.type, text=one.text, at=list(one.at)) for one in report.named if one.type in _TOLD],
        speakers=list(transcript.speakers),
        customer_speaker=transcript.customer,
        turns=_turns(read, around, voice),
        latest_correction=around.corrections[-1].id if around.corrections else "",
    )


# --- the parts ------------------------------------------------------------------------------------------------------------


def _summary(
    read: CallRead,
    mood: SheetMood | None,
    promises: Sequence[SheetPromise],
    questions: Sequence[SheetQuestion],
    voice: Voice,
) -> list[str]:
    """What the call came to, in a few plain sentences."""
    topics = list(dict.fromkeys(voice.intent(one.intent) for one in _surest_first(read) if one.quote.side == "customer"))
    told = [voice.say("call_page.about", {"topics": voice.join(topics[:_TOPICS])})] if topics else []
    if read.signals:
        kinds = [voice.word("signal", one.kind) for one in read.signals]
        told.append(voice.say("call_page.signals", {"kinds": voice.join(kinds)}))
    if read.report.rivals:
        told.append(voice.say("call_page.rivals", {"names": voice.join([one.name for one in read.report.rivals])}))
    amounts = list(dict.fromkeys(one.text for budget in read.report.budget for one in budget.amounts))
    if amounts:
        told.append(voice.say("call_page.budget", {"amounts": voice.join(amounts)}))
    worst = (
        max((one for one in mood.peaks if one.emotion == "angry"), key=lambda one: one.strength, default=None)
        if mood
        else None
    )
    if worst is not None and worst.words:
        words = shortened(worst.words, _QUOTE[voice.lang])
        told.append(voice.say("call_page.angry", {"at": clock(worst.at), "words": words}))
    for side, key in (("ours", "call_page.we_promised"), ("customer", "call_page.they_promised")):
        count = sum(one.side == side for one in promises)
        if count:
            due = min((one.due for one in promises if one.side == side and one.due), default=None)
            told.append(voice.say(key, {"count": count}))
            if due is not None:
                told.append(voice.say("call_page.first_due", {"due": due.isoformat()}))
    if questions:
        told.append(voice.say("call_page.open_questions", {"count": len(questions)}))
    return told or [voice.say("call_page.nothing_found")]


def _moments(read: CallRead, voice: Voice) -> list[SheetMoment]:
    """Signals first, then in the order in which they were said; what is told as a signal is not told twice."""
    signals = [
        SheetMoment(**_said(one.quote, voice), sort="signal", name=one.kind, label=voice.word("signal", one.kind), again=[])
        for one in read.signals
    ]
    told = {one.quote for one in read.signals} | {one.quote for one in read.report.questions}
    rest = [
        SheetMoment(
            **_said(one.quote, voice),
            sort=_SORTS.get(one.intent.split(".")[0], "other"),
            name=one.intent,
            label=voice.intent(one.intent),
            again=list(one.again),
        )
        for one in read.report.moments
        if one.quote not in told
    ]
    told |= {one.quote for one in read.report.moments} | {one.quote for one in read.report.budget}
    needs = [
        SheetMoment(**_said(one, voice), sort="need", name="need", label=voice.say("call_page.need"), again=[])
        for one in read.report.needs
        if one not in told
    ]
    return [*signals, *sorted([*rest, *needs], key=lambda one: one.at)]


_SORTS: dict[str, Literal["objection", "need", "service"]] = {
    "objection": "objection",
    "buying": "need",
    "service": "service",
}


def _promises(read: CallRead, voice: Voice) -> list[SheetPromise]:
    """Ours first: they are what somebody here has to keep."""
    order = {"ours": 0, "customer": 1, "unknown": 2}
    here = Speaker(None, "rep", "", zone=voice.zone)
    found = []
    for one in sorted(read.report.promises, key=lambda one: (order[one.quote.side], one.quote.start)):
        due = moment(one.due.value, read.recording.created_at, here) if one.due else None
        is_day = one.due is not None and len(str(one.due.value)) == len("2026-01-31")
        words = voice.say("call_page.due_day" if is_day else "call_page.due", {"due": due.isoformat()}) if due else ""
        found.append(SheetPromise(**_said(one.quote, voice), due=due, due_words=words))
    return found


def _shares(read: CallRead, voice: Voice) -> list[Share]:
    found = []
    for speaker, share in read.report.talk.shares.items():
        side = side_of(speaker, read.transcript)
        found.append(Share(who=_who(side, speaker, voice), side=side, share=share))
    return found


def _notes(read: CallRead, around: Around, voice: Voice) -> list[str]:
    """Which model heard it, what must be said about that, and what is only estimated."""
    notes = [note_of(read.recording, voice, is_synthetic=around.is_synthetic)]
    if any(turn.speaker_is_estimated for turn in read.transcript.turns):
        notes.append(voice.say("report.speakers_estimated"))
    if read.transcript.customer is None and len(read.transcript.speakers) > 1:
        notes.append(voice.say("call_page.customer_unclear"))
    elif read.transcript.customer is not None and read.transcript.customer_certainty < 1:
        notes.append(voice.say("report.customer_guessed"))
    return notes


def _turns(read: CallRead, around: Around, voice: Voice) -> list[SheetTurn]:
    """Each turn with its sentences. A sentence belongs to the turn of its speaker in which it lies."""
    transcript, left = read.transcript, list(enumerate(read.report.sentences))
    put_right = {one.place for one in around.corrections if one.place is not None}
    turns = []
    for number, turn in enumerate(transcript.turns):
        mine = [
            (n, one) for n, one in left if one.speaker == turn.speaker and turn.start <= one.start and one.end <= turn.end
        ]
        taken = {n for n, _ in mine}
        left = [(n, one) for n, one in left if n not in taken]
        side = side_of(turn.speaker, transcript)
        is_guessed = side != "unknown" and transcript.customer_certainty < 1
        turns.append(
            SheetTurn(
                number=number,
                start=turn.start,
                end=turn.end,
                speaker=turn.speaker,
                side=side,
                who=_speaking(side, turn.speaker, voice),
                is_estimated=turn.speaker_is_estimated or is_guessed,
                lang={"mixed": "zh"}.get(turn.lang, turn.lang),
                text=turn.text.strip(),
                heard=_heard(around, number, turn.text),
                is_put_right=number in put_right,
                sentences=[SheetSentence(number=n, start=one.start, end=one.end, text=one.text) for n, one in mine],
            )
        )
    return turns


def _heard(around: Around, number: int, text: str) -> str | None:
    """What the model heard in a turn, where a person wrote something else."""
    words = around.heard[number].text.strip() if number < len(around.heard) else ""
    return words if words and " ".join(words.split()) != " ".join(text.split()) else None


def _speaking(side: str, speaker: str, voice: Voice) -> str:
    """Who speaks in the transcript: by name where somebody gave one, else by side, else the letter."""
    if speaker not in NAMES or side == "unknown":
        return speaker
    return voice.word("call_side", "customer" if side == "customer" else "house")


def _said(quote: Sentence, voice: Voice) -> dict[str, object]:
    who, words = _who(quote.side, quote.speaker, voice), shortened(quote.text, _LONG_QUOTE)
    return {"at": quote.start, "side": quote.side, "who": who, "words": words}


def _who(side: str, speaker: str, voice: Voice) -> str:
    if side == "unknown":
        return speaker or voice.word("side", side)
    return voice.word("call_side", "customer" if side == "customer" else "house")


def _surest_first(read: CallRead) -> list[Moment]:
    return sorted(read.report.moments, key=lambda one: (-one.confidence, one.quote.start))


def _called(customer: Customer | None, voice: Voice) -> str:
    if customer is None:
        return ""
    return (customer.name_en or customer.name) if voice.lang == "en" else customer.name


# --- the mood -------------------------------------------------------------------------------------------------------------


def _mood(read: CallRead, heard: HeardMood | None, seconds: float) -> SheetMood | None:
    """The customer's mood over the outline of the call; nothing where another speaker is the customer by now."""
    if heard is None or not _is_judged(read, heard) or not heard.outline or not seconds or not tells_enough(heard.mood):
        return None
    sentences, step = read.report.sentences, seconds / len(heard.outline)
    bars = [
        Bar(
            start=number * step,
            end=(number + 1) * step,
            level=level,
            mood=_felt_in(heard.mood.felt, number * step, (number + 1) * step),
            sentence=_heard_at(sentences, (number + 0.5) * step),
        )
        for number, level in enumerate(heard.outline)
    ]
    peaks = [_peak(one, sentences) for one in heard.mood.peaks if one.emotion in EMOTIONS]
    return SheetMood(
        model=heard.mood.model, coverage=heard.mood.coverage, knows_calm=heard.mood.knows_calm, bars=bars, peaks=peaks
    )


def _is_judged(read: CallRead, heard: HeardMood | None) -> bool:
    """Whether the mood that is kept is of the speaker who is the customer."""
    return heard is not None and heard.customer == read.transcript.customer


def _felt_in(felt: Sequence[Felt], start: float, end: float) -> str | None:
    """How the customer sounds in most of these seconds; None where they do not speak."""
    shares = [
        (min(one.end, end) - max(one.start, start), one.emotion) for one in felt if one.start < end and one.end > start
    ]
    emotion = max(shares, key=lambda share: share[0])[1] if shares else None
    return emotion if emotion in (*EMOTIONS, UNCERTAIN) else None


def _peak(peak: Peak, sentences: tuple[Sentence, ...]) -> SheetPeak:
    return SheetPeak(
        emotion=peak.emotion,
        at=peak.at,
        start=peak.start,
        end=peak.end,
        strength=peak.strength,
        words=shortened(customers_words(sentences, peak), _LONG_QUOTE),
        sentence=_heard_at(sentences, peak.at, only="customer"),
    )


def _heard_at(sentences: Sequence[Sentence], second: float, only: str | None = None) -> int | None:
    """The number of the sentence that is heard at this second, the customer's before another's; else the next one."""
    there = [n for n, one in enumerate(sentences) if one.start <= second < one.end and only in (None, one.side)]
    if there:
        return min(there, key=lambda n: sentences[n].side != "customer")
    later = [n for n, one in enumerate(sentences) if one.end > second and only in (None, one.side)]
    return later[0] if later else (len(sentences) - 1 if sentences else None)
