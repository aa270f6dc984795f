"""`parley chat`: the whole house in the terminal, over the same store as the server."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from rich.console import Console

from actions.crm import people
from bot.app import build_house, now
from bot.channels.terminal import TerminalChannel
from bot.message import Address, Message
from bot.settings import Settings

# how long a line may take before the next prompt comes regardless
_PATIENCE = timedelta(minutes=1)
_BYE = frozenset({"exit", "quit", "退出", "/exit", "/quit"})


async def chat_in_terminal(settings: Settings, person: str | None, role: str) -> None:
    """Read lines until the end of input; each is one message, answered before the next prompt."""
    console = Console()
    house = await build_house(settings, terminal=TerminalChannel(console))
    sender = person or role
    try:
        async with house.store.read() as tx:
            speaker = await people.whois(tx, "terminal", sender, role)
        if speaker.role == "guest":
            raise ValueError(
                f"Nobody here is called {person}: see `parley people list`."
                if person
                else "This home does not hold the sample company; say who you are with --as ID (`parley people list`)."
            )
        console.print(f"[dim]{speaker.name} ({speaker.role}). 帮助 / help, 退出 / exit.[/dim]")
        await house.start(opens_doors=False)
        while True:
            line = await asyncio.to_thread(_read, console)
            if line is None or line.strip().lower() in _BYE:
                return
            key = f"terminal:{uuid4().hex}"
            address = Address("terminal", speaker.person_id or sender)
            await house.accept(Message(key, address, sender, line, now(), claimed_role=role))
            await house.inbox.wait_done(key, _PATIENCE)
            await house.outbox.rest()
    finally:
        await house.stop()


def _read(console: Console) -> str | None:
    try:
        return console.input("[bold]> [/bold]")
    except EOFError:
        return None
