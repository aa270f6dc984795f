"""`parley policy packs`: which compliance packs there are, what one holds, and switching it on or off in the store."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import typer

from actions.outside.store import Store
from actions.policy.changes import changes
from actions.policy.files import files_at, pack_at, pack_folders
from actions.policy.packs import read_pack
from actions.policy.policy import Policy
from actions.rulebook import Switched, packs_on, switch


def packs_command(open_store: Callable[[], Store], path: Path, action: str, name: str | None, *, is_trial: bool) -> None:
    """Carry out one of list, show, on and off. Raises ValueError with what is wrong, one line a problem."""
    there = pack_folders(path)
    if action == "list":
        _list(asyncio.run(_on(open_store())), there)
        return
    if name is None:
        raise typer.BadParameter(f"`{action}` needs the name of a pack", param_hint="NAME")
    if name not in there and action != "off":
        raise ValueError(f"there is no pack {name}; there are {', '.join(there) or 'none'}")
    if action == "show":
        _show(path, name, there[name])
        return
    store = open_store()
    switched = asyncio.run(_switch(store, path, name, on=action == "on", is_trial=is_trial))
    _tell(switched, name, action, is_trial=is_trial)


def _list(on: tuple[str, ...], there: dict[str, Path]) -> None:
    for name, folder in there.items():
        pack = read_pack(name, pack_at(folder))
        typer.echo(f"{'on ' if name in on else 'off'} {name}: {pack.title['en']} / {pack.title['zh']}")
        typer.echo(f"      {pack.says['en']}")
    for name in on:
        if name not in there:
            typer.echo(f"on  {name}: its folder is gone; `parley policy packs off {name}` lets go of it")


def _show(path: Path, name: str, folder: Path) -> None:
    files = files_at(path)
    pack = read_pack(name, pack_at(folder))
    typer.echo(f"{name}: {pack.title['en']} / {pack.title['zh']}\n{pack.says['en']}\n{pack.says['zh']}\n")
    typer.echo("Beside this policy it changes:")
    for line in changes(Policy.read(files), Policy.read(files.with_pack(name, pack_at(folder)))):
        typer.echo(f"  {line}")


def _tell(switched: Switched, name: str, action: str, *, is_trial: bool) -> None:
    if switched.before.version == switched.after.version:
        typer.echo(f"{name} is {action} already; nothing changed.")
        return
    for line in switched.changes:
        typer.echo(line)
    if is_trial:
        typer.echo(f"Nothing was changed: this is what `parley policy packs {action} {name}` would do.")
    else:
        typer.echo(f"{name} is {action}. Version {switched.before.version} -> {switched.after.version}, in the record.")


async def _on(store: Store) -> tuple[str, ...]:
    try:
        await store.migrate()
        async with store.read() as tx:
            return await packs_on(tx)
    finally:
        await store.close()


async def _switch(store: Store, path: Path, name: str, *, on: bool, is_trial: bool) -> Switched:
    try:
        await store.migrate()
        return await switch(store, path, name, on=on, now=datetime.now(UTC), is_trial=is_trial)
    finally:
        await store.close()
