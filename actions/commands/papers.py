"""What is done with papers for customers: prepared, made again, sent after a look, put away; plans only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter

from actions.canonical import canonical
from actions.commands.planning import (
    SALES,
    about_customer,
    about_deal,
    about_own,
    changes,
    first_missing,
    named,
    new_id,
    not_found,
    problem,
    stamp,
)
from actions.crm.own import MAX_MONEY, json_value
from actions.crm.records import Contact, Customer, Deal, Desk, Paper, Product, Speaker
from actions.papers.compare import MOST_COLUMNS, competitors_of
from actions.papers.files import DOCX, PDF, folder_of, picture_names
from actions.papers.sheet import Grid, PaperKind, Sheet, sheet_from_json, sheet_to_json
from actions.papers.sums import MOST_QUANTITY, QuoteSums, sums_of
from actions.papers.words import say
from actions.papers.write import VALID_FOR, Cited, Material, name_of, price_of, write
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, PrintPaper, Remove, Subject
from actions.signing import signed_by

PRICED: frozenset[PaperKind] = frozenset({"quote", "contract_request"})
"""Papers that are nothing without a product and its price."""
OFFERS: frozenset[PaperKind] = PRICED | {"proposal"}
"""Papers that offer something; the others inform."""
LONGEST_VALIDITY = 365
"""Days a price may be promised for; a slip beyond it would bind us for years."""
_CLOSED = ("sent", "replaced", "discarded")


@dataclass(frozen=True)
class PaperLine:
    """So many of a product."""

    product_id: str
    quantity: int = 1


@dataclass(frozen=True)
class PreparePaper:
    """Make a paper for a customer, as a draft to be looked at; `replaces` is the version that it takes the place of.

    `day` is the day it is dated, `lang` the customer's language. `discount` None is the deal's own, which has been
    allowed; another one goes through the policy like any discount. Without a customer there is only a comparison.
    """

    kind: PaperKind
    day: date
    lang: Literal["zh", "en"] = "zh"
    customer_id: str | None = None
    deal_id: str | None = None
    contact_id: str | None = None
    seller_id: str | None = None
    lines: tuple[PaperLine, ...] = ()
    discount: Decimal | None = None
    currency: str | None = None
    valid_days: int = VALID_FOR.days
    alternative_id: str | None = None
    fact_ids: tuple[str, ...] = ()
    contract_ids: tuple[str, ...] = ()
    reference_ids: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()
    wished: date | None = None
    replaces: str | None = None
    version: int = 1

    name: ClassVar[str] = "prepare_paper"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (
            *named(("customer", self.customer_id), ("deal", self.deal_id), ("contact", self.contact_id)),
            *named(("employee", self.seller_id), ("product", self.alternative_id), ("paper", self.replaces)),
            *(("product", line.product_id) for line in self.lines),
            *(("battle_fact", fact_id) for fact_id in self.fact_ids),
            *(("contract", contract_id) for contract_id in self.contract_ids),
            *(("customer", customer_id) for customer_id in self.reference_ids),
        )

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        paper_id = paper_made_by(key, self.kind)
        about = _about(facts, self.customer_id, self.deal_id, paper_id, say(f"title_{self.kind}", self.lang), speaker)
        if wrong := self._wrong(facts, about):
            return wrong
        deal: Deal | None = facts.get("deal", self.deal_id)
        currency = self.currency or (deal.currency if deal else self._first_currency(facts))
        discount = self.discount if self.discount is not None else deal.discount if deal else Decimal(0)
        sums = self._sums(facts, currency, discount)
        if sums is None and self.kind in PRICED:
            return problem("no_price_in", *about, currency=currency)
        if sums is not None and sums.listed > MAX_MONEY:
            return problem("bad_quantity", *about)
        sheet = self._sheet(facts, paper_id, currency, discount, sums)
        return self._plan(facts, speaker, now, paper_id, sheet, about, (currency, discount, sums))

    def _plan(
        self,
        facts: Facts,
        speaker: Speaker,
        now: datetime,
        paper_id: str,
        sheet: Sheet,
        about: tuple[Subject, ...],
        reckoned: tuple[str, Decimal, QuoteSums | None],
    ) -> Plan:
        currency, discount, sums = reckoned
        deal: Deal | None = facts.get("deal", self.deal_id)
        old: Paper | None = facts.get("paper", self.replaces)
        replaced = changes("paper", old, {"state": "replaced"}) if old else None
        is_reckoned = sums is not None and self.kind != "comparison"
        values: dict[str, Json] = {
            "kind": self.kind,
            "title": sheet.title,
            "digest": sheet.digest,
            "content": canonical(sheet_to_json(sheet)),
            "recipe": canonical(recipe_of(self)),
            "customer_id": self.customer_id,
            "deal_id": self.deal_id,
            "contact_id": self.contact_id,
            "lang": self.lang,
            "version": self.version,
            "amount": json_value(sums.total) if sums is not None and is_reckoned else None,
            "currency": currency if is_reckoned else None,
            "discount": json_value(discount if is_reckoned else Decimal(0)),
            "valid_until": json_value(self._valid_until) if is_reckoned else None,
            "replaces_id": self.replaces,
            "made_by": speaker.person_id,
            "created_at": stamp(now),
        }
        measures: dict[str, float | bool | str] = {}
        if sums is not None and is_reckoned:
            measures |= {"amount": float(sums.total), "currency": currency}
            if discount > (deal.discount if deal else 0):
                measures["discount"] = float(discount)
        measures |= _offered(self)
        return Plan(
            effects=(
                *(replaced.updates if replaced else ()),
                Create("paper", paper_id, values),
                PrintPaper(paper_id, sheet.digest),
            ),
            subjects=about,
            measures=measures,
            inverse=(Remove("paper", paper_id), *(replaced.inverse if replaced else ())),
            data=paper_data(Paper(id=paper_id, **_typed(values)), sheet, facts),
        )

    @property
    def _valid_until(self) -> date:
        return self.day + timedelta(days=self.valid_days)

    def _wrong(self, facts: Facts, about: tuple[Subject, ...]) -> Plan | None:
        """What is not right about the order, or None."""
        others = [facts.get("deal", self.deal_id), facts.get("contact", self.contact_id), facts.get("paper", self.replaces)]
        others += [facts.get("contract", contract_id) for contract_id in self.contract_ids]
        strangers = [one for one in others if one is not None and one.customer_id != self.customer_id]
        if strangers or any(one.customer and one.customer != self.customer_id for one in self.cited):
            return problem("wrong_customer", *about)
        if self.customer_id is None and self.kind != "comparison":
            return problem("paper_for_nobody", *about)
        old: Paper | None = facts.get("paper", self.replaces)
        if old is not None and (old.state in _CLOSED or old.kind != self.kind):
            return problem("paper_closed", *about, state=old.state)
        if self.kind in PRICED and not self.lines:
            return problem("paper_needs_product", *about)
        if self.kind == "comparison" and not self._compares(facts):
            return problem("no_facts", *about)
        named_to = [facts.get("customer", customer_id) for customer_id in self.reference_ids]
        if any(not one.is_reference for one in named_to) or (self.kind == "references" and not named_to):
            return problem("not_a_reference", *about)
        if any(not 1 <= line.quantity <= MOST_QUANTITY for line in self.lines):
            return problem("bad_quantity", *about)
        if self.discount is not None and not (self.discount.is_finite() and 0 <= self.discount <= 100):
            return problem("bad_discount", *about)
        if not 1 <= self.valid_days <= LONGEST_VALIDITY:
            return problem("bad_validity", *about, most=LONGEST_VALIDITY)
        return None

    def _compares(self, facts: Facts) -> bool:
        about = competitors_of(facts.get("battle_fact", fact_id) for fact_id in self.fact_ids)
        return 1 <= len(about) <= MOST_COLUMNS

    def _first_currency(self, facts: Facts) -> str:
        first: Product | None = facts.get("product", self.lines[0].product_id) if self.lines else None
        return first.currency if first else "CNY"

    def _sums(self, facts: Facts, currency: str, discount: Decimal) -> QuoteSums | None:
        """What it comes to; None where a product has no price in this currency, or there is no product."""
        prices = [price_of(facts.get("product", line.product_id), currency) for line in self.lines]
        known = [price for price in prices if price is not None]
        if not self.lines or len(known) != len(prices):
            return None
        return sums_of([(line.quantity, price) for line, price in zip(self.lines, known, strict=True)], discount)

    def _sheet(self, facts: Facts, paper_id: str, currency: str, discount: Decimal, sums: QuoteSums | None) -> Sheet:
        return write(
            Material(
                kind=self.kind,
                lang=self.lang,
                day=self.day,
                number=paper_id,
                version=self.version,
                valid_until=self._valid_until,
                currency=currency,
                customer=facts.get("customer", self.customer_id),
                contact=facts.get("contact", self.contact_id),
                seller=facts.get("employee", self.seller_id),
                products=tuple(facts.get("product", line.product_id) for line in self.lines),
                sums=sums,
                discount=discount,
                alternative=facts.get("product", self.alternative_id),
                facts=tuple(facts.get("battle_fact", fact_id) for fact_id in self.fact_ids),
                contracts=tuple(facts.get("contract", contract_id) for contract_id in self.contract_ids),
                references=tuple(facts.get("customer", customer_id) for customer_id in self.reference_ids),
                cited=self.cited,
                wished=self.wished,
            )
        )


@dataclass(frozen=True)
class SendPaper:
    """Send a paper that was looked at: exactly what `digest` names. It goes to a contact who can be reached here.

    With nobody to reach it is released for the speaker to send by hand. `deal_id` is the paper's own.
    """

    paper_id: str
    digest: str
    day: date
    contact_id: str | None = None
    deal_id: str | None = None

    name: ClassVar[str] = "send_paper"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        desk = f"deal:{self.deal_id}" if self.deal_id is not None else None
        return named(("paper", self.paper_id), ("contact", self.contact_id), ("deal", self.deal_id), ("desk", desk))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        paper: Paper | None = facts.get("paper", self.paper_id)
        contact: Contact | None = facts.get("contact", self.contact_id)
        if paper is None:
            return not_found("paper", self.paper_id)
        about = _about_paper(facts, paper, self.deal_id, speaker)
        if paper.state in _CLOSED:
            return problem("paper_closed", *about, state=paper.state)
        if paper.digest != self.digest:
            return problem("paper_changed", *about)
        if paper.valid_until is not None and paper.valid_until < self.day:
            return problem("paper_expired", *about, valid_until=json_value(paper.valid_until))
        if contact is not None and (paper.customer_id is None or contact.customer_id != paper.customer_id):
            return problem("wrong_customer", *about)
        if contact is None and self.contact_id is not None:
            return not_found("contact", self.contact_id)
        sheet = sheet_from_json(json.loads(paper.content))
        told = {**paper_data(paper, sheet, facts), "receiver": contact.name if contact else None}
        desk: Desk | None = facts.get("desk", f"deal:{self.deal_id}")
        measures = _outward(paper, facts.get("deal", self.deal_id))
        measures["signed_by"] = signed_by(desk, paper) if desk is not None else ""
        if contact is None:
            wanted: dict[str, Any] = {"state": "approved"}
            change = changes("paper", paper, wanted)
            if not change.updates:
                return problem("unchanged", *about, field="state", value="approved")
            return Plan(
                (*change.updates, PrintPaper(paper.id, paper.digest)),
                about,
                measures,
                inverse=change.inverse,
                data=told | {"by_hand": True},
            )
        sent = changes("paper", paper, {"state": "sent", "sent_at": now, "sent_to": contact.id})
        # who it is from belongs to the notice: the customer is to know whom to answer
        notice = Notify(
            f"person:{contact.id}",
            "paper_sent",
            told | {"by": speaker.name, "by_en": speaker.called("en"), "reader": contact.id},
        )
        effects: tuple[Effect, ...] = (
            *sent.updates,
            PrintPaper(paper.id, paper.digest),
            _note(paper, speaker, key, now),
            notice,
        )
        return Plan(effects, about, measures, data=told)


@dataclass(frozen=True)
class MarkPaperSent:
    """The speaker has sent a released paper by hand."""

    paper_id: str
    deal_id: str | None = None

    name: ClassVar[str] = "mark_paper_sent"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("paper", self.paper_id), ("deal", self.deal_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        paper: Paper | None = facts.get("paper", self.paper_id)
        if paper is None:
            return not_found("paper", self.paper_id)
        about = _about_paper(facts, paper, self.deal_id, speaker)
        if paper.state != "approved":
            return problem("paper_closed", *about, state=paper.state)
        change = changes("paper", paper, {"state": "sent", "sent_at": now})
        note = _note(paper, speaker, key, now)
        inverse: tuple[Effect, ...] = (Remove("activity", note.id), *change.inverse)
        return Plan((*change.updates, note), about, inverse=inverse, data={"paper": paper.id, "document": paper.title})


@dataclass(frozen=True)
class DiscardPaper:
    """Put a paper away that will not be sent."""

    paper_id: str
    deal_id: str | None = None

    name: ClassVar[str] = "discard_paper"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("paper", self.paper_id), ("deal", self.deal_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        paper: Paper | None = facts.get("paper", self.paper_id)
        if paper is None:
            return not_found("paper", self.paper_id)
        about = _about_paper(facts, paper, self.deal_id, speaker)
        if paper.state in _CLOSED:
            return problem("paper_closed", *about, state=paper.state)
        change = changes("paper", paper, {"state": "discarded"})
        return Plan(change.updates, about, inverse=change.inverse, data={"paper": paper.id, "document": paper.title})


# --- shared by the above ---------------------------------------------------------------------------------------------------


def paper_made_by(proposal_id: str, kind: str) -> str:
    """The id of the paper that this proposal makes: the same again for the same one."""
    return new_id("Q" if kind == "quote" else "PP", proposal_id)


def recipe_of(command: PreparePaper) -> dict[str, Json]:
    """What the paper was made from, as JSON."""
    recipe: dict[str, Json] = _recipe.dump_python(command, mode="json")
    return recipe


def from_recipe(paper: Paper) -> PreparePaper:
    """The order that this paper was made by. ValueError where it is none."""
    return _recipe.validate_json(paper.recipe)


def paper_data(paper: Paper, sheet: Sheet, facts: Facts) -> dict[str, Json]:
    """What the sentences about a paper can name; `pictures` and `files` are relative to the home."""
    folder = folder_of(sheet.digest)
    cells = [cell for block in sheet.blocks if isinstance(block, Grid) for row in block.rows for cell in row]
    customer: Customer | None = facts.get("customer", paper.customer_id)
    contact: Contact | None = facts.get("contact", paper.contact_id)
    called = name_of(customer, "en" if paper.lang == "en" else "zh") if customer else None
    return {
        "paper": paper.id,
        "paper_kind": paper.kind,
        "document": paper.title,
        "version": paper.version,
        "paper_digest": paper.digest,
        "paper_deal": paper.deal_id,
        "customer": called,
        "has_customer": paper.customer_id is not None,
        "to": contact.name if contact else None,
        "total": {"amount": json_value(paper.amount), "currency": paper.currency} if paper.amount is not None else None,
        "off": json_value(paper.discount) if paper.discount else None,
        "valid_until": json_value(paper.valid_until),
        "points": len(next((block.rows for block in sheet.blocks if isinstance(block, Grid)), ())) or None,
        "stale": sum(cell.is_stale for cell in cells) or None,
        "unknown": sum(cell.is_faint for cell in cells) or None,
        "pictures": [f"{folder}/{name}" for name in picture_names(sheet)],
        "files": [f"{folder}/{name}" for name in (PDF, DOCX)],
        "file_name": "-".join(part for part in (paper.title, called, f"v{paper.version}") if part),
    }


def _about(
    facts: Facts, customer_id: str | None, deal_id: str | None, paper_id: str, title: str, speaker: Speaker
) -> tuple[Subject, ...]:
    """The deal, else the customer, whose paper it is; a comparison for nobody is the speaker's own."""
    deal: Deal | None = facts.get("deal", deal_id)
    if deal is not None:
        return (about_deal(deal),)
    customer: Customer | None = facts.get("customer", customer_id)
    return (about_customer(customer),) if customer is not None else (about_own("paper", paper_id, title, speaker),)


def _about_paper(facts: Facts, paper: Paper, deal_id: str | None, speaker: Speaker) -> tuple[Subject, ...]:
    """Whose the paper is. A deal that is not the paper's opens nothing."""
    own_deal = deal_id if deal_id == paper.deal_id else None
    return _about(facts, paper.customer_id, own_deal, paper.id, paper.title, speaker)


def _outward(paper: Paper, deal: Deal | None) -> dict[str, float | bool | str]:
    """What the policy should know of something that leaves the house.

    A price that is higher than what the deal was allowed at is a promise of its own, like raising the deal.
    """
    measures: dict[str, float | bool | str] = {"outward": True, "contacts": True}
    if paper.amount is not None and paper.currency is not None:
        measures |= {"amount": float(paper.amount), "currency": paper.currency}
        is_more = deal is None or deal.currency != paper.currency or paper.amount > deal.amount
        if paper.kind in PRICED and is_more:
            measures["contract"] = True
    if paper.kind == "contract_request":
        measures["legal_data"] = True
        if deal is not None:
            measures |= {"amount": float(deal.amount), "currency": deal.currency}
    return measures | _offered(from_recipe(paper))


def _offered(order: PreparePaper) -> dict[str, float | bool | str]:
    """Which products this puts before the customer at a price."""
    if order.kind not in OFFERS or not order.lines:
        return {}
    return {"offers": True, "product_id": "|".join(dict.fromkeys(line.product_id for line in order.lines))}


def _note(paper: Paper, speaker: Speaker, key: str, now: datetime) -> Create:
    """That it was sent stays with the customer."""
    values: dict[str, Json] = {
        "kind": "note",
        "text": f"→ 《{paper.title}》 v{paper.version}" if paper.lang == "zh" else f"→ {paper.title} v{paper.version}",
        "at": stamp(now),
        "customer_id": paper.customer_id,
        "deal_id": paper.deal_id,
        "by_id": speaker.person_id,
    }
    return Create("activity", new_id("A", key), values)


def _typed(values: Mapping[str, Json]) -> dict[str, Any]:
    """The values as the record holds them, for what is told of it."""
    typed = dict(values)
    typed["amount"] = Decimal(values["amount"]) if values["amount"] is not None else None
    typed["discount"] = Decimal(values["discount"])
    typed["valid_until"] = date.fromisoformat(values["valid_until"]) if values["valid_until"] else None
    typed["created_at"] = None
    return typed


_recipe = TypeAdapter(PreparePaper)
