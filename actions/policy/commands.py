"""`parley policy …`: what operations people run over the policy file."""

from pathlib import Path
from typing import Annotated

import typer

from actions.policy.breakers import Breakers
from actions.policy.policy import SHIPPED_POLICY, Policy

policy_cli = typer.Typer(help="The thresholds that decide when a person is asked.", no_args_is_help=True)


@policy_cli.callback()
def policy() -> None:
    """The thresholds that decide when a person is asked."""


@policy_cli.command()
def check(
    file: Annotated[
        Path, typer.Argument(envvar="PARLEY_POLICY", help="The policy file; without it, the one in force.")
    ] = SHIPPED_POLICY,
) -> None:
    """Say whether the policy file is valid, or every line where it is not."""
    try:
        loaded, breakers = Policy.load(file), Breakers.beside(file)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{len(breakers.breakers)} breakers and {len(breakers.signals)} signals, valid. Version {breakers.version}.")
    typer.echo(f"{file}: {len(loaded.rules)} rules, valid. Version {loaded.version}; rates of {loaded.rates.as_of}.")
