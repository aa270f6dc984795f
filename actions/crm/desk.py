"""What lies on the desk of whoever reviews a deal: its reviews with their items and documents, read together."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select

from actions.crm.records import Contact, Customer, Deal, Desk, Employee, Material, Paper, Review, ReviewItem
from actions.hours_in_force import hours_in_force, reviews_in_force
from actions.outside.store import Tx
from actions.outside.tables import (
    ContactRow,
    CustomerRow,
    DealRow,
    EmployeeRow,
    IdentityRow,
    MaterialRow,
    PaperRow,
    ReviewItemRow,
    ReviewRow,
)

_MOST_PAPERS = 20
_MOST_REVIEWS = 20


async def desk_of(tx: Tx, key: str) -> Desk:
    """The desk of a deal (`deal:D001`), or of one review of it (`review:V-…`); an empty one where there is none."""
    kind, _, record_id = key.partition(":")
    by = ReviewRow.id if kind == "review" else ReviewRow.deal_id
    statement = select(ReviewRow.__table__).where(by == record_id)
    found = await tx.execute(statement.order_by(ReviewRow.asked_at.desc(), ReviewRow.id).limit(_MOST_REVIEWS))
    reviews = tuple(Review(**row._mapping) for row in found)
    deal_id = record_id if kind == "deal" else next((one.deal_id for one in reviews), None)
    deal: Deal | None = await _one(tx, Deal, DealRow, deal_id)
    customer: Customer | None = await _one(tx, Customer, CustomerRow, deal.customer_id if deal else None)
    contact = await _contact(tx, customer)
    ids = [one.id for one in reviews]
    items = select(ReviewItemRow.__table__).where(ReviewItemRow.review_id.in_(ids)).order_by(ReviewItemRow.id)
    wanted: ColumnElement[bool] = MaterialRow.review_id.in_(ids)
    if customer is not None:
        wanted = or_(wanted, (MaterialRow.customer_id == customer.id) & (MaterialRow.state == "arrived"))
    materials = select(MaterialRow.__table__).where(wanted).order_by(MaterialRow.id)
    papers = (
        select(PaperRow.__table__)
        .where(PaperRow.customer_id == (customer.id if customer else ""))
        .order_by(PaperRow.created_at.desc(), PaperRow.id)
        .limit(_MOST_PAPERS)
    )
    people = select(EmployeeRow.__table__).order_by(EmployeeRow.id)
    return Desk(
        key,
        deal,
        customer,
        contact,
        contact is not None and await _is_known_somewhere(tx, contact.id),
        tuple(Paper(**row._mapping) for row in await tx.execute(papers)),
        reviews,
        tuple(ReviewItem(**row._mapping) for row in await tx.execute(items)),
        tuple(Material(**row._mapping) for row in await tx.execute(materials)),
        tuple(Employee(**row._mapping) for row in await tx.execute(people)),
        await reviews_in_force(tx),
        await hours_in_force(tx),
    )


async def _one(tx: Tx, record: type[Any], table: Any, record_id: str | None) -> Any:
    if record_id is None:
        return None
    row = (await tx.execute(select(table.__table__).where(table.id == record_id))).first()
    return None if row is None else record(**row._mapping)


async def _contact(tx: Tx, customer: Customer | None) -> Contact | None:
    """Whom to ask: the customer's first contact."""
    if customer is None:
        return None
    theirs = select(ContactRow.__table__).where(ContactRow.customer_id == customer.id)
    row = (await tx.execute(theirs.order_by(ContactRow.is_primary.desc(), ContactRow.id).limit(1))).first()
    return None if row is None else Contact(**row._mapping)


async def _is_known_somewhere(tx: Tx, person_id: str) -> bool:
    return (
        await tx.execute(select(IdentityRow.user).where(IdentityRow.person_id == person_id).limit(1))
    ).first() is not None
