"""`parley policy …`: what operations people run over the policy; the packs' command stands with the store, in bot/cli.py."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from actions.policy.breakers import Breakers
from actions.policy.cases import read_cases
from actions.policy.contradictions import warnings
from actions.policy.files import SHIPPED_PACKS, SHIPPED_POLICY, case_files, files_at, pack_at, pack_folders
from actions.policy.policy import Policy

policy_cli = typer.Typer(help="The thresholds that decide when a person is asked.", no_args_is_help=True)


@policy_cli.callback()
def policy() -> None:
    """The thresholds that decide when a person is asked."""


@policy_cli.command()
def check(
    path: Annotated[
        Path,
        typer.Argument(envvar="PARLEY_POLICY", help="The policy file or folder; without it, the one in force."),
    ] = SHIPPED_POLICY,
) -> None:
    """Say whether the policy is valid, or every line where it is not; warn of what makes no sense; play its cases."""
    try:
        files = files_at(path)
        loaded, breakers = Policy.read(files), Breakers.beside(path)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    for warning in warnings(loaded, datetime.now(UTC).date()):
        typer.echo(f"warning: {warning}")
    problems: list[str] = []
    played = _play(case_files(path), loaded, problems)
    packs = pack_folders(path)
    for name, folder in packs.items():
        wrong: list[str] = []
        try:
            with_it = Policy.read(files.with_pack(name, pack_at(folder)))
            played += _play(sorted(folder.glob("*.cases.yaml")), with_it, wrong)
        except ValueError as error:
            wrong.append(str(error))
        if folder.parent != SHIPPED_PACKS or path == SHIPPED_POLICY:
            problems += wrong
        elif wrong:
            # what ships was written for the shipped policy; whoever does not switch it on need not care
            typer.echo(f"warning: the pack {name} does not fit this policy: {wrong[0].splitlines()[0]}")
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{len(breakers.breakers)} breakers and {len(breakers.signals)} signals, valid. Version {breakers.version}.")
    there = f"{len(packs)} packs fit, {played} cases hold" if packs else f"{played} cases hold"
    typer.echo(
        f"{path}: {len(loaded.rules)} rules, valid; {there}. Version {loaded.version}; rates of {loaded.rates.as_of}."
    )


def _play(paths: Iterable[Path], policy: Policy, problems: list[str]) -> int:
    """Play every case of these files; what is wrong is added to the problems. Returns how many there were."""
    played = 0
    for path in paths:
        try:
            cases = read_cases(path)
        except ValueError as error:
            problems.append(str(error))
            continue
        failures = [failure for case in cases if (failure := case.failure(policy)) is not None]
        problems += failures
        played += len(cases)
    return played
