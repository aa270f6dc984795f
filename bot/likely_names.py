"""What may be said in a recording, as people say it, the likeliest first: names that help a speech model to hear them."""

from collections.abc import Iterable, Sequence

from actions.crm import own
from actions.crm.records import Contact, Customer, Employee, Product, Recording
from actions.outside.store import Tx

_MOST = 200
"""More than any model takes: Whisper has room for 224 tokens."""
_MOST_CUSTOMERS = 50
_SHORT_NAMES = 2


async def likely_names(tx: Tx, recording: Recording, house: Iterable[str]) -> tuple[str, ...]:
    """With whom it is, the sender's own customers, what we sell, the `house`'s own words, people there, then colleagues."""
    theirs = await _customers(tx, recording)
    products = await own.find(tx, "product", order=("id",), limit=_MOST)
    staff = await own.find(tx, "employee", order=("id",), limit=_MOST)
    ids = [one.id for one in theirs]
    people = await own.find(tx, "contact", where={"customer_id": ids}, order=("id",), limit=_MOST) if ids else []
    contacts = [one for one in people if isinstance(one, Contact)]
    names: list[str] = []
    if recording.customer_id is not None:
        names += [word for one in theirs if one.id == recording.customer_id for word in _called(one)]
        names += [word for one in contacts if one.customer_id == recording.customer_id for word in (one.name, one.name_en)]
    names += [word for one in theirs for word in _called(one)]
    names += [word for one in products if isinstance(one, Product) for word in _called(one)]
    names += house
    names += [one.name for one in contacts]
    names += [one.name for one in staff if isinstance(one, Employee) and not one.has_left]
    return tuple(dict.fromkeys(word.strip() for word in names if word.strip()))[:_MOST]


async def _customers(tx: Tx, recording: Recording) -> Sequence[Customer]:
    """The recording's own customer, then those of whoever sent it, the newest first."""
    found = await own.by_ids(tx, "customer", [recording.customer_id]) if recording.customer_id is not None else []
    if recording.by_id is not None:
        where = {"owner_id": recording.by_id}
        found = [
            *found,
            *await own.find(tx, "customer", where=where, order=("-created_at", "id"), limit=_MOST_CUSTOMERS),
        ]
    return tuple({one.id: one for one in found if isinstance(one, Customer)}.values())


def _called(one: Customer | Product) -> tuple[str, ...]:
    """What people say: a short name where there is one, nobody says "limited company"."""
    short = [word for word in one.aliases.split("|") if word.strip()]
    return tuple(short[:_SHORT_NAMES]) or (one.name,)
