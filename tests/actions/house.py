"""A small sample house for the tests of judgement and deeds: its people, its records, and a world that remembers."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from actions.carry_out import carry_out
from actions.crm import own
from actions.crm.records import (
    Contact,
    Crossings,
    Customer,
    Deal,
    Desk,
    Employee,
    Lead,
    Product,
    Record,
    Reminder,
    Speaker,
    Ticket,
)
from actions.decide import decide
from actions.draft import draft
from actions.outside.store import Store, Tx
from actions.outside.tables import AuditRow
from actions.policy.policy import Policy
from actions.proposal import Basis, Command, Facts, Notify, Outcome, Proposal, Redraw
from actions.world import World
from retrieval.setting import Setting

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
"""A Monday, 9:30 in Shanghai."""
POLICY = Policy.load()
CHAT = "web:E01"

REP = Speaker("E01", "rep", "样例一号", region="华东", manager_id="E11")
OTHER_REP = Speaker("E05", "rep", "Sample Five", lang="en", region="华南", manager_id="E12")
MANAGER = Speaker("E11", "manager", "样例经理", region="华东", team=frozenset({"E01", "E02"}))
OTHER_MANAGER = Speaker("E12", "manager", "样例经理二", region="华南", team=frozenset({"E05"}))
DIRECTOR = Speaker("E20", "director", "样例总监", team=frozenset({"E01", "E02", "E05", "E11", "E12"}))
SECOND_DIRECTOR = Speaker("E21", "director", "样例总监二", team=frozenset({"E01", "E02", "E05", "E11", "E12"}))
LEGAL = Speaker("E40", "legal", "样例法务")
CONSULTANT = Speaker("E31", "consultant", "样例顾问")
CUSTOMER = Speaker("K001", "customer", "样例联系人", customer_id="C001")
GUEST = Speaker(None, "guest", "")
EVERYONE = (REP, OTHER_REP, MANAGER, OTHER_MANAGER, DIRECTOR, SECOND_DIRECTOR, LEGAL, CONSULTANT, CUSTOMER, GUEST)

RECORDS: tuple[tuple[str, Record], ...] = (
    ("employee", Employee("E01", "样例一号", "Sample One", "rep", "华东", manager_id="E11")),
    ("employee", Employee("E02", "样例二号", "Sample Two", "rep", "华东", manager_id="E11")),
    ("employee", Employee("E05", "样例五号", "Sample Five", "rep", "华南", manager_id="E12")),
    ("employee", Employee("E11", "样例经理", "Sample Manager", "manager", "华东")),
    ("employee", Employee("E40", "样例法务", "Sample Legal", "legal", "")),
    ("customer", Customer("C001", "华康医疗", owner_id="E01", address="旧路 1 号", tax_id="91310000SAMPLE0001")),
    ("customer", Customer("C002", "海川科技", owner_id="E05")),
    ("customer", Customer("C003", "无主公司")),
    ("contact", Contact("K001", "C001", "样例联系人", phone="+8610000000001")),
    ("contact", Contact("K002", "C002", "样例联系人二")),
    ("product", Product("P01", "样例监护仪", price=Decimal(1000))),
    ("deal", Deal("D001", "C001", "华康监护仪", "proposal", Decimal(480000), owner_id="E01", product_id="P01")),
    ("deal", Deal("D002", "C002", "海川传感器", "negotiation", Decimal(90000), owner_id="E05")),
    ("deal", Deal("D003", "C001", "华康旧单", "won", Decimal(10000), owner_id="E01")),
    ("deal", Deal("D004", "C001", "华康大单", "negotiation", Decimal(900000), owner_id="E01")),
    ("deal", Deal("D005", "C001", "Huakang USD", "proposal", Decimal(50000), currency="USD", owner_id="E01")),
    ("lead", Lead("L001", "池中线索")),
    ("lead", Lead("L002", "一号线索", owner_id="E01")),
    ("lead", Lead("L003", "五号线索", owner_id="E05")),
    ("ticket", Ticket("T001", "fault", "开不了机", customer_id="C001", contact_id="K001", due_at=NOW + timedelta(hours=1))),
    ("ticket", Ticket("T002", "complaint", "发错货", customer_id="C002", state="taken", taken_by="E05")),
    ("ticket", Ticket("T003", "invoice", "要发票", customer_id="C001", state="closed")),
    ("reminder", Reminder("R001", "E01", "回访", NOW + timedelta(days=1), customer_id="C001")),
    ("reminder", Reminder("R002", "E01", "早已提醒", NOW - timedelta(days=1), state="sent")),
)
CROSSINGS = Crossings("SG", frozenset({"contact:K001"}), frozenset(), {})
"""One person would leave for Singapore, and nobody has yet."""
PEOPLE = tuple(record for _, record in RECORDS if isinstance(record, Employee))
DESKS = {("desk", f"deal:{record.id}"): Desk("", record, people=PEOPLE) for _, record in RECORDS if isinstance(record, Deal)}
"""What legal has before it of each deal: nothing yet."""
FACTS = Facts({(kind, record.id): record for kind, record in RECORDS} | DESKS, CROSSINGS)
WORDS = Basis("推进到谈判", "crm.update_stage", 0.97, message="web:1")


async def furnish(store: Store) -> None:
    async with store.write() as tx:
        for kind, record in RECORDS:
            values = {field.name: getattr(record, field.name) for field in fields(record)}
            await tx.execute(insert(own.table_of(kind)).values(values))


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **length: float) -> None:
        self.now += timedelta(**length)


class FakeWorld(World):
    """A World over a real store whose clock is set by hand and whose notices are kept."""

    clock: Clock
    told: list[tuple[str, Notify | Redraw]]
    break_on: list[Exception]

    def __init__(self, store: Store, home: Path) -> None:
        clock = Clock()
        for name, value in {"clock": clock, "told": [], "break_on": []}.items():
            object.__setattr__(self, name, value)
        super().__init__(
            store=store, knowledge=NoDocuments(), announce=self._announce, now=clock, home=home, policy=lambda: POLICY
        )

    async def _announce(self, tx: Tx, key: str, notice: Notify | Redraw) -> None:
        if self.break_on:
            raise self.break_on.pop()
        self.told.append((key, notice))

    async def record(self, kind: str, record_id: str) -> Any:
        async with self.store.read() as tx:
            return await own.get(tx, kind, record_id)

    async def audited(self) -> list[str]:
        async with self.store.read() as tx:
            return list((await tx.execute(select(AuditRow.kind).order_by(AuditRow.seq))).scalars())

    async def propose(self, command: Command, speaker: Speaker, key: str = "web:1", basis: Basis = WORDS) -> Proposal:
        async with self.store.read() as tx:
            facts = await own.get_many(tx, command.reads)
        return draft(command, facts, speaker, basis, key, self.now())

    async def ask(self, command: Command, speaker: Speaker, key: str = "web:1", basis: Basis = WORDS) -> Outcome:
        """Propose, decide and carry out, as the road does."""
        proposal = await self.propose(command, speaker, key, basis)
        where = {"channel": "web", "conversation": speaker.person_id or "guest", "thread": None, "private_to": None}
        return await carry_out(
            self,
            proposal,
            decide(proposal, POLICY, self.now()),
            conversation=f"web:{speaker.person_id}",
            address=where,
        )


class NoDocuments:
    """A house without a single document."""

    async def search(self, query: str, **wanted: Any) -> list[Any]:
        return []

    def passage_for(self, intent: str, audience: str, lang: str, setting: Setting) -> None:
        return None

    def passage(self, passage_id: str, *, audience: str, setting: Setting) -> None:
        return None

    def nearest(self, query: str, *, audience: str) -> None:
        return None

    def take_in(self, file: Path, source: str, **stated: Any) -> None:
        return None

    def take_out(self, digest: str) -> bool:
        return False

    def cited(self, passage_id: str, *, audience: str, setting: Setting) -> tuple[()]:
        return ()


def proposed(command: Command, speaker: Speaker, basis: Basis = WORDS, facts: Facts = FACTS) -> Proposal:
    return draft(command, facts, speaker, basis, "web:1", NOW)
