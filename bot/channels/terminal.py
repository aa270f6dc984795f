"""The terminal as a channel: replies are printed with numbered buttons; a number typed presses one."""

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from fastapi import APIRouter
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.channels.channel import Pace, Sent
from bot.channels.pictures import can_be_shown
from bot.message import Address, Attachment, Card, Picture, Reply
from bot.public_address import whole


class TerminalChannel:
    """Channel protocol over a rich console. Its conversation is the person who sits there."""

    name = "terminal"
    pace = Pace(every=timedelta(0), burst=1000)
    collects = False
    groups_can_press = True
    edits_freely = False

    def __init__(self, console: Console | None = None, printed: Callable[[], None] = lambda: None) -> None:
        self._console = console or Console()
        self._printed = printed
        self._address: Callable[[], Awaitable[str | None]] | None = None

    def reached_at(self, address: Callable[[], Awaitable[str | None]]) -> None:
        """How to learn our public address; without one there are no links here, as nothing could open them."""
        self._address = address

    def router(self) -> APIRouter | None:
        return None

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        return (reply,)

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        address = await self._address() if reply.links and self._address else None
        self._console.print(shown(reply, address))
        self._printed()
        return Sent(ref=key)

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        return await self.send(key, to, reply)  # a terminal does not redraw what scrolled away

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        return None  # what was not printed when the process died is printed again

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        return Path(attachment.ref)

    async def check(self) -> str | None:
        return None


def shown(reply: Reply, address: str | None = None) -> Panel | Text | Group:
    """A reply as the terminal shows it; nothing a person wrote is read as markup, or obeyed by the terminal."""
    pages = [f"{link.label}: {whole(address, link.path)}" for link in reply.links] if address else []
    files = [file for file in reply.files if file.path or file.clip]
    if not reply.pictures and not files and not pages:
        return _words(reply)
    places = [
        *(_place(picture) for picture in reply.pictures),
        *(f"[sound: {file.name}]" if file.clip else f"[file: {file.name}] {file.path}" for file in files),
        *pages,
    ]
    return Group(_words(reply), *(_plain(place) for place in places))


def _place(picture: Picture) -> str:
    """Where to look at it; only what it shows, when it is gone."""
    return f"[picture: {picture.alt}]" + (f" {picture.path}" if can_be_shown(picture) else "")


def _words(reply: Reply) -> Panel | Text:
    if reply.card is None:
        return _plain(reply.text)
    return Panel(Group(*_parts(reply.card)), title=_plain(reply.card.title), title_align="left", border_style="green")


def _parts(card: Card) -> list[Text | Table]:
    parts: list[Text | Table] = [_plain(line) for line in card.lines]
    if card.facts:
        facts = Table.grid(padding=(0, 2))
        for name, value in card.facts:
            facts.add_row(_plain(name, "dim"), _plain(value))
        parts.append(facts)
    if card.quote:
        parts.append(_plain(f"“{card.quote}”", "italic"))
    parts += [_plain(line, "dim") for line in (card.source, card.note) if line]
    if card.buttons:
        labels = "   ".join(f"{number} {button.label}" for number, button in enumerate(card.buttons, start=1))
        parts.append(_plain(labels, "bold green"))
    return parts


def _plain(words: str, style: str = "") -> Text:
    """Without what steers a terminal: a customer's words must not move the cursor or rewrite what stands above."""
    harmless = "".join(c for c in words if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return Text(harmless, style=style)
