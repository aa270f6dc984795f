"""`parley audit …`: the chain of the record, checked and taken out; its decisions put to another policy."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import Progress

from actions.audit import Verdict, rows_of, verify
from actions.decided import Decided, all_decided, decided, look_up
from actions.outside.store import Store, Tx
from actions.policy.files import SHIPPED_POLICY
from actions.policy.policy import Policy
from actions.replay import Replayed, replay
from actions.rulebook import policy_at, policy_of, versions_of

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

    @cli.command()
    def replay(
        decision: Annotated[
            str | None, typer.Argument(metavar="ID", help="A proposal, a deed, or the message that led to it.")
        ] = None,
        policy: Annotated[
            str,
            typer.Option(envvar="PARLEY_POLICY", help="A policy file or folder, or a version that was once in force."),
        ] = str(SHIPPED_POLICY),
        every: Annotated[bool, typer.Option("--all", help="Every decision since a day, counted.")] = False,
        since: Annotated[
            datetime | None, typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="With --all: from this day (UTC) on.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a decision.")] = False,
    ) -> None:
        """Put a past decision to today's policy, or to another, and show the difference. Changes nothing."""
        if every == (decision is not None) or (since is not None and not every):
            raise typer.BadParameter("name a decision, or take --all (with --since DAY)", param_hint="ID")
        try:
            if every:
                start = since.replace(tzinfo=UTC) if since else datetime.fromtimestamp(0, UTC)
                _run(_replay_all(open_store(), policy, start, as_json=as_json))
            else:
                _run(_replay(open_store(), str(decision), policy, as_json=as_json))
        except ValueError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None

    return cli


# --- replay --------------------------------------------------------------------------------------------------------------


async def _replay(store: Store, name: str, policy: str, *, as_json: bool) -> None:
    try:
        await store.migrate()
        other = await _policy(store, policy)
        async with store.read() as tx:
            found = [one for proposal in await look_up(tx, name) if (one := await decided(tx, proposal)) is not None]
            if not found:
                raise ValueError(f"the record has no decision for {name}")
            results = [replay(one, other, await _then(tx, one)) for one in found]
    finally:
        await store.close()
    for result in results:
        for line in [json.dumps(result.to_json(), ensure_ascii=False)] if as_json else _told(result):
            typer.echo(_readable(line))


async def _replay_all(store: Store, policy: str, since: datetime, *, as_json: bool) -> None:
    tally = _Tally()
    console = Console(stderr=True)
    try:
        await store.migrate()
        other = await _policy(store, policy)
        versions: dict[str, Policy | None] = {}
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Replaying", total=None)
            async with store.read() as tx:
                async for one in all_decided(tx, since):
                    bar.advance(task)
                    version = str(one.decision.get("policy"))
                    if version not in versions:
                        versions[version] = await _then(tx, one)
                    try:
                        replayed = replay(one, other, versions[version])
                    except ValueError:
                        tally.not_replayed += 1
                        continue
                    tally.count(replayed)
                    if as_json and not replayed.is_same:
                        typer.echo(_readable(json.dumps(replayed.to_json(), ensure_ascii=False)))
    finally:
        await store.close()
    if as_json:
        typer.echo(json.dumps(tally.to_json(other.version)))
        return
    for line in tally.told(other.version):
        typer.echo(line)


@dataclass
class _Tally:
    """How many decisions would have been otherwise, and which rules made the difference."""

    decisions: int = 0
    otherwise: int = 0
    not_replayed: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def count(self, one: Replayed) -> None:
        self.decisions += 1
        if one.is_same:
            return
        self.otherwise += 1
        self.verdicts[one.before["verdict"], one.after["verdict"]] += 1
        self.rules.update(changed.rule for changed in one.changed)

    def to_json(self, version: str) -> dict[str, Any]:
        return {
            "policy": version,
            "decisions": self.decisions,
            "otherwise": self.otherwise,
            "not_replayed": self.not_replayed,
            "verdicts": [{"before": before, "after": after, "count": n} for (before, after), n in self.verdicts.items()],
            "rules": dict(self.rules),
        }

    def told(self, version: str) -> list[str]:
        lines = [f"{self.otherwise} of {self.decisions} decisions would be otherwise under version {version}."]
        for (before, after), number in self.verdicts.most_common():
            what = f"{before} -> {after}" if before != after else f"{before}, but with other confirmers or another time"
            lines.append(f"  {number} x {what}")
        lines += [f"  by rule {rule}: {number}" for rule, number in self.rules.most_common()]
        if self.not_replayed:
            lines.append(f"{self.not_replayed} could not be replayed: the record does not hold what the policy saw.")
        return lines


async def _policy(store: Store, wanted: str) -> Policy:
    """The policy at a path, with the packs that are on, or a version that was in force, by the beginning of its name."""
    path = Path(wanted)
    if await asyncio.to_thread(path.exists):
        return await policy_at(store, path)
    async with store.read() as tx:
        names = await versions_of(tx, wanted)
        if not names:
            raise ValueError(f"{wanted} is neither a file nor a version that was ever in force")
        if len(names) > 1:
            raise ValueError(f"{wanted} could be any of the versions {', '.join(names)}")
        kept = await policy_of(tx, names[0])
    assert kept is not None  # its name was found a moment ago
    return kept


async def _then(tx: Tx, one: Decided) -> Policy | None:
    """The version that decided, where it is kept and can still be read."""
    try:
        return await policy_of(tx, str(one.decision.get("policy")))
    except ValueError:
        return None


def _told(one: Replayed) -> list[str]:
    before, after = one.before, one.after
    head = f"{one.proposal_id}: {before['verdict']} under {before['policy'] or 'no version'}, "
    lines = [f"{head}{'the same' if one.is_same else after['verdict']} under {after['policy']}"]
    for rule in one.changed:
        saw = ", ".join(f"{name} {value}" for name, value in rule.saw.items() if name != "says")
        lines.append(
            f"  {rule.rule}: {rule.before or 'not there'} -> {rule.after or 'not there'}{f' ({saw})' if saw else ''}"
        )
    if before["approvers"] != after["approvers"]:
        lines.append(f"  who may say yes: {_who(before['approvers'])} -> {_who(after['approvers'])}")
    if before["expires_s"] != after["expires_s"]:
        lines.append(f"  open for: {before['expires_s'] / 3600:g} h -> {after['expires_s'] / 3600:g} h")
    if one.not_kept:
        lines.append(f"  not kept in the record, so that a rule could not be evaluated: {', '.join(one.not_kept)}")
    if not one.is_whole:
        lines.append("  not all of its records are kept: a rule about one of the others may find something else")
    return lines


def _who(approvers: list[dict[str, Any]]) -> str:
    return " and ".join(_one(one) for one in approvers) or "nobody is asked"


def _one(one: dict[str, Any]) -> str:
    names = [*one.get("roles", ()), *one.get("people", ()), *([] if one.get("not_requester", True) else ["requester"])]
    several = f"{one['needed']} of " if one.get("needed", 1) > 1 else ""
    return several + " or ".join(names)


# --- verify, export ------------------------------------------------------------------------------------------------------


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
