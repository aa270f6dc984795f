"""A process of its own for the kill-and-restart test: arms one timer, or only waits for what is already armed.

Usage: python -m tests.road.process_with_a_timer HOME SECONDS|-; says `up`, `armed`, and `fired KEY` as they happen.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from actions.outside.durable import Durable


def now() -> datetime:
    return datetime.now(UTC)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main(home: Path, seconds: str) -> None:
    fired = asyncio.Event()

    async def fire(key: str) -> None:
        say(f"fired {key}")
        fired.set()

    durable = Durable(f"sqlite:///{home / 'parley.db'}", home, now, calm=timedelta())
    await durable.start(fire)
    await durable.up()
    say("up")
    if seconds != "-":
        await durable.wake("r1", now() + timedelta(seconds=float(seconds)))
        say("armed")
    await fired.wait()
    await durable.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
