"""From `make run` in a fresh clone to the first answer: once with an empty package cache, once with a full one."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import aiohttp
import psutil

from bench.table import Figure, Result

ROOT = Path(__file__).parent.parent
ADDRESS = "http://127.0.0.1:8000"
QUIET = 20.0
"""Seconds after the first answer at which the resident memory is read."""
_PATIENCE = 600.0


@dataclass(frozen=True)
class Start:
    """Seconds to the first answer, MiB of the environment, MiB resident when idle."""

    seconds: float
    installed: float
    resident: float


async def measure() -> Result:
    """Raises OSError when port 8000 is taken: `make run` knows no other."""
    await _demand_free_port()
    with tempfile.TemporaryDirectory(prefix="parley-start-") as passing:
        folder = Path(passing)
        cold = await _start(folder / "first", folder / "cache")
        warm = await _start(folder / "second", folder / "cache")
    figures = [
        Figure("make run to the first answer, empty package cache", cold.seconds, "s", "full package cache", warm.seconds),
        Figure("installed size of .venv", warm.installed, "MiB"),
        Figure("resident memory, idle", warm.resident, "MiB"),
    ]
    return Result("The start: a fresh clone", figures, [f"memory read {QUIET:.0f} s after the first answer"])


async def _start(clone: Path, cache: Path) -> Start:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    # nobody's settings, and nothing that keeps Python from keeping what it has compiled
    theirs = ("PARLEY_", "SLACK_", "WECOM_", "WECHAT_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    environment["UV_CACHE_DIR"] = str(cache)
    began = monotonic()
    log = (clone.parent / f"{clone.name}.log").open("w+b")
    program = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        await _first_answer(program, log)
        seconds = monotonic() - began
        await asyncio.sleep(QUIET)
        resident = max(_resident(one) for one in psutil.Process(program.pid).children(recursive=True))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGTERM)
        program.wait()
    installed = sum(file.lstat().st_size for file in (clone / ".venv").rglob("*") if file.is_file()) / 2**20
    shutil.rmtree(clone)
    return Start(seconds, installed, resident)


async def _first_answer(program: "subprocess.Popen[bytes]", log: BinaryIO) -> None:
    """Until a rep has been told how a deal stands. Raises RuntimeError with the last words of a program that ended."""
    asked = {"conversation": "first", "sender": "E01", "text": "华康医疗现在什么情况"}
    async with asyncio.timeout(_PATIENCE), aiohttp.ClientSession(ADDRESS) as session:
        while program.poll() is None:
            try:
                async with session.post("/api/messages", json=asked) as answer:
                    if answer.status == 200 and (await answer.json())["replies"]:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"`make run` ended before it answered: {log.read().decode(errors='replace')[-600:]}")


async def _demand_free_port() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 8000)
    server.close()
    await server.wait_closed()


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20
