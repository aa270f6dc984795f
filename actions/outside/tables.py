"""Every table of the house as SQLAlchemy models: customer records, and what the road itself must not forget.

Two column types carry the house rules: `Cents` keeps money exact on every database, `Moment` keeps times aware and in UTC
(SQLite has neither).
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Dialect, Index, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Cents(TypeDecorator[Decimal]):
    """An exact amount with two decimals, stored as a whole number of hundredths."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else int((Decimal(value) * 100).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


class Moment(TypeDecorator[datetime]):
    """An aware time, UTC inside. A naive time is a mistake of the caller and raises ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """What all tables share: the mapping of Python types to the columns above."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own protocol
        Decimal: Cents,
        datetime: Moment,
        date: Date,
        str: Text,
        bool: Boolean,
        int: Integer,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


def _key() -> Mapped[str]:
    return mapped_column(String(128), primary_key=True)


# --- customer records (their meaning stands in actions/crm/records.py) ------------------------------------------------


class EmployeeRow(Table):
    __tablename__ = "employee"
    id: Mapped[str] = _key()
    name: Mapped[str]
    name_en: Mapped[str]
    role: Mapped[str]
    region: Mapped[str]
    manager_id: Mapped[str | None]
    deputy_id: Mapped[str | None]
    lang: Mapped[str]
    zone: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    expertise: Mapped[str]
    has_left: Mapped[bool]


class CustomerRow(Table):
    __tablename__ = "customer"
    id: Mapped[str] = _key()
    name: Mapped[str]
    name_en: Mapped[str]
    aliases: Mapped[str]
    industry: Mapped[str]
    region: Mapped[str]
    country: Mapped[str]
    tier: Mapped[str]
    owner_id: Mapped[str | None] = mapped_column(index=True)
    lang: Mapped[str]
    address: Mapped[str | None]
    delivery_address: Mapped[str | None]
    billing_address: Mapped[str | None]
    phone: Mapped[str | None]
    tax_id: Mapped[str | None]
    bank: Mapped[str | None]
    invoice_title: Mapped[str | None]
    created_at: Mapped[datetime | None]
    is_reference: Mapped[bool]


class ContactRow(Table):
    __tablename__ = "contact"
    id: Mapped[str] = _key()
    customer_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    name_en: Mapped[str]
    title: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    lang: Mapped[str]
    is_primary: Mapped[bool]


class LeadRow(Table):
    __tablename__ = "lead"
    id: Mapped[str] = _key()
    company: Mapped[str]
    person: Mapped[str]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    source: Mapped[str]
    region: Mapped[str]
    product_id: Mapped[str | None]
    owner_id: Mapped[str | None] = mapped_column(index=True)
    state: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime | None]


class DealRow(Table):
    __tablename__ = "deal"
    id: Mapped[str] = _key()
    customer_id: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    stage: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    discount: Mapped[Decimal]
    product_id: Mapped[str | None]
    owner_id: Mapped[str | None] = mapped_column(index=True)
    close_date: Mapped[date | None]
    held: Mapped[bool]
    waiting_on: Mapped[str | None]
    created_at: Mapped[datetime | None]
    stage_since: Mapped[datetime | None]


class ProductRow(Table):
    __tablename__ = "product"
    id: Mapped[str] = _key()
    name: Mapped[str]
    name_en: Mapped[str]
    aliases: Mapped[str]
    category: Mapped[str]
    unit: Mapped[str]
    price: Mapped[Decimal]
    currency: Mapped[str]
    price_usd: Mapped[Decimal | None]
    alternative_id: Mapped[str | None]
    description: Mapped[str]
    description_en: Mapped[str]
    priced_on: Mapped[date | None]


class BattleFactRow(Table):
    __tablename__ = "battle_fact"
    id: Mapped[str] = _key()
    competitor: Mapped[str]
    aliases: Mapped[str]
    topic: Mapped[str]
    topic_en: Mapped[str]
    ours: Mapped[str]
    ours_en: Mapped[str]
    theirs: Mapped[str]
    theirs_en: Mapped[str]
    source: Mapped[str]
    as_of: Mapped[date]


class PaperRow(Table):
    __tablename__ = "paper"
    id: Mapped[str] = _key()
    kind: Mapped[str]
    title: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[str]
    recipe: Mapped[str]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None] = mapped_column(index=True)
    contact_id: Mapped[str | None]
    lang: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    discount: Mapped[Decimal]
    valid_until: Mapped[date | None]
    replaces_id: Mapped[str | None]
    made_by: Mapped[str | None]
    created_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    sent_to: Mapped[str | None]


class TicketRow(Table):
    __tablename__ = "ticket"
    id: Mapped[str] = _key()
    kind: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    contact_id: Mapped[str | None]
    severity: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    taken_by: Mapped[str | None]
    opened_by: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    line: Mapped[str]
    recording_id: Mapped[str | None]


class ContractRow(Table):
    __tablename__ = "contract"
    id: Mapped[str] = _key()
    customer_id: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    amount: Mapped[Decimal]
    currency: Mapped[str]
    deal_id: Mapped[str | None]
    starts: Mapped[date | None]
    ends: Mapped[date | None]
    state: Mapped[str]


class ActivityRow(Table):
    __tablename__ = "activity"
    id: Mapped[str] = _key()
    kind: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None] = mapped_column(index=True)
    lead_id: Mapped[str | None]
    by_id: Mapped[str | None]
    intent: Mapped[str | None]
    step: Mapped[str | None]


class ReminderRow(Table):
    __tablename__ = "reminder"
    id: Mapped[str] = _key()
    person_id: Mapped[str] = mapped_column(index=True)
    text: Mapped[str]
    due_at: Mapped[datetime]
    customer_id: Mapped[str | None]
    deal_id: Mapped[str | None]
    state: Mapped[str]
    created_at: Mapped[datetime | None]


class BusyRow(Table):
    __tablename__ = "busy"
    id: Mapped[str] = _key()
    employee_id: Mapped[str] = mapped_column(index=True)
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    what: Mapped[str]
    source: Mapped[str]


class BookingRow(Table):
    __tablename__ = "booking"
    id: Mapped[str] = _key()
    consultant_id: Mapped[str] = mapped_column(index=True)
    owner_id: Mapped[str] = mapped_column(index=True)
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    title: Mapped[str]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None]
    state: Mapped[str]
    held_until: Mapped[datetime | None]
    sequence: Mapped[int]
    reason: Mapped[str]
    told: Mapped[str | None]


class RecordingRow(Table):
    __tablename__ = "recording"
    id: Mapped[str] = _key()
    digest: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    is_message: Mapped[bool]
    by_id: Mapped[str | None] = mapped_column(index=True)
    channel: Mapped[str]
    conversation: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(index=True)
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None]
    basis: Mapped[str | None]
    basis_by: Mapped[str | None]
    basis_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None]
    two_channels: Mapped[bool | None]
    customer_speaker: Mapped[str | None]
    customer_percent: Mapped[int | None]
    model: Mapped[str]
    reason: Mapped[str]
    deleted_at: Mapped[datetime | None]
    deleted_why: Mapped[str]


class RecordingArrivalRow(Table):
    """A recording that came with a message: whoever sent it hears what becomes of it, however often the same bytes came.

    `key` names the attachment. `message` is what is heard anew once a voice message has words; `lines_told` counts the
    lines of progress said where nothing can be edited, `is_told_of_wait` that it waits for a model.
    """

    __tablename__ = "recording_arrival"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    recording_id: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    asker: Mapped[str]
    address: Mapped[dict[str, Any]]
    lang: Mapped[str]
    message: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    lines_told: Mapped[int]
    is_told_of_wait: Mapped[bool]


class ListeningRow(Table):
    """A recording's place in the queue. `turn` counts whose turn it was when: the asker longest without one comes first.

    `plan` is what is to be heard (voice.plan.Plan as JSON), None until it was opened. `lease_until` in the future: in
    somebody's hands, or not to be tried before. `attempts` counts those of the step at hand.
    """

    __tablename__ = "listening"
    recording_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    asker: Mapped[str] = mapped_column(index=True)
    is_brief: Mapped[bool]
    queued_at: Mapped[datetime]
    turn: Mapped[int]
    plan: Mapped[dict[str, Any] | None]
    owner: Mapped[str]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    is_over: Mapped[bool] = mapped_column(index=True)


class RecordingPartRow(Table):
    """A piece that was listened to: its turns. The key is what keeps a piece from being kept twice."""

    __tablename__ = "recording_part"
    recording_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    turns: Mapped[list[Any]]
    model: Mapped[str]
    at: Mapped[datetime]


class CallMoodRow(Table):
    """How the customer of a call sounded, with the outline of its sound: what the picture of it is drawn from.

    `customer` is which speaker was judged; where another is the customer now, the row counts no more. `spoken` is a digest
    of when the customer spoke, as that stood then.
    """

    __tablename__ = "call_mood"
    recording_id: Mapped[str] = _key()
    customer: Mapped[str]
    spoken: Mapped[str]
    mood: Mapped[dict[str, Any]]
    outline: Mapped[list[Any]]
    at: Mapped[datetime]


class CallCorrectionRow(Table):
    """Something in a transcript that a person put right: which of a turn's `text` or `speaker`, or who is the `customer`.

    `place` is the turn's number in the transcript, None for the whole; what the model heard stays in its part.
    """

    __tablename__ = "call_correction"
    id: Mapped[str] = _key()
    recording_id: Mapped[str] = mapped_column(index=True)
    number: Mapped[int]
    what: Mapped[str]
    place: Mapped[int | None]
    value: Mapped[str]
    by_id: Mapped[str | None]
    at: Mapped[datetime]


class DispatchRow(Table):
    """Where a call's matter was sent: by which version of the template, from which facts, and its ticket if there is one."""

    __tablename__ = "dispatch"
    id: Mapped[str] = _key()
    recording_id: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    priority: Mapped[str]
    line: Mapped[str]
    facts: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    ticket_id: Mapped[str | None]


class DispatchTemplateRow(Table):
    """A version of the dispatch template as it was saved; the newest is in force."""

    __tablename__ = "dispatch_template"
    id: Mapped[str] = _key()
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    note: Mapped[str]
    by_id: Mapped[str | None]


class TakenQuarterRow(Table):
    """A quarter of an hour of one person's that a booking holds: the key is what keeps two bookings apart."""

    __tablename__ = "taken_quarter"
    person_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    booking_id: Mapped[str] = mapped_column(index=True)


class SignalRow(Table):
    __tablename__ = "signal"
    id: Mapped[str] = _key()
    customer_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    words: Mapped[str]
    said_by: Mapped[str]
    at: Mapped[datetime]
    source: Mapped[str]
    source_id: Mapped[str | None]
    second: Mapped[Decimal | None]
    probability: Mapped[Decimal]
    deal_id: Mapped[str | None]
    reported_by: Mapped[str | None]
    until: Mapped[datetime | None]
    roles: Mapped[str]
    state: Mapped[str]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    lifted_words: Mapped[str | None]


class FiringRow(Table):
    __tablename__ = "firing"
    id: Mapped[str] = _key()
    breaker: Mapped[str]
    person_id: Mapped[str] = mapped_column(index=True)
    proposal_id: Mapped[str] = mapped_column(index=True)
    deed: Mapped[str]
    digest: Mapped[str]
    verdict: Mapped[str]
    roles: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None]
    title: Mapped[str]
    why: Mapped[str]
    why_en: Mapped[str]
    command: Mapped[str]
    words: Mapped[str]
    said_by: Mapped[str]
    said_at: Mapped[datetime | None]
    source: Mapped[str]
    signal_id: Mapped[str | None]
    state: Mapped[str]
    appeal: Mapped[str | None]
    ruled_by: Mapped[str | None]
    ruled_at: Mapped[datetime | None]
    ruling: Mapped[str | None]


class ReviewRow(Table):
    __tablename__ = "review"
    id: Mapped[str] = _key()
    kind: Mapped[str]
    title: Mapped[str]
    what: Mapped[str]
    asked_by: Mapped[str] = mapped_column(index=True)
    asked_at: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[str]
    digest: Mapped[str]
    needs: Mapped[str]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    deal_id: Mapped[str | None] = mapped_column(index=True)
    paper_id: Mapped[str | None]
    signed: Mapped[str]
    round: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    answer_by: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    comments: Mapped[str | None]
    proposal_id: Mapped[str]


class ReviewItemRow(Table):
    __tablename__ = "review_item"
    id: Mapped[str] = _key()
    review_id: Mapped[str] = mapped_column(index=True)
    round: Mapped[int]
    place: Mapped[str]
    new: Mapped[str]
    source: Mapped[str]
    old: Mapped[str]
    source_id: Mapped[str]
    source_version: Mapped[int]
    source_title: Mapped[str]
    said_by: Mapped[str]
    second: Mapped[Decimal | None]


class MaterialRow(Table):
    __tablename__ = "material"
    id: Mapped[str] = _key()
    review_id: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    customer_id: Mapped[str | None] = mapped_column(index=True)
    contact_id: Mapped[str | None]
    state: Mapped[str]
    wanted_by: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    chased: Mapped[int]
    arrived_at: Mapped[datetime | None]
    ticked_by: Mapped[str | None]


# --- who is who ---------------------------------------------------------------------------------------------------------


class IdentityRow(Table):
    """One person on one channel. `last_seen_at` decides where to reach someone who is on several."""

    __tablename__ = "identity"
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(128), primary_key=True)
    person_id: Mapped[str] = mapped_column(index=True)
    last_seen_at: Mapped[datetime | None]


class GroupRow(Table):
    """A named group (`@managers`) and the chat it lives in."""

    __tablename__ = "group_chat"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation: Mapped[str]


class CrossingRow(Table):
    """One person whose data left for one country in one calendar year; a person counts once, however often it leaves.

    `is_sensitive` is true once any of it was. `deed` is the first that took it there.
    """

    __tablename__ = "crossing"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    destination: Mapped[str] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(160), primary_key=True)
    is_sensitive: Mapped[bool]
    at: Mapped[datetime]
    deed: Mapped[str]


Index("crossing_person", CrossingRow.person, CrossingRow.year)


class PolicyVersionRow(Table):
    """A version of the policy that was in force: every text of it by name, so that it can be read again."""

    __tablename__ = "policy_version"
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    texts: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class MetaRow(Table):
    """Small facts about this home, such as that it holds the sample company."""

    __tablename__ = "meta"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str]


# --- the road's memory ---------------------------------------------------------------------------------------------------


class InboxRow(Table):
    """An accepted message. The unique key is what makes a redelivered webhook the same message.

    state: accepted -> working -> done | failed. `lease_until` is when a worker that took it is presumed dead.
    """

    __tablename__ = "inbox"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    seq: Mapped[int] = mapped_column(index=True)
    conversation: Mapped[str]
    message: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int]
    accepted_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]


class SendRow(Table):
    """One outgoing message or card redraw in the ledger of sends.

    `target` orders the queue: rows of one target leave in the order of `id`, one at a time. `answers` is the key of the
    message it answers. `card` names what the card is a view of (a proposal, a ticket), so that every copy can be redrawn.
    `ref` is what the platform called the message once sent.
    state: queued -> sending -> sent | unknown | gave_up | collected.
    """

    __tablename__ = "send"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    channel: Mapped[str]
    target: Mapped[str]
    address: Mapped[dict[str, Any]]
    reply: Mapped[dict[str, Any]]
    redraws: Mapped[str | None]
    answers: Mapped[str | None] = mapped_column(index=True)
    card: Mapped[str | None] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int]
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    ref: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class ProposalRow(Table):
    """A proposal that waits: offered on a button, or for a person's yes. The card is only a view of this row.

    state: offered | pending -> done | rejected | expired | withdrawn | stale | failed | superseded. `digest` binds a yes to
    the exact arguments; withdrawn is what rested on evidence that did not hold. `yeses` are those said so far; `step` counts
    how often it was passed on because nobody answered. Somebody may have `edited` it before they approved: who, and which
    arguments; `superseded_by` is what is asked in its place.
    """

    __tablename__ = "proposal"
    id: Mapped[str] = _key()
    digest: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    proposal: Mapped[dict[str, Any]]
    decision: Mapped[dict[str, Any]]
    requester_id: Mapped[str | None]
    address: Mapped[dict[str, Any] | None]
    lang: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    yeses: Mapped[list[Any]]
    step: Mapped[int]
    edited: Mapped[dict[str, Any] | None]
    superseded_by: Mapped[str | None]


class ButtonRow(Table):
    """A button under a card: what pressing it means. `token` is what the platform sends back."""

    __tablename__ = "button"
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation: Mapped[str] = mapped_column(index=True)
    card_key: Mapped[str]
    position: Mapped[int]
    action: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class DeedRow(Table):
    """Something done, once per key, with what undoes it."""

    __tablename__ = "deed"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    command: Mapped[str]
    proposal_id: Mapped[str]
    by_id: Mapped[str | None] = mapped_column(index=True)
    conversation: Mapped[str]
    effects: Mapped[list[Any]]
    inverse: Mapped[list[Any] | None]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class AuditRow(Table):
    """One entry of the append-only chain; `hash` covers the entry and the hash before it."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[str | None]
    subject: Mapped[str | None] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    previous: Mapped[str]
    hash: Mapped[str]


class AuditHeadRow(Table):
    """Where the chain ends: one row, locked by whoever appends, so that a cut-off tail is seen too."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


class TimerRow(Table):
    """Something to do at a time: a reminder, an expiry, a retry. The row is the truth; the engine only wakes us.

    state: waiting -> fired | cancelled | failed (after its last attempt).
    """

    __tablename__ = "timer"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    kind: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)
    data: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]


class TranscriptRow(Table):
    """What the chat page and the terminal show: one line of a conversation held on our own screens."""

    __tablename__ = "transcript"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation: Mapped[str] = mapped_column(index=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    sender: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class CorrectionRow(Table):
    """A reading that a person settled or corrected; training material for the next model.

    `kept_as` is what whoever looked through it made of it: an intent, or "" where nothing is to be learned from it.
    """

    __tablename__ = "correction"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    text: Mapped[str]
    lang: Mapped[str]
    role: Mapped[str]
    read_as: Mapped[str]
    meant: Mapped[str]
    at: Mapped[datetime]
    kept_as: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]


Index("send_due", SendRow.state, SendRow.next_at)
Index("send_line", SendRow.target, SendRow.state)
Index("inbox_line", InboxRow.conversation, InboxRow.state)


class GapRow(Table):
    """A question that no document answered; `settled_at` says when somebody saw to it.

    `document` is the title of what was cited and did not help, None where nothing was found.
    """

    __tablename__ = "gap"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    question: Mapped[str]
    lang: Mapped[str]
    audience: Mapped[str]
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    document: Mapped[str | None]


class JudgementRow(Table):
    """One person's word on one passage for one question: whether it helped; the latest counts."""

    __tablename__ = "judgement"
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    question: Mapped[str]
    passage_id: Mapped[str] = mapped_column(String(64))
    is_helpful: Mapped[bool]
    at: Mapped[datetime]
