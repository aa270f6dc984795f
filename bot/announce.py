"""announce: a notice for a person or a group becomes messages in the ledger of sends, where they can be reached.

This is how the first floor tells third persons something without knowing channels or sentences; it happens inside the
transaction of the deed, so that a notice is sent exactly when its deed is done.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import structlog
from sqlalchemy import or_, select

from actions.commands.clips import Part
from actions.crm import people
from actions.crm.records import Identity, Speaker
from actions.decide import may_confirm
from actions.outside.store import Tx, after_commit
from actions.outside.tables import EmployeeRow
from actions.proposal import Decision, Notify, Proposal, Redraw
from bot.buttons import Mint
from bot.channels.channel import Channel
from bot.clips import with_sound
from bot.kept_papers import at_home
from bot.message import Address, Reply
from bot.outbox import Outbox
from bot.phrase import phrase_notice
from bot.sound_on_cards import SoundOfCard, sounds_of

log = structlog.get_logger()

Language = Literal["zh", "en"]


# who belongs to a group, where its chat cannot speak for all of them
_MEMBERS = {"@managers": ("manager", "director"), "@legal": ("legal",), "@service": ("manager",)}
_OFFICES = ("manager", "director", "legal")
_GROUPS = {"manager": "group:@managers", "director": "group:@managers", "legal": "group:@legal"}


@dataclass(frozen=True)
class Confirmer:
    """A chat in which a proposal can be confirmed, with one of those there who may, and the language spoken there."""

    address: Address
    speaker: Speaker
    lang: Language


class Announcer:
    """Callable as World.announce."""

    def __init__(self, outbox: Outbox, channels: Mapping[str, Channel], now: Callable[[], datetime], home: Path) -> None:
        self._outbox = outbox
        self._home = home
        self._channels = channels
        self._now = now

    async def __call__(self, tx: Tx, key: str, notice: Notify | Redraw) -> None:
        if isinstance(notice, Redraw):
            await self._redraw(tx, key, notice)
            return
        to, found = notice.to, await self.addresses(tx, notice.to, asks=bool(notice.offers))
        if not found and notice.offers and await _is_no_customer(tx, to):
            # what is to be done by somebody who has left, or is on no channel, is the managers' to give to another
            to = "group:@managers"
            found = await self.addresses(tx, to, asks=True)
        lang, zone = await _manner(tx, to)
        for address in found:
            mint = Mint(f"{key}:{address.key}", address.key, self._now())
            phrased = phrase_notice(notice, lang, mint, zone)
            await mint.save(tx)
            reply = at_home(phrased.reply, self._home)
            if (part := Part.of(notice.data)) is not None:
                reply = await with_sound(tx, reply, part, notice.to, key.rpartition(":")[0])
            target = await self._outbox.put(tx, f"{key}:{address.key}", address, reply, card=notice.view_of)
            after_commit(tx, partial(self._outbox.kick, [target]))

    async def addresses(self, tx: Tx, to: str, *, asks: bool = False, but: str | None = None) -> list[Address]:
        """Where a person (on the channel they were last seen, `but` left out) or a group can be reached.

        A group without a chat is each of its members alone. Where a question `asks` for a press and the platform's group
        chats cannot send one back (WeCom's), its members are asked alone as well. Who has left is reached nowhere. A log
        line when nobody is reached.
        """
        kind, _, name = to.partition(":")
        if kind == "group":
            found = await self._of_group(tx, name, asks)
        else:
            found = [] if await people.has_left(tx, name) else self._usable(await people.reach(tx, name), but)[:1]
        if not found:
            log.warning("nobody_to_tell", to=to)
        return [Address(identity.channel, identity.user) for identity in dict.fromkeys(found)]

    async def _of_group(self, tx: Tx, name: str, asks: bool) -> list[Identity]:
        chats = self._usable(await people.group_chats(tx, name))
        deaf = {chat.channel for chat in chats if asks and not self._channels[chat.channel].groups_can_press}
        if chats and not deaf:
            return chats
        return [*chats, *await self._one_by_one(tx, name, deaf if chats else None)]

    async def members(self, tx: Tx, group: str) -> list[Address]:
        """Where each member of a group (`@managers`) can be reached alone: for what its chat does not take."""
        return [Address(one.channel, one.user) for one in dict.fromkeys(await self._one_by_one(tx, group, None))]

    async def _one_by_one(self, tx: Tx, name: str, on: set[str] | None) -> list[Identity]:
        """Each member of a group alone: on every one of these channels, else where they were last seen."""
        is_in = (EmployeeRow.role.in_(_MEMBERS.get(name, ())), EmployeeRow.has_left.is_(False))
        members = select(EmployeeRow.id).where(*is_in).order_by(EmployeeRow.id)
        alone: list[Identity] = []
        for person_id in (await tx.execute(members)).scalars().all():
            reached = self._usable(await people.reach(tx, person_id))
            alone += reached[:1] if on is None else [one for one in reached if one.channel in on]
        return alone

    def _usable(self, identities: Iterable[Identity], but: str | None = None) -> list[Identity]:
        return [identity for identity in identities if identity.channel in self._channels and identity.channel != but]

    async def confirmers(self, tx: Tx, proposal: Proposal, decision: Decision) -> list[Confirmer]:
        """Where to ask for a yes: the group of those who may give it, or each of them alone where a group cannot answer."""
        named = {one for need in decision.needs for one in need.confirmers.people}
        offices = (
            select(EmployeeRow.id)
            .where(or_(EmployeeRow.role.in_(_OFFICES), EmployeeRow.id.in_(named)))
            .order_by(EmployeeRow.id)
        )
        found: dict[str, Confirmer] = {}
        for person_id in (await tx.execute(offices)).scalars().all():
            speaker = await people.speaker_of(tx, person_id)
            if speaker is None or not may_confirm(proposal, decision, speaker):
                continue
            group = _GROUPS.get(speaker.role, f"person:{person_id}")
            lang, _ = await _manner(tx, group)
            own_lang = _language(speaker.lang)
            for address in await self.addresses(tx, group, asks=True):
                alone = await people.bound_to(tx, address.channel, address.conversation)
                if alone in (None, person_id):
                    found.setdefault(address.key, Confirmer(address, speaker, lang if alone is None else own_lang))
        if not found:
            log.warning("nobody_to_confirm", proposal=proposal.id)
        return list(found.values())

    async def alone(self, tx: Tx, person_id: str) -> list[Confirmer]:
        """Where somebody is asked for a yes by themselves."""
        speaker = await people.speaker_of(tx, person_id)
        if speaker is None:
            return []
        addresses = await self.addresses(tx, f"person:{person_id}")
        return [Confirmer(address, speaker, _language(speaker.lang)) for address in addresses]

    async def _redraw(self, tx: Tx, key: str, notice: Redraw) -> None:
        _, zone = await _manner(tx, "group:@managers")

        mints: list[Mint] = []
        sounds: Mapping[str, SoundOfCard] = {}
        if notice.topic != "recording_deleted":  # which says it all
            sounds = await sounds_of(tx, notice.view_of, Part.of(notice.data), key.rpartition(":")[0])

        # each copy keeps the language it was written in, and its sound
        def reply_for(address: Address, earlier: Reply) -> Reply:
            mints.append(mint := Mint(f"{key}:{address.key}", address.key, self._now()))
            reply = phrase_notice(notice, earlier.lang, mint, zone).reply
            return sounds[address.key].on(reply) if address.key in sounds else reply

        targets = await self._outbox.redraw(tx, key, notice.view_of, reply_for)
        for mint in mints:
            await mint.save(tx)
        after_commit(tx, partial(self._outbox.kick, targets))


async def _is_no_customer(tx: Tx, to: str) -> bool:
    """Whether this is one person who is, was, or was thought to be one of us: what is ours to do is told to no customer."""
    kind, _, name = to.partition(":")
    speaker = await people.speaker_of(tx, name) if kind == "person" else None
    return kind == "person" and (speaker is None or speaker.role != "customer")


async def _manner(tx: Tx, to: str) -> tuple[Language, str]:
    """The language and time zone in which to speak to a person, or to a group (as most of its kind of people do)."""
    kind, _, name = to.partition(":")
    if kind == "person":
        speaker = await people.speaker_of(tx, name)
        if speaker is not None:
            return _language(speaker.lang), speaker.zone
    roles = ("legal",) if name == "@legal" else ("manager", "director")
    rows = (await tx.execute(select(EmployeeRow.lang, EmployeeRow.zone).where(EmployeeRow.role.in_(roles)))).all()
    if not rows:
        return "zh", "Asia/Shanghai"
    return _language(Counter(row.lang for row in rows).most_common(1)[0][0]), rows[0].zone


def _language(lang: str) -> Language:
    return "en" if lang == "en" else "zh"
