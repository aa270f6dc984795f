"""Which deal, customer or lead is meant; or the question, or the plain sentence, that settles it."""

from collections.abc import Iterable

from actions.commands.crm import CreateLead
from actions.crm.records import Customer, Deal, Employee, Product
from actions.plays.told import customer_subject, named
from actions.proposal import Answer, Ask
from actions.situation import Situation

LONGEST_NOTE = 500  # characters of a customer's words kept in a record


def unclear(s: Situation) -> Ask | Answer | None:
    """What must be settled before anything else: somebody else's record, a name that fits several, an unknown company."""
    if s.not_yours is not None:
        return Answer("not_yours", {"what": _mentioned(s), "owner": _owner(s)})
    for kind in ("customer", "deal", "contact", "person"):
        if s.choose.get(kind):
            return Ask(kind, f"which_{kind}", {}, s.choose[kind])
    if s.unknown is not None:
        said = s.text[:LONGEST_NOTE] if s.intent.startswith(("objection.", "buying.")) else ""
        lead = CreateLead(company=s.unknown, note=said)
        return Answer("unknown_company", {"company": s.unknown}, offers=(lead,), says=("open_deals",))
    return None


def _mentioned(s: Situation) -> str:
    """The record by the name that the speaker used; never by more than they already knew."""
    return next((slot.text for slot in s.slots("company")), None) or s.not_yours or ""


def _owner(s: Situation) -> str | None:
    return next((named(owner, s.lang) for owner in s.rows.get("owner", ()) if isinstance(owner, Employee)), None)


def is_named(s: Situation) -> bool:
    """A company was named now, and not only earlier in the conversation."""
    return bool(s.slots("company")) or "customer" in s.answers or "company" in s.answers


def the_deal(s: Situation) -> Deal | Ask | Answer:
    if s.deal is not None and s.not_yours is None:
        return s.deal
    if (question := unclear(s)) is not None:
        return question
    if s.customer is not None:
        subject = customer_subject(s.customer, s.lang)
        return Answer("no_open_deal", {"customer": subject.title}, says=("create_deal",), subject=subject)
    return Ask("deal", "name_the_deal")


def the_customer(s: Situation, question: str = "name_the_customer") -> Customer | Ask | Answer:
    if s.customer is not None and s.not_yours is None:
        return s.customer
    return unclear(s) or Ask("customer", question)


def the_product(s: Situation) -> Product | None:
    """The product spoken of, else the one of the deal."""
    products = [row for row in s.rows.get("products", ()) if isinstance(row, Product)]
    spoken = [str(word) for slot in s.slots("product") for word in (slot.value, slot.text)]
    return next((product for product in products if _is_called(product, spoken)), None) or next(
        (product for product in products if s.deal is not None and product.id == s.deal.product_id), None
    )


def _is_called(product: Product, spoken: Iterable[str]) -> bool:
    names = {name.casefold() for name in (product.id, product.name, product.name_en, *product.aliases.split("|")) if name}
    return any(word.casefold() in names for word in spoken)


def the_alternative(s: Situation) -> Product | None:
    """The cheaper product to offer when money is short."""
    product = the_product(s)
    if product is None:
        return None
    products = (row for row in s.rows.get("products", ()) if isinstance(row, Product))
    return next((row for row in products if row.id == product.alternative_id), None)
