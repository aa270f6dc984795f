"""What changes in a customer's own data, and what a customer asks for about it; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from actions.crm.records import Speaker
from actions.proposal import Facts, Plan

WhichAddress = Literal["address", "delivery_address", "billing_address"]
DataRequest = Literal["export", "delete", "revoke", "grant", "view"]
_ANYONE = frozenset({"rep", "manager", "director", "customer"})


@dataclass(frozen=True)
class UpdateContact:
    contact_id: str | None
    customer_id: str
    person: str | None = None
    phone: str | None = None
    email: str | None = None

    name: ClassVar[str] = "update_contact"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class UpdateAddress:
    customer_id: str
    which: WhichAddress
    address: str

    name: ClassVar[str] = "update_address"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class UpdateCompany:
    customer_id: str
    company: str | None = None
    tax_id: str | None = None
    bank: str | None = None
    invoice_title: str | None = None

    name: ClassVar[str] = "update_company"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError


@dataclass(frozen=True)
class RequestData:
    customer_id: str
    contact_id: str | None
    what: DataRequest
    text: str

    name: ClassVar[str] = "request_data"
    roles: ClassVar[frozenset[str]] = _ANYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        raise NotImplementedError

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        raise NotImplementedError
