"""A past decision put to a policy again: the old version gives the old verdict, another one its own, and nothing changes."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from typer.testing import CliRunner

from actions.audit_commands import audit_cli
from actions.carry_out import confirm
from actions.commands.crm import AssignLeads, ExportCustomers, UpdateAmount, UpdateStage
from actions.commands.roster import command_to_json
from actions.crm.records import Speaker
from actions.decide import decide
from actions.decided import Decided, decided, look_up
from actions.draft import draft
from actions.grounds import basis_to_json, is_plain, then_from_json
from actions.outside.store import Store
from actions.outside.tables import AuditRow, PolicyVersionRow
from actions.policy.fields import sight_from_json
from actions.policy.files import SHIPPED_POLICY, Files, files_at
from actions.policy.policy import Policy
from actions.proposal import Command, Decision, Proposal
from actions.proposal_json import decision_to_json
from actions.replay import replay
from intents.understanding import Candidate
from tests.actions.any_command import commands
from tests.actions.house import EVERYONE, FACTS, MANAGER, NOW, POLICY, REP, WORDS, FakeWorld, furnish

OWN_RULE = "rules:\n  - {id: by_address, when: \"has_customer && customer.address.contains('旧')\", verdict: refuse}\n"
SECRETIVE = Policy.read(
    Files(
        {
            **files_at(SHIPPED_POLICY).texts,
            "own.yaml": OWN_RULE,
        }
    )
)
"""The shipped policy, and a rule that looks at what the record does not keep."""


def policy_with(**thresholds: str) -> Policy:
    """The shipped policy with other texts in it."""
    files = files_at(SHIPPED_POLICY)
    text = files.texts["policy.yaml"]
    for before, after in (one.split(" becomes ") for one in thresholds.values()):
        assert before in text
        text = text.replace(before, after)
    return Policy.read(Files({**files.texts, "policy.yaml": text}))


STRICTER = policy_with(amount="amount_cny > 500000.0 becomes amount_cny > 100000.0")


def past(proposal: Proposal, decision: Decision) -> Decided:
    """The decision as the chain would hold it, through JSON."""
    body = json.loads(json.dumps({**decision_to_json(decision), "basis": basis_to_json(proposal, decision)}))
    return Decided(
        proposal.id, 1, NOW, "E01", json.loads(json.dumps(command_to_json(proposal.command))), body, body["basis"]
    )


@given(commands(), st.sampled_from(EVERYONE), st.sampled_from([POLICY, SECRETIVE]), st.integers(0, 400))
def test_the_old_version_gives_the_old_verdict_with_the_old_reasons_whatever_was_asked(
    command: Command, speaker: Speaker, policy: Policy, hours: int
) -> None:
    now = NOW + timedelta(hours=hours)
    proposal = draft(command, FACTS, speaker, WORDS, "web:1", now)
    decision = decide(proposal, policy, now)
    again = replay(past(proposal, decision), policy, policy)
    assert again.is_same and again.changed == ()
    assert again.before["reasons"] == again.after["reasons"]


@given(commands(), st.sampled_from(EVERYONE))
def test_every_rule_is_kept_with_its_outcome_and_nothing_personal_of_the_records(command: Command, speaker: Speaker) -> None:
    proposal = draft(command, FACTS, speaker, WORDS, "web:1", NOW)
    decision = decide(proposal, POLICY, NOW)
    kept = basis_to_json(proposal, decision)
    assert {rule.id for rule in POLICY.rules} <= {one["rule"] for one in kept["rules"]}
    assert {one["outcome"] for one in kept["rules"]} <= {"applied", "not_applied", "unknown"}
    sight = kept["seen"]["sight"]
    for name in ("customer.phone", "customer.address", "customer.name", "contact.name", "lead.person", "speaker.name"):
        assert sight.get(name, "") == ""
    assert all(is_plain(name, value) for name, value in sight_from_json(sight).items())


def test_a_stricter_policy_shows_which_rule_what_it_saw_and_who_is_asked() -> None:
    proposal = draft(UpdateAmount("D001", Decimal(490000)), FACTS, REP, WORDS, "web:1", NOW)
    again = replay(past(proposal, decide(proposal, POLICY, NOW)), STRICTER, POLICY)
    assert (again.before["verdict"], again.after["verdict"]) == ("run", "confirm")
    (changed,) = again.changed
    assert (changed.rule, changed.before, changed.after) == ("contract_value", "not_applied", "applied: confirm")
    assert changed.saw["amount_cny"] == 490000
    assert again.after["approvers"] != again.before["approvers"] == []


def test_a_rule_that_asks_for_what_is_not_kept_says_so_and_asks_a_person() -> None:
    proposal = draft(UpdateStage("D001", "negotiation"), FACTS, REP, WORDS, "web:1", NOW)
    again = replay(past(proposal, decide(proposal, POLICY, NOW)), SECRETIVE, POLICY)
    assert again.after["verdict"] == "confirm"
    assert again.not_kept == ("customer.address",)


def test_rates_of_the_other_version_count_for_the_same_day() -> None:
    proposal = draft(UpdateAmount("D005", Decimal(60000), "USD"), FACTS, REP, WORDS, "web:1", NOW)
    files = files_at(SHIPPED_POLICY)
    dear = Policy.read(Files({**files.texts, "rates.yaml": "as_of: 2026-01-01\ncny: {USD: 20}\n"}))
    again = replay(past(proposal, decide(proposal, POLICY, NOW)), dear, POLICY)
    assert again.after["verdict"] == "confirm"
    assert next(one for one in again.changed if one.rule == "contract_value").saw["amount_cny"] == 1200000


def test_what_was_said_where_it_stands_and_what_else_it_could_have_been_is_kept() -> None:
    basis = replace(
        WORDS,
        text="您好。推进到谈判。谢谢。",
        evidence="推进到谈判。",
        alternatives=(Candidate("crm.log_activity", 0.02),),
        facts=(("stage", "proposal"),),
        sources=("deal:D001",),
        model="m1",
        dictionary="2",
    )
    proposal = draft(UpdateStage("D001", "negotiation"), FACTS, REP, basis, "web:1", NOW)
    kept = basis_to_json(proposal, decide(proposal, POLICY, NOW))
    assert kept["utterance"] == {"message": "web:1", "text": basis.text, "place": [3, 9]}
    assert kept["reading"]["runners_up"] == [{"intent": "crm.log_activity", "probability": 0.02}]
    fact = next(one for one in kept["facts"] if one["field"] == "stage")
    assert (fact["record"], fact["value"], fact["read_at"]) == ("deal:D001", "proposal", NOW.isoformat())
    assert kept["versions"] == {"model": "m1", "dictionary": "2", "policy": POLICY.version}
    shown = then_from_json(proposal.id, json.loads(json.dumps(kept)), None).proposal.basis
    assert (shown.words, shown.alternatives, shown.facts) == (basis.evidence, basis.alternatives, basis.facts)


# --- through the chain -------------------------------------------------------------------------------------------------


async def test_a_decision_is_read_back_whole_with_who_answered_and_what_came_of_it(world: FakeWorld) -> None:
    outcome = await world.ask(UpdateAmount("D001", Decimal(600000)), REP)
    await confirm(world, outcome.proposal.id, outcome.proposal.digest, MANAGER, True, "web:E11")
    async with world.store.read() as tx:
        kept = await decided(tx, outcome.proposal.id)
        by_message = await look_up(tx, WORDS.message)
        by_deed = await look_up(tx, outcome.proposal.id)
    assert by_message == by_deed == [outcome.proposal.id]
    assert kept is not None and kept.ended == "done"
    whole = kept.to_json()
    assert whole is not None
    assert whole["approvers"]["answers"] == [{"person": "E11", "yes": True, "at": NOW.isoformat()}]
    assert whole["approvers"]["until"] == (NOW + timedelta(hours=24)).isoformat()
    await world.ask(UpdateStage("D001", "negotiation"), REP, key="web:2")
    later = await world.ask(UpdateAmount("D001", Decimal(610000)), REP, key="web:3")
    async with world.store.read() as tx:
        kept = await decided(tx, later.proposal.id)
    whole = kept.to_json() if kept else None
    assert whole is not None
    amount = next(one for one in whole["facts"] if one["field"] == "amount")
    assert (amount["value"], amount["changed_at"]) == ("600000", NOW.isoformat())


# --- parley audit replay -----------------------------------------------------------------------------------------------


def _house(path: Path) -> Callable[[], Store]:
    """A store in which four things were asked for, with the version that decided."""

    def open_store() -> Store:
        return Store(f"sqlite:///{path / 'replay.db'}")

    async def fill() -> None:
        store = open_store()
        await store.migrate()
        await furnish(store)
        world = FakeWorld(store, path)
        await world.ask(UpdateAmount("D001", Decimal(490000)), REP, key="web:1")
        await world.ask(UpdateAmount("D001", Decimal(600000)), REP, key="web:2")
        await world.ask(ExportCustomers(("C001",), "SG", "x"), REP, key="web:3")
        await world.ask(AssignLeads(("L001", "L003"), "E01"), MANAGER, key="web:4")
        async with store.write() as tx:
            texts = dict(files_at(SHIPPED_POLICY).texts)
            await tx.execute(PolicyVersionRow.__table__.insert().values(version=POLICY.version, texts=texts, at=NOW))
        await store.close()

    asyncio.run(fill())
    return open_store


def _entries(open_store: Callable[[], Store]) -> int:
    async def count() -> int:
        store = open_store()
        async with store.read() as tx:
            found = await tx.scalar(select(func.count()).select_from(AuditRow))
        await store.close()
        return int(found or 0)

    return asyncio.run(count())


def _stricter(path: Path) -> Path:
    file = path / "policy.yaml"
    text = SHIPPED_POLICY.read_text(encoding="utf-8").replace("amount_cny > 500000.0", "amount_cny > 100000.0")
    file.write_text(text, encoding="utf-8")
    return file


def _run(open_store: Callable[[], Store], *words: str) -> Any:
    return CliRunner().invoke(audit_cli(open_store), ["replay", *words], env={"PARLEY_POLICY": None})


def test_one_decision_under_the_version_that_made_it_is_the_same_and_under_another_it_differs(tmp_path: Path) -> None:
    house = _house(tmp_path)
    before = _entries(house)
    same = _run(house, WORDS.message, "--policy", POLICY.version[:8], "--json")
    assert same.exit_code == 0, same.output
    told = [json.loads(line) for line in same.stdout.splitlines()]
    assert len(told) == 4 and all(one["is_same"] and not one["rules"] for one in told)
    other = _run(house, told[0]["id"], "--policy", str(_stricter(tmp_path)))
    assert "contract_value: not_applied -> applied: confirm" in other.stdout
    assert "who may say yes: nobody is asked -> director or manager" in other.stdout
    assert _entries(house) == before


def test_many_are_counted_before_a_policy_is_published(tmp_path: Path) -> None:
    house = _house(tmp_path)
    result = _run(house, "--all", "--since", "2026-03-01", "--policy", str(_stricter(tmp_path)))
    assert result.stdout.startswith("1 of 4 decisions would be otherwise"), result.output
    assert "1 x run -> confirm" in result.stdout and "by rule contract_value: 1" in result.stdout
    counted = json.loads(_run(house, "--all", "--json").stdout.splitlines()[-1])
    assert (counted["decisions"], counted["otherwise"], counted["not_replayed"]) == (4, 0, 0)
    assert "0 of 0 decisions" in _run(house, "--all", "--since", "2026-03-03").stdout


def test_wrong_use_and_unknown_ids_are_told_in_a_sentence(tmp_path: Path) -> None:
    house = _house(tmp_path)
    assert _run(house).exit_code == 2
    assert _run(house, "P-x", "--all").exit_code == 2
    unknown = _run(house, "P-0000000000000000")
    assert (unknown.exit_code, unknown.stderr) == (1, "the record has no decision for P-0000000000000000\n")
    assert "neither a file nor a version" in _run(house, "web:1", "--policy", "nowhere").stderr
