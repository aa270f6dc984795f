"""The ledger of sends, the last station of the road: every reply is a row before it is a call to a platform.

Rows of one target leave in the order they were put, one at a time, paced as the platform demands; only a picture or a
file that has to wait is overtaken. A row is claimed in a transaction of its own before the call and closed in another after
it; when the answer to a call is lost, or the process with it, the next holder asks the platform whether it arrived before
anything is sent again.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Select, and_, bindparam, exists, func, or_, select, update

from actions.outside.insert_new import insert_new
from actions.outside.shared_write import SharedWrite
from actions.outside.store import Store, Tx
from actions.outside.tables import SendRow
from bot.channels.channel import CannotTell, Channel, Refused, SendError, Sent, TryLater, WaitForPerson
from bot.channels.files_apart import sort_of
from bot.fault import name_fault
from bot.memory import Memory
from bot.message import Address, Reply, address_from_json, address_to_json, reply_from_json, reply_to_json

LEASE = timedelta(seconds=60)
LONGEST_CALL = timedelta(seconds=45)
"""A call is broken off well before its lease ends, so that no two processes ever have the same row on the line."""

SETTLING = timedelta(seconds=2)
"""How long a call with a lost answer gets to arrive before the platform is asked about it."""

LONGEST_PAUSE = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(hours=24)
FEWEST_ATTEMPTS = 3
MOST_ATTEMPTS = 12
"""Failed attempts after which a row is given up although the platform takes others; otherwise age alone decides."""

LATE_AFTER = timedelta(minutes=5)
AFTER_THE_FIRST = timedelta(seconds=1)
"""The first piece goes back in the HTTP answer; the others leave this much later, so that they are seen below it."""

WHEN_THEY_WRITE = datetime(9999, 1, 1, tzinfo=UTC)
"""`next_at` of a row that the platform will not take before the person writes again."""

_OPEN = ("queued", "sending")
_SOON = timedelta(minutes=2)

log = structlog.get_logger(__name__)

# made once: every message needs these, and making a statement costs more than carrying it out
_FOR_THEIR_WORD = (SendRow.target == bindparam("line"), SendRow.state == "queued", SendRow.next_at == WHEN_THEY_WRITE)
_WAITS_FOR_THEIR_WORD = select(exists().where(*_FOR_THEIR_WORD))
_HEAD = (
    select(SendRow.__table__)
    .where(SendRow.target == bindparam("line"), SendRow.state.in_(_OPEN), SendRow.id > bindparam("behind"))
    .order_by(SendRow.id)
    .limit(1)
    .with_for_update()
)
_TAKE = (
    update(SendRow).where(SendRow.id == bindparam("this")).values(state="sending", lease_until=bindparam("new_lease_until"))
)


@dataclass(frozen=True)
class Send:
    """One row of the ledger, as told to those who watch it. `error` is safe for logs and for the console."""

    id: int
    key: str
    target: str
    to: Address
    reply: Reply
    state: str
    attempts: int
    created_at: datetime
    redraws: str | None = None
    answers: str | None = None
    card: str | None = None
    ref: str | None = None
    error: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Problem:
    """Sends of one channel that did not go well: gave_up or unknown within the last day, or late and still tried."""

    channel: str
    kind: str
    count: int
    oldest: datetime


@dataclass(frozen=True)
class _Claim:
    """A row in this process's hands until `lease`. `is_unsure`: an earlier call may have arrived. `old`: the redrawn ref."""

    send: Send
    lease: datetime
    is_unsure: bool
    old: str | None


@dataclass(frozen=True)
class _Ended:
    """What an attempt made of a row: the columns to write. A row whose state is not open any more is told of."""

    claim: _Claim
    state: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Step:
    """Write down how the last attempt ended, if there was one, and claim the next row of this target."""

    target: str
    ended: _Ended | None


_Next = _Claim | datetime | None
"""The next row; or when to look again; or nothing to do until kicked."""


IS_WORDS = or_(SendRow.reply["text"].as_string() != "", SendRow.reply["card"].as_string().is_not(None))
"""Rows that say something; those that are one picture or one file only do not."""


def target_of(to: Address) -> str:
    """The line in which a send to this address stands: all threads of a conversation share it, as they share its pace."""
    return f"{to.channel}:{to.conversation}"


class Outbox:
    """Puts replies into the ledger and delivers them.

    `on_ended` is called inside the transaction that closes rows (state sent, unknown, gave_up or collected): what it
    writes stands if and only if the row does. `on_give_up` is called before a row is given up, to tell the person some
    other way; the process dying just then makes it be called again. `chance` gives numbers from 0 to 1 for jitter.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        memory: Memory,
        now: Callable[[], datetime],
        *,
        on_ended: Callable[[Tx, Sequence[Send]], Awaitable[None]],
        on_give_up: Callable[[Send], Awaitable[None]],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._channels = channels
        self._memory = memory
        self._now = now
        self._on_ended = on_ended
        self._on_give_up = on_give_up
        self._chance = chance
        self._advance = SharedWrite[_Step, _Next](store, self._write_steps)
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._once_more: set[str] = set()
        self._alarms: dict[str, asyncio.TimerHandle] = {}
        self._is_closing = False

    # --- putting --------------------------------------------------------------------------------------------------------

    async def put(
        self,
        tx: Tx,
        key: str,
        to: Address,
        reply: Reply,
        *,
        answers: str | None = None,
        card: str | None = None,
        hold_until: datetime | None = None,
    ) -> str:
        """Write a reply into the ledger, cut into what the channel takes at once. Returns the target to kick after commit.

        The same key again changes nothing. `card` defaults to what the reply's card is a view of. Until `hold_until` the
        reply is left for collect(). Pieces are numbered from 1 (`KEY/1`), pictures and files by themselves
        (`KEY/picture/1`, `KEY/file/1`).
        """
        channel = self._channels.get(to.channel)
        pieces = (reply,) if channel is None else channel.split(reply)
        numbers: Counter[str] = Counter()
        for piece in pieces:
            sort = sort_of(piece)
            kind = key if sort is None else f"{key}/{sort}"
            numbers[kind] += 1
            view_of = (card or piece.card.view_of) if piece.card else None
            row = self._row(f"{kind}/{numbers[kind]}", to, piece, answers=answers, card=view_of, next_at=hold_until)
            await insert_new(tx, SendRow, [row], SendRow.key)
        return target_of(to)

    async def redraw(
        self,
        tx: Tx,
        key: str,
        view_of: str,
        reply_for: Callable[[Address, Reply], Reply],
        *,
        only: frozenset[str] | None = None,
    ) -> frozenset[str]:
        """Have every copy of this card (`only`: on these channels) show its new state. Returns the targets to kick after
        commit.

        `reply_for` gets the address and what the copy showed first. Copies that never reached anyone are left alone,
        and those of a channel that only hands replies back.
        """
        found = await tx.execute(
            select(SendRow.key, SendRow.id, SendRow.address, SendRow.target, SendRow.reply)
            .where(SendRow.card == view_of, SendRow.redraws.is_(None), SendRow.state != "gave_up")
            .order_by(SendRow.id)
        )
        targets = set()
        for copy in found.all():
            to = address_from_json(copy.address)
            if to.channel in self._collecting() or (only is not None and to.channel not in only):
                continue
            row = self._row(f"{key}/redraw/{copy.id}", to, reply_for(to, reply_from_json(copy.reply)), redraws=copy.key)
            if await insert_new(tx, SendRow, [row], SendRow.key):
                targets.add(copy.target)
        return frozenset(targets)

    def _row(
        self,
        key: str,
        to: Address,
        reply: Reply,
        *,
        answers: str | None = None,
        card: str | None = None,
        redraws: str | None = None,
        next_at: datetime | None = None,
    ) -> dict[str, Any]:
        now = self._now()
        return {
            "key": key,
            "channel": to.channel,
            "target": target_of(to),
            "address": address_to_json(to),
            "reply": reply_to_json(reply),
            "redraws": redraws,
            "answers": answers,
            "card": card,
            "state": "queued",
            "attempts": 0,
            "next_at": next_at or now,
            "created_at": now,
        }

    # --- handing back ---------------------------------------------------------------------------------------------------

    async def said(self, row: int) -> Reply | None:
        """The reply in this row of the ledger."""
        async with self._store.read() as tx:
            found = await tx.scalar(select(SendRow.reply).where(SendRow.id == row))
        return None if found is None else reply_from_json(found)

    async def collect(
        self, *, answers: str | None = None, target: str | None = None, most: int | None = None
    ) -> list[Reply]:
        """The replies of collect_sends()."""
        return [send.reply for send in await self.collect_sends(answers=answers, target=target, most=most)]

    async def collect_sends(
        self, *, answers: str | None = None, target: str | None = None, most: int | None = None
    ) -> list[Send]:
        """Take replies out of the ledger to hand them back in an HTTP answer; what is taken is never sent.

        By `answers`, the replies to that message: asked again, it gives the same ones again. By `target`, whatever waits
        for that conversation, once. Both together give both. Of more than `most` the rest is sent after this answer.
        """
        fresh = and_(SendRow.target == target, SendRow.state == "queued") if target else None
        again = and_(SendRow.answers == answers, SendRow.state.in_(("queued", "collected"))) if answers else None
        wanted = [one for one in (fresh, again) if one is not None]
        if not wanted:
            return []
        async with self._store.write() as tx:
            found = await tx.execute(
                select(SendRow).where(or_(*wanted), SendRow.redraws.is_(None)).order_by(SendRow.id).with_for_update()
            )
            rows = found.all()
            mine, rest = rows[:most], rows[most:] if most is not None else []
            await self._mark_collected(tx, [_send(row) for row in mine if row.state == "queued"])
            await self._let_go(tx, [row.id for row in rest])
        self.kick({row.target for row in rows})
        return [_send(row) for row in mine]

    async def _mark_collected(self, tx: Tx, sends: Sequence[Send]) -> None:
        if sends:
            now = self._now()
            ids = [send.id for send in sends]
            await tx.execute(update(SendRow).where(SendRow.id.in_(ids)).values(state="collected", sent_at=now))
            await self._tell_ended(tx, [replace(send, state="collected", sent_at=now) for send in sends])

    async def _let_go(self, tx: Tx, ids: Sequence[int]) -> None:
        if ids:
            soon = self._now() + AFTER_THE_FIRST
            held = (SendRow.id.in_(ids), SendRow.state == "queued", SendRow.next_at > soon)
            await tx.execute(update(SendRow).where(*held, SendRow.next_at < WHEN_THEY_WRITE).values(next_at=soon))

    # --- delivering -----------------------------------------------------------------------------------------------------

    def kick(self, targets: Iterable[str]) -> None:
        """Deliver to these targets at once. Call it after the commit; forgetting it costs up to a minute."""
        for target in targets:
            self._start(target)

    async def wake(self, target: str) -> None:
        """The person wrote: what waited for that may go out now."""
        async with self._store.read() as tx:
            if not await tx.scalar(_WAITS_FOR_THEIR_WORD, {"line": target}):
                return
        async with self._store.write() as tx:
            await tx.execute(update(SendRow).where(*_FOR_THEIR_WORD).values(next_at=self._now()), {"line": target})
        self.kick([target])

    async def sweep(self) -> None:
        """Deliver what is due and was left by another process, or by a timer that died with one. Called every minute."""
        due = or_(SendRow.state == "sending", and_(SendRow.state == "queued", SendRow.next_at <= self._now() + _SOON))
        async with self._store.read() as tx:
            found = await tx.execute(
                select(SendRow.target).where(due, SendRow.channel.not_in(self._collecting())).distinct()
            )
            self.kick(found.scalars().all())

    async def drain(self, patience: timedelta = timedelta(seconds=10)) -> None:
        """Let running calls end; one that does not is taken up by the next process as a call whose answer was lost."""
        self._is_closing = True
        for target in tuple(self._alarms):
            self._silence(target)
        running = set(self._deliveries.values())
        if running:
            _, late = await asyncio.wait(running, timeout=patience.total_seconds())
            for delivery in late:
                delivery.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def rest(self) -> None:
        """Wait until no delivery is under way in this process."""
        while self._deliveries:
            await asyncio.wait(set(self._deliveries.values()))

    async def problems(self) -> tuple[Problem, ...]:
        """What somebody should look at, for /readyz, the console and `parley doctor`."""
        now = self._now()
        ended = and_(SendRow.state.in_(("gave_up", "unknown")), SendRow.sent_at > now - timedelta(days=1))
        late = and_(SendRow.state.in_(_OPEN), SendRow.attempts > 0, SendRow.created_at < now - LATE_AFTER)
        async with self._store.read() as tx:
            found = await tx.execute(
                select(SendRow.channel, SendRow.state, func.count(), func.min(SendRow.created_at))
                .where(or_(ended, and_(late, SendRow.next_at < WHEN_THEY_WRITE)))
                .group_by(SendRow.channel, SendRow.state)
            )
            rows = found.all()
        kinds: dict[tuple[str, str], Problem] = {}
        for channel, state, count, oldest in rows:
            kind = "late" if state in _OPEN else state
            before = kinds.get((channel, kind), Problem(channel, kind, 0, oldest))
            kinds[channel, kind] = Problem(channel, kind, before.count + count, min(before.oldest, oldest))
        return tuple(kinds.values())

    def _collecting(self) -> list[str]:
        return [name for name, channel in self._channels.items() if channel.collects]

    def _start(self, target: str) -> None:
        if self._is_closing or target.partition(":")[0] in self._collecting():
            return
        self._silence(target)
        if target in self._deliveries:
            self._once_more.add(target)  # its delivery looks here before it leaves
        else:
            self._deliveries[target] = asyncio.create_task(self._deliver(target))

    async def _deliver(self, target: str) -> None:
        try:
            while True:
                self._once_more.discard(target)
                await self._deliver_line(target)
                if target not in self._once_more or self._is_closing:
                    return
        except Exception as fault:  # the database is away: rows keep their leases, the sweep comes back to them
            log.error("outbox stopped", error=name_fault(fault))
        finally:
            del self._deliveries[target]
            self._once_more.discard(target)

    async def _deliver_line(self, target: str) -> None:
        step = await self._advance(_Step(target, None))
        while isinstance(step, _Claim):
            ended = await self._attempt(step)
            step = await self._advance(_Step(target, ended))
        if isinstance(step, datetime) and not self._is_closing and step < WHEN_THEY_WRITE:
            self._silence(target)
            pause = max(0.0, (step - self._now()).total_seconds())
            self._alarms[target] = asyncio.get_running_loop().call_later(pause, self._start, target)

    def _silence(self, target: str) -> None:
        alarm = self._alarms.pop(target, None)
        if alarm is not None:
            alarm.cancel()

    # --- one attempt ----------------------------------------------------------------------------------------------------

    async def _attempt(self, claim: _Claim) -> _Ended:
        if self._is_closing:
            return self._put_back(claim, timedelta())
        channel = self._channels.get(claim.send.to.channel)
        if channel is None:
            return await self._try_later(claim, TryLater("this channel is off"))
        if claim.is_unsure and claim.send.redraws is None:  # a redraw says the same in the same place: repeating is safe
            ended = await self._find(channel, claim)
            if ended is not None:
                return ended
        pause = await self._pause(channel, claim.send.target)
        if pause > timedelta():
            return self._put_back(claim, pause)
        return await self._call(channel, claim)

    async def _find(self, channel: Channel, claim: _Claim) -> _Ended | None:
        """None: it certainly did not arrive, send it."""
        send = claim.send
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                found = await channel.find(send.key, send.to, send.reply)
        except CannotTell as fault:
            return self._close(claim, "unknown", error=str(fault))
        except Exception as fault:
            return self._unsure(claim, fault)
        return None if found is None else self._close(claim, "sent", ref=found.ref)

    async def _call(self, channel: Channel, claim: _Claim) -> _Ended:
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                sent = await self._send(channel, claim)
        except TryLater as fault:
            return await self._try_later(claim, fault)
        except WaitForPerson as fault:
            return _Ended(claim, "queued", {"next_at": WHEN_THEY_WRITE, "lease_until": None, "error": str(fault)})
        except Refused as fault:
            return await self._give_up(claim, str(fault))
        except Exception as fault:  # AnswerLost, a time-out, or a mistake of ours: it may have arrived
            return self._unsure(claim, fault)
        return self._close(claim, "sent", ref=sent.ref)

    async def _send(self, channel: Channel, claim: _Claim) -> Sent:
        send = claim.send
        if send.redraws is None:
            return await channel.send(send.key, send.to, send.reply)
        return await channel.redraw(send.key, send.to, claim.old or "", send.reply)

    async def _pause(self, channel: Channel, target: str) -> timedelta:
        pace = channel.pace
        try:
            return await self._memory.take(f"send:{target}", pace.burst, pace.every * pace.burst)
        except Exception as fault:  # without its memory Parley still speaks; the platform's own limit remains
            log.warning("sending unpaced", error=name_fault(fault))
            return timedelta()

    def _put_back(self, claim: _Claim, pause: timedelta) -> _Ended:
        if claim.is_unsure and self._is_closing:  # not asked about yet: the next holder must
            return _Ended(claim, "sending", {"lease_until": self._now()})
        return _Ended(claim, "queued", {"next_at": self._now() + pause, "lease_until": None})

    async def _try_later(self, claim: _Claim, fault: TryLater) -> _Ended:
        """It was certainly not taken."""
        attempts = claim.send.attempts + 1
        if await self._is_hopeless(claim.send, attempts, was_asked_to_wait=fault.after is not None):
            return await self._give_up(claim, str(fault))
        pause = self._backoff(attempts) if fault.after is None else fault.after
        log.warning("send put off", send=claim.send.key, attempts=attempts, error=str(fault))
        values = {"attempts": attempts, "next_at": self._now() + pause, "lease_until": None, "error": str(fault)}
        return _Ended(claim, "queued", values)

    def _unsure(self, claim: _Claim, fault: Exception) -> _Ended:
        """It may have arrived: the row stays claimed until the call has settled, then whoever takes it asks first."""
        error = str(fault) if isinstance(fault, SendError) else name_fault(fault)
        attempts = claim.send.attempts + 1
        log.warning("answer lost", send=claim.send.key, attempts=attempts, error=error)
        if attempts >= MOST_ATTEMPTS or self._is_old(claim.send, attempts):
            return self._close(claim, "unknown", error=error)
        settled = self._now() + max(SETTLING, self._backoff(attempts))
        return _Ended(claim, "sending", {"attempts": attempts, "lease_until": settled, "error": error})

    async def _give_up(self, claim: _Claim, error: str) -> _Ended:
        log.error("send given up", send=claim.send.key, error=error)
        try:
            await self._on_give_up(replace(claim.send, state="gave_up", error=error))
        except Exception as fault:
            log.error("could not tell of the send given up", send=claim.send.key, error=name_fault(fault))
        return self._close(claim, "gave_up", error=error)

    def _close(self, claim: _Claim, state: str, *, ref: str | None = None, error: str | None = None) -> _Ended:
        return _Ended(claim, state, {"ref": ref, "error": error, "lease_until": None, "sent_at": self._now()})

    def _backoff(self, attempts: int) -> timedelta:
        longest = min(timedelta(seconds=2.0 ** min(attempts, 20)), LONGEST_PAUSE)
        return longest * (0.5 + self._chance() / 2)

    def _is_old(self, send: Send, attempts: int) -> bool:
        """Tried for too long; one that waited for the person to write gets a few attempts of its own."""
        return attempts >= FEWEST_ATTEMPTS and self._now() - send.created_at >= GIVE_UP_AFTER

    async def _is_hopeless(self, send: Send, attempts: int, *, was_asked_to_wait: bool) -> bool:
        """Old; or refused again and again while the platform takes other messages, so that the fault lies in this one."""
        if self._is_old(send, attempts):
            return True
        if attempts < MOST_ATTEMPTS or was_asked_to_wait:
            return False
        others = (SendRow.channel == send.to.channel, SendRow.state == "sent", SendRow.sent_at > send.created_at)
        async with self._store.read() as tx:
            return bool(await tx.scalar(select(exists().where(*others))))

    # --- rows -----------------------------------------------------------------------------------------------------------

    async def _write_steps(self, tx: Tx, steps: Sequence[_Step]) -> list[_Next]:
        closed = [await self._write_end(tx, step.ended) for step in steps if step.ended is not None]
        await self._tell_ended(tx, [send for send in closed if send is not None])
        return [None if self._is_closing else await self._claim(tx, step.target) for step in steps]

    async def _write_end(self, tx: Tx, ended: _Ended) -> Send | None:
        """The row as it stands now if it is closed and the claim still held."""
        send = ended.claim.send
        held = (SendRow.id == send.id, SendRow.state == "sending", SendRow.lease_until == ended.claim.lease)
        done = await tx.execute(update(SendRow).where(*held).values(state=ended.state, **ended.values))
        if done.rowcount != 1 or ended.state in _OPEN:
            return None
        values = {name: ended.values[name] for name in ("ref", "error", "sent_at")}
        return replace(send, state=ended.state, **values)

    async def _tell_ended(self, tx: Tx, sends: Sequence[Send]) -> None:
        if not sends:
            return
        try:
            async with tx.begin_nested():
                await self._on_ended(tx, sends)
        except Exception as fault:  # what was sent is sent: a watcher's failure must not have it sent again
            log.error("could not tell of ended sends", sends=[send.key for send in sends], error=name_fault(fault))

    async def _claim(self, tx: Tx, target: str) -> _Next:
        now = self._now()
        ready: list[datetime] = []
        behind = 0
        while (row := (await tx.execute(_HEAD, {"line": target, "behind": behind})).first()) is not None:
            ready_at: datetime = row.next_at if row.state == "queued" else row.lease_until
            if ready_at <= now:
                return await self._take(tx, row, now + LEASE)
            ready.append(ready_at)
            if sort_of(reply_from_json(row.reply)) is None:
                break
            behind = row.id  # a picture or a file that has to wait keeps nobody else waiting
        return min(ready, default=None)

    async def _take(self, tx: Tx, row: Row[Any], lease: datetime) -> _Claim:
        await tx.execute(_TAKE, {"this": row.id, "new_lease_until": lease})
        old = await tx.scalar(_standing_there(row)) if row.redraws else None
        return _Claim(_send(row), lease, row.state == "sending", old)


def _standing_there(row: Row[Any]) -> Select[str | None]:
    """The ref of what a redraw takes the place of: a platform may have answered an earlier redraw with a new card."""
    copies = or_(SendRow.key == row.redraws, SendRow.redraws == row.redraws)
    earlier = select(SendRow.ref).where(copies, SendRow.id < row.id, SendRow.ref.is_not(None))
    return earlier.order_by(SendRow.id.desc()).limit(1)


def _send(row: Row[Any]) -> Send:
    return Send(
        id=row.id,
        key=row.key,
        target=row.target,
        to=address_from_json(row.address),
        reply=reply_from_json(row.reply),
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        redraws=row.redraws,
        answers=row.answers,
        card=row.card,
        ref=row.ref,
        error=row.error,
        sent_at=row.sent_at,
    )
