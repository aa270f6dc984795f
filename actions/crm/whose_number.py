"""Whose telephone number this is, as the store has them."""

import re
from contextlib import suppress

from sqlalchemy import select, union_all

from actions.crm.cells import read_phone
from actions.outside.store import Tx
from actions.outside.tables import ContactRow, CustomerRow

_TAIL = 7
"""Last digits by which telephone numbers are told apart before they are read, which costs far more."""
_NUMBERS = union_all(
    select(ContactRow.customer_id, ContactRow.phone).where(ContactRow.phone.is_not(None)),
    select(CustomerRow.id, CustomerRow.phone).where(CustomerRow.phone.is_not(None)),
)


async def customers_with(tx: Tx, numbers: frozenset[str]) -> frozenset[str]:
    """The customers who can be reached, or whose people can, by one of these numbers (E.164)."""
    tails = {number[-_TAIL:] for number in numbers}
    found = set()
    for customer_id, written in (await tx.execute(_NUMBERS)).all():
        plain = (written or "").partition(" ext")[0]
        if re.sub(r"\D", "", plain)[-_TAIL:] in tails:
            with suppress(ValueError):
                if read_phone(plain) in numbers:
                    found.add(customer_id)
    return frozenset(found)
