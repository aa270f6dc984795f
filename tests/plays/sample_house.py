"""A small hand-made house for specifications: people, one customer with a deal, and situations over them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from actions.crm.records import (
    Activity,
    BattleFact,
    Busy,
    Contact,
    Contract,
    Customer,
    Deal,
    Desk,
    Diary,
    Employee,
    Lead,
    Product,
    Reminder,
    Speaker,
    Ticket,
)
from actions.plays.experience import History
from actions.plays.play import QuietCustomer
from actions.plays.steps import Means
from actions.situation import Situation
from intents.dictionary import Intent, load_dictionary
from intents.understanding import Candidate, Slot, Understanding
from retrieval.passage import Passage

Lang = Literal["zh", "en"]

NOW = datetime(2026, 8, 11, 2, 0, tzinfo=UTC)  # a Tuesday, ten in the morning in Shanghai
TODAY = date(2026, 8, 11)

DICTIONARY: Mapping[str, Intent] = load_dictionary(Path(__file__).parents[2] / "intents" / "dictionary.yaml").intents

REP = Speaker("E01", "rep", "样例销售", region="华东", manager_id="E11", team=frozenset({"E01"}))
MANAGER = Speaker("E11", "manager", "样例经理", region="华东", team=frozenset({"E01", "E02", "E11"}))
CUSTOMER = Speaker("K001", "customer", "样例联系人", customer_id="C001")
GUEST = Speaker(None, "guest", "")

SPEAKERS = {"rep": REP, "manager": MANAGER, "customer": CUSTOMER, "guest": GUEST}

HUAKANG = Customer(
    "C001",
    "华康医疗",
    "Huakang Medical",
    region="华东",
    tier="A",
    owner_id="E01",
    address="上海市样例路 1 号",
    tax_id="91310000SAMPLE0001",
)
QUIET = Customer("C002", "海川科技", "Haichuan Tech", region="华东", tier="B", owner_id="E01")
DEAL = Deal(
    "D001",
    "C001",
    "华康医疗 · 影像工作站",
    "proposal",
    Decimal(480000),
    product_id="P01",
    owner_id="E01",
    close_date=date(2026, 8, 14),
)
DOLLAR_DEAL = Deal("D002", "C002", "海川科技 · 云平台", "negotiation", Decimal(80000), "USD", owner_id="E01", held=True)
CONTACT = Contact("K001", "C001", "样例联系人", "Sample Contact", title="采购", phone="+8613800000000", is_primary=True)
PRODUCT = Product(
    "P01", "影像工作站", "Imaging Workstation", price=Decimal(520000), price_usd=Decimal(72000), alternative_id="P02"
)
CHEAPER = Product("P02", "影像工作站 基础版", "Imaging Workstation Basic", price=Decimal(260000), price_usd=Decimal(36000))
LEAD = Lead("L001", "样例器械", region="华东", created_at=NOW - timedelta(days=2))
TICKET = Ticket(
    "T001", "complaint", "工程师两次失约", customer_id="C001", contact_id="K001", due_at=NOW - timedelta(hours=2)
)
TAKEN = Ticket(
    "T002", "invoice", "发票抬头有误", customer_id="C001", state="taken", taken_by="E11", due_at=NOW + timedelta(hours=3)
)
CONTRACT = Contract("CT01", "C001", "华康医疗 2025 维保", Decimal(90000), ends=date(2026, 9, 30))
ACTIVITY = Activity("A001", "visit", "拜访采购，介绍方案", NOW - timedelta(days=3), customer_id="C001", by_id="E01")
OLD_PRICE_TALK = Activity("A002", "call", "说太贵", NOW - timedelta(days=70), customer_id="C002", intent="objection.price")
REMINDER = Reminder("R001", "E01", "给华康回电话", NOW + timedelta(hours=2))
FACT = BattleFact(
    "B01",
    "Corvex",
    "科维|corvex",
    "交付周期",
    "Lead time",
    "6 周到货",
    "deliver in 6 weeks",
    "10 周到货",
    "take 10 weeks",
    "Corvex 2026 price list",
    date(2026, 5, 1),
)
TEAM = (
    Employee("E01", "样例销售", "Sample Rep", "rep", "华东", manager_id="E11"),
    Employee("E02", "另一位销售", "Another Rep", "rep", "华东", manager_id="E11"),
    Employee("E11", "样例经理", "Sample Manager", "manager", "华东"),
    Employee("E31", "样例顾问", "Sample Consultant", "consultant", "华东", expertise="影像|imaging"),
)
BUSY = Busy("Y01", "E31", NOW, NOW + timedelta(hours=3), "培训")
DIARY = Diary("", TEAM, (BUSY,))
LEGAL = Employee("E40", "样例法务", "Sample Legal", "legal", "")
DESK = Desk("deal:D001", DEAL, HUAKANG, CONTACT, True, people=(*TEAM, LEGAL))
"""Nothing of the deal has been reviewed yet."""

ROWS: dict[str, tuple[Any, ...]] = {
    "deals": (DEAL,),
    "contacts": (CONTACT,),
    "tickets": (TICKET, TAKEN),
    "activities": (ACTIVITY,),
    "papers": (),
    "reviews": (),
    "recordings": (),
    "requests": (),
    "contracts": (CONTRACT,),
    "pipeline": (DEAL, DOLLAR_DEAL),
    "leads": (LEAD,),
    "team": TEAM,
    "owner": (TEAM[1],),
    "products": (PRODUCT, CHEAPER),
    "battle_facts": (FACT,),
    "reminders": (REMINDER,),
    "open_tickets": (TICKET, TAKEN),
    "quiet_customers": (QuietCustomer(QUIET, 70, OLD_PRICE_TALK), QuietCustomer(HUAKANG, 3, ACTIVITY)),
    "renewals": (CONTRACT,),
    "busy": (BUSY,),
    "diary": (DIARY,),
    "visible_customers": (HUAKANG, QUIET),
    "signals": (),
    "references": (),
    "history": (History(),),
    "means": (Means(Decimal(15), 480000.0, has_consultants=True),),
}

_WORDS = {
    "zh": ("样例手册", "样例一节", "说：“先看三年总成本。”\n做：三天后回访一次，写下新的理由。\n限：自己最多让 10%。"),
    "en": (
        "Sample handbook",
        "Sample section",
        "Say: “let us look at three years of cost.”\nDo: come back in three days.\nLimit: 10% is yours.",
    ),
}


def passage(lang: Lang = "zh", audience: str = "rep") -> Passage:
    title, section, text = _WORDS[lang]
    readers = frozenset({"rep", "manager", audience})
    return Passage(
        "p1", "sample", title, section, lang, text, "1.0", date(2026, 3, 1), "sales", readers, frozenset(), "sample.md", 1
    )


def slot(kind: str, value: Any, text: str | None = None, start: int = 0) -> Slot:
    return Slot(kind, text if text is not None else str(value), start, value)


def understanding(intent: str, text: str, lang: Lang, *slots: Slot, also: tuple[str, ...] = ()) -> Understanding:
    further = tuple(Candidate(one, 0.4) for one in also)
    runners_up = (Candidate("objection.price", 0.2), Candidate("buying.discount_request", 0.1))
    return Understanding(text, lang, intent, 0.9, runners_up, further, slots, None, None, False, True, "sample")


def situation(
    intent: str,
    speaker: Speaker = REP,
    *slots: Slot,
    text: str | None = None,
    lang: Lang = "zh",
    also: tuple[str, ...] = (),
    **known: Any,
) -> Situation:
    """A situation about the sample deal; `known` replaces fields, `customer=None` and `deal=None` for nothing known."""
    example = getattr(DICTIONARY[intent], lang) if text is None else text
    audience = "rep" if speaker.is_staff else "customer"
    whole = Situation(
        key="m1",
        text=example,
        speaker=replace(speaker, lang=lang),
        understanding=understanding(intent, example, lang, *slots, also=also),
        now=NOW,
        lang=lang,
        customer=None if speaker.role == "guest" else HUAKANG,
        deal=DEAL if speaker.is_staff else None,
        contact=None if speaker.role == "guest" else CONTACT,
        passages=(passage(lang, audience),),
        rows=ROWS,
    )
    return replace(whole, **known)
