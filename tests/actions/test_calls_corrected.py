"""What was heard in a call is put right by whoever may read it, with what was written down of it; all of it is undone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.commands.calls import CallLift, CallMoment, CallPromise, CallSignal, call_activity, call_reminder, call_signal
from actions.commands.corrections import CallRevision, CorrectCall, RevisedPromise, call_file
from actions.commands.undo import Undo
from actions.crm.records import (
    Activity,
    CallCorrection,
    CallFile,
    Customer,
    Firing,
    Recording,
    Reminder,
    Signal,
    Speaker,
)
from actions.decide import decide, may_touch
from actions.draft import draft
from actions.proposal import Basis, Create, Facts, Notify, Plan, Remove, Schedule, Subject, Unschedule, Update
from tests.actions.house import CONSULTANT, FACTS, MANAGER, NOW, OTHER_REP, POLICY, REP
from voice.transcript import Turn

SENT = NOW - timedelta(hours=1)
CALL = Recording(
    "REC-1", "0" * 64, "call.m4a", "audio/mp4", 1_500, False, "E01", "web", "web:E01", SENT, "done", customer_speaker="B"
)
HEARD = tuple(
    Turn(at * 10.0, at * 10.0 + 9, text, (), "zh", who, 0.7, True, 0.8)
    for at, (who, text) in enumerate([("A", "感谢致电"), ("B", "预算只有二十万"), ("A", "周五发报价")])
)
FILE = CallFile(call_file("REC-1"), HEARD)
WORDS = CorrectCall("REC-1", "text", "预算有二十万", 1)


def facts(*more: Any, file: CallFile = FILE, call: Recording = CALL) -> Facts:
    kinds = {Reminder: "reminder", Customer: "customer"}
    others = {(kinds[type(one)], one.id): one for one in more}
    return Facts({**FACTS.records, ("recording", call.id): call, ("call_file", call_file(call.id)): file, **others})


def plan(command: CorrectCall = WORDS, given: Facts | None = None, speaker: Speaker = REP) -> Plan:
    return command.plan(given or facts(), speaker, "P-1", NOW)


def made(planned: Plan, kind: str) -> list[Mapping[str, Any]]:
    return [one.values for one in planned.effects if isinstance(one, Create) and one.kind == kind]


def updated(planned: Plan, kind: str) -> dict[str, Any]:
    return {one.field: one.new for one in planned.effects if isinstance(one, Update) and one.kind == kind}


# --- the transcript -----------------------------------------------------------------------------------------------------


def test_the_words_of_a_turn_are_kept_as_a_correction_beside_what_was_heard() -> None:
    (kept,) = made(plan(), "call_correction")
    assert kept == {
        "recording_id": "REC-1",
        "number": 1,
        "what": "text",
        "place": 1,
        "value": "预算有二十万",
        "by_id": "E01",
        "at": NOW.isoformat(),
    }
    assert (plan().data["at"], plan().data["before"], plan().data["after"]) == ("0:10", "预算只有二十万", "预算有二十万")
    assert [type(one) for one in plan().effects] == [Create, Schedule], "and the report comes out anew"


def test_undone_the_correction_is_gone_and_the_report_comes_out_once_more() -> None:
    inverse = plan().inverse or ()
    assert [type(one) for one in inverse] == [Remove, Schedule]


def test_who_is_the_customer_is_certain_once_somebody_says_it() -> None:
    said = CorrectCall("REC-1", "customer", "A")
    assert updated(plan(said), "recording") == {"customer_speaker": "A", "customer_percent": 100}
    nobody = CorrectCall("REC-1", "customer", "")
    assert updated(plan(nobody), "recording") == {"customer_speaker": None, "customer_percent": 100}
    back = [one for one in plan(said).inverse or () if isinstance(one, Update)]
    assert {(one.field, one.new) for one in back} == {("customer_speaker", "B"), ("customer_percent", None)}


def test_a_turn_is_given_to_a_speaker_who_was_not_told_apart_too() -> None:
    for speaker in ("A", "C"):
        (kept,) = made(plan(CorrectCall("REC-1", "speaker", speaker, 1)), "call_correction")
        assert (kept["what"], kept["value"]) == ("speaker", speaker)


def test_corrections_are_numbered_in_their_order() -> None:
    first = CallCorrection("RC-1", "REC-1", 4, "speaker", 0, "B", "E01", NOW)
    (kept,) = made(plan(replace(WORDS, upon="RC-1"), facts(file=replace(FILE, corrections=(first,)))), "call_correction")
    assert kept["number"] == 5


@pytest.mark.parametrize(
    ("command", "call", "problem"),
    [
        (WORDS, {"state": "deleted"}, "recording_deleted"),
        (WORDS, {"state": "running"}, "not_heard_yet"),
        (replace(WORDS, place=3), {}, "no_such_turn"),
        (replace(WORDS, place=None), {}, "no_such_turn"),
        (replace(WORDS, value="  "), {}, "no_words"),
        (replace(WORDS, value=" 预算只有二十万 "), {}, "nothing_to_correct"),
        (replace(WORDS, upon="RC-7"), {}, "corrected_meanwhile"),
        (CorrectCall("REC-1", "speaker", "", 1), {}, "no_such_speaker"),
        (CorrectCall("REC-1", "customer", "Z"), {}, "no_such_speaker"),
        (CorrectCall("REC-1", "customer", "B"), {"customer_percent": 100}, "nothing_to_correct"),
        (CorrectCall("REC-2", "customer", "B"), {}, "not_found"),
    ],
)
def test_what_cannot_be_put_right_changes_nothing(command: CorrectCall, call: dict[str, Any], problem: str) -> None:
    planned = plan(command, facts(call=replace(CALL, **call)))
    assert (planned.problem, planned.effects) == (problem, ())


def test_a_guess_is_confirmed_by_saying_the_same() -> None:
    assert plan(CorrectCall("REC-1", "customer", "B"), facts(call=replace(CALL, customer_percent=80))).problem is None
    assert plan(CorrectCall("REC-1", "speaker", "B", 1)).problem is None


def test_only_who_may_read_the_recording_may_put_it_right() -> None:
    def verdict(speaker: Speaker, given: Facts) -> str:
        return decide(draft(WORDS, given, speaker, Basis(), "m1", NOW), POLICY, NOW).verdict

    assert verdict(REP, facts()) == verdict(MANAGER, facts()) == "run"
    assert verdict(OTHER_REP, facts()) == "refuse"
    same_bytes = facts(file=replace(FILE, senders=frozenset({OTHER_REP.person_id or ""})))
    assert verdict(OTHER_REP, same_bytes) == "run"


def test_a_consultant_puts_their_own_recording_right_and_takes_that_back() -> None:
    theirs = facts(call=replace(CALL, by_id=CONSULTANT.person_id))
    assert decide(draft(WORDS, theirs, CONSULTANT, Basis(), "m1", NOW), POLICY, NOW).verdict == "run"
    assert decide(draft(WORDS, facts(), CONSULTANT, Basis(), "m1", NOW), POLICY, NOW).verdict == "refuse"
    kept = Subject("call_correction", "RC-1", "", owner_id=CONSULTANT.person_id)
    assert CONSULTANT.role in Undo.roles and may_touch(CONSULTANT, kept)


# --- what was written down of it ----------------------------------------------------------------------------------------

WRITTEN = Activity(call_activity("REC-1"), "call", "通话", NOW, customer_id="C001", deal_id="D001", by_id="E02")
OF_CUSTOMER = replace(CALL, customer_id="C001")
FROZEN = Signal(
    call_signal("REC-1", "budget_freeze"), "C001", "budget_freeze", "预算冻结了", "华康医疗", SENT,
    source="call", source_id="REC-1", second=Decimal(10), probability=Decimal("0.90"), reported_by="E02",
)  # fmt: skip
QUOTE = Reminder(call_reminder("REC-1", 2, 0), "E02", "周五发报价", NOW + timedelta(days=2), "C001", "D001", "waiting", SENT)
STILL = CallSignal("budget_freeze", Decimal(10), "预算冻结了", Decimal("0.9"), 90, ("manager",))
REVISED = CallRevision("通话", (), (STILL,), ())


def on_record(*more: Any, **file: Any) -> Facts:
    there = {"activity": WRITTEN, "signals": (FROZEN,), **file}
    return facts(*more, file=replace(FILE, **there), call=OF_CUSTOMER)


def revising(revised: CallRevision, *more: Any, **file: Any) -> Plan:
    return plan(replace(WORDS, revised=revised), on_record(*more, **file))


def test_the_call_on_record_is_told_anew_with_its_moments() -> None:
    moment = CallMoment("objection.price", "觉得价格高", Decimal(10), "太贵")
    planned = revising(replace(REVISED, moments=(moment,)))
    assert updated(planned, "activity") == {"text": "通话\n[0:10] 觉得价格高 “太贵”", "intent": "objection.price"}
    assert updated(planned, "signal") == {}


def test_a_call_that_was_written_down_is_not_put_right_without_its_record_nor_one_that_was_not_with_it() -> None:
    assert plan(WORDS, on_record()).problem == "corrected_meanwhile"
    assert plan(replace(WORDS, revised=REVISED)).problem == "corrected_meanwhile"


def test_a_signal_that_is_no_longer_shown_goes_and_comes_back_as_it_was() -> None:
    gone = revising(replace(REVISED, signals=()))
    assert [one.id for one in gone.effects if isinstance(one, Remove)] == [FROZEN.id]
    assert gone.data["signals_gone"] == ["budget_freeze"]
    (back,) = [one for one in gone.inverse or () if isinstance(one, Create)]
    assert (back.id, back.values["words"], back.values["state"]) == (FROZEN.id, "预算冻结了", "open")
    (again,) = made(revising(REVISED, signals=()), "signal")
    assert (again["words"], again["reported_by"], again["at"]) == ("预算冻结了", "E02", SENT.isoformat())


def test_a_signal_that_stopped_something_stays_on_record_as_withdrawn_and_is_open_again_when_it_is_shown_again() -> None:
    stopped = Firing("F1", "b", "E01", "P", "deed", "d", "confirm", "manager", NOW, signal_id=FROZEN.id)
    gone = revising(replace(REVISED, signals=()), firings=(stopped,))
    assert updated(gone, "signal") == {"state": "withdrawn"}
    withdrawn = replace(FROZEN, state="withdrawn")
    assert updated(revising(REVISED, signals=(withdrawn,), firings=(stopped,)), "signal") == {"state": "open"}


def test_who_waits_for_a_yes_on_this_evidence_hears_that_it_changed_and_hears_it_again_when_that_is_undone() -> None:
    stopped = Firing("F1", "b", "E01", "P", "deed", "d", "confirm", "manager", NOW, signal_id=FROZEN.id, title="样例")
    for signals, told in (((), (None, "gone")), ((replace(STILL, words="今年没批"),), ("今年没批", None))):
        changed = revising(replace(REVISED, signals=signals), firings=(stopped,))
        notices = [one for one in changed.effects if isinstance(one, Notify)]
        assert [one.to for one in notices] == ["person:E01", "group:@managers"]
        assert (notices[0].data["before"], notices[0].data["after"], notices[0].data["gone"]) == ("预算冻结了", *told)
        assert [one.data["after"] for one in changed.inverse or () if isinstance(one, Notify)] == ["预算冻结了"] * 2
    for settled in (replace(stopped, state="released"), replace(stopped, verdict="refuse")):
        quiet = revising(replace(REVISED, signals=()), firings=(settled,))
        assert not [one for one in quiet.effects if isinstance(one, Notify)]


def test_a_signal_has_its_new_words_and_one_that_somebody_lifted_stays_lifted() -> None:
    said = replace(STILL, words="今年预算冻结了", second=Decimal(12))
    changed = revising(replace(REVISED, signals=(said,)))
    assert updated(changed, "signal") == {"words": "今年预算冻结了", "second": "12"}
    assert changed.data["signals_changed"] == ["budget_freeze"]
    lifted = replace(FROZEN, state="lifted", lifted_by="E03")
    for signals in ((), (said,)):
        assert updated(revising(replace(REVISED, signals=signals), signals=(lifted,)), "signal") == {}


EARLIER = replace(
    FROZEN, id="S-before", source="report", source_id="m1", second=None,
    state="lifted", lifted_by="E02", lifted_at=SENT, lifted_words="批了 (call.m4a 0:10)", roles="manager",
)  # fmt: skip
OVER = CallLift(EARLIER.id, Decimal(10), "批了", by_anyone=True)


def test_what_the_call_had_lifted_and_ends_no_more_counts_again_and_is_lifted_again_when_that_is_undone() -> None:
    back = revising(REVISED, lifted=(EARLIER,))
    assert updated(back, "signal") == {"state": "open", "lifted_by": None, "lifted_at": None, "lifted_words": None}
    assert back.data["signals_back"] == ["budget_freeze"]
    undone = {one.field: one.new for one in back.inverse or () if isinstance(one, Update) and one.kind == "signal"}
    assert (undone["state"], undone["lifted_by"], undone["lifted_words"]) == ("lifted", "E02", EARLIER.lifted_words)


def test_what_it_still_ends_stays_lifted_by_the_words_as_they_are_now() -> None:
    still = revising(replace(REVISED, lifts=(replace(OVER, words="批下来了"),)), lifted=(EARLIER,))
    assert updated(still, "signal") == {"lifted_words": "批下来了 (call.m4a 0:10)"}
    assert not [name for name in still.data if name.startswith("signals_")]


def test_what_it_ends_only_now_is_lifted_by_whoever_may() -> None:
    standing = replace(EARLIER, state="open", lifted_by=None, lifted_at=None, lifted_words=None)

    def lifting(lift: CallLift, **signal: Any) -> Plan:
        given = on_record()
        given = Facts({**given.records, ("signal", standing.id): replace(standing, **signal)})
        return plan(replace(WORDS, revised=replace(REVISED, lifts=(lift,))), given)

    now = updated(lifting(OVER), "signal")
    assert (now["state"], now["lifted_by"], now["lifted_words"]) == ("lifted", REP.person_id, "批了 (call.m4a 0:10)")
    assert lifting(replace(OVER, by_anyone=False)).problem == "may_not_lift"
    assert updated(lifting(OVER, state="lifted"), "signal") == {}, "somebody was quicker"


def test_a_reminder_follows_the_new_day_of_the_promise_and_goes_with_the_promise() -> None:
    due = NOW + timedelta(days=5)
    moved = revising(replace(REVISED, promises=(RevisedPromise(QUOTE.id, "下周一发报价", due),)), QUOTE)
    assert updated(moved, "reminder") == {"text": "下周一发报价", "due_at": due.isoformat()}
    assert [one.due_at for one in moved.effects if isinstance(one, Schedule) and one.kind == "reminder"] == [due]
    assert [one.due_at for one in moved.inverse or () if isinstance(one, Schedule) and one.kind == "reminder"] == [
        QUOTE.due_at
    ]
    gone = revising(replace(REVISED, promises=(RevisedPromise(QUOTE.id, "", None),)), QUOTE)
    assert [type(one) for one in gone.effects if isinstance(one, Unschedule | Remove)] == [Unschedule, Remove]
    back = revising(replace(REVISED, promises=(RevisedPromise(QUOTE.id, QUOTE.text, QUOTE.due_at),)))
    (again,) = made(back, "reminder")
    assert (again["person_id"], again["created_at"]) == ("E02", SENT.isoformat()), "it is whose it was"


@pytest.mark.parametrize("state", ["sent", "cancelled"])
def test_a_reminder_that_was_sent_or_cancelled_stays_so(state: Any) -> None:
    over = replace(QUOTE, state=state)
    planned = revising(replace(REVISED, promises=(RevisedPromise(QUOTE.id, "x", NOW + timedelta(days=9)),)), over)
    assert updated(planned, "reminder") == {} and not made(planned, "reminder")


def test_who_may_read_the_recording_but_not_touch_the_customer_changes_no_record_of_them() -> None:
    given = on_record(senders=frozenset({OTHER_REP.person_id or ""}))
    proposal = draft(replace(WORDS, revised=REVISED), given, OTHER_REP, Basis(), "m1", NOW)
    assert decide(proposal, POLICY, NOW).verdict == "refuse"


def test_promises_are_remembered_by_the_turn_they_were_made_in() -> None:
    promise = CallPromise("周五发报价", NOW + timedelta(days=2), 2)
    assert call_reminder("REC-1", promise.turn, 0) == QUOTE.id
