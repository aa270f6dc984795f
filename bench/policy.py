"""Decisions a second by the shipped policy and by stricter ones, beside what keeping one of them on disk costs."""

import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

from actions.commands.crm import AssignLeads, UpdateAmount, UpdateStage
from actions.crm.records import Customer, Deal, Lead, Speaker
from actions.decide import decide, sight_of
from actions.draft import draft
from actions.policy.files import SHIPPED_POLICY, Files, files_at, pack_at, pack_folders
from actions.policy.policy import Policy
from actions.proposal import Basis, Facts, Proposal
from bench.table import Figure, Result

_NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
_REP = Speaker("E01", "rep", "样例一号", region="华东", manager_id="E11")
_WORDS = Basis("改成 49 万", "crm.update_amount", 0.97, message="bench:1")
_BESIDE = "rows kept by SQLite, one at a time"
_SECONDS = 1.0
"""How long each figure is measured."""


def measure() -> Result:
    """What deciding costs with the shipped policy, with every pack, and with a hundred rules more."""
    files = files_at(SHIPPED_POLICY)
    shipped = Policy.read(files)
    strict = files
    for name, folder in pack_folders(SHIPPED_POLICY).items():
        strict = strict.with_pack(name, pack_at(folder))
    further = "rules:\n" + "".join(
        f"  - {{id: further_{number}, when: 'has_deal && deal.amount > {number}.0 && discount > 99.0', verdict: refuse}}\n"
        for number in range(100)
    )
    long = Policy.read(Files({**files.texts, "further.yaml": further}))
    proposals = _proposals()
    sights = [sight_of(one, 0.0, _NOW, shipped) for one in proposals]
    floor = _kept_a_second()
    figures = [
        _figure("decisions with the shipped policy", shipped, proposals, floor),
        _figure("decisions with every pack switched on", Policy.read(strict), proposals, floor),
        _figure("decisions with a hundred rules more", long, proposals, floor),
        Figure(
            "the policy's expressions alone",
            _rate(lambda number: shipped.judge(sights[number % len(sights)])),
            "/s",
            _BESIDE,
            floor,
        ),
    ]
    rules = [len(one.rules) for one in (shipped, Policy.read(strict), long)]
    notes = [
        f"{rules[0]} rules shipped, {rules[1]} with every pack, {rules[2]} with a hundred more",
        "a decision: what the rules see of the act and its records, every rule, the verdict with its reasons; no store",
        "ratio: decisions in the time that SQLite takes to keep one small row, which every decision needs several of",
    ]
    return Result("The policy: decisions a second", figures, notes)


def _figure(what: str, policy: Policy, proposals: list[Proposal], floor: float) -> Figure:
    rate = _rate(lambda number: decide(proposals[number % len(proposals)], policy, _NOW))
    return Figure(what, rate, "/s", _BESIDE, floor)


def _rate(act: Callable[[int], Any]) -> float:
    """How often a second; the best of three stretches, as others may be using the machine."""
    best = 0.0
    for _ in range(3):
        count, began = 0, perf_counter()
        while (spent := perf_counter() - began) < _SECONDS / 3:
            for _ in range(50):
                act(count)
                count += 1
        best = max(best, count / spent)
    return best


def _kept_a_second() -> float:
    """Transactions of one small row a second, on a file, as the store opens it: WAL, synchronous NORMAL."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        file = sqlite3.connect(Path(folder) / "kept.sqlite", isolation_level=None)
        file.execute("pragma journal_mode=wal")
        file.execute("pragma synchronous=normal")
        file.execute("create table kept (number integer, body text)")
        rate = _rate(lambda number: file.execute("insert into kept values (?, ?)", (number, "x" * 200)))
        file.close()
    return rate


def _proposals() -> list[Proposal]:
    customer = Customer("C001", "样例公司", owner_id="E01", bank="样例银行 0000")
    deal = Deal("D001", "C001", "样例商机", "proposal", Decimal(480000), owner_id="E01")
    leads = [Lead(f"L{number:03}", "样例线索", owner_id="E01") for number in range(30)]
    records = {("customer", "C001"): customer, ("deal", "D001"): deal, **{("lead", one.id): one for one in leads}}
    facts = Facts(records)
    commands = (
        UpdateStage("D001", "negotiation"),
        UpdateAmount("D001", Decimal(490000)),
        UpdateAmount("D001", Decimal(600000)),
        UpdateAmount("D001", discount=Decimal(16)),
        AssignLeads(tuple(one.id for one in leads), "E01"),
    )
    return [draft(one, facts, _REP, _WORDS, f"bench:{number}", _NOW) for number, one in enumerate(commands)]
