"""A power cut in the middle: what waited for a yes still waits, and what was accepted is still answered, once."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions import audit
from actions.crm import own
from actions.crm.records import Deal
from actions.outside.store import Store
from tests.e2e.program import PATIENCE, Program

DESKS = [f"desk-{number}" for number in range(24)]
"""Conversations with one message each under way when the power goes."""


@dataclass(frozen=True)
class Restarted:
    """The program after the cut. `accepted` gives each desk's message its desk; those `cut_short` were not yet done."""

    program: Program
    accepted: dict[str, str]
    cut_short: tuple[str, ...]

    def say(self, conversation: str, sender: str, text: str) -> list[dict[str, Any]]:
        body = {"conversation": conversation, "sender": sender, "role": "rep", "text": text}
        replies: list[dict[str, Any]] = self.program.post("/api/messages", body)["replies"]
        return replies

    def press(self, conversation: str, sender: str, button: str) -> list[dict[str, Any]]:
        body = {"conversation": conversation, "sender": sender}
        replies: list[dict[str, Any]] = self.program.post(f"/api/actions/{button}", body)["replies"]
        return replies


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restarted]:
    """A request waits for the manager, further messages are being worked on, then the process is killed and started anew."""
    home = tmp_path_factory.mktemp("restart")
    program = Program.start(home)
    bind = ["people", "bind", "@managers", "api", "managers"]
    environment = {"PARLEY_HOME": str(home), "PATH": ""}
    subprocess.run([str(Path(sys.executable).with_name("parley")), *bind], check=True, cwd=home, env=environment)
    request = {"conversation": "E01", "sender": "E01", "role": "rep", "text": "把华康医疗那单金额改成60万"}
    replies = program.post("/api/messages", request)["replies"]
    assert "等确认" in replies[0]["text"]
    with ThreadPoolExecutor(len(DESKS)) as desks:
        said = [desks.submit(_say_unheard, program, desk) for desk in DESKS]
        wait(said, return_when=FIRST_COMPLETED)  # the first is answered: the others are on their way
        program.kill()
    _accept_at_the_last_moment(home)
    before = _inbox(home)
    program = Program.start(home)
    yield Restarted(
        program,
        {key: desk for key, (desk, _) in before.items() if desk.startswith("desk-")},
        tuple(key for key, (_, state) in before.items() if state != "done"),
    )
    program.stop()


def test_a_request_still_waits_and_is_confirmed_once(restarted: Restarted) -> None:
    home = restarted.program.home
    assert _deal(home).amount == 480000
    cards = restarted.say("managers", "E11", "在吗")
    asked = next(reply for reply in cards if "请确认" in reply["text"])
    confirm = next(button["id"] for button in asked["buttons"] if button["label"] == "确认")
    restarted.press("managers", "E11", confirm)
    again = restarted.press("managers", "E11", confirm)
    assert _deal(home).amount == 600000
    assert "已经办过了" in again[-1]["text"]
    assert _count(home, "select count(*) from deed where command = 'update_amount'") == 1
    told = restarted.say("E01", "E01", "谢谢")
    assert any("48万 → 60万" in reply["text"] for reply in told)


def test_what_was_accepted_before_is_answered_once(restarted: Restarted) -> None:
    home = restarted.program.home
    assert restarted.cut_short
    assert len(restarted.accepted) > 1
    for desk in restarted.accepted.values():
        restarted.say(desk, "E01", "谢谢")  # one conversation keeps its order: this is heard after what was left lying
    for key in restarted.accepted:
        replies = _count(home, f"select count(*) from send where answers = '{key}'")
        assert replies == 1, key


def test_the_record_is_whole(restarted: Restarted) -> None:
    assert asyncio.run(_is_sound(restarted.program.home))


def _say_unheard(program: Program, desk: str) -> None:
    body = {"conversation": desk, "sender": "E01", "role": "rep", "text": "我的商机有哪些"}
    try:
        httpx.post(f"{program.url}/api/messages", json=body, timeout=PATIENCE)
    except httpx.TransportError:
        pass  # the power went


def _accept_at_the_last_moment(home: Path) -> None:
    """One more message as it stands between its acceptance and the first look at it; the others' state is a race."""
    with closing(sqlite3.connect(home / "parley.sqlite")) as database, database:
        row = database.execute("select message, accepted_at from inbox order by seq limit 1").fetchone()
        message = json.loads(row[0])
        message |= {"key": "api:desk-late:1", "text": "我的商机有哪些"}
        message["address"] |= {"conversation": "desk-late"}
        columns = "key, seq, conversation, message, state, attempts, accepted_at"
        values = ("api:desk-late:1", 1_000_000, "api:desk-late", json.dumps(message), "accepted", 0, row[1])
        database.execute(f"insert into inbox ({columns}) values (?, ?, ?, ?, ?, ?, ?)", values)


def _inbox(home: Path) -> dict[str, tuple[str, str]]:
    """The conversation and state of each accepted message by its key."""
    with closing(sqlite3.connect(home / "parley.sqlite")) as database:
        rows = database.execute("select key, conversation, state from inbox").fetchall()
    return {key: (conversation.removeprefix("api:"), state) for key, conversation, state in rows}


def _count(home: Path, query: str) -> int:
    with closing(sqlite3.connect(home / "parley.sqlite")) as database:
        return int(database.execute(query).fetchone()[0])


def _deal(home: Path) -> Deal:
    async def read() -> Deal:
        store = Store(f"sqlite:///{home / 'parley.sqlite'}")
        async with store.read() as tx:
            deal = await own.get(tx, "deal", "D001")
        await store.close()
        assert isinstance(deal, Deal)
        return deal

    return asyncio.run(read())


async def _is_sound(home: Path) -> bool:
    store = Store(f"sqlite:///{home / 'parley.sqlite'}")
    async with store.read() as tx:
        verdict = await audit.verify(tx)
    await store.close()
    return verdict.is_sound
