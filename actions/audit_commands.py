"""`parley audit …`: the chain of the record, checked and taken out."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from actions.audit import Verdict, rows_of, verify
from actions.outside.store import Store

_WRONG = {
    "changed": "was changed",
    "missing": "is missing",
    "reordered": "is not where it was written",
    "cut": "and everything after it were cut off",
    "added": "was added past the end of the chain",
}


def audit_cli(open_store: Callable[[], Store]) -> typer.Typer:
    """The commands over the store that `open_store` opens."""
    cli = typer.Typer(help="The append-only record of what was said, decided and done.", no_args_is_help=True)

    @cli.command("verify")
    def check() -> None:
        """Check that no entry was changed, removed, moved or cut off."""
        verdict = _run(_verify(open_store()))
        if not verdict.is_sound:
            typer.echo(f"The record is broken: entry {verdict.broken_at} {_WRONG[verdict.wrong or 'changed']}.", err=True)
            raise typer.Exit(1)
        typer.echo(f"The record is sound: {verdict.entries} entries, head {verdict.head}.")

    @cli.command()
    def export(
        file: Annotated[Path | None, typer.Argument(help="Where to write it; without it, standard output.")] = None,
    ) -> None:
        """Write every entry as one JSON object a line."""
        if file is None:
            _run(_export(open_store(), sys.stdout))
            return
        try:
            with file.open("w", encoding="utf-8", newline="\n") as out:
                count = _run(_export(open_store(), out))
        except OSError as error:
            typer.echo(f"{file}: {error.strerror}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{count} entries written to {file}.")

    return cli


async def _verify(store: Store) -> Verdict:
    console = Console(stderr=True)
    try:
        await store.migrate()
        async with store.read() as tx:
            with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task("Checking", total=None)
                return await verify(tx, lambda read, total: bar.update(task, completed=read, total=total))
    finally:
        await store.close()


async def _export(store: Store, out: TextIO) -> int:
    count = 0
    try:
        await store.migrate()
        async with store.read() as tx:
            async for line in rows_of(tx):
                out.write(_readable(json.dumps(line.to_json(), ensure_ascii=False)) + "\n")
                count += 1
    finally:
        await store.close()
    return count


def _readable(line: str) -> str:
    """Half a character, which someone may have sent and no file can hold, as the escape it is kept as."""
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
