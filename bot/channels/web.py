"""The chat page's channel: conversations held on our own screen, kept in the transcript table, shown by server-sent events.

A conversation is a person's id (their direct chat) or a group's name (`managers`). The transcript is append-only: a
redrawn card is a further line that names the line it replaces, so that every open page can catch up from any point.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from actions.outside.store import Store
from actions.outside.tables import TranscriptRow
from bot.channels.channel import Pace, Sent
from bot.message import Address, Attachment, Reply, reply_from_json, reply_to_json

HISTORY = 60
"""Lines shown when a page opens."""

# another worker's lines are seen at the latest after this long; our own at once
_LOOK_AGAIN = 2.0
# how far back to look for lines whose transaction took longer than their neighbours'
_LATE = 50


@dataclass(frozen=True)
class Line:
    """One line on the screen: what a person wrote (`sender` set, `text`), or a reply; `replaces` names an earlier line.

    `told_in` is the id under which the reply is stored: a redrawn card keeps the id of the line it replaces.
    """

    id: int
    conversation: str
    key: str
    at: datetime
    sender: str | None = None
    text: str = ""
    files: tuple[str, ...] = ()
    reply: Reply | None = None
    replaces: str | None = None
    told_in: int = 0


class WebChannel:
    """Channel protocol over our own transcript; sending is writing a row, so nothing can be lost on the way."""

    name = "web"
    pace = Pace(every=timedelta(0), burst=1000)
    collects = False
    groups_can_press = True
    edits_freely = True

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._news = asyncio.Condition()
        self._count = 0

    def router(self) -> APIRouter | None:
        return None  # the page's routes stand in bot/pages/chat.py

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        async with self._news:
            self._news.notify_all()

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        return (reply,)

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        await self._append(to.conversation, key, None, {"reply": reply_to_json(reply)})
        return Sent(ref=key)

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        await self._append(to.conversation, key, None, {"reply": reply_to_json(reply), "replaces": ref})
        return Sent(ref=ref)

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        async with self._store.read() as tx:
            found = (await tx.execute(select(TranscriptRow.id).where(TranscriptRow.key == key))).first()
        return Sent(ref=key) if found else None

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        """The page has put the file into the home already; `ref` is where. `limit` was kept while it arrived."""
        return Path(attachment.ref)

    async def check(self) -> str | None:
        return None

    async def say(self, conversation: str, key: str, sender: str, text: str, files: Sequence[str] = ()) -> None:
        """Show what a person wrote."""
        await self._append(conversation, key, sender, {"text": text, "files": list(files)})

    async def history(self, conversations: Sequence[str]) -> list[Line]:
        """The last lines of these conversations, oldest first, with replaced cards already in their new form."""
        async with self._store.read() as tx:
            rows = (
                await tx.execute(
                    select(TranscriptRow)
                    .where(TranscriptRow.conversation.in_(conversations))
                    .order_by(TranscriptRow.id.desc())
                    .limit(HISTORY)
                )
            ).all()
        shown: dict[str, Line] = {}
        for line in (_line(row) for row in reversed(rows)):
            if line.replaces is None:
                shown[line.key] = line
            elif line.replaces in shown:
                old = shown[line.replaces]
                shown[line.replaces] = Line(
                    old.id, old.conversation, old.key, old.at, reply=line.reply, told_in=line.told_in
                )
        return list(shown.values())

    async def said(self, row: int) -> Reply | None:
        """The reply that is stored under this id."""
        async with self._store.read() as tx:
            body = (await tx.execute(select(TranscriptRow.body).where(TranscriptRow.id == row))).scalar_one_or_none()
        return reply_from_json(body["reply"]) if body and "reply" in body else None

    async def last_id(self) -> int:
        async with self._store.read() as tx:
            return (await tx.execute(select(func.max(TranscriptRow.id)))).scalar() or 0

    async def follow(self, conversations: Sequence[str], after: int, shown: Collection[int] = ()) -> AsyncIterator[Line]:
        """Lines as they come, from the one after `after`; ends only when the caller stops listening.

        Those in `shown` are left out: they came while the history was read, and stand in it.
        """
        seen: set[int] = set()
        while True:
            count = self._count
            async with self._store.read() as tx:
                rows = (
                    await tx.execute(
                        select(TranscriptRow)
                        # ids are given before they are committed, so a lower one may appear after a higher one
                        .where(TranscriptRow.conversation.in_(conversations), TranscriptRow.id > after - _LATE)
                        .order_by(TranscriptRow.id)
                    )
                ).all()
            fresh = [row for row in rows if row.id not in seen and (seen or row.id > after)]
            seen |= {row.id for row in rows} | {after}
            for row in fresh:
                if row.id not in shown:
                    yield _line(row)
            after = max([after, *(row.id for row in rows)])
            if not fresh:
                async with self._news:
                    try:
                        await asyncio.wait_for(self._news.wait_for(lambda: self._count != count), _LOOK_AGAIN)  # noqa: B023
                    except TimeoutError:
                        continue

    async def _append(self, conversation: str, key: str, sender: str | None, body: dict[str, Any]) -> None:
        insert = sqlite_insert if self._store.is_sqlite else pg_insert
        statement = insert(TranscriptRow).values(
            conversation=conversation, key=key, sender=sender, body=body, at=self._now()
        )
        async with self._store.write() as tx:
            await tx.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
        async with self._news:
            self._count += 1
            self._news.notify_all()


def _line(row: Any) -> Line:
    body = row.body
    return Line(
        row.id,
        row.conversation,
        row.key,
        row.at,
        row.sender,
        body.get("text", ""),
        tuple(body.get("files", ())),
        reply_from_json(body["reply"]) if "reply" in body else None,
        body.get("replaces"),
        row.id,
    )
