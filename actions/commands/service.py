"""What serving a customer takes: tickets, and a customer's words that reach the owner; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from actions.crm.records import Speaker, TicketKind
from actions.proposal import Facts, Plan

Severity = Literal["low", "normal", "high"]
_SALES = frozenset({"rep", "manager", "director"})
_ANYONE = _SALES | {"customer"}


@dataclass(frozen=True)
class OpenTicket:
    kind: TicketKind
    subject: str
    text: str
    customer_id: str | None = None
    contact_id: str | None = None
    severity: Severity = "normal"

    name: ClassVar[str] = "open_ticket"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class TakeTicket:
    ticket_id: str

    name: ClassVar[str] = "take_ticket"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class CloseTicket:
    ticket_id: str

    name: ClassVar[str] = "close_ticket"
    roles: ClassVar[frozenset[str]] = _SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class TellOwner:
    customer_id: str
    intent: str
    text: str
    contact_id: str | None = None

    name: ClassVar[str] = "tell_owner"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError
