"""The values of judgement, in order: Command -> Plan -> Proposal -> Decision -> Outcome; beside them Ask and Answer.

A Command is what is wanted; its Plan is exactly what would change (old -> new), computed from fresh records; a Proposal
binds the two to who asked and why; a Decision says do, ask a person, or refuse, with every reason; an Outcome says what
became of it. Nothing here touches the world.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

from actions.crm.records import Crossings, Record, Speaker
from intents.understanding import Candidate
from retrieval.passage import Passage

Json = Any
"""A value that JSON can hold: Decimals, dates and times are text (ISO 8601), coerced by the field they belong to."""


# --- effects: everything a deed can do ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Create:
    """Add a record with these field values."""

    kind: str
    id: str
    values: Mapping[str, Json]


@dataclass(frozen=True)
class Update:
    """Change one field. It applies only while the field still holds `old`: otherwise the plan is stale."""

    kind: str
    id: str
    field: str
    old: Json
    new: Json


@dataclass(frozen=True)
class Remove:
    """Take away a record that was just created (the inverse of Create)."""

    kind: str
    id: str


@dataclass(frozen=True)
class Notify:
    """Tell someone. `to` is `person:ID` or `group:@name`; `topic` names the wording, `data` fills it.

    `view_of` makes the card a view of a record (`ticket:…`), redrawn when that changes. `offers` are commands for its
    buttons, in order.
    """

    to: str
    topic: str
    data: Mapping[str, Json]
    view_of: str | None = None
    offers: tuple["Command", ...] = ()


@dataclass(frozen=True)
class Redraw:
    """Every copy of the card that is a view of this record shows its new state."""

    view_of: str
    topic: str
    data: Mapping[str, Json]


@dataclass(frozen=True)
class Schedule:
    """Wake at a time; the clockwork knows what `kind` means."""

    key: str
    kind: str
    due_at: datetime
    data: Mapping[str, Json]


@dataclass(frozen=True)
class Unschedule:
    """Do not wake any more."""

    key: str


@dataclass(frozen=True)
class WriteFile:
    """Write records of a kind to a file in the home's `exports` folder, as CSV. `destination` is the country (ISO) that it
    leaves for across a border, empty where it stays: who is in it is then counted for the year."""

    name: str
    kind: str
    ids: tuple[str, ...]
    destination: str = ""


@dataclass(frozen=True)
class CountCrossing:
    """What is told of these customers leaves the country for `destination` (ISO, ZZ where nobody knows which): their people
    are counted for the year."""

    ids: tuple[str, ...]
    destination: str


@dataclass(frozen=True)
class TakeIn:
    """Put a file of the home's `files` folder among the company's documents, as a version of its own.

    `digest` is the SHA-256 of what it must hold, `source` the name it is cited by; `audience`, `owner` and `by` hold where
    the document does not say so itself.
    """

    file: str
    digest: str
    source: str
    audience: tuple[str, ...]
    owner: str
    by: str


@dataclass(frozen=True)
class TakeOut:
    """Take out the version of a document that holds what `digest` names; the one before is in force again."""

    digest: str


@dataclass(frozen=True)
class Occupy:
    """Take the quarters of an hour from `starts` to `ends` for a booking, of each of these people: all of them, or Stale."""

    booking_id: str
    people: tuple[str, ...]
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Vacate:
    """Give back every quarter of an hour that a booking holds."""

    booking_id: str


@dataclass(frozen=True)
class ReplaceBusy:
    """What an employee's own calendar takes of their time, in place of what it took before.

    `spans` are ISO 8601 intervals in UTC (`2026-11-26T01:00:00+00:00/2026-11-26T02:00:00+00:00`).
    """

    employee_id: str
    spans: tuple[str, ...]


@dataclass(frozen=True)
class PrintPaper:
    """Write the files of a paper in the home's `papers` folder, from what its record says, which `digest` must name."""

    id: str
    digest: str


@dataclass(frozen=True)
class Erase:
    """Take the sealed sound of a recording away for good, with the queue's trace of it, and its words where `with_words`.

    `digest` is the SHA-256 of what it held; an entry of the record proves that it is gone.
    """

    id: str
    digest: str
    with_words: bool = True


Effect = (
    Occupy
    | Vacate
    | ReplaceBusy
    | TakeIn
    | TakeOut
    | Create
    | Update
    | Remove
    | Notify
    | Redraw
    | Schedule
    | Unschedule
    | WriteFile
    | CountCrossing
    | PrintPaper
    | Erase
)


# --- command, plan -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """The records a command asked to see, fresh from the store; `crossings` where it asked what has left for a country."""

    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    crossings: Crossings | None = None

    def get(self, kind: str, record_id: str | None) -> Any:
        """The record, or None if there is none with this id."""
        return None if record_id is None else self.records.get((kind, record_id))


@dataclass(frozen=True)
class Subject:
    """What a deed is about, for permission and for "that deal": whose customer, who owns it."""

    kind: str
    id: str
    title: str
    customer_id: str | None = None
    owner_id: str | None = None


@dataclass(frozen=True)
class Plan:
    """Exactly what would happen. `measures` are the numbers and flags that the policy looks at.

    Known measures (absent means zero, false or empty): amount_cny, contract (bool), discount (percent), records (count),
    crosses_border (bool), destination (ISO country), legal_data (bool), new_owner, outward (bool: somebody outside the house
    is written to). Of a transfer across a border: people (count), and with it counted in, people_year, people_destination
    (the same year, all countries and this one), sensitive_year.
    `problem` is set instead when the command cannot be carried out as asked: a key of the wording, with `data`.
    `offers` are next steps for whoever asked, as buttons: once it is done, or where it cannot be.
    """

    effects: tuple[Effect, ...] = ()
    subjects: tuple[Subject, ...] = ()
    measures: Mapping[str, float | bool | str] = field(default_factory=dict)
    inverse: tuple[Effect, ...] | None = None
    problem: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    offers: tuple["Command", ...] = ()


class Command(Protocol):
    """Something the house can do; a frozen dataclass of typed arguments.

    `roles` may ask for it at all. Where it has them, `editable` names the arguments that a confirmer may change before they
    approve, and `batch` the argument that lists its records. `reads` names the records its plan needs. `plan` is pure; `key`
    is unique to this deed, and ids of new records are derived from it, so that the same deed twice would create the same
    record.
    """

    name: ClassVar[str]
    roles: ClassVar[frozenset[str]]

    @property
    def reads(self) -> tuple[tuple[str, str], ...]: ...

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan: ...


# --- proposal, decision, outcome -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Because:
    """One thing that speaks for a next step, or with fewer than no `points` against it: a key of the wording, and what fills
    it in."""

    key: str
    points: float
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranked:
    """A next step with what it was given: the weight of its play and each reason, weightiest first; `score` is their sum."""

    step: str
    score: float
    weight: float
    because: tuple[Because, ...] = ()


@dataclass(frozen=True)
class Basis:
    """Why: the words read, how they were read, the facts and passages used. Shown on request, kept with the record.

    `sources` names the record of each fact (`deal:D001`), in the order of the facts; `model` and `dictionary` are versions.
    `ranked` are the next steps that were offered for the words, in their order.
    """

    text: str = ""
    intent: str = ""
    confidence: float = 0.0
    alternatives: tuple[Candidate, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    passages: tuple[Passage, ...] = ()
    model: str = ""
    message: str = ""
    evidence: str = ""
    sources: tuple[str, ...] = ()
    dictionary: str = ""
    ranked: tuple[Ranked, ...] = ()

    @property
    def words(self) -> str:
        """Return the words that speak for the reading: one sentence of a long text, or the whole text."""
        return self.evidence or self.text


@dataclass(frozen=True)
class Proposal:
    """A command with its plan, who asks and why. `id` derives from what caused it; `digest` from the exact arguments.

    `seen` are the records that the plan was made from; a proposal read back from the store has none.
    """

    id: str
    command: Command
    plan: Plan
    requester: Speaker
    basis: Basis
    digest: str
    seen: Facts = field(default_factory=Facts, compare=False, repr=False)


Verdict = Literal["run", "confirm", "refuse"]
SEVERITY: dict[Verdict, int] = {"run": 0, "confirm": 1, "refuse": 2}


@dataclass(frozen=True)
class Reason:
    """One check's word: which rule, its verdict, and what it saw. `rule` is a key of the wording (`rule.<rule>`)."""

    rule: str
    verdict: Verdict
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirmers:
    """Who may say yes, and how many of them must.

    `roles` counts people above the requester (their manager, a director) or of that office (legal); `people` are employees
    by id, beside those. `needed` is how many different people say yes.
    """

    roles: frozenset[str] = frozenset()
    not_requester: bool = True
    people: frozenset[str] = frozenset()
    needed: int = 1


@dataclass(frozen=True)
class Need:
    """A yes that is needed, and the rules that ask for it of the same people."""

    rules: tuple[str, ...]
    confirmers: Confirmers


@dataclass(frozen=True)
class Yes:
    """A yes that has been said, and the rules for which it counts."""

    person_id: str
    at: datetime
    rules: tuple[str, ...]


OnExpiry = Literal["refuse", "escalate", "wait"]
"""What happens when nobody has answered in time: it ends, goes to the next one up, or stays open and reminds."""


@dataclass(frozen=True)
class Weighed:
    """One check or rule put to an act, whatever it found. `saw` are the values that it looked at, `records` whose they are,
    `missing` the names whose values nobody knew; `verdict` is what it says where it applies, `pack` where it comes from."""

    rule: str
    outcome: Literal["applied", "not_applied", "unknown"]
    verdict: Verdict
    saw: Mapping[str, Json] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    pack: str = ""


@dataclass(frozen=True)
class Seen:
    """What the rules looked at, at one moment: the act by name and value, and the same with each further record of it.

    `known` are findings of rules from an earlier time that stand in for values which nobody kept.
    """

    at: datetime
    sight: Mapping[str, Any]
    further: tuple[Mapping[str, Any], ...] = ()
    known: Mapping[str, Weighed] = field(default_factory=dict)


@dataclass(frozen=True)
class Grounds:
    """All that a decision was made from: what was seen, what every check and rule found in it, and what these alone say.

    `judged` is the decision before anything beside the policy had a say: nobody here can answer, it was confirmed before.
    """

    seen: Seen
    weighed: tuple[Weighed, ...]
    judged: "Decision"


@dataclass(frozen=True)
class Decision:
    """Do it, ask a person first, or refuse; with all reasons, the severest first.

    Each of the `needs` must be met; one person's yes counts for every one that they may answer.
    `grounds` are there while it is being carried out; afterwards the record has them (actions/grounds.py).
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    needs: tuple[Need, ...] = ()
    expires_in: timedelta = timedelta(hours=24)
    policy: str = ""
    on_expiry: OnExpiry = "escalate"
    grounds: Grounds | None = field(default=None, compare=False, repr=False)

    @property
    def roles(self) -> frozenset[str]:
        """Every office that is asked."""
        return frozenset().union(*(need.confirmers.roles for need in self.needs))

    @property
    def asks_requester(self) -> bool:
        """Whether the requester may say yes themselves."""
        return any(not need.confirmers.not_requester for need in self.needs)


@dataclass(frozen=True)
class Outcome:
    """What became of a proposal.

    done: carried out now. already: it had been done before with the same key. waiting: parked for a person's yes.
    refused: by decision. stale: the record changed since the plan; `proposal` is the fresh one to show. impossible: the
    plan has a problem. rejected, expired: a waiting one ended so; withdrawn: so did one whose evidence does not hold.
    failed: broken, nothing changed. Still waiting are: partial (a yes counts, others are needed), escalated (nobody
    answered, the next one up is asked too), reminded.
    """

    kind: Literal[
        "done",
        "already",
        "waiting",
        "partial",
        "escalated",
        "reminded",
        "refused",
        "stale",
        "impossible",
        "rejected",
        "expired",
        "withdrawn",
        "failed",
    ]
    proposal: Proposal
    decision: Decision
    deed: str | None = None
    decided_by: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


# --- beside the road: a question back, an answer that changes nothing ----------------------------------------------------


@dataclass(frozen=True)
class Option:
    """One answer offered on a button: what it fills in."""

    label: str
    value: Json


@dataclass(frozen=True)
class Ask:
    """Something is missing or unclear. `slot` is what is asked for (a slot type, or customer, deal, lead, person).

    `key` names the wording (`ask.<key>`), `data` fills it.
    """

    slot: str
    key: str
    data: Mapping[str, Json] = field(default_factory=dict)
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class NextStep:
    """A next step that can be taken now: by its command, or by saying what `says` names for the person. `label` fills in
    what its button is called."""

    ranked: Ranked
    command: Command | None = None
    says: str | None = None
    label: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """Something to tell; nothing changes. `topic` names the wording (`answer.<topic>`), `data` fills it.

    `rows` are list lines beyond the first few of which the rest hides behind a button. `offers` become buttons that each
    carry out one command; `says` become buttons that say their text for the person (key of the wording for the label).
    `awaits` is a slot that the person may still add, as if it had been asked for. `steps` are next steps, best first.
    """

    topic: str
    data: Mapping[str, Json] = field(default_factory=dict)
    rows: tuple[Mapping[str, Json], ...] = ()
    passages: tuple[Passage, ...] = ()
    offers: tuple[Command, ...] = ()
    says: tuple[str, ...] = ()
    subject: Subject | None = None
    awaits: str | None = None
    steps: tuple[NextStep, ...] = ()
