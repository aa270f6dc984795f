"""Decisions a second all the way: policy, evidence, the deed and its entries in the chain, on SQLite and on PostgreSQL."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert

from actions import audit
from actions.audit import Entry
from actions.carry_out import carry_out
from actions.commands.crm import LogActivity, UpdateAmount
from actions.crm import own
from actions.crm.records import Customer, Deal, Employee, Speaker
from actions.decide import decide
from actions.decided import decided
from actions.draft import draft
from actions.grounds import basis_to_json
from actions.outside.store import Store, Tx
from actions.policy.policy import Policy
from actions.proposal import Basis, Command, Facts, Notify, Redraw
from actions.replay import replay
from actions.world import World
from bench.table import Figure, Result

_NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
_REP = Speaker("E01", "rep", "样例一号", region="华东", manager_id="E11")
_WORDS = Basis("记一下今天的拜访", "crm.log_activity", 0.97, message="bench:1", model="bench", dictionary="2")
_RECORDS: tuple[tuple[str, Any], ...] = (
    ("employee", Employee("E01", "样例一号", "", "rep", "华东", manager_id="E11")),
    ("employee", Employee("E11", "样例经理", "", "manager", "华东")),
    ("customer", Customer("C001", "样例公司", owner_id="E01")),
    ("deal", Deal("D001", "C001", "样例商机", "proposal", Decimal(480000), owner_id="E01")),
)
_SECONDS = 3.0
"""How long each figure is measured."""


async def measure() -> Result:
    """What a decision costs with everything that is kept of it, beside one entry of the chain in its own transaction."""
    policy = Policy.load()
    figures, notes = _thinking(policy), []
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        figures += await _on("SQLite", f"sqlite:///{Path(folder) / 'decisions.sqlite'}", policy)
    with _postgres() as address:
        if address is None:
            notes.append("PostgreSQL is not installed here (apt-get install postgresql), so its figures are missing")
        else:
            figures += await _on("PostgreSQL", f"{address}/postgres", policy)
    notes += [
        "done: fresh facts, the plan, every rule, the deed with its change, and the whole basis in the chain, committed",
        "waiting: the same, parked for a manager with its timer; ratio: against one small entry on the same store",
    ]
    return Result("Decisions a second, through policy, evidence and the chain", figures, notes)


def _thinking(policy: Policy) -> list[Figure]:
    facts = Facts({(kind, one.id): one for kind, one in _RECORDS})
    proposal = draft(UpdateAmount("D001", Decimal(600000)), facts, _REP, _WORDS, "bench", _NOW)
    decision = decide(proposal, policy, _NOW)
    alone = _rate(lambda: decide(proposal, policy, _NOW))
    both = _rate(lambda: basis_to_json(proposal, decide(proposal, policy, _NOW)))
    assert decision.verdict == "confirm"
    return [Figure("policy and evidence, no store", both, "/s", "the policy alone", alone)]


async def _on(name: str, url: str, policy: Policy) -> list[Figure]:
    store = Store(url)
    try:
        await store.migrate()
        async with store.write() as tx:
            for kind, record in _RECORDS:
                values = {field.name: getattr(record, field.name) for field in fields(record)}
                await tx.execute(insert(own.table_of(kind)).values(values))
        world = World(store, _NoDocuments(), _tell_nobody, lambda: _NOW, Path(), lambda: policy)  # type: ignore[arg-type]

        async def entry(number: int) -> None:
            async with store.write() as tx:
                await audit.append(tx, _NOW, Entry("message", "E01", f"bench:{number}", {"text": "x" * 200}))

        async def done(number: int) -> None:
            await _one(world, policy, LogActivity("note", f"拜访 {number}", "C001", "D001"), f"done:{number}")

        async def waiting(number: int) -> None:
            await _one(world, policy, UpdateAmount("D001", Decimal(600000 + number)), f"waiting:{number}")

        floor = await _rate_of(entry)
        beside = f"entries of the chain, {name}"
        figures = [
            Figure(f"decided and done, {name}", await _rate_of(done), "/s", beside, floor),
            Figure(f"decided and waiting, {name}", await _rate_of(waiting), "/s", beside, floor),
        ]
        figures.append(Figure(f"put to a policy again, {name}", await _replays(store, policy), "/s", beside, floor))
        return figures
    finally:
        await store.close()


async def _one(world: World, policy: Policy, command: Command, key: str) -> None:
    async with world.store.write() as tx:
        await audit.lock(tx)
        proposal = draft(command, await own.get_many(tx, command.reads), _REP, _WORDS, key, _NOW)
        outcome = await carry_out(world, proposal, decide(proposal, policy, _NOW), conversation="bench", tx=tx)
    assert outcome.kind in ("done", "waiting"), outcome.kind


async def _replays(store: Store, policy: Policy) -> float:
    command = UpdateAmount("D001", Decimal(600000))
    async with store.read() as tx:
        proposal = draft(command, await own.get_many(tx, command.reads), _REP, _WORDS, "waiting:0", _NOW)

        async def again(number: int) -> None:
            past = await decided(tx, proposal.id)
            assert past is not None and replay(past, policy, policy).is_same

        return await _rate_of(again)


async def _rate_of(act: Callable[[int], Awaitable[None]]) -> float:
    count, began = 0, perf_counter()
    while (spent := perf_counter() - began) < _SECONDS:
        await act(count)
        count += 1
    return count / spent


def _rate(act: Callable[[], Any]) -> float:
    count, began = 0, perf_counter()
    while (spent := perf_counter() - began) < _SECONDS / 3:
        act()
        count += 1
    return count / spent


async def _tell_nobody(tx: Tx, key: str, notice: Notify | Redraw) -> None:
    return None


class _NoDocuments:
    """A house without documents."""


@contextmanager
def _postgres() -> Iterator[str | None]:
    """The address of a PostgreSQL server of this run's own on 127.0.0.1; None where it is not installed."""
    programs = {name: _program(name) for name in ("initdb", "pg_ctl")}
    if None in programs.values():
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-postgres-"))
    as_server: list[str] = []
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_server = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    made = [*as_server, str(programs["initdb"]), "-D", str(data), "-U", "parley", "-A", "trust", "-E", "UTF8"]
    subprocess.run(made, check=True, capture_output=True, cwd="/")
    control = [*as_server, str(programs["pg_ctl"]), "-D", str(data)]
    # as it is used in earnest: what is committed is on the disk
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    subprocess.run(
        [*control, "-o", options, "-w", "-l", str(folder / "log"), "start"], check=True, capture_output=True, cwd="/"
    )
    try:
        yield f"postgresql://parley@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)
