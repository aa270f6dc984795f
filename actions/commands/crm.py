"""What sales people do to leads, deals, activities and reminders; plans only, nothing here touches the world."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from actions.crm.records import Speaker, Stage
from actions.proposal import Facts, Plan

LeadState = Literal["new", "working", "converted", "invalid", "duplicate"]
ActivityKind = Literal["visit", "call", "mail", "note", "chat"]
_SALES = frozenset({"rep", "manager", "director"})


@dataclass(frozen=True)
class UpdateStage:
    deal_id: str
    stage: Stage

    name: ClassVar[str] = "update_stage"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class UpdateAmount:
    deal_id: str
    amount: Decimal | None = None
    currency: str | None = None
    discount: Decimal | None = None

    name: ClassVar[str] = "update_amount"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class HoldDeal:
    deal_id: str

    name: ClassVar[str] = "hold_deal"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class ReleaseDeal:
    deal_id: str

    name: ClassVar[str] = "release_deal"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class SetWaiting:
    deal_id: str
    waiting_on: Literal["legal", "materials"] | None

    name: ClassVar[str] = "set_waiting"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class CreateLead:
    company: str
    person: str = ""
    phone: str | None = None
    email: str | None = None
    product_id: str | None = None
    source: str = ""
    note: str = ""

    name: ClassVar[str] = "create_lead"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class MarkLead:
    lead_id: str
    state: LeadState

    name: ClassVar[str] = "mark_lead"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class CreateDeal:
    customer_id: str
    title: str
    amount: Decimal
    currency: str = "CNY"
    product_id: str | None = None

    name: ClassVar[str] = "create_deal"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class LogActivity:
    kind: ActivityKind
    text: str
    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None
    intent: str | None = None

    name: ClassVar[str] = "log_activity"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class SetReminder:
    text: str
    due_at: datetime
    customer_id: str | None = None
    deal_id: str | None = None

    name: ClassVar[str] = "set_reminder"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class CancelReminder:
    reminder_id: str

    name: ClassVar[str] = "cancel_reminder"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class AssignLeads:
    lead_ids: tuple[str, ...]
    to_id: str

    name: ClassVar[str] = "assign_leads"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class SubmitApproval:
    deal_id: str
    what: str

    name: ClassVar[str] = "submit_approval"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class ExportCustomers:
    customer_ids: tuple[str, ...]
    destination: str
    recipient: str

    name: ClassVar[str] = "export_customers"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError
