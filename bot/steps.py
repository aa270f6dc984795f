"""What a message can come down to, between thinking and acting: one small value for each kind of next step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from actions.commands.clips import Part
from actions.commands.corrections import CorrectCall
from actions.commands.knowledge import TakeInDocument
from actions.crm.records import Customer, Paper, Recording, Signal, Speaker
from actions.proposal import Answer, Ask, Basis, Command, Facts
from actions.situation import Situation
from bot.call_questions import Topic
from bot.call_reading import CallRead, CallSummary
from bot.message import Message
from bot.thread import Thread, Turn
from intents.understanding import Understanding
from retrieval.passage import Passage
from voice.sentences import Sentence
from voice.transcript import Turn as HeardTurn

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Plain:
    """One sentence of the wording."""

    key: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Help:
    """What this person can do, by example."""


@dataclass(frozen=True)
class Do:
    """A command to draft, decide and carry out. `key` makes the deed happen once. A press brings no situation."""

    command: Command
    basis: Basis
    key: str
    situation: Situation | None = None
    turn: Turn | None = None


@dataclass(frozen=True)
class Settle:
    """A yes or no to a pending proposal, on exactly what `digest` names."""

    proposal_id: str
    digest: str
    yes: bool
    by_button: bool


@dataclass(frozen=True)
class Edit:
    """Other arguments for a pending proposal, by somebody who may confirm it; with `yes` they agree to them as well."""

    proposal_id: str
    digest: str
    changes: Mapping[str, Any]
    yes: bool


@dataclass(frozen=True)
class AskEdit:
    """Somebody wants to change a pending proposal before they approve: to what?"""

    proposal_id: str
    digest: str
    command: Command


@dataclass(frozen=True)
class TakeBack:
    """Undo: this deed, or the speaker's last one here."""

    deed: str | None = None


@dataclass(frozen=True)
class Rest:
    """The part of the last reply that did not fit a phone screen: words, and `later` further buttons; `basis` is theirs."""

    text: str
    later: Sequence[Mapping[str, Any]] = ()
    basis: Basis | None = None


@dataclass(frozen=True)
class Why:
    """The reasons behind a reply or a proposal."""

    data: Mapping[str, Any]


@dataclass(frozen=True)
class Introduce:
    """An invitation code that says who a new follower is."""

    code: str


@dataclass(frozen=True)
class Tell:
    """An answer that changes nothing."""

    situation: Situation
    turn: Turn
    answer: Answer


@dataclass(frozen=True)
class AskBack:
    """A question about what is missing."""

    situation: Situation
    turn: Turn
    question: Ask


@dataclass(frozen=True)
class AskWhich:
    """The reading is not sure enough: the candidates are offered."""

    situation: Situation
    turn: Turn


@dataclass(frozen=True)
class Walk:
    """A procedure that is gone through: which step of it, counted from 1."""

    passage: Passage
    number: int


@dataclass(frozen=True)
class Versions:
    """A passage that was cited, and what its document said in its place before."""

    said: tuple[Passage, ...]


@dataclass(frozen=True)
class JudgePassage:
    """Somebody's word on a passage that they were shown for a question."""

    passage: Passage
    question: str
    is_helpful: bool


@dataclass(frozen=True)
class OfferDocument:
    """A file was sent that can become part of the company's documents."""

    command: TakeInDocument


@dataclass(frozen=True)
class ShowPaper:
    """A paper as it would be sent, all of it; or, where it `asks_what` to change, what can be said for that.

    `facts` hold the customer and the contact it is for.
    """

    paper: Paper
    facts: Facts
    asks_what: bool = False


@dataclass(frozen=True)
class SendOff:
    """A paper that was looked at goes out: to whoever of the customer's can be reached."""

    paper: Paper
    digest: str
    basis: Basis
    key: str


@dataclass(frozen=True)
class ConfirmWords:
    """Words that were heard, not typed, and not well enough: shown back before anything is done."""

    text: str
    is_synthetic: bool


@dataclass(frozen=True)
class ShowTranscript:
    """What was heard in a recording, from this turn on; `turns` are all of them."""

    recording: Recording
    turns: tuple[HeardTurn, ...]
    start: int


@dataclass(frozen=True)
class ShowCallNote:
    """What would be written down of a call with a customer, to be looked at; `without` names what was left out of it.

    `standing` are the customer's open signals that the call says are over, as far as this speaker may end them.
    """

    read: CallRead
    customer: Customer
    speaker: Speaker
    now: datetime
    without: tuple[str, ...] = ()
    standing: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class AskCallCustomer:
    """With whom was this call? `customers` are those whom it can have been."""

    recording: Recording
    customers: tuple[Customer, ...]


@dataclass(frozen=True)
class ShowSummary:
    """A call in a few sentences: `plain` is put together from its report, `written` what a model made of it, if one did."""

    read: CallRead
    plain: str
    lang: Language
    written: CallSummary | None = None


@dataclass(frozen=True)
class TellOfCall:
    """What somebody asked of a call in passing, such as what the customer objected to or who promised what."""

    read: CallRead
    topic: Topic


@dataclass(frozen=True)
class AskToDelete:
    """Somebody typed that a recording be deleted: that cannot be taken back, so it is asked first."""

    recording: Recording


@dataclass(frozen=True)
class AskCorrection:
    """What should be put right in a recording? Offered are the `lines` least sure of (each a turn, counted from 0, and a
    sentence in it); `speakers` are who speaks."""

    recording: Recording
    lines: tuple[tuple[int, Sentence], ...]
    speakers: tuple[str, ...]


@dataclass(frozen=True)
class AskWords:
    """What was really said in this sentence of a turn? Or whose was it: `others` are who else speaks."""

    recording: Recording
    place: int
    sentence: Sentence
    others: tuple[str, ...]


@dataclass(frozen=True)
class ShowCorrection:
    """What putting something right would change of what was written down; `told` is what its plan says of that."""

    recording: Recording
    command: CorrectCall
    told: Mapping[str, Any]


@dataclass(frozen=True)
class PlayClip:
    """A part of a recording, to be heard by whoever asked; `turns` are the words in it, `customer` whose call it is."""

    recording: Recording
    part: Part
    turns: tuple[HeardTurn, ...]
    customer: Customer | None


@dataclass(frozen=True)
class ShowDispatchRules:
    """The rules by which calls are dispatched, for somebody who sets them."""


OnRecording = (
    ConfirmWords
    | ShowTranscript
    | ShowCallNote
    | AskCallCustomer
    | ShowSummary
    | TellOfCall
    | AskToDelete
    | AskCorrection
    | AskWords
    | ShowCorrection
    | PlayClip
    | ShowDispatchRules
)
OnPassage = Walk | Versions | JudgePassage
OnRequest = Settle | Edit | AskEdit | TakeBack
OnPaper = ShowPaper | SendOff
Step = (
    Plain
    | Help
    | Do
    | OnRequest
    | Rest
    | Why
    | Introduce
    | Tell
    | AskBack
    | AskWhich
    | OnPassage
    | OnPaper
    | OnRecording
    | OfferDocument
)


@dataclass(frozen=True)
class Heard:
    """A message with everything known about it before thinking."""

    message: Message
    speaker: Speaker
    thread: Thread
    lang: Language
    now: datetime
    understanding: Understanding | None = None
    corrected: tuple[str, str] | None = None
