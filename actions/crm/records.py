"""The records of a sales and service house as frozen values; gather reads them, effects change them.

Field names equal the columns in `actions/outside/tables.py` (a test holds them together), so that a record, its row, an
import file's header and a policy expression all speak of the same thing. Money is an exact `amount` beside its ISO 4217
`currency`; times are aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from actions.policy.dispatch import Priority
from actions.policy.hours import Hours, shipped_hours
from actions.policy.reviews import ReviewKind, Reviews, shipped_reviews
from voice.transcript import Turn

EmployeeRole = Literal["rep", "manager", "director", "consultant", "legal"]
Role = Literal["rep", "manager", "director", "consultant", "legal", "customer", "guest"]
Stage = Literal["lead", "qualified", "proposal", "negotiation", "won", "lost"]
STAGES: tuple[Stage, ...] = ("lead", "qualified", "proposal", "negotiation", "won", "lost")
OPEN_STAGES: tuple[Stage, ...] = ("lead", "qualified", "proposal", "negotiation")
TicketKind = Literal["complaint", "fault", "invoice", "refund", "cancel", "handoff", "data_request", "request"]


@dataclass(frozen=True)
class Employee:
    """Someone who works here, or `has_left`. `deputy_id` stands in when they are away; `zone` is an IANA time zone."""

    id: str
    name: str
    name_en: str
    role: EmployeeRole
    region: str
    manager_id: str | None = None
    deputy_id: str | None = None
    lang: str = "zh"
    zone: str = "Asia/Shanghai"
    email: str | None = None
    phone: str | None = None
    expertise: str = ""
    has_left: bool = False


@dataclass(frozen=True)
class Customer:
    """A company that buys or may buy. `aliases` are further names people use, separated by `|`.

    `is_reference`: they agreed to be named to other customers.
    """

    id: str
    name: str
    name_en: str = ""
    aliases: str = ""
    industry: str = ""
    region: str = ""
    country: str = "CN"
    tier: str = ""
    owner_id: str | None = None
    lang: str = "zh"
    address: str | None = None
    delivery_address: str | None = None
    billing_address: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    bank: str | None = None
    invoice_title: str | None = None
    created_at: datetime | None = None
    is_reference: bool = False


@dataclass(frozen=True)
class Contact:
    """A person at a customer."""

    id: str
    customer_id: str
    name: str
    name_en: str = ""
    title: str = ""
    phone: str | None = None
    email: str | None = None
    lang: str = "zh"
    is_primary: bool = False


@dataclass(frozen=True)
class Lead:
    """Interest not yet qualified; `owner_id` None means that it lies in the pool."""

    id: str
    company: str
    person: str = ""
    phone: str | None = None
    email: str | None = None
    source: str = ""
    region: str = ""
    product_id: str | None = None
    owner_id: str | None = None
    state: Literal["new", "working", "converted", "invalid", "duplicate"] = "new"
    note: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True)
class Deal:
    """A sale on its way. `discount` is percent off the list price; `waiting_on` says what holds it (legal, materials)."""

    id: str
    customer_id: str
    title: str
    stage: Stage
    amount: Decimal
    currency: str = "CNY"
    discount: Decimal = Decimal(0)
    product_id: str | None = None
    owner_id: str | None = None
    close_date: date | None = None
    held: bool = False
    waiting_on: str | None = None
    created_at: datetime | None = None
    stage_since: datetime | None = None


@dataclass(frozen=True)
class Product:
    """Something sold. `alternative_id` is the cheaper thing to offer when money is short.

    `priced_on` is the day of the price list that the price is from; None where it is not dated.
    """

    id: str
    name: str
    name_en: str = ""
    aliases: str = ""
    category: str = ""
    unit: str = ""
    price: Decimal = Decimal(0)
    currency: str = "CNY"
    price_usd: Decimal | None = None
    alternative_id: str | None = None
    description: str = ""
    description_en: str = ""
    priced_on: date | None = None


@dataclass(frozen=True)
class BattleFact:
    """One point of comparison with a competitor, with its source and date so that a stale one can be seen."""

    id: str
    competitor: str
    aliases: str
    topic: str
    topic_en: str
    ours: str
    ours_en: str
    theirs: str
    theirs_en: str
    source: str
    as_of: date


@dataclass(frozen=True)
class Paper:
    """A document prepared for a customer, never sent without a look by a person.

    `content` is the sheet as JSON (see actions/papers/sheet.py), `digest` its SHA-256, which also names its files;
    `recipe` is what it was made from, so that it can be made again with something changed. Of a quotation `amount` is the
    total and `valid_until` its last day. `state`: draft (nobody has said that it is right), approved (looked at, to be sent
    by hand), sent, replaced (there is a newer version), discarded. Without a customer it is a comparison for colleagues.
    """

    id: str
    kind: Literal[
        "quote", "value_summary", "one_page", "proposal", "contract_request", "demo_agenda", "comparison", "references"
    ]
    title: str
    digest: str
    content: str
    recipe: str
    customer_id: str | None = None
    deal_id: str | None = None
    contact_id: str | None = None
    lang: str = "zh"
    version: int = 1
    state: Literal["draft", "approved", "sent", "replaced", "discarded"] = "draft"
    amount: Decimal | None = None
    currency: str | None = None
    discount: Decimal = Decimal(0)
    valid_until: date | None = None
    replaces_id: str | None = None
    made_by: str | None = None
    created_at: datetime | None = None
    sent_at: datetime | None = None
    sent_to: str | None = None


@dataclass(frozen=True)
class Ticket:
    """Something a customer waits for. `due_at` is when a person must have answered; `taken_by` who does.

    `line` names who it was dispatched to, "" where nobody in particular; `recording_id` is the call it comes from.
    """

    id: str
    kind: TicketKind
    subject: str
    text: str = ""
    customer_id: str | None = None
    contact_id: str | None = None
    severity: Literal["low", "normal", "high", "urgent"] = "normal"
    state: Literal["open", "taken", "closed"] = "open"
    taken_by: str | None = None
    opened_by: str | None = None
    opened_at: datetime | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None
    line: str = ""
    recording_id: str | None = None


@dataclass(frozen=True)
class Contract:
    """A signed agreement and when it ends."""

    id: str
    customer_id: str
    title: str
    amount: Decimal
    currency: str = "CNY"
    deal_id: str | None = None
    starts: date | None = None
    ends: date | None = None
    state: Literal["active", "ended", "draft"] = "active"


@dataclass(frozen=True)
class Activity:
    """Something that happened with a customer: a visit, call, mail, note or chat.

    `step` names the next step of a play that was taken with it (actions/plays/steps.py), where it was one.
    """

    id: str
    kind: Literal["visit", "call", "mail", "note", "chat"]
    text: str
    at: datetime
    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None
    by_id: str | None = None
    intent: str | None = None
    step: str | None = None


@dataclass(frozen=True)
class Reminder:
    """A promise to come back to someone at a time."""

    id: str
    person_id: str
    text: str
    due_at: datetime
    customer_id: str | None = None
    deal_id: str | None = None
    state: Literal["waiting", "sent", "cancelled"] = "waiting"
    created_at: datetime | None = None


@dataclass(frozen=True)
class Busy:
    """A stretch of an employee's calendar that is taken. `source` is `calendar` where their own calendar says so."""

    id: str
    employee_id: str
    starts: datetime
    ends: datetime
    what: str = ""
    source: str = ""


@dataclass(frozen=True)
class Booking:
    """A consultant's hour for the rep `owner_id`. Merely held it ends at `held_until`; `sequence` counts its changes.

    `told` says who has been sent the invitation besides the two (a contact's id), so that they hear of changes.
    """

    id: str
    consultant_id: str
    owner_id: str
    starts: datetime
    ends: datetime
    title: str = ""
    customer_id: str | None = None
    deal_id: str | None = None
    state: Literal["held", "booked", "cancelled"] = "held"
    held_until: datetime | None = None
    sequence: int = 0
    reason: str = ""
    told: str | None = None


RecordingState = Literal["awaiting_basis", "queued", "running", "done", "cancelled", "failed", "deleted"]
AskedBasis = Literal["customer_agreed", "announced", "contract", "own_voice"]
"""On what basis a recording may be listened to, as a person says it; `own_message` is said by the act of sending."""


@dataclass(frozen=True)
class Recording:
    """Sound that somebody sent: a recording of a call, or a voice message to the copilot (`is_message`).

    `digest` is the SHA-256 of the bytes as they came, `size` how many; the sealed file lies in the home. `by_id` sent it in
    this conversation; nothing listens to it before there is a `basis` for it. With `two_channels` each side has its own.
    `customer_speaker` is who of its speakers is the customer, None where that is doubtful, `customer_percent` how certain.
    `reason` says why it could not be listened to, `model` what listened. What is deleted leaves this record without its
    sound.
    """

    id: str
    digest: str
    name: str
    mime: str
    size: int
    is_message: bool
    by_id: str | None
    channel: str
    conversation: str
    created_at: datetime
    state: RecordingState = "awaiting_basis"
    customer_id: str | None = None
    deal_id: str | None = None
    basis: Literal["customer_agreed", "announced", "contract", "own_voice", "own_message"] | None = None
    basis_by: str | None = None
    basis_at: datetime | None = None
    duration_ms: int | None = None
    two_channels: bool | None = None
    customer_speaker: str | None = None
    customer_percent: int | None = None
    model: str = ""
    reason: str = ""
    deleted_at: datetime | None = None
    deleted_why: str = ""


Corrected = Literal["text", "speaker", "customer"]
"""What can be put right in a transcript: a turn's words, whose a turn is, which speaker is the customer."""


@dataclass(frozen=True)
class CallCorrection:
    """Something that `by_id` put right in a transcript; the latest of a turn holds, and what was heard stays as it was.

    `place` is the turn, counted from 0 through the whole recording, None where it is about who the customer is. `value` is
    the turn's text, or a speaker ("" where nobody knows who the customer is). `number` is its place among the corrections
    of this recording.
    """

    id: str
    recording_id: str
    number: int
    what: Corrected
    place: int | None
    value: str
    by_id: str | None
    at: datetime


@dataclass(frozen=True)
class CallFile:
    """A call as it is on file: its turns as they stand, what was put right in them, and what was written down of it.

    `senders` are all who sent these bytes. `signals` are the customer's from this recording, `firings` what they stopped.
    `lifted` are the customer's earlier signals that stand lifted by this call's words: nobody decided otherwise since.
    Read together, kept nowhere.
    """

    id: str
    turns: tuple[Turn, ...] = ()
    corrections: tuple[CallCorrection, ...] = ()
    senders: frozenset[str] = frozenset()
    activity: Activity | None = None
    signals: tuple["Signal", ...] = ()
    firings: tuple["Firing", ...] = ()
    lifted: tuple["Signal", ...] = ()


@dataclass(frozen=True)
class Diary:
    """Who could meet when: people with what takes their time in the weeks looked at, and the hours of work in force.

    Read together, kept nowhere.
    """

    id: str
    people: tuple[Employee, ...] = ()
    busy: tuple[Busy, ...] = ()
    bookings: tuple[Booking, ...] = ()
    contact: Contact | None = None
    hours: Hours = field(default_factory=shipped_hours)

    def person(self, person_id: str) -> Employee | None:
        return next((one for one in self.people if one.id == person_id), None)


@dataclass(frozen=True)
class Signal:
    """What a customer has shown (a frozen budget, the wish to be left alone), with the very words that showed it.

    `said_by` is who said it, `reported_by` the employee who passed it on, if not the customer wrote it. `source` is where:
    for a call, `source_id` names it and `second` is the place in the recording. `probability` is the reading's, 0 to 1.
    It counts until `until`, or until it is lifted: by other words (`lifted_words`) or by somebody of `roles` (separated by
    `|`). It is withdrawn where what was heard was put right, and does not show it any more.
    """

    id: str
    customer_id: str
    kind: str
    words: str
    said_by: str
    at: datetime
    source: Literal["chat", "mail", "call", "report"] = "chat"
    source_id: str | None = None
    second: Decimal | None = None
    probability: Decimal = Decimal(1)
    deal_id: str | None = None
    reported_by: str | None = None
    until: datetime | None = None
    roles: str = ""
    state: Literal["open", "lifted", "withdrawn"] = "open"
    lifted_by: str | None = None
    lifted_at: datetime | None = None
    lifted_words: str | None = None


def place_of(signal: Signal) -> str:
    """Where a signal was given: its source, and of a recording the second (`call@192`)."""
    return signal.source if signal.second is None else f"{signal.source}@{int(signal.second)}"


@dataclass(frozen=True)
class Firing:
    """A breaker that stopped a step: what was asked, by whom, on which evidence, and what became of it.

    `person_id` asked; `proposal_id` is the step, `deed` its command's name, `command` what it was in JSON and `digest` the
    digest of that. `why` is the breaker's sentence as it stood then; `words`, `said_by`, `said_at`, `source` are the
    evidence, `signal_id` the signal behind it. `roles` (separated by `|`) may rule.
    A release counts once: then it is `used`, and `proposal_id` the step that went on by it. Where that made a paper, the
    release goes with the paper to its sending, once: then it is `sent`. It is `over` where the step was withdrawn, or asked
    anew, because the call that it rested on was put right.
    """

    id: str
    breaker: str
    person_id: str
    proposal_id: str
    deed: str
    digest: str
    verdict: Literal["confirm", "refuse"]
    roles: str
    at: datetime
    customer_id: str | None = None
    deal_id: str | None = None
    title: str = ""
    why: str = ""
    why_en: str = ""
    command: str = ""
    words: str = ""
    said_by: str = ""
    said_at: datetime | None = None
    source: str = ""
    signal_id: str | None = None
    state: Literal["open", "appealed", "released", "lifted", "upheld", "used", "sent", "over"] = "open"
    appeal: str | None = None
    ruled_by: str | None = None
    ruled_at: datetime | None = None
    ruling: str | None = None


@dataclass(frozen=True)
class Review:
    """A contract, clause or special price that must be signed before it goes out, as it was shown last.

    `content` is what is reviewed, in JSON, `digest` its SHA-256: a signature counts only for the digest that it was given
    on. `needs` says who must sign, `signed` who has, both in JSON (actions/signing.py). `round` counts how often it was
    shown with something changed. `answer_by` is when it is overdue, `told_at` when that was told; `answered_by` returned it
    with `comments`, or signed it last. `proposal_id` is the request, whose reasons "why?" shows.
    """

    id: str
    kind: ReviewKind
    title: str
    what: str
    asked_by: str
    asked_at: datetime
    content: str
    digest: str
    needs: str
    customer_id: str | None = None
    deal_id: str | None = None
    paper_id: str | None = None
    signed: str = "[]"
    round: int = 1
    state: Literal["open", "returned", "signed", "withdrawn"] = "open"
    answer_by: datetime | None = None
    told_at: datetime | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    comments: str | None = None
    proposal_id: str = ""


ItemSource = Literal["paper", "passage", "call", "chat", "report"]


@dataclass(frozen=True)
class ReviewItem:
    """A clause or price of a review that differs, and where that comes from.

    `source` paper: `source_id` and `source_version` name an earlier quotation; passage: `source_id` is its content hash;
    call: `second` is the place in the recording that `source_id` names; chat: `source_id` is the message of the customer;
    report: that of the colleague who passed it on. `source_title` is what the source is called.
    """

    id: str
    review_id: str
    round: int
    place: str
    new: str
    source: ItemSource
    old: str = ""
    source_id: str = ""
    source_version: int = 0
    source_title: str = ""
    said_by: str = ""
    second: Decimal | None = None


@dataclass(frozen=True)
class Material:
    """A document that a review still lacks, from the customer. `name` is one of the policy's, or somebody's own words.

    `chased` counts the reminders that were sent; `ticked_by` is who looked at it when it had arrived.
    """

    id: str
    review_id: str
    name: str
    customer_id: str | None = None
    contact_id: str | None = None
    state: Literal["missing", "asked", "arrived"] = "missing"
    wanted_by: str | None = None
    asked_at: datetime | None = None
    chased: int = 0
    arrived_at: datetime | None = None
    ticked_by: str | None = None


@dataclass(frozen=True)
class Dispatch:
    """Where a call's matter was sent: by which `version` of the template and from which `facts` (JSON), the newest counts.

    `priority` "none" and no line where nothing was to be done; `ticket_id` is the ticket that was opened or raised.
    """

    id: str
    recording_id: str
    version: str
    priority: Priority
    line: str
    facts: str
    at: datetime
    ticket_id: str | None = None


@dataclass(frozen=True)
class DispatchVersion:
    """A template by which calls are dispatched, as it was saved, with why; the newest is in force."""

    id: str
    text: str
    at: datetime
    note: str = ""
    by_id: str | None = None


@dataclass(frozen=True)
class Desk:
    """Everything about a deal's reviews that a plan has to know: read together, kept nowhere.

    `reviews` are those of the deal, or the one asked for, newest first; `items` and `materials` are theirs, and what has
    arrived from this customer before. `contact` is whom to ask for documents; `is_reachable` on a channel that is known.
    """

    id: str
    deal: Deal | None = None
    customer: Customer | None = None
    contact: Contact | None = None
    is_reachable: bool = False
    papers: tuple[Paper, ...] = ()
    reviews: tuple[Review, ...] = ()
    items: tuple[ReviewItem, ...] = ()
    materials: tuple[Material, ...] = ()
    people: tuple[Employee, ...] = ()
    rules: Reviews = field(default_factory=shipped_reviews)
    hours: Hours = field(default_factory=shipped_hours)

    def review(self, review_id: str) -> Review | None:
        return next((one for one in self.reviews if one.id == review_id), None)

    def person(self, person_id: str | None) -> Employee | None:
        return next((one for one in self.people if one.id == person_id), None)


@dataclass(frozen=True)
class Tally:
    """How many different people's data left in one calendar year: to anywhere, sensitive data among them, to one country.

    `known`, `known_sensitive` and `known_here` are those people of the act at hand who are in these numbers already.
    """

    people: int = 0
    sensitive: int = 0
    here: int = 0
    known: frozenset[str] = frozenset()
    known_sensitive: frozenset[str] = frozenset()
    known_here: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Crossings:
    """What has left for a country (`id`, ISO), by year, and whose data the act at hand would take there; for the policy."""

    id: str
    people: frozenset[str]
    sensitive: frozenset[str]
    years: Mapping[int, Tally]

    def reached(self, year: int) -> tuple[int, int, int]:
        """People abroad, sensitive among them, and people in this country, with this act counted in; each person once."""
        tally = self.years.get(year, Tally())
        return (
            tally.people + len(self.people - tally.known),
            tally.sensitive + len(self.sensitive - tally.known_sensitive),
            tally.here + len(self.people - tally.known_here),
        )


Record = (
    Employee
    | Customer
    | Contact
    | Lead
    | Deal
    | Product
    | BattleFact
    | Paper
    | Ticket
    | Contract
    | Activity
    | Reminder
    | Busy
    | Signal
    | Firing
    | Booking
    | Recording
    | CallCorrection
    | CallFile
    | Diary
    | Review
    | ReviewItem
    | Material
    | Dispatch
    | DispatchVersion
    | Desk
)
KINDS: dict[str, type[Any]] = {
    "employee": Employee,
    "customer": Customer,
    "contact": Contact,
    "lead": Lead,
    "deal": Deal,
    "product": Product,
    "battle_fact": BattleFact,
    "paper": Paper,
    "ticket": Ticket,
    "contract": Contract,
    "activity": Activity,
    "reminder": Reminder,
    "busy": Busy,
    "signal": Signal,
    "firing": Firing,
    "booking": Booking,
    "review": Review,
    "review_item": ReviewItem,
    "material": Material,
    "recording": Recording,
    "dispatch": Dispatch,
    "dispatch_template": DispatchVersion,
    "call_correction": CallCorrection,
}


@dataclass(frozen=True)
class Identity:
    """One person on one channel: `user` is what the platform calls them."""

    channel: str
    user: str


@dataclass(frozen=True)
class Speaker:
    """Whoever is speaking, as the house knows them.

    `person_id` is an employee's or contact's id; None for a guest nobody has introduced. `name` is in their own language,
    `name_en` in Latin letters where that differs. `team` are the employees whose
    customers this speaker may touch besides their own (a manager's reps; a director's everyone). `customer_id` is set for
    customers: the only company they may see.
    Of a manager who has left: `stands_in_for` are those people of theirs whose stops this speaker, as the deputy, rules on;
    `manager_has_left` says so of the speaker's own, with `manager_deputy_id` in their place where there is one.
    """

    person_id: str | None
    role: Role
    name: str
    lang: str = "zh"
    region: str = ""
    zone: str = "Asia/Shanghai"
    manager_id: str | None = None
    customer_id: str | None = None
    team: frozenset[str] = field(default_factory=frozenset)
    identity: Identity | None = None
    name_en: str = ""
    stands_in_for: frozenset[str] = field(default_factory=frozenset)
    manager_has_left: bool = False
    manager_deputy_id: str | None = None

    def called(self, lang: str) -> str:
        """Their name as a reader of this language can read it."""
        return self.name_en or self.name if lang == "en" else self.name

    @property
    def is_staff(self) -> bool:
        return self.role not in ("customer", "guest")
