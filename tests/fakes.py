"""Stand-ins for the outside that the tests of the road hand in: a clock that moves when told, a channel with a script."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from threading import Semaphore

from fastapi import APIRouter

from bot.channels.channel import AnswerLost, CannotTell, Pace, Refused, Sent, TryLater, WaitForPerson
from bot.channels.pictures import picture_of
from bot.message import Address, Attachment, Reply
from voice.cannot_hear import CannotHear
from voice.decode import Recording
from voice.emotions import Scores
from voice.mood import Felt, Mood, Peak
from voice.plan import Opening, Plan, PlannedPiece
from voice.speakers import Stretch
from voice.transcript import Span, Turn

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Calling it tells the time; it moves only by move()."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True)
class Arrival:
    """Something that really reached the person."""

    key: str
    to: Address
    text: str
    redraws: str | None = None


TAKEN = "taken"
TRY_LATER = "try later"
RETRY_AFTER = "retry after 30 s"
LOST_BUT_ARRIVED = "answer lost, arrived"
LOST_ON_THE_WAY = "answer lost, never arrived"
WAIT_FOR_PERSON = "wait for the person"
REFUSED = "refused"
BROKEN = "a mistake of the adapter, before anything went out"
HANGS_TAKEN = "taken, and nothing more is heard"
HANGS = "nothing is heard"


UNHURRIED = Pace(timedelta(microseconds=1), burst=1000)


@dataclass
class FakeChannel:
    """A platform that ends each call as its script says, and takes it once the script is used up."""

    name: str = "fake"
    pace: Pace = UNHURRIED
    collects: bool = False
    groups_can_press: bool = True
    edits_freely: bool = True
    script: deque[str] = field(default_factory=deque)
    can_tell: bool = True
    finds: deque[str] = field(default_factory=deque)
    arrived: list[Arrival] = field(default_factory=list)
    calls: int = 0
    longest: int = 1000
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a call hangs: time for the test to kill the process."""

    def will(self, *outcomes: str) -> None:
        self.script.extend(outcomes)

    @property
    def texts(self) -> list[str]:
        return [arrival.text for arrival in self.arrived]

    def router(self) -> APIRouter | None:
        return None

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        cuts = range(0, max(1, len(reply.text)), self.longest)
        pieces = [reply.text[cut : cut + self.longest] for cut in cuts]
        words = tuple(
            Reply(piece, reply.lang, reply.card if place == len(pieces) else None)
            for place, piece in enumerate(pieces, start=1)
        )
        return (*words, *(Reply("", reply.lang, pictures=(picture,)) for picture in reply.pictures))

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        picture = picture_of(reply)
        return await self._end(Arrival(key, to, f"picture of {picture.alt}" if picture else reply.text))

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        return await self._end(Arrival(key, to, reply.text, ref))

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        if not self.can_tell:
            raise CannotTell("this platform has no way to look")
        if self.finds and self.finds.popleft() == TRY_LATER:
            raise TryLater("busy")
        found = [place for place, arrival in enumerate(self.arrived) if arrival.key == key]
        return Sent(f"ref-{found[0]}") if found else None

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        raise ValueError("this platform keeps no files")

    async def check(self) -> str | None:
        return None

    async def _end(self, arrival: Arrival) -> Sent:
        self.calls += 1
        outcome = self.script.popleft() if self.script else TAKEN
        faults = {
            TRY_LATER: TryLater("503"),
            RETRY_AFTER: TryLater("429", timedelta(seconds=30)),
            LOST_ON_THE_WAY: AnswerLost("no answer"),
            WAIT_FOR_PERSON: WaitForPerson("45015"),
            REFUSED: Refused("no such user"),
            BROKEN: KeyError("ts"),
        }
        if outcome in faults:
            raise faults[outcome]
        if outcome != HANGS:
            self.arrived.append(arrival)
        if outcome in (HANGS, HANGS_TAKEN):
            self.hanging.set()
            await asyncio.get_running_loop().create_future()
        if outcome == LOST_BUT_ARRIVED:
            raise AnswerLost("no answer")
        return Sent(f"ref-{len(self.arrived) - 1}")


@dataclass
class FakeListener:
    """A speech model with a script: it "hears" what a file says in lines of text, a piece for each paragraph.

    A file is text: paragraphs are pieces, lines are turns, a line may begin with `Speaker: `. `fails` gives the reason with
    which the files that contain a word cannot be heard; `missing` True is a model that is not there. `gate`, where set, is
    waited for at each turn: so a test can look at what is there in the middle.
    """

    model: str = "fake-small"
    is_synthetic: bool = False
    missing: bool = False
    certainty: float = 0.95
    seconds: float = 10.0
    fails: dict[str, str] = field(default_factory=dict)
    gate: Semaphore | None = None
    heard: list[str] = field(default_factory=list)
    """The first line of each piece, in the order in which they were begun."""
    opened: list[Path] = field(default_factory=list)
    openings: tuple[Opening, ...] = ()
    """What it tells while a file is opened; at each it waits for the gate."""
    two_channels: bool = False
    names: list[tuple[str, ...]] = field(default_factory=list)
    """Those that it was given, each time."""
    scripts: dict[str, str] = field(default_factory=dict)
    """What is said in a file that is true sound, by its SHA-256."""

    def _text(self, path: Path) -> str:
        script = self.scripts.get(sha256(path.read_bytes()).hexdigest())
        return path.read_text(encoding="utf-8", errors="replace") if script is None else script

    def plan(
        self,
        path: Path,
        cancelled: Callable[[], bool],
        looked: Callable[[Opening], None] | None = None,
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> Plan:
        if self.missing:
            raise CannotHear("model_missing")
        self.opened.append(path)
        self.names.append(tuple(names))
        text = self._text(path)
        for word, reason in self.fails.items():
            if word in text:
                raise CannotHear(reason)  # type: ignore[arg-type]  # also one that nobody thought of
        for opening in self.openings if looked is not None else ():
            looked(opening)
            if self._waits_in_vain(cancelled):
                return Plan((), 0.0)
        ends = list(accumulate(len(piece) * self.seconds for piece in _pieces_in(text)))
        spans = [Span(start, end) for start, end in zip([0.0, *ends], ends, strict=False)]
        return Plan(tuple(PlannedPiece(span) for span in spans), ends[-1] if ends else 0.0, self.two_channels)

    def hear(
        self,
        source: Path | Recording,
        plan: Plan,
        number: int,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> tuple[Turn, ...]:
        assert isinstance(source, Path), "it keeps nothing, so there is nothing to be had but the file"
        if self.missing:
            raise CannotHear("model_missing")
        self.names.append(tuple(names))
        at, turns, piece = 0.0, list[Turn](), plan.pieces[number].span
        for lines in _pieces_in(self._text(source)):
            for place, line in enumerate(lines):
                if piece.start <= at < piece.end:
                    if place == 0:
                        self.heard.append(line)
                    if self._waits_in_vain(cancelled):
                        return ()
                    turns.append(self._turn(line, at))
                    said(turns[-1])
                at += self.seconds
        return tuple(turns)

    def _waits_in_vain(self, cancelled: Callable[[], bool]) -> bool:
        while self.gate is not None and not self.gate.acquire(timeout=0.02):
            if cancelled():
                return True
        return cancelled()

    def _turn(self, line: str, at: float) -> Turn:
        who, colon, text = line.partition(": ")
        text, who = (text, who) if colon else (line, "")
        lang = "en" if text.isascii() else "zh"
        return Turn(at, at + self.seconds, text, (), lang, who, 0.7, True, self.certainty)


CALM, ANGRY = Scores(0.05, 0.05, 0.85, 0.05), Scores(0.85, 0.05, 0.05, 0.05)


@dataclass
class FakeMoods:
    """A judge with a script: the customer is calm, and angry in the turns that hold the word `angry_at`.

    `fails`, where set, is raised instead; `gate`, where set, is waited for before each answer. `asked` is of whom it was
    asked, and with how many turns.
    """

    angry_at: str = "贵"
    fails: Exception | None = None
    gate: Semaphore | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    def judge(
        self,
        source: Path | Recording,
        turns: Sequence[Turn],
        customer: str,
        stretches: Sequence[Stretch] = (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[Mood, tuple[float, ...]]:
        assert isinstance(source, Recording) or source.is_file()
        self.asked.append((customer, len(turns)))
        while self.gate is not None and not self.gate.acquire(timeout=0.02):
            if cancelled():
                break
        if self.fails is not None:
            raise self.fails
        felt = tuple(self._felt(turn) for turn in turns if turn.speaker == customer)
        angry = [one for one in felt if one.emotion == "angry"]
        peaks = tuple(Peak("angry", one.start, one.end, one.middle, 0.85) for one in angry[:1])
        return Mood(felt, peaks, knows_calm=True, coverage=1.0 if felt else 0.0, model="fake-mood"), (0.2, 0.8, 0.5)

    def _felt(self, turn: Turn) -> Felt:
        is_angry = self.angry_at in turn.text
        scores = ANGRY if is_angry else CALM
        emotion = "angry" if is_angry else "neutral"
        return Felt(turn.start, turn.end, scores, scores, emotion, is_angry, 1.0, uses_words=False)


def _pieces_in(text: str) -> list[list[str]]:
    return [lines for part in text.split("\n\n") if (lines := [line for line in part.split("\n") if line.strip()])]


def all_of(*channels: FakeChannel) -> dict[str, FakeChannel]:
    return {channel.name: channel for channel in channels}


def texts_to(arrivals: Iterable[Arrival], conversation: str) -> list[str]:
    """What reached one conversation, in order."""
    return [arrival.text for arrival in arrivals if arrival.to.conversation == conversation]
