"""Buttons: what pressing one means, kept in the database so that a press works after a restart, on any channel."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import desc, select

from actions.outside.insert_new import insert_new
from actions.outside.store import Tx
from actions.outside.tables import ButtonRow, SendRow


@dataclass(frozen=True)
class Pressed:
    """A button as it was made: `action` says what to do, `data` with what."""

    token: str
    conversation: str
    action: str
    data: Mapping[str, Any]


class Mint:
    """Makes the tokens of one reply. They derive from the reply's key: the same reply made twice has the same buttons."""

    def __init__(self, key: str, conversation: str, now: datetime) -> None:
        self._key, self._conversation, self._now = key, conversation, now
        self._made: list[Pressed] = []

    def __call__(self, action: str, data: Mapping[str, Any]) -> str:
        digest = sha256(f"{self._key}\n{len(self._made)}\n{action}".encode()).digest()[:18]
        token = urlsafe_b64encode(digest).decode()
        self._made.append(Pressed(token, self._conversation, action, data))
        return token

    def add(self, action: str, data: Mapping[str, Any]) -> None:
        """Let every button of this action know something that was not known when it was made."""
        self._made = [replace(made, data={**made.data, **data}) if made.action == action else made for made in self._made]

    async def save(self, tx: Tx) -> None:
        """Write the buttons down, in the transaction that sends the reply."""
        rows = [
            {
                "token": made.token,
                "conversation": made.conversation,
                "card_key": self._key,
                "position": position,
                "action": made.action,
                "data": dict(made.data),
                "created_at": self._now,
            }
            for position, made in enumerate(self._made)
        ]
        if rows:
            await insert_new(tx, ButtonRow, rows, ButtonRow.token)


async def pressed(tx: Tx, token: str) -> Pressed | None:
    """The button with this token, or None."""
    return await _first(tx, ButtonRow.token == token)


async def numbered(tx: Tx, conversation: str, number: int) -> Pressed | None:
    """The button that "2" means: the second of the latest card in this conversation."""
    return await _first(tx, ButtonRow.card_key == _latest_card(conversation), ButtonRow.position == number - 1)


async def latest(tx: Tx, conversation: str, action: str) -> Pressed | None:
    """The button of this action on the latest card: what "more" and "why" mean when somebody types them."""
    return await _first(tx, ButtonRow.card_key == _latest_card(conversation), ButtonRow.action == action)


async def labelled(tx: Tx, conversation: str, label: str) -> Pressed | None:
    """The button of the latest card in this conversation that is called so: its label was typed instead of pressed."""
    card_key = await tx.scalar(select(_latest_card(conversation)))
    if card_key is None:
        return None
    sent = select(SendRow.reply).where(SendRow.key.startswith(f"{card_key}/", autoescape=True))
    for reply in (await tx.execute(sent)).scalars():
        for button in (reply.get("card") or {}).get("buttons", ()):
            if button["label"].casefold() == label.casefold():
                return await pressed(tx, button["token"])
    return None


def _latest_card(conversation: str) -> Any:
    return (
        select(ButtonRow.card_key)
        .where(ButtonRow.conversation == conversation)
        .order_by(desc(ButtonRow.created_at), desc(ButtonRow.card_key))
        .limit(1)
        .scalar_subquery()
    )


async def _first(tx: Tx, *where: Any) -> Pressed | None:
    columns: Sequence[Any] = (ButtonRow.token, ButtonRow.conversation, ButtonRow.action, ButtonRow.data)
    newest = select(*columns).where(*where).order_by(desc(ButtonRow.created_at), ButtonRow.position)
    row = (await tx.execute(newest.limit(1))).first()
    return None if row is None else Pressed(row.token, row.conversation, row.action, row.data)
