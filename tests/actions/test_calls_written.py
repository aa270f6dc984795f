"""A call is written down once: the call with its moments, its signals with their second, a reminder for each promise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.commands.calls import (
    CallMoment,
    CallPromise,
    CallSignal,
    WriteCall,
    call_activity,
    recording_second,
)
from actions.crm.records import Activity, Recording, Signal, Speaker, place_of
from actions.decide import decide
from actions.draft import draft
from actions.proposal import Basis, Create, Facts, Plan, Remove, Schedule, Unschedule, Update
from tests.actions.house import FACTS, MANAGER, NOW, OTHER_REP, POLICY, REP

SENT = NOW - timedelta(hours=1)
HEARD = Recording(
    "REC-1", "0" * 64, "call.m4a", "audio/mp4", 1_500_000, False, "E01", "web", "web:E01", SENT, "done", duration_ms=754_000
)
FACTS_WITH_CALL = Facts({**FACTS.records, ("recording", "REC-1"): HEARD})
FROZEN = CallSignal("budget_freeze", Decimal(192), "今年预算冻结了", Decimal("0.98"), 90, ("manager",))
COMMAND = WriteCall(
    "REC-1",
    "C001",
    "通话 call.m4a（12:34）",
    moments=(CallMoment("objection.price", "觉得价格高", Decimal(65), "比别家贵"),),
    signals=(FROZEN,),
    promises=(CallPromise("发正式报价", NOW + timedelta(days=2)),),
    deal_id="D001",
)


def plan(command: WriteCall = COMMAND, speaker: Speaker = REP, facts: Facts = FACTS_WITH_CALL) -> Plan:
    return command.plan(facts, speaker, "P-1", NOW)


def created(made: Plan, kind: str) -> list[dict[str, Any]]:
    return [dict(one.values) for one in made.effects if isinstance(one, Create) and one.kind == kind]


def with_call(**changed: Any) -> Facts:
    return Facts({**FACTS.records, ("recording", "REC-1"): replace(HEARD, **changed)})


def test_the_call_stands_with_its_customer_with_each_moment_at_its_second() -> None:
    (call,) = created(plan(), "activity")
    assert (call["kind"], call["customer_id"], call["deal_id"], call["intent"]) == (
        "call",
        "C001",
        "D001",
        "objection.price",
    )
    assert call["text"] == "通话 call.m4a（12:34）\n[1:05] 觉得价格高 “比别家贵”"
    assert call["at"] == SENT.isoformat()


def test_a_signal_names_the_recording_and_the_second_and_counts_from_the_call() -> None:
    (signal,) = created(plan(), "signal")
    assert (signal["source"], signal["source_id"], signal["second"]) == ("call", "REC-1", "192")
    assert (signal["words"], signal["said_by"], signal["reported_by"]) == ("今年预算冻结了", "华康医疗", "E01")
    assert signal["until"] == (SENT + timedelta(days=90)).isoformat()


def test_a_promise_becomes_a_reminder_that_wakes_on_its_day_and_one_that_is_past_does_not() -> None:
    late = replace(COMMAND, promises=(*COMMAND.promises, CallPromise("昨天就该发", NOW - timedelta(days=1))))
    (reminder,) = created(plan(late), "reminder")
    assert (reminder["person_id"], reminder["text"], reminder["customer_id"]) == ("E01", "发正式报价", "C001")
    rings = [one for one in plan(late).effects if isinstance(one, Schedule) and one.kind == "reminder"]
    assert [one.due_at for one in rings] == [NOW + timedelta(days=2)]


def test_the_recording_belongs_to_the_customer_afterwards() -> None:
    changed = {one.field: one.new for one in plan().effects if isinstance(one, Update)}
    assert changed == {"customer_id": "C001", "deal_id": "D001"}


def test_taken_back_everything_that_was_made_goes_and_no_timer_stays() -> None:
    made = plan()
    assert made.inverse is not None
    removed = {(one.kind, one.id) for one in made.inverse if isinstance(one, Remove)}
    assert removed == {(one.kind, one.id) for one in made.effects if isinstance(one, Create)}
    timers = [one.key for one in made.effects if isinstance(one, Schedule)]
    assert [one.key for one in made.inverse if isinstance(one, Unschedule)] == timers


def test_whoever_presses_and_however_often_it_is_the_same_call() -> None:
    first = {one.id for one in plan().effects if isinstance(one, Create)}
    again = {one.id for one in COMMAND.plan(FACTS_WITH_CALL, MANAGER, "P-2", NOW).effects if isinstance(one, Create)}
    assert first == again
    there = Activity(call_activity("REC-1"), "call", "通话", NOW, customer_id="C001")
    known = Facts({**FACTS_WITH_CALL.records, ("activity", there.id): there})
    assert (plan(facts=known).problem, plan(facts=known).effects) == ("call_written", ())


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"state": "running"}, "call_not_heard"),
        ({"state": "deleted"}, "recording_deleted"),
        ({"is_message": True}, "call_not_heard"),
        ({"customer_id": "C002"}, "wrong_customer"),
    ],
)
def test_what_is_no_call_of_this_customer_is_not_written_down(changed: dict[str, Any], problem: str) -> None:
    made = plan(facts=with_call(**changed))
    assert (made.problem, made.effects) == (problem, ())


def test_only_who_has_the_recording_and_the_customer_may() -> None:
    def verdict(speaker: Speaker) -> str:
        proposal = draft(COMMAND, FACTS_WITH_CALL, speaker, Basis(), "m1", NOW)
        return decide(proposal, POLICY, NOW).verdict

    assert verdict(REP) == verdict(MANAGER) == "run"
    assert verdict(OTHER_REP) == "refuse"


@pytest.mark.parametrize(("second", "told"), [(Decimal(755), "12:35"), (65.9, "1:05"), (Decimal(3723), "1:02:03")])
def test_a_second_is_told_as_a_player_shows_it(second: Decimal | float, told: str) -> None:
    assert recording_second(second) == told


def test_a_signal_from_a_recording_says_at_which_second() -> None:
    said = Signal("S1", "C001", "budget_freeze", "冻结了", "样例", datetime(2026, 3, 2, tzinfo=UTC), source="call")
    assert place_of(said) == "call"
    assert place_of(replace(said, second=Decimal("192.4"))) == "call@192"
