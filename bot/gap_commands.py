"""`parley knowledge gaps`: what no document answers, and what somebody has seen to."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actions.outside.store import Store
from bot.gaps import Gap, drafted, gaps, settle_gap
from retrieval.search import Library


async def show_gaps(
    store: Store, settle: str | None, draft: str | None, library: Callable[[], Library], *, as_json: bool
) -> None:
    """Print what is missing; take one gap, by its id, as seen to; or print a draft of a document that would answer it.

    Raise ValueError when there is no such gap.
    """
    try:
        await store.migrate()
        found = await gaps(store)
        if draft is not None:
            gap = _of(found, draft)
            typer.echo(drafted(gap, library(), datetime.now(UTC).date()))
            return
        if settle is not None:
            gap = _of(found, settle)
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


def _of(found: list[Gap], id_: str) -> Gap:
    gap = next((one for one in found if one.id == id_), None)
    if gap is None:
        raise ValueError(f"There is no gap {id_}; `parley knowledge gaps` shows those that wait.")
    return gap


def _print(found: list[Gap]) -> None:
    table = Table("id", "asked", "question", "by", "last", show_lines=True)
    for one in found:
        others = [f"[dim]{escape(other)}[/dim]" for other in one.others]
        cited = [f"[dim]≠ {escape(title)}[/dim]" for title in one.documents]
        question = "\n".join([escape(one.question), *others, *cited])
        table.add_row(one.id, str(one.count), question, ", ".join(one.audiences), f"{one.last:%Y-%m-%d}")
    Console().print(table)
