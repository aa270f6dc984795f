"""Work beside the conversation: in a daemon thread of its own, awaited like anything else."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


def run_beside(work: Callable[[], _T]) -> asyncio.Future[_T]:
    """Do the work in a daemon thread: a model that does not stop when it should must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[_T] = loop.create_future()

    def settle(value: _T | None, fault: BaseException | None) -> None:
        if result.done():
            return
        if fault is not None:
            result.set_exception(fault)
        else:
            result.set_result(value)  # type: ignore[arg-type]  # where there was no fault there is a value

    def run() -> None:
        value, fault = None, None
        try:
            value = work()
        except BaseException as error:  # it is raised where it is waited for
            fault = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, value, fault)

    threading.Thread(target=run, name="listening", daemon=True).start()
    return result
