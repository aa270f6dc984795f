"""A house in a process of its own for the kill-and-restart test: it listens to what is queued, a part at a time, slowly.

Usage: python -m tests.recordings.process_that_listens HOME [RECORDING]; a recording is sent and given its basis first. It
says `begun LINE` for each part that it begins and `done` when everything is heard, then waits to be ended.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import build_house
from bot.message import Address, Attachment, Message
from bot.settings import load_settings
from tests.fakes import FakeListener
from tests.house_under_test import SweepOnly
from voice.decode import Recording
from voice.plan import Plan
from voice.transcript import Turn


def say(line: str) -> None:
    """On a line of its own, also where the log of another thread has written half of one."""
    sys.stdout.write(f"\n{line}\n")
    sys.stdout.flush()


class SlowListener(FakeListener):
    """Says which part it begins, and takes its time over each turn while `slow`."""

    slow = True

    def hear(
        self,
        source: Path | Recording,
        plan: Plan,
        number: int,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> tuple[Turn, ...]:
        say(f"begun {int(plan.pieces[number].span.start)}")
        heard = super().hear(source, plan, number, said, cancelled, names, keep)
        if self.slow and number > 0:
            while not cancelled():  # until the power goes
                pass
        return heard


async def main(home: Path, recording: Path | None) -> None:
    settings = load_settings(None).model_copy(update={"home": home, "embedding_model": "none"})
    listener = SlowListener()
    listener.slow = recording is not None
    house = await build_house(settings, now=lambda: datetime.now(UTC), engine=SweepOnly(), listener=listener)
    await house.start(opens_doors=False)
    if recording is not None:
        content = Attachment("voice", str(recording), "call.m4a")
        address = Address("web", "E01")
        await house.accept(Message("m1", address, "E01", "", datetime.now(UTC), attachments=(content,)))
        await house.inbox.wait_done("m1", timedelta(seconds=60))
        await house.accept(Message("m2", address, "E01", "1", datetime.now(UTC)))
        await house.inbox.wait_done("m2", timedelta(seconds=60))
    while True:
        await house.listening.sweep()
        await house.listening.rest()
        async with house.store.read() as tx:
            found = await tx.exec_driver_sql("select count(*) from recording where state = 'done'")
            if found.scalar():
                break
        await asyncio.sleep(0.2)
    say("done")
    await house.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
