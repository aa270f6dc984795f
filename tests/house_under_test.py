"""A whole house for tests of the road: the real assembly over the sample company, spoken to through the chat page's channel.

Its clock moves only when told, and a little with each message; the clockwork is swept by hand, so that nothing waits and
nothing races.
What arrives anywhere is read from the transcript, as an open page would show it.
"""

from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select

from actions import audit
from actions.crm import own
from actions.crm.records import Record
from actions.crm.sample_company import load_sample
from actions.outside.store import Store
from actions.outside.tables import AuditRow, CorrectionRow, InboxRow, TranscriptRow
from bot.app import House, Minds, build_house
from bot.hearing import Listener, MoodJudge
from bot.message import Address, Attachment, Button, Message, Reply, reply_from_json
from bot.settings import Settings
from tests.fakes import FakeClock, FakeListener

MORNING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shanghai; the sample company's dates count from this day."""

BETWEEN_MESSAGES = timedelta(seconds=10)
"""No two messages are of the same moment."""

_PATIENCE = timedelta(seconds=60)
_LOOK = timedelta(milliseconds=200)


class SweepOnly:
    """An engine that never rings: what is due is found by the sweep."""

    async def start(self, fire: Callable[[str], Coroutine[Any, Any, None]]) -> None: ...

    async def stop(self) -> None: ...

    async def up(self) -> None: ...

    async def wake(self, key: str, due_at: datetime) -> None: ...


@dataclass(frozen=True)
class Arrived:
    """Something new on the screen of a conversation; `redraws` tells that it took the place of an earlier card."""

    conversation: str
    reply: Reply
    redraws: bool


class RoadBroke(AssertionError):
    """A message was not worked off; the text says what the inbox wrote down."""


@dataclass
class HouseUnderTest:
    """Speak, press, let time pass; look at the screens, the records and the chain."""

    house: House
    clock: FakeClock
    home: Path
    _said: int = 0
    _seen: int = 0
    _screens: dict[str, dict[str, Reply]] = field(default_factory=dict)
    _all_cards: dict[str, list[Reply]] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        return self.house.store

    # --- what people do -----------------------------------------------------------------------------------------

    async def say(self, who: str, text: str, *, place: str | None = None) -> list[Arrived]:
        return await self._hear(self._message(who, place, text=text))

    async def press(self, who: str, button: Button, *, place: str | None = None) -> list[Arrived]:
        return await self._hear(self._message(who, place, press=button.token))

    async def send_file(self, who: str, kind: Literal["voice", "file"], text: str = "") -> list[Arrived]:
        path = self._put(f"{kind}.bin", b"not a real recording")
        attachment = Attachment(kind, str(path), f"{kind}.bin", size=path.stat().st_size)
        return await self._hear(self._message(who, None, text=text, attachments=(attachment,)))

    async def send_recording(
        self,
        who: str,
        words: str | bytes,
        name: str = "call.m4a",
        *,
        is_spoken: bool = False,
        place: str | None = None,
        text: str = "",
    ) -> list[Arrived]:
        """A recording in which these words are spoken, as the fake listener hears them; `text` is written beside it."""
        content = words if isinstance(words, bytes) else words.encode()
        path = self._put(name, content)
        attachment = Attachment("voice", str(path), name, "audio/mp4", len(content), is_spoken)
        return await self._hear(self._message(who, place, text=text, attachments=(attachment,)))

    def _put(self, name: str, content: bytes) -> Path:
        path = self.home / "files" / str(self._said) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    async def listened(self) -> list[Arrived]:
        """Wait until everything in the queue is listened to, and see what arrived."""
        await self.house.listening.rest()
        await self.house.outbox.rest()
        return await self._news()

    async def seen_meanwhile(self) -> list[Arrived]:
        """What has arrived by now, while something is still listened to."""
        await self.house.outbox.rest()
        return await self._news()

    async def send_document(self, who: str, name: str, content: bytes, text: str = "") -> list[Arrived]:
        attachment = Attachment("file", str(self._put(name, content)), name, size=len(content))
        return await self._hear(self._message(who, None, text=text, attachments=(attachment,)))

    async def pass_time(self, by: timedelta) -> list[Arrived]:
        self.clock.move(by)
        await self.house.clockwork.sweep()
        await self.house.clockwork.rest()
        await self.house.outbox.rest()
        return await self._news()

    async def change(self, kind: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Someone else changes a record meanwhile, past Parley."""
        async with self.store.write() as tx:
            record = await own.get(tx, kind, record_id)
            assert record is not None, f"there is no {kind} {record_id}"
            before = own.to_json(record)
            wanted = {name: value == "true" if isinstance(before[name], bool) else value for name, value in values.items()}
            changes = {name: (before[name], value) for name, value in wanted.items()}
            assert await own.update(tx, kind, record_id, changes)

    # --- what can be seen -----------------------------------------------------------------------------------------

    def buttons(self, conversation: str) -> list[Button]:
        """Every button that can still be pressed there, the newest card's first."""
        return _buttons(self._screens.get(conversation, {}).values())

    def buttons_ever(self, conversation: str) -> list[Button]:
        """Those of cards that have been redrawn since, too: a screen may lag behind."""
        return _buttons(self._all_cards.get(conversation, ()))

    async def record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        async with self.store.read() as tx:
            record = await own.get(tx, kind, record_id)
        return None if record is None else own.to_json(record)

    async def records(self, kind: str) -> dict[str, dict[str, Any]]:
        async with self.store.read() as tx:
            found: list[Record] = await own.find(tx, kind)
        return {record.id: own.to_json(record) for record in found}

    async def last_reading(self) -> dict[str, Any] | None:
        """How the latest message was read; None when it was not read at all (a press)."""
        key = self._key()
        statement = select(AuditRow.body).where(AuditRow.kind == "reading", AuditRow.subject == key)
        async with self.store.read() as tx:
            body: dict[str, Any] | None = await tx.scalar(statement)
        return body

    async def corrections(self) -> list[tuple[str, str]]:
        """The words of each correction kept, and what was meant by them."""
        async with self.store.read() as tx:
            rows = (await tx.execute(select(CorrectionRow.text, CorrectionRow.meant).order_by(CorrectionRow.at))).all()
        return [(row.text, row.meant) for row in rows]

    async def chain_is_sound(self) -> bool:
        async with self.store.read() as tx:
            return (await audit.verify(tx)).is_sound

    # --- pieces --------------------------------------------------------------------------------

    def _key(self) -> str:
        return f"story:{self._said}"

    def _message(self, who: str, place: str | None, *, text: str = "", **what: Any) -> Message:
        self._said += 1
        self.clock.move(BETWEEN_MESSAGES)
        address = Address("web", place or who)
        kept = text[:20_000]
        return Message(
            self._key(),
            address,
            who,
            kept,
            self.clock(),
            in_group=place is not None,
            was_cut=len(kept) < len(text),
            **what,
        )

    async def _hear(self, message: Message) -> list[Arrived]:
        assert await self.house.accept(message)
        await self._until_done(message.key)
        await self.house.outbox.rest()
        return await self._news()

    async def _until_done(self, key: str) -> None:
        waited = timedelta()
        while not await self.house.inbox.wait_done(key, _LOOK):
            waited += _LOOK
            async with self.store.read() as tx:
                row = (await tx.execute(select(InboxRow.error).where(InboxRow.key == key))).one()
            if row.error or waited > _PATIENCE:  # the second attempt would wait for a clock that stands still
                raise RoadBroke(f"the message was not worked off: {row.error or 'no end in sight'}")

    async def _news(self) -> list[Arrived]:
        statement = select(TranscriptRow).where(TranscriptRow.id > self._seen).order_by(TranscriptRow.id)
        async with self.store.read() as tx:
            rows = (await tx.execute(statement)).all()
        news: list[Arrived] = []
        for row in rows:
            self._seen = row.id
            if "reply" in row.body:
                news.append(self._put_on_screen(row.conversation, row.key, row.body))
        return news

    def _put_on_screen(self, conversation: str, key: str, body: Mapping[str, Any]) -> Arrived:
        reply = reply_from_json(body["reply"])
        replaced = body.get("replaces")
        self._screens.setdefault(conversation, {})[replaced or key] = reply
        self._all_cards.setdefault(conversation, []).append(reply)
        return Arrived(conversation, reply, replaced is not None)


def _buttons(replies: Collection[Reply]) -> list[Button]:
    cards = [reply.card for reply in reversed(list(replies)) if reply.card]
    return [button for card in cards for button in card.buttons]


async def fill_with_sample(url: str) -> None:
    """Load the sample company into a migrated database, as of MORNING."""
    store = Store(url)
    await load_sample(store, MORNING.date())
    await store.close()


@asynccontextmanager
async def open_house(
    settings: Settings, minds: Minds, url: str, listener: Listener | None = None, moods: MoodJudge | None = None
) -> AsyncIterator[HouseUnderTest]:
    """The house over a database that already holds the sample company. Without a `listener` recordings wait for one."""
    clock = FakeClock(MORNING)
    house = await build_house(
        settings,
        now=clock,
        minds=minds,
        store=Store(url),
        engine=SweepOnly(),
        listener=listener or FakeListener(missing=True),
        moods=moods,
    )
    try:
        yield HouseUnderTest(house, clock, settings.home)
    finally:
        await house.stop()
