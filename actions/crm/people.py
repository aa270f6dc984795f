"""Who is who: the road's first question, asked of the store – which person speaks, and where can a person be reached.

Nothing is remembered here between two calls; every answer is as fresh as its transaction. Times come in as arguments.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Select, bindparam, delete, insert, or_, select, update

from actions.approvers import read_staff
from actions.crm.records import Contact, Employee, Identity, Role, Speaker
from actions.outside.store import Tx
from actions.outside.tables import ContactRow, CustomerRow, EmployeeRow, GroupRow, IdentityRow, LeadRow, MetaRow, ProductRow
from intents.names import KnownName

CHANNELS = ("slack", "wecom", "wechat", "web", "api", "terminal")
"""Every channel a person can be bound to, in the order in which someone never seen is tried."""

_NAMING = frozenset({"api", "terminal"})
"""Front ends that are trusted to say who speaks: they hold the API token, or sit at this machine's keyboard."""

_OPEN_DOORS = frozenset({"api", "terminal", "web"})
"""Where a visitor of the sample company may slip into one of its roles; real homes never allow that."""

SAMPLE_PEOPLE: Mapping[str, str] = {"rep": "E01", "manager": "E11", "customer": "K001"}
"""Whom an unknown visitor of the sample company speaks as, by the role they claim."""

SAMPLE = "sample"
"""The name of the small fact (MetaRow) that says: this home holds the sample company."""

_INVITE = "invite:"
_INVITE_LIFE = timedelta(days=7)
_CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
_CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}-?[2-9A-HJ-NP-Z]{4}")


# made once: every message asks these, and making a statement costs more than carrying it out
_IDENTITY = (IdentityRow.channel == bindparam("at"), IdentityRow.user == bindparam("as"))
_BOUND = select(IdentityRow.person_id).where(*_IDENTITY)
_SEEN = update(IdentityRow).where(*_IDENTITY).values(last_seen_at=bindparam("now"))
_EMPLOYEE = select(EmployeeRow.__table__).where(EmployeeRow.id == bindparam("this"))
_CONTACT_AND_REGION = (
    select(ContactRow.__table__, CustomerRow.region)
    .join(CustomerRow, CustomerRow.id == ContactRow.customer_id, isouter=True)
    .where(ContactRow.id == bindparam("this"))
)


class IntroductionError(ValueError):
    """Somebody cannot be introduced as asked; the text is one clear sentence for whoever asked."""


@dataclass(frozen=True)
class Person:
    """An employee, or a customer's contact, with everywhere they can be met; `customer_id` is set for contacts."""

    id: str
    name: str
    name_en: str
    role: Role
    region: str = ""
    lang: str = "zh"
    deputy_id: str | None = None
    customer_id: str | None = None
    identities: tuple[Identity, ...] = ()


@dataclass(frozen=True)
class Group:
    """A named group (`@managers`) and one chat it lives in."""

    name: str
    chat: Identity


# --- who speaks -------------------------------------------------------------------------------------------------------


async def whois(tx: Tx, channel: str, user: str, claimed_role: str | None = None) -> Speaker:
    """Whoever this is, as the house knows them; a guest when nobody has introduced them.

    In this order: someone bound to this channel and user; on `api` and `terminal` (and on `web` in the sample company) the
    person with this id; in the sample company the person that stands for the claimed role (SAMPLE_PEOPLE); a guest, who is
    taken for a customer of unknown company when they say that they are one.
    """
    identity = Identity(channel, user)
    person_id = await bound_to(tx, channel, user)
    speaker = await speaker_of(tx, person_id) if person_id else None
    if speaker is None and channel in _OPEN_DOORS:
        speaker = await _through_open_door(tx, channel, user, claimed_role)
    if speaker is None:
        speaker = Speaker(person_id=None, role="customer" if claimed_role == "customer" else "guest", name="")
    return replace(speaker, identity=identity)


async def has_left(tx: Tx, person_id: str) -> bool:
    """Whether this is somebody who works here no more."""
    person = await speaker_of(tx, person_id)
    return person is not None and person.role == "guest"


async def speaker_of(tx: Tx, person_id: str) -> Speaker | None:
    """The employee or contact with this id as a speaker, with the team whose customers they may touch.

    Who has left is a guest with a name: known, and allowed nothing.
    """
    employee = (await tx.execute(_EMPLOYEE, {"this": person_id})).mappings().first()
    if employee:
        has_left, deputy_id, stands_in_for = await _in_place_of_managers(tx, person_id, employee["manager_id"])
        return Speaker(
            person_id=person_id,
            role="guest" if employee["has_left"] else employee["role"],
            name=_name_in(employee["lang"], employee),
            name_en=employee["name_en"],
            lang=employee["lang"],
            region=employee["region"],
            zone=employee["zone"],
            manager_id=employee["manager_id"],
            team=await _team(tx, person_id, employee["role"]),
            stands_in_for=frozenset() if employee["has_left"] else stands_in_for,
            manager_has_left=has_left,
            manager_deputy_id=deputy_id,
        )
    contact = (await tx.execute(_CONTACT_AND_REGION, {"this": person_id})).mappings().first()
    if contact is None:
        return None
    return Speaker(
        person_id=person_id,
        role="customer",
        name=_name_in(contact["lang"], contact),
        name_en=contact["name_en"],
        lang=contact["lang"],
        region=contact["region"] or "",
        customer_id=contact["customer_id"],
    )


async def touch(tx: Tx, channel: str, user: str, now: datetime) -> None:
    """Remember that this identity was just seen, so that reach() tries it first."""
    await tx.execute(_SEEN, {"at": channel, "as": user, "now": now})


async def bound_to(tx: Tx, channel: str, user: str) -> str | None:
    """The id of the person who is `user` on `channel`, or None: nobody has said so."""
    found = await tx.execute(_BOUND, {"at": channel, "as": user})
    person_id: str | None = found.scalar_one_or_none()
    return person_id


async def _through_open_door(tx: Tx, channel: str, user: str, claimed_role: str | None) -> Speaker | None:
    in_sample = await is_sample(tx)
    if channel in _NAMING or in_sample:
        named = await speaker_of(tx, user)
        if named is not None:
            return named
    stand_in = SAMPLE_PEOPLE.get(claimed_role or "")
    return await speaker_of(tx, stand_in) if in_sample and stand_in else None


async def is_sample(tx: Tx) -> bool:
    return (await tx.execute(select(MetaRow.value).where(MetaRow.name == SAMPLE))).scalar_one_or_none() == "1"


async def _team(tx: Tx, person_id: str, role: str) -> frozenset[str]:
    if role == "director":
        others = select(EmployeeRow.id).where(EmployeeRow.id != person_id)
    elif role == "manager":
        others = select(EmployeeRow.id).where(EmployeeRow.manager_id == person_id)
    else:
        return frozenset()
    return frozenset((await tx.execute(others)).scalars())


async def _in_place_of_managers(tx: Tx, person_id: str, manager_id: str | None) -> tuple[bool, str | None, frozenset[str]]:
    """Whether this person's manager has left, who stands in for them, and for whose manager this person stands in."""
    concerned = or_(EmployeeRow.id == manager_id, EmployeeRow.deputy_id == person_id)
    if (await tx.execute(select(EmployeeRow.id).where(concerned, EmployeeRow.has_left).limit(1))).first() is None:
        return False, None, frozenset()
    staff = await read_staff(tx)
    has_left = manager_id in staff.employees and not staff.is_here(manager_id)
    deputy_id = staff.deputy_of(manager_id) if has_left and manager_id is not None else None
    return has_left, None if deputy_id == person_id else deputy_id, staff.stood_in_for(person_id)


def _name_in(lang: str, row: Mapping[Any, Any]) -> str:
    return str(row["name_en"] or row["name"] if lang == "en" else row["name"])


# --- introducing people -----------------------------------------------------------------------------------------------


async def bind(tx: Tx, person_id: str, channel: str, user: str) -> None:
    """From now on `user` on `channel` is this person. Binding twice is fine; a user who is somebody else is an error."""
    _check_channel(channel)
    if not user.strip():
        raise IntroductionError(f"Say which user of {channel} {person_id} is.")
    if await speaker_of(tx, person_id) is None:
        raise IntroductionError(f"Nobody here has the id {person_id}; `parley people list` shows who has which.")
    already = await bound_to(tx, channel, user)
    if already == person_id:
        return
    if already is not None:
        raise IntroductionError(f"{channel} user {user} is already {already}; unbind that first.")
    await tx.execute(insert(IdentityRow).values(channel=channel, user=user, person_id=person_id, last_seen_at=None))


async def unbind(tx: Tx, person_id: str, channel: str, user: str | None = None) -> int:
    """Forget that this person is `user` on `channel` (without `user`: anyone there). Says how many were forgotten."""
    gone = delete(IdentityRow).where(IdentityRow.person_id == person_id, IdentityRow.channel == channel)
    if user is not None:
        gone = gone.where(IdentityRow.user == user)
    return (await tx.execute(gone)).rowcount


async def bind_group(tx: Tx, name: str, channel: str, conversation: str) -> None:
    """The group lives in this chat of the channel; on each channel a group has one chat, the last one bound."""
    _check_channel(channel)
    _check_group(name)
    if not conversation.strip():
        raise IntroductionError(f"Say which chat of {channel} {name} is.")
    await tx.execute(delete(GroupRow).where(GroupRow.name == name, GroupRow.channel == channel))
    await tx.execute(insert(GroupRow).values(name=name, channel=channel, conversation=conversation))


async def unbind_group(tx: Tx, name: str, channel: str) -> int:
    """The group has no chat on this channel any more. Says how many were forgotten (0 or 1)."""
    return (await tx.execute(delete(GroupRow).where(GroupRow.name == name, GroupRow.channel == channel))).rowcount


async def add(tx: Tx, person: Employee | Contact) -> None:
    """Take a new employee or contact in. Unknown manager, deputy or customer, and an id that is taken, are errors."""
    if await speaker_of(tx, person.id) is not None:
        raise IntroductionError(f"The id {person.id} is taken.")
    if isinstance(person, Contact):
        known = await tx.execute(select(CustomerRow.id).where(CustomerRow.id == person.customer_id))
        if known.first() is None:
            raise IntroductionError(f"There is no customer {person.customer_id}.")
        await tx.execute(insert(ContactRow).values(vars(person)))
        return
    for colleague in filter(None, (person.manager_id, person.deputy_id)):
        if (await tx.execute(select(EmployeeRow.id).where(EmployeeRow.id == colleague))).first() is None:
            raise IntroductionError(f"There is no employee {colleague}.")
    await tx.execute(insert(EmployeeRow).values(vars(person)))


async def leave(tx: Tx, person_id: str, deputy_id: str | None = None) -> None:
    """An employee has left: known by name, allowed nothing; what they would confirm goes to their deputy, or one up."""
    for colleague in filter(None, (person_id, deputy_id)):
        if (await tx.execute(select(EmployeeRow.id).where(EmployeeRow.id == colleague))).first() is None:
            raise IntroductionError(f"There is no employee {colleague}.")
    if deputy_id == person_id:
        raise IntroductionError("Nobody stands in for themselves.")
    values: dict[str, Any] = {"has_left": True} | ({"deputy_id": deputy_id} if deputy_id else {})
    await tx.execute(update(EmployeeRow).where(EmployeeRow.id == person_id).values(**values))


def _check_channel(channel: str) -> None:
    if channel not in CHANNELS:
        raise IntroductionError(f"There is no channel {channel}; the channels are {', '.join(CHANNELS)}.")


def _check_group(name: str) -> None:
    if not re.fullmatch(r"@[\w-]{1,60}", name):
        raise IntroductionError(f"A group's name looks like @managers, not {name}.")


# --- invitations: how a customer is recognised on a channel that only tells a random id -------------------------------


async def invite(tx: Tx, contact_id: str, now: datetime) -> str:
    """A code (`K7QM-2XHD`) that this contact types once, within seven days, to be recognised. An older code lapses.

    Only its hash is kept: whoever reads the database cannot use it. Eight letters of 32 are 40 bits.
    """
    if (await tx.execute(select(ContactRow.id).where(ContactRow.id == contact_id))).first() is None:
        raise IntroductionError(f"There is no customer contact {contact_id}.")
    await _forget_invites(tx, contact_id, now)
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
    promise = json.dumps({"contact": contact_id, "until": (now + _INVITE_LIFE).isoformat()})
    await tx.execute(insert(MetaRow).values(name=_sealed(letters), value=promise))
    return f"{letters[:4]}-{letters[4:]}"


async def redeem(tx: Tx, code: str, channel: str, user: str, now: datetime) -> Speaker | None:
    """The contact this code was given to, from now on bound to `user` on `channel`.

    None, and nothing changed, where the text is no code (which costs no query), the code is unknown, used or too old, or
    `user` is somebody else already.
    """
    letters = code.strip().upper()
    if not _CODE.fullmatch(letters):
        return None
    sealed = _sealed(letters.replace("-", ""))
    promise = (await tx.execute(select(MetaRow.value).where(MetaRow.name == sealed))).scalar_one_or_none()
    if promise is None:
        return None
    kept = json.loads(promise)
    is_late = datetime.fromisoformat(kept["until"]) <= now
    if is_late or await bound_to(tx, channel, user) not in (None, kept["contact"]):
        return None
    if await speaker_of(tx, kept["contact"]) is None:
        return None
    # the row count decides between two who type the same code at once
    if (await tx.execute(delete(MetaRow).where(MetaRow.name == sealed))).rowcount != 1:
        return None
    await bind(tx, kept["contact"], channel, user)
    await touch(tx, channel, user, now)
    return await whois(tx, channel, user)


async def _forget_invites(tx: Tx, contact_id: str, now: datetime) -> None:
    rows = (await tx.execute(select(MetaRow.name, MetaRow.value).where(MetaRow.name.like(f"{_INVITE}%")))).all()
    for name, value in rows:
        kept = json.loads(value)
        if kept["contact"] == contact_id or datetime.fromisoformat(kept["until"]) <= now:
            await tx.execute(delete(MetaRow).where(MetaRow.name == name))


def _sealed(letters: str) -> str:
    return _INVITE + hashlib.sha256(letters.encode()).hexdigest()[:48]


# --- where people are -------------------------------------------------------------------------------------------------


async def reach(tx: Tx, person_id: str) -> list[Identity]:
    """Where to write to this person: last seen first, then those never seen in the order of CHANNELS."""
    theirs = select(IdentityRow.channel, IdentityRow.user, IdentityRow.last_seen_at).where(
        IdentityRow.person_id == person_id
    )
    rows = (await tx.execute(theirs)).all()
    never = sorted((row for row in rows if row.last_seen_at is None), key=lambda row: (_rank(row.channel), row.user))
    seen = sorted((row for row in rows if row.last_seen_at is not None), key=lambda row: row.last_seen_at, reverse=True)
    return [Identity(row.channel, row.user) for row in [*seen, *never]]


async def group_chats(tx: Tx, name: str) -> list[Identity]:
    """The chats a group lives in, one per channel: `user` is the conversation there."""
    chats = select(GroupRow.channel, GroupRow.conversation).where(GroupRow.name == name)
    found = [Identity(channel, conversation) for channel, conversation in await tx.execute(chats)]
    return sorted(found, key=lambda chat: _rank(chat.channel))


async def groups_in(tx: Tx, channel: str, conversation: str) -> list[str]:
    """The groups that live in this chat, by name."""
    names = select(GroupRow.name).where(GroupRow.channel == channel, GroupRow.conversation == conversation)
    return list((await tx.execute(names.order_by(GroupRow.name))).scalars())


async def groups(tx: Tx) -> list[Group]:
    """Every group with every chat it lives in."""
    chats = select(GroupRow.name, GroupRow.channel, GroupRow.conversation).order_by(GroupRow.name, GroupRow.channel)
    return [Group(name, Identity(channel, conversation)) for name, channel, conversation in await tx.execute(chats)]


async def everyone(tx: Tx) -> list[Person]:
    """All employees, then all contacts, by id, each with their identities."""
    met: dict[str, list[Identity]] = {}
    known = select(IdentityRow.person_id, IdentityRow.channel, IdentityRow.user)
    for person_id, channel, user in await tx.execute(known.order_by(IdentityRow.channel, IdentityRow.user)):
        met.setdefault(person_id, []).append(Identity(channel, user))
    people = []
    for row in (await tx.execute(select(EmployeeRow.__table__).order_by(EmployeeRow.id))).mappings():
        people.append(_person(row, row["role"], met, region=row["region"], deputy_id=row["deputy_id"]))
    for row in (await tx.execute(select(ContactRow.__table__).order_by(ContactRow.id))).mappings():
        people.append(_person(row, "customer", met, customer_id=row["customer_id"]))
    return people


def _person(row: Mapping[Any, Any], role: str, met: Mapping[str, list[Identity]], **more: Any) -> Person:
    identities = tuple(met.get(row["id"], ()))
    return Person(row["id"], row["name"], row["name_en"], cast(Role, role), lang=row["lang"], identities=identities, **more)


def _rank(channel: str) -> int:
    return CHANNELS.index(channel) if channel in CHANNELS else len(CHANNELS)


# --- what they are called ---------------------------------------------------------------------------------------------


_NAMED: tuple[tuple[Literal["company", "person", "product"], Select[*tuple[Any, ...]]], ...] = (
    ("company", select(CustomerRow.name, CustomerRow.name_en, CustomerRow.aliases).order_by(CustomerRow.id)),
    ("company", select(LeadRow.company).order_by(LeadRow.id)),
    ("person", select(EmployeeRow.name, EmployeeRow.name_en).order_by(EmployeeRow.id)),
    ("person", select(ContactRow.name, ContactRow.name_en).order_by(ContactRow.id)),
    ("product", select(ProductRow.name, ProductRow.name_en, ProductRow.aliases).order_by(ProductRow.id)),
)


async def names(tx: Tx) -> list[KnownName]:
    """Every name that may be said in a text: customers and leads' companies, employees and contacts, products."""
    known: dict[tuple[str, str], KnownName] = {}

    def learn(kind: Literal["company", "person", "product"], name: str, *further: str) -> None:
        name = name.strip()
        said = dict.fromkeys(alias.strip() for text in further for alias in text.split("|"))
        if name and (kind, name) not in known:
            known[kind, name] = KnownName(kind, name, tuple(alias for alias in said if alias and alias != name), name)

    for kind, rows in _NAMED:
        for row in await tx.execute(rows):
            learn(kind, *row)
    return list(known.values())
