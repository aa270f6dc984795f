"""`parley intents review`: shows each corrected reading and asks what to make of it."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from actions.outside.store import Store
from bot.review import DROPPED, Correction, chosen, settle, waiting
from bot.settings import Settings
from intents.added import read_added
from intents.dictionary import Intent, load_dictionary


async def waiting_lines(store: Store) -> list[str]:
    """What waits, as JSON lines."""
    try:
        await store.migrate()
        found = await waiting(store)
    finally:
        await store.close()
    return [json.dumps(asdict(one) | {"at": one.at.isoformat()}, ensure_ascii=False) for one in found]


async def review_in_terminal(store: Store, settings: Settings) -> None:
    """Ask for each correction what to make of it. Raise ValueError when the dictionary or an added intent is broken."""
    added = {one.intent.id: one.intent for one in read_added(settings.added_intents)}
    intents = load_dictionary(settings.dictionary).with_added(added).intents
    kept = dropped = 0
    try:
        await store.migrate()
        found = await waiting(store)
        for number, one in enumerate(found, start=1):
            typer.echo(f"\n{number} of {len(found)} · {one.role} · {one.at:%Y-%m-%d}\n  {one.text}")
            typer.echo(f"  read as {one.read_as}" + ("" if one.read_as == one.meant else f", meant {one.meant}"))
            try:
                answer = _ask(one, intents)
            except _Stop:
                break
            if answer is None:
                continue
            now = datetime.now(UTC)
            await settle(store, one, answer, now, learned=settings.learned, added=settings.added_intents)
            kept, dropped = kept + (answer != DROPPED), dropped + (answer == DROPPED)
        left = len(await waiting(store))
    finally:
        await store.close()
    typer.echo(f"{kept} kept for the next `parley intents train`, {dropped} dropped, {left} waiting.")


class _Stop(Exception):
    """Whoever looks through the corrections has had enough."""


def _ask(one: Correction, intents: Mapping[str, Intent]) -> str | None:
    """An intent, `DROPPED`, or None for later; asks again after nonsense. Raise `_Stop` at q and at the end of input."""
    question = f"  Enter keeps {one.meant}; n, s (later), q, or another intent"
    while True:
        try:
            said = typer.prompt(question, default="", show_default=False)
            if said.strip() == "q":
                raise _Stop
            return chosen(said, one, intents)
        except typer.Abort:
            raise _Stop from None
        except ValueError as error:
            typer.echo(f"  {error}")
