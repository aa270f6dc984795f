"""What a call came to: moments, promises, open questions and how the talk went, each with its second and its words.

This room knows no intents: the reader of sentences is handed in, and what it gives is kept under its own names.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from voice.promises import asks, promises, puts_off
from voice.sentences import Sentence, Side, sentences_of
from voice.topics import is_about_budget, office_in, rivals_in, wants
from voice.transcript import Span, Transcript

LONG_SILENCE = 3.0
"""Seconds without speech that are told as a silence; pauses between two turns of a phone call are mostly under one second
(Heldner and Edlund 2010, "Pauses, gaps and overlaps in conversations")."""
_INTERRUPTION = 0.5
"""Seconds that two people speak at once before it is called an interruption: shorter overlaps are yes and hm."""
_ANSWER_WITHIN = 30.0
"""Seconds in which the other side can answer a question."""
_KEPT = frozenset({"objection", "buying", "service", "data", "status"})
"""Families of intents that a customer's sentence is reported for; the others are commands to the copilot and small talk."""


@dataclass(frozen=True)
class Mention:
    """A piece of information in a sentence, as the reader names and reads it: company, amount, date, …"""

    type: str
    text: str
    value: object


@dataclass(frozen=True)
class Reading:
    """What a reader made of a sentence: its intent, how probable (0 … 1), and whether that is enough to go by.

    `is_about_budget` where what it means is about the money there is to spend, whatever the words. `also` are further
    intents that it holds beside that one, with how probable each is: enough to go by, whether or not the first one is.
    """

    intent: str
    confidence: float
    sure: bool
    mentions: tuple[Mention, ...] = ()
    is_about_budget: bool = False
    also: tuple[tuple[str, float], ...] = ()

    @property
    def shown(self) -> tuple[tuple[str, float], ...]:
        """Every intent that is enough to go by."""
        return (*([(self.intent, self.confidence)] if self.sure else []), *self.also)


Reader = Callable[[Sentence], Reading]


@dataclass(frozen=True)
class Moment:
    """Something a customer showed: the intent, the first sentence that showed it, and the seconds of the others."""

    intent: str
    confidence: float
    quote: Sentence
    again: tuple[float, ...] = ()


@dataclass(frozen=True)
class Promise:
    """What somebody said they would do; `due` is what was read as its day or time, None where none was named."""

    quote: Sentence
    due: Mention | None


@dataclass(frozen=True)
class Question:
    """A question that nobody answered; `was_put_off` where the answer was promised for later."""

    quote: Sentence
    was_put_off: bool


@dataclass(frozen=True)
class Named:
    """A company, person, product or amount that was named, and the seconds at which it was."""

    type: str
    text: str
    value: object
    at: tuple[float, ...]


@dataclass(frozen=True)
class Rival:
    """A competitor that was named: by the name on file, the seconds at which it was, and the first sentence with it."""

    name: str
    quote: Sentence
    at: tuple[float, ...]


@dataclass(frozen=True)
class Budget:
    """A sentence about the money there is to spend, with the amounts that are named in it."""

    quote: Sentence
    amounts: tuple[Mention, ...]


@dataclass(frozen=True)
class Somebody:
    """A person who was named, with their company and their office where these were said with the name."""

    name: str
    company: str | None
    office: str | None
    at: tuple[float, ...]


@dataclass(frozen=True)
class Talk:
    """How the talk went: each speaker's share of all speech (0 … 1), silences, and who fell into whose words when.

    `interruptions` is None for a recording of one channel: voices on top of each other cannot be told apart there.
    """

    shares: dict[str, float]
    silences: tuple[Span, ...]
    interruptions: tuple[tuple[str, float], ...] | None
    longest: Span | None


@dataclass(frozen=True)
class Report:
    """Everything that is told of a call, in the order in which it was said.

    `needs` are sentences in which the customer, or somebody who may be, says what they want. `named` is what was named
    besides `rivals`, `people` and the amounts of the `budget`.
    """

    sentences: tuple[Sentence, ...]
    moments: tuple[Moment, ...]
    promises: tuple[Promise, ...]
    questions: tuple[Question, ...]
    named: tuple[Named, ...]
    talk: Talk
    rivals: tuple[Rival, ...] = ()
    budget: tuple[Budget, ...] = ()
    needs: tuple[Sentence, ...] = ()
    people: tuple[Somebody, ...] = ()


def report_of(transcript: Transcript, read: Reader, rivals: Mapping[str, Sequence[str]] | None = None) -> Report:
    """Return what the transcript shows; a corrected transcript gives its own report, nothing is remembered between two.

    `rivals` are the competitors that are known, each with what else people call it.
    """
    spoken = sentences_of(transcript)
    readings = [read(one) for one in spoken]
    found = _rivals(spoken, rivals or {})
    budget = _budget(spoken, readings)
    people = _people(spoken, readings)
    return Report(
        rivals=found,
        budget=budget,
        needs=tuple(one for one in spoken if one.side != "ours" and wants(one.text, one.lang)),
        people=people,
        sentences=spoken,
        moments=_moments(spoken, readings),
        promises=tuple(
            Promise(one, next((m for m in reading.mentions if m.type in ("date", "duration")), None))
            for one, reading in zip(spoken, readings, strict=True)
            if promises(one.text, one.lang)
        ),
        questions=_open_questions(spoken),
        named=_rest(_named(spoken, readings), found, budget, people, rivals or {}),
        talk=_talk(transcript),
    )


def _moments(spoken: Sequence[Sentence], readings: Sequence[Reading]) -> tuple[Moment, ...]:
    """One for each intent, at its first sentence. Our own people's words show nothing of the customer."""
    found: dict[tuple[str, Side], Moment] = {}
    shown = ((one, *each) for one, reading in zip(spoken, readings, strict=True) for each in reading.shown)
    for one, intent, confidence in shown:
        if one.side == "ours" or intent.split(".")[0] not in _KEPT:
            continue
        if (before := found.get((intent, one.side))) is None:
            found[intent, one.side] = Moment(intent, confidence, one)
        else:
            again = (*before.again, one.start)
            found[intent, one.side] = replace(before, confidence=max(before.confidence, confidence), again=again)
    return tuple(found.values())


def _open_questions(spoken: Sequence[Sentence]) -> tuple[Question, ...]:
    """Questions that the other side said nothing to, or put off. One side's questions in a row are answered together."""
    left = []
    for n, one in enumerate(spoken):
        if not asks(one.text, one.lang):
            continue
        answer = _answer(spoken[n + 1 :], one)
        was_put_off = any(puts_off(said.text, said.lang) for said in answer)
        if not answer or was_put_off:
            left.append(Question(one, was_put_off))
    return tuple(left)


def _answer(after: Iterable[Sentence], question: Sentence) -> list[Sentence]:
    """What the other side says next, until the asker speaks again."""
    answer: list[Sentence] = []
    for one in after:
        if one.speaker == question.speaker:
            if answer:
                break
            if not asks(one.text, one.lang) and one.start > question.end + _ANSWER_WITHIN:
                break
        elif one.start <= question.end + _ANSWER_WITHIN or answer:
            answer.append(one)
    return [] if len(answer) == 1 and asks(answer[0].text, answer[0].lang) else answer


def _named(spoken: Sequence[Sentence], readings: Sequence[Reading]) -> tuple[Named, ...]:
    found: dict[tuple[str, str], Named] = {}
    for one, reading in zip(spoken, readings, strict=True):
        for mention in reading.mentions:
            key = (mention.type, mention.text.casefold())
            before = found.get(key)
            at = (*(before.at if before else ()), one.start)
            found[key] = Named(mention.type, mention.text, mention.value, at)
    return tuple(found.values())


def _rest(
    named: Sequence[Named],
    found: Sequence[Rival],
    budget: Sequence[Budget],
    people: Sequence[Somebody],
    rivals: Mapping[str, Sequence[str]],
) -> tuple[Named, ...]:
    """What was named and is not told as a part of its own."""
    told = {("amount", amount.text.casefold()) for one in budget for amount in one.amounts}
    told |= {("person", one.name.casefold()) for one in people}
    told |= {("company", name.casefold()) for one in found for name in (one.name, *rivals[one.name])}
    return tuple(one for one in named if (one.type, one.text.casefold()) not in told)


def _rivals(spoken: Sequence[Sentence], rivals: Mapping[str, Sequence[str]]) -> tuple[Rival, ...]:
    found: dict[str, Rival] = {}
    for one in spoken:
        for name in rivals_in(one.text, rivals):
            before = found.get(name)
            found[name] = replace(before, at=(*before.at, one.start)) if before else Rival(name, one, (one.start,))
    return tuple(found.values())


def _budget(spoken: Sequence[Sentence], readings: Sequence[Reading]) -> tuple[Budget, ...]:
    """Questions of ours about it tell nothing yet; the answer is what is told, and an amount alone is one."""
    found: list[Budget] = []
    asked: Sentence | None = None
    for one, reading in zip(spoken, readings, strict=True):
        amounts = tuple(mention for mention in reading.mentions if mention.type == "amount")
        is_about = reading.is_about_budget or is_about_budget(one.text)
        is_answer = bool(amounts) and asked is not None and one.start <= asked.end + _ANSWER_WITHIN
        is_answer = is_answer and asked is not None and one.speaker != asked.speaker
        if is_about and one.side == "ours" and asks(one.text, one.lang):
            asked = one
        elif is_about or is_answer:
            found.append(Budget(one, amounts))
            asked = None
    return tuple(found)


def _people(spoken: Sequence[Sentence], readings: Sequence[Reading]) -> tuple[Somebody, ...]:
    """Company and office only where the sentence names just one person: else nobody can say whose they are."""
    found: dict[str, Somebody] = {}
    for one, reading in zip(spoken, readings, strict=True):
        named = [mention for mention in reading.mentions if mention.type == "person"]
        companies = [mention.text for mention in reading.mentions if mention.type == "company"]
        is_alone = len({mention.text for mention in named}) == 1
        company = companies[0] if is_alone and len(companies) == 1 else None
        office = office_in(one.text) if is_alone else None
        for mention in named:
            before = found.get(mention.text, Somebody(mention.text, None, None, ()))
            office = None if office and office in mention.text else office
            at = (*before.at, one.start)
            found[mention.text] = Somebody(mention.text, before.company or company, before.office or office, at)
    return tuple(found.values())


def _talk(transcript: Transcript) -> Talk:
    seconds: dict[str, float] = {}
    for turn in transcript.turns:
        seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.end - turn.start
    whole = sum(seconds.values())
    gaps = _gaps(transcript)
    return Talk(
        shares={speaker: spent / whole for speaker, spent in seconds.items()} if whole else {},
        silences=gaps,
        interruptions=_interruptions(transcript) if transcript.two_channels else None,
        longest=max((Span(turn.start, turn.end) for turn in transcript.turns), key=lambda one: one.seconds, default=None),
    )


def _gaps(transcript: Transcript) -> tuple[Span, ...]:
    """Where nobody spoke for long; ringing before the first word and after the last is no silence of the talk."""
    found, heard_until = [], None
    for span in sorted(transcript.speech, key=lambda one: one.start):
        if heard_until is not None and span.start - heard_until >= LONG_SILENCE:
            found.append(Span(heard_until, span.start))
        heard_until = span.end if heard_until is None else max(heard_until, span.end)
    return tuple(found)


def _interruptions(transcript: Transcript) -> tuple[tuple[str, float], ...]:
    """Who began to speak when while the other was speaking, and went on after the other had stopped."""
    turns = sorted(transcript.turns, key=lambda one: one.start)
    return tuple(
        (later.speaker, later.start)
        for n, later in enumerate(turns)
        if any(
            earlier.speaker != later.speaker
            and earlier.start < later.start
            and earlier.end - later.start >= _INTERRUPTION
            and later.end > earlier.end
            for earlier in turns[max(0, n - 3) : n]
        )
    )
