"""The policy and the breakers in force, looked at again every few seconds; packs switched on and off.

Every version of the policy is kept by its hash.

A file that changes counts from the next decision after the next look; one that is broken leaves the last good version in
force, and says so. Which packs are on stands in the store, so that every worker has the same.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select, update

from actions import audit
from actions.audit import Entry
from actions.hours_in_force import IN_FORCE
from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import MetaRow, PolicyVersionRow
from actions.policy.breakers import Breakers
from actions.policy.changes import changes
from actions.policy.files import Files, files_in_force
from actions.policy.policy import Policy

LOOK_EVERY = 2.0
"""Seconds between two looks at the files and at which packs are on."""
PATIENCE = 5.0
"""Seconds that a look in progress gets when everything stops."""
_PACKS = "policy_packs"

log = structlog.get_logger(__name__)


class Rulebook:
    """What the policy and its breakers say now.

    `problem` tells why what lies in the files is not what counts, None where it is.
    """

    def __init__(self, store: Store, path: Path, now: Callable[[], datetime], policy: Policy, breakers: Breakers) -> None:
        self._store = store
        self._path = path
        self._now = now
        self._watch: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self.policy = policy
        self.breakers = breakers
        self.problem: str | None = None

    @classmethod
    async def open(cls, store: Store, path: Path, now: Callable[[], datetime]) -> "Rulebook":
        """Raises ValueError where the files, or a pack that is on, cannot be read: there is no last good version yet."""
        policy, files = await _read(store, path)
        book = cls(store, path, now, policy, await asyncio.to_thread(Breakers.beside, path))
        await book._keep(policy, files)
        return book

    def __call__(self) -> Policy:
        return self.policy

    async def look(self) -> None:
        """Take over what has changed; a version counts once it is kept."""
        try:
            policy, files = await _read(self._store, self._path)
            breakers = await asyncio.to_thread(Breakers.beside, self._path)
        except ValueError as error:
            if str(error) != self.problem:
                log.error("policy_unreadable", problem=str(error).splitlines()[0], in_force=self.policy.version)
            self.problem = str(error)
            return
        self.problem = None
        if policy.version != self.policy.version:
            await self._keep(policy, files)
            log.info("policy_changed", before=self.policy.version, version=policy.version)
            self.policy = policy
        if breakers.version != self.breakers.version:
            log.info("breakers_changed", before=self.breakers.version, version=breakers.version)
            self.breakers = breakers

    def start(self) -> None:
        self._watch = asyncio.create_task(self._go_on_looking())

    async def stop(self) -> None:
        """Stop looking; a look that has begun ends first, as cutting it off would leave its connection in the air."""
        self._ended.set()
        if self._watch is not None:
            _, late = await asyncio.wait({self._watch}, timeout=PATIENCE)
            for watch in late:
                watch.cancel()

    async def _go_on_looking(self) -> None:
        is_away = False
        while not self._ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._ended.wait()
                    return
            try:
                await self.look()
                is_away = False
            except Exception as fault:  # the store is away: the next look comes
                if not is_away:
                    log.error("policy_not_looked_at", error=type(fault).__name__)
                is_away = True

    async def _keep(self, policy: Policy, files: Files) -> None:
        async with self._store.write() as tx:
            await _keep(tx, policy, files, self._now())


async def policy_at(store: Store, path: Path) -> Policy:
    """What would be in force by the files as they are and the packs that are on. Raises ValueError."""
    return (await _read(store, path))[0]


async def policy_of(tx: Tx, version: str) -> Policy | None:
    """The policy of a version that was ever in force; None where none is kept. Raises ValueError where it can no longer be
    read, as it speaks of a command or a field that is gone."""
    query = select(PolicyVersionRow.texts).where(PolicyVersionRow.version == version)
    texts = (await tx.execute(query)).scalar_one_or_none()
    return None if texts is None else Policy.read(Files(texts))


async def versions_of(tx: Tx, start: str) -> list[str]:
    """The versions that were ever in force whose names begin so."""
    query = select(PolicyVersionRow.version).where(PolicyVersionRow.version.startswith(start, autoescape=True))
    return list((await tx.execute(query.order_by(PolicyVersionRow.version))).scalars())


# --- packs ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Switched:
    """What switching a pack did, or would do. `changes` are lines for people; empty where it was so already."""

    before: Policy
    after: Policy
    changes: Sequence[str]


async def packs_on(tx: Tx) -> tuple[str, ...]:
    """The packs that are switched on, by name."""
    value = (await tx.execute(select(MetaRow.value).where(MetaRow.name == _PACKS))).scalar_one_or_none()
    return tuple(name for name in (value or "").split(",") if name)


async def switch(store: Store, path: Path, pack: str, *, on: bool, now: datetime, is_trial: bool = False) -> Switched:
    """Switch a pack on or off, with its entry in the record, in one transaction; a trial only says what would change.

    Raises ValueError where the policy would not be valid with it (or without), which leaves everything as it was.
    """
    async with store.write() as tx:
        await audit.lock(tx)
        were = await packs_on(tx)
        wanted = sorted({*were, pack} if on else {*were} - {pack})
        before = Policy.read(await asyncio.to_thread(_files, path, were, but=() if on else (pack,)))
        files = await asyncio.to_thread(_files, path, wanted)
        after = Policy.read(files)
        switched = Switched(before, after, changes(before, after))
        if is_trial or tuple(wanted) == were:
            return switched
        await _set(tx, _PACKS, ",".join(wanted))
        about = {"pack": pack, "is_on": on, "before": before.version, "changes": list(switched.changes)}
        await audit.append(tx, now, Entry("policy", None, f"pack:{pack}", about))
        await _keep(tx, after, files, now)
    return switched


def _files(path: Path, packs: Sequence[str], but: Sequence[str] = ()) -> Files:
    """As `files_in_force`; a pack of `but` that is not there any more is left out, so that it can be switched off."""
    try:
        return files_in_force(path, packs)
    except ValueError:
        if not but:
            raise
        return files_in_force(path, [one for one in packs if one not in but])


# --- keeping ---------------------------------------------------------------------------------------------------------------


async def _read(store: Store, path: Path) -> tuple[Policy, Files]:
    async with store.read() as tx:
        packs = await packs_on(tx)
    files = await asyncio.to_thread(files_in_force, path, packs)
    return Policy.read(files), files


async def _keep(tx: Tx, policy: Policy, files: Files, now: datetime) -> None:
    """Keep a version, and note in the record that it is in force where it was not."""
    await audit.lock(tx)
    row = {"version": policy.version, "texts": dict(files.texts), "at": now}
    await insert_new(tx, PolicyVersionRow, [row], PolicyVersionRow.version)
    before = (await tx.execute(select(MetaRow.value).where(MetaRow.name == IN_FORCE))).scalar_one_or_none()
    if before == policy.version:
        return
    await _set(tx, IN_FORCE, policy.version)
    about = {"before": before, "packs": [pack.name for pack in policy.packs]}
    await audit.append(tx, now, Entry("policy", None, f"policy:{policy.version}", about))


async def _set(tx: Tx, name: str, value: str) -> None:
    if not await insert_new(tx, MetaRow, [{"name": name, "value": value}], MetaRow.name):
        await tx.execute(update(MetaRow).where(MetaRow.name == name).values(value=value))
