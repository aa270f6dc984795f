"""Where a finished model goes: into the place of the former one, which is kept and can come back."""

import shutil
from pathlib import Path

from intents.model import load_model


def put(made: Path, out: Path) -> None:
    """Put the folder `made` at `out`; what was there is the former model from now on."""
    former, aside = _former(out), out.with_name(f".{out.name}-aside")
    if aside.exists() and not out.exists():
        aside.rename(out)  # a swap was cut off half-way: what lies aside is the only model
    shutil.rmtree(aside, ignore_errors=True)
    if out.exists():
        out.rename(aside)
    try:
        made.rename(out)
    except OSError:
        if aside.exists():
            aside.rename(out)
        raise
    if aside.exists():
        shutil.rmtree(former, ignore_errors=True)
        aside.rename(former)


def roll_back(out: Path) -> str:
    """Put the former model back in its place and return its version. Raise ValueError when no whole one is kept."""
    former = _former(out)
    if not former.exists():
        raise ValueError(f"{out}: no former model is kept beside this one")
    version = load_model(former).version
    put(former, out)
    return version


def _former(out: Path) -> Path:
    return out.with_name(f".{out.name}-former")
