"""Commands, proposals and decisions survive being written down, and nothing else is taken for one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.crm import UpdateAmount
from actions.commands.roster import COMMANDS, command_from_json, command_to_json
from actions.proposal import Command, Confirmers, Decision, Need, Reason
from actions.proposal_json import (
    decision_from_json,
    decision_to_json,
    plan_from_json,
    plan_to_json,
    proposal_from_json,
    proposal_to_json,
)
from tests.actions.any_command import TEXT, commands
from tests.actions.house import EVERYONE, FACTS, NOW, proposed


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(commands())
def test_a_command_comes_back_as_it_was(command: Command) -> None:
    assert command_from_json(through_json(command_to_json(command))) == command


@given(commands(), st.sampled_from(EVERYONE))
def test_a_plan_comes_back_as_it_was(command: Command, speaker: Any) -> None:
    plan = command.plan(FACTS, speaker, "P-1", NOW)
    assert plan_from_json(through_json(plan_to_json(plan))) == plan


@given(commands(), st.sampled_from(EVERYONE))
def test_a_proposal_comes_back_as_it_was(command: Command, speaker: Any) -> None:
    proposal = proposed(command, speaker)
    assert proposal_from_json(through_json(proposal_to_json(proposal))) == proposal


CONFIRMERS = st.builds(
    Confirmers, st.frozensets(st.sampled_from(["manager", "legal"])), st.booleans(), st.frozensets(TEXT), st.integers(1, 9)
)
DECISIONS = st.builds(
    Decision,
    st.sampled_from(["run", "confirm", "refuse"]),
    st.lists(st.builds(Reason, TEXT, st.just("confirm"), st.dictionaries(TEXT, TEXT)), max_size=3).map(tuple),
    st.lists(st.builds(Need, st.lists(TEXT, max_size=2).map(tuple), CONFIRMERS), max_size=2).map(tuple),
    st.integers(1, 720).map(lambda hours: timedelta(hours=hours)),
    TEXT,
    st.sampled_from(["refuse", "escalate", "wait"]),
)


@given(DECISIONS)
def test_a_decision_comes_back_as_it_was(decision: Decision) -> None:
    assert decision_from_json(through_json(decision_to_json(decision))) == decision


def test_every_command_is_listed_under_its_own_name() -> None:
    assert all(command.name == name for name, command in COMMANDS.items())
    assert "undo" not in COMMANDS


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {},
        {"name": "hold_deal"},
        {"name": "hold_deal", "args": {"deal_id": "D1"}, "more": 1},
        {"name": "hold_deal", "args": {"deal_id": "D1", "now": True}},
        {"name": "hold_deal", "args": {"deal_id": 7}},
        {"name": "hold_deal", "args": {}},
        {"name": "drop_tables", "args": {}},
        {"name": ["hold_deal"], "args": {}},
        {"name": "undo", "args": {"deed": "P-1", "did": "hold_deal"}},
        {"name": "update_stage", "args": {"deal_id": "D1", "stage": "mostly won"}},
        {"name": "update_amount", "args": {"deal_id": "D1", "amount": "NaN"}},
        {"name": "set_reminder", "args": {"text": "t", "due_at": "2026-03-02T09:30:00"}},
    ],
    ids=repr,
)
def test_what_is_no_command_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"command|takes no|cannot take"):
        command_from_json(written)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValueError, match="update_amount cannot take this amount") as refusal:
        command_from_json({"name": "update_amount", "args": {"deal_id": "D1", "amount": "13900000000"[:3] + "x"}})
    assert "139" not in str(refusal.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(sorted(COMMANDS)),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["name", "args", "deal_id"]) | st.text(), inner),
    )
)
def test_any_json_at_all_is_a_command_or_a_plain_refusal(written: Any) -> None:
    try:
        command = command_from_json(written)
    except ValueError:
        return
    assert command.name in COMMANDS


def test_the_digest_binds_the_exact_arguments() -> None:
    first, second = (
        proposed(command_from_json({"name": "update_amount", "args": {"deal_id": "D001", "amount": amount}}), EVERYONE[0])
        for amount in ("500000", "500000.01")
    )
    assert isinstance(first.command, UpdateAmount)
    assert first.digest != second.digest
    assert first.id != second.id
