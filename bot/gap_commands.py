"""`parley knowledge gaps`: what no document answers, and what somebody has seen to."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actions.outside.store import Store
from bot.gaps import Gap, gaps, settle_gap


async def show_gaps(store: Store, settle: str | None, *, as_json: bool) -> None:
    """Print what is missing, or take one gap, by its id, as seen to. Raise ValueError when there is none of it."""
    try:
        await store.migrate()
        found = await gaps(store)
        if settle is not None:
            gap = next((one for one in found if one.id == settle), None)
            if gap is None:
                raise ValueError(f"There is no gap {settle}; `parley knowledge gaps` shows those that wait.")
            await settle_gap(store, gap, datetime.now(UTC))
            typer.echo(f"Seen to: {gap.question}")
            return
    finally:
        await store.close()
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"last": one.last.isoformat()} for one in found], ensure_ascii=False, indent=2))
    elif found:
        _print(found)
    else:
        typer.echo("Every question found a document.")


def _print(found: list[Gap]) -> None:
    table = Table("id", "asked", "question", "by", "last", show_lines=True)
    for one in found:
        question = "\n".join([escape(one.question), *(f"[dim]{escape(other)}[/dim]" for other in one.others)])
        table.add_row(one.id, str(one.count), question, ", ".join(one.audiences), f"{one.last:%Y-%m-%d}")
    Console().print(table)
