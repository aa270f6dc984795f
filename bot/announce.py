"""announce: a notice for a person or a group becomes messages in the ledger of sends, where they can be reached.

This is how the first floor tells third persons something without knowing channels or sentences; it happens inside the
transaction of the deed, so that a notice is sent exactly when its deed is done.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import structlog
from sqlalchemy import select

from actions.crm import people
from actions.crm.records import Identity, Speaker
from actions.decide import may_confirm
from actions.outside.store import Tx, after_commit
from actions.outside.tables import EmployeeRow
from actions.proposal import Decision, Notify, Proposal, Redraw
from bot.buttons import Mint
from bot.message import Address, Reply
from bot.outbox import Outbox
from bot.phrase import phrase_notice

log = structlog.get_logger()

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Confirmer:
    """A chat in which a proposal can be confirmed, with one of those there who may, and the language spoken there."""

    address: Address
    speaker: Speaker
    lang: Language


class Announcer:
    """Callable as World.announce."""

    def __init__(self, outbox: Outbox, channels: frozenset[str], now: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._channels = channels
        self._now = now

    async def __call__(self, tx: Tx, key: str, notice: Notify | Redraw) -> None:
        if isinstance(notice, Redraw):
            await self._redraw(tx, key, notice)
            return
        lang, zone = await _manner(tx, notice.to)
        for address in await self.addresses(tx, notice.to):
            mint = Mint(f"{key}:{address.key}", address.key, self._now())
            phrased = phrase_notice(notice, lang, mint, zone)
            await mint.save(tx)
            target = await self._outbox.put(tx, f"{key}:{address.key}", address, phrased.reply, card=notice.view_of)
            after_commit(tx, partial(self._outbox.kick, [target]))

    async def addresses(self, tx: Tx, to: str, but: str | None = None) -> list[Address]:
        """Where this person (their best channel, `but` left out) or group (each of its chats) can be reached.

        A log line when nowhere.
        """
        kind, _, name = to.partition(":")
        found = await people.group_chats(tx, name) if kind == "group" else (await people.reach(tx, name))
        usable = [identity for identity in found if identity.channel in self._channels and identity.channel != but]
        if not usable:
            log.warning("nobody_to_tell", to=to)
        return [_address(identity) for identity in (usable if kind == "group" else usable[:1])]

    async def confirmers(self, tx: Tx, proposal: Proposal, decision: Decision) -> list[Confirmer]:
        """Where to ask for a yes: the group of those who may give it, or each of them alone where there is no group."""
        employees = (await tx.execute(select(EmployeeRow.id).order_by(EmployeeRow.id))).scalars().all()
        speakers = [await people.speaker_of(tx, employee) for employee in employees]
        allowed = [s for s in speakers if s is not None and may_confirm(proposal, decision, s)]
        found: dict[str, Confirmer] = {}
        for speaker in allowed:
            group = "group:@legal" if speaker.role == "legal" else "group:@managers"
            places = await self.addresses(tx, group) or await self.addresses(tx, f"person:{speaker.person_id}")
            lang, _ = await _manner(tx, group)
            for address in places:
                found.setdefault(address.key, Confirmer(address, speaker, lang))
        if not found:
            log.warning("nobody_to_confirm", proposal=proposal.id)
        return list(found.values())

    async def _redraw(self, tx: Tx, key: str, notice: Redraw) -> None:
        _, zone = await _manner(tx, "group:@managers")

        # each copy keeps the language it was written in
        def reply_for(address: Address, earlier: Reply) -> Reply:
            mint = Mint(f"{key}:{address.key}", address.key, self._now())
            return phrase_notice(notice, earlier.lang, mint, zone).reply

        targets = await self._outbox.redraw(tx, key, notice.view_of, reply_for)
        after_commit(tx, partial(self._outbox.kick, targets))


def _address(identity: Identity) -> Address:
    return Address(identity.channel, identity.user)


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
