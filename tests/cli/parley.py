"""Runs the real program as an operator does: a process of its own over a home of its own, with nothing else set."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = str(Path(sys.executable).with_name("parley"))
_PATIENCE = 120
_SETTINGS = ("PARLEY_", "SLACK_", "WECOM_", "WECHAT_")


@dataclass(frozen=True)
class Ran:
    """How it ended and what it said."""

    code: int
    out: str
    err: str


def run(home: Path, *words: str, said: str = "", **settings: str) -> Ran:
    """`parley WORDS…` with `said` on its standard input."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    home.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [_PROGRAM, *words],
        cwd=home,
        env={**clean, "PARLEY_HOME": str(home / "var"), "PARLEY_EMBEDDING_MODEL": "none", **settings},
        input=said.encode(),
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
