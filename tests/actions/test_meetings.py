"""A consultant's hour from hold to end: what is planned, who hears of it, and that no two ever get the same one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from actions.carry_out import carry_out, undo
from actions.commands.calendars import TakeCalendar, TellClashes
from actions.commands.meetings import (
    BookConsultant,
    CancelBooking,
    DeclineBooking,
    HoldSlot,
    RebookConsultant,
    ReleaseHold,
    RemindMeeting,
    SendInvitation,
)
from actions.crm import diary
from actions.crm.records import Speaker
from actions.decide import decide
from actions.outside.store import Store
from actions.outside.tables import BusyRow, EmployeeRow, TakenQuarterRow
from actions.proposal import Command, Notify, Outcome
from tests.actions.house import CONSULTANT, MANAGER, NOW, OTHER_REP, POLICY, REP, FakeWorld, furnish

AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)  # Tuesday, ten in the morning in Shanghai
HOLD = HoldSlot("E31", "样例顾问", AT, "E01", "华康监护仪", "C001", "D001")
_MORE = {"lang": "zh", "zone": "Asia/Shanghai", "name_en": "", "region": "华东"}
_CONSULTANTS = (
    {"id": "E31", "name": "样例顾问", "role": "consultant", "expertise": "监护", "email": "c@example.com", **_MORE},
    {"id": "E32", "name": "样例顾问二", "role": "consultant", "expertise": "", "email": None, **_MORE},
)


@pytest.fixture
async def house(store: Store, tmp_path: Path) -> FakeWorld:
    await furnish(store)
    async with store.write() as tx:
        await tx.execute(insert(EmployeeRow), list(_CONSULTANTS))
    return FakeWorld(store, tmp_path)


async def held(world: FakeWorld, command: HoldSlot = HOLD, speaker: Speaker = REP, key: str = "web:1") -> str:
    outcome = await world.ask(command, speaker, key)
    assert outcome.kind == "done"
    return str(outcome.data["booking"])


async def booked(world: FakeWorld) -> str:
    booking = await held(world)
    assert (await world.ask(BookConsultant(booking), REP, "web:2")).kind == "done"
    world.told.clear()
    return booking


def told(world: FakeWorld) -> list[tuple[str, str]]:
    return [(notice.to, notice.topic) for _, notice in world.told if isinstance(notice, Notify)]


def invitations(world: FakeWorld) -> list[tuple[str, int]]:
    notices = [notice for _, notice in world.told if isinstance(notice, Notify)]
    return [(one.data["invitation"]["method"], one.data["invitation"]["sequence"]) for one in notices]


async def quarters(world: FakeWorld) -> int:
    async with world.store.read() as tx:
        return (await tx.execute(select(func.count()).select_from(TakenQuarterRow))).scalar_one()


async def takes(world: FakeWorld, person_id: str, starts: datetime) -> None:
    row = {"id": f"Y-{person_id}", "employee_id": person_id, "starts": starts, "ends": starts + timedelta(hours=1)}
    async with world.store.write() as tx:
        await tx.execute(insert(BusyRow).values(**row, what="", source="calendar"))


# --- the road of one hour ----------------------------------------------------------------------------------------------


async def test_a_held_hour_is_taken_for_both_and_undone_without_a_trace(house: FakeWorld) -> None:
    outcome = await house.ask(HOLD, REP)
    assert await quarters(house) == 8
    assert told(house) == []
    assert outcome.proposal.plan.offers == (BookConsultant(outcome.data["booking"]),)
    assert outcome.deed is not None
    assert (await undo(house, outcome.deed, REP, "web:E01", POLICY)).kind == "done"
    assert await quarters(house) == 0
    assert await house.record("booking", outcome.data["booking"]) is None


async def test_a_booking_tells_the_consultant_with_an_invitation_and_is_undone_by_a_cancellation(house: FakeWorld) -> None:
    booking = await held(house)
    outcome = await house.ask(BookConsultant(booking), REP, "web:2")
    assert told(house) == [("person:E31", "meeting_booked")]
    assert invitations(house) == [("REQUEST", 0)]
    assert outcome.proposal.plan.offers == (SendInvitation(booking, "K001", "样例联系人"),)
    house.told.clear()
    assert outcome.deed is not None
    assert (await undo(house, outcome.deed, REP, "web:E01", POLICY)).kind == "done"
    assert told(house) == [("person:E31", "meeting_cancelled")]
    assert invitations(house) == [("CANCEL", 1)]
    assert await quarters(house) == 0


async def test_a_moved_meeting_keeps_its_uid_raises_its_sequence_and_frees_its_old_hour(house: FakeWorld) -> None:
    booking = await booked(house)
    later = AT + timedelta(minutes=30)  # overlaps itself
    outcome = await house.ask(RebookConsultant(booking, later), REP, "web:3")
    assert outcome.kind == "done"
    assert told(house) == [("person:E31", "meeting_moved")]
    assert invitations(house) == [("REQUEST", 1)]
    assert await quarters(house) == 8
    assert (await house.record("booking", booking)).starts == later
    house.told.clear()
    assert outcome.deed is not None
    assert (await undo(house, outcome.deed, REP, "web:E01", POLICY)).kind == "done"
    assert invitations(house) == [("REQUEST", 2)]
    assert (await house.record("booking", booking)).starts == AT


async def test_the_consultant_may_move_it_too_and_then_the_rep_is_told(house: FakeWorld) -> None:
    booking = await booked(house)
    assert (await house.ask(RebookConsultant(booking, AT + timedelta(hours=4)), CONSULTANT, "web:3")).kind == "done"
    assert told(house) == [("person:E01", "meeting_moved")]


async def test_a_cancelled_meeting_can_be_taken_back_unless_its_hour_is_gone(house: FakeWorld) -> None:
    booking = await booked(house)
    cancelled = await house.ask(CancelBooking(booking), REP, "web:3")
    assert invitations(house) == [("CANCEL", 1)]
    assert await quarters(house) == 0
    await held(house, replace(HOLD, owner_id="E05", customer_id="C002", deal_id=None), OTHER_REP, "web:4")
    assert cancelled.deed is not None
    assert (await undo(house, cancelled.deed, REP, "web:E01", POLICY)).kind == "stale"
    assert (await house.record("booking", booking)).state == "cancelled"


async def test_a_consultant_who_declines_gives_a_reason_and_the_rep_gets_the_next_hours(house: FakeWorld) -> None:
    booking = await booked(house)
    assert (await house.ask(DeclineBooking(booking, " "), CONSULTANT, "web:3")).kind == "impossible"
    assert (await house.ask(DeclineBooking(booking, "出差"), CONSULTANT, "web:4")).kind == "done"
    [(_, notice)] = house.told
    assert isinstance(notice, Notify)
    assert (notice.to, notice.topic, notice.data["reason"]) == ("person:E01", "meeting_declined", "出差")
    assert {offer.consultant_id for offer in notice.offers if isinstance(offer, HoldSlot)} == {"E32"}
    assert await quarters(house) == 0


async def test_the_customer_gets_the_invitation_once_and_hears_of_every_change(house: FakeWorld) -> None:
    booking = await booked(house)
    assert (await house.ask(SendInvitation(booking, "K001", ""), REP, "web:3")).kind == "done"
    assert (await house.ask(SendInvitation(booking, "K001", ""), REP, "web:4")).kind == "impossible"
    assert (await house.ask(SendInvitation(booking, "K002", ""), REP, "web:5")).kind in ("impossible", "refused")
    await house.ask(CancelBooking(booking), REP, "web:6")
    assert told(house) == [
        ("person:K001", "meeting_invitation"),
        ("person:E31", "meeting_cancelled"),
        ("person:K001", "meeting_cancelled"),
    ]


async def test_a_hold_that_nobody_books_ends_and_can_be_had_again(house: FakeWorld) -> None:
    booking = await held(house)
    assert (await house.ask(ReleaseHold(booking), REP, "web:2")).kind == "done"
    [(_, notice)] = house.told
    assert isinstance(notice, Notify)
    assert notice.offers[0] == replace(HOLD, starts=AT)
    late = await house.ask(BookConsultant(booking), REP, "web:3")
    assert late.kind == "impossible"
    assert late.proposal.plan.problem == "hold_ended"
    assert late.proposal.plan.offers


async def test_both_are_reminded_of_what_still_stands(house: FakeWorld) -> None:
    booking = await booked(house)
    assert (await house.ask(RemindMeeting(booking), REP, "web:3")).kind == "done"
    assert told(house) == [("person:E31", "meeting_soon"), ("person:E01", "meeting_soon")]
    await house.ask(CancelBooking(booking), REP, "web:4")
    assert (await house.ask(RemindMeeting(booking), REP, "web:5")).kind == "impossible"


# --- who may, and what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [BookConsultant("M"), RebookConsultant("M", AT), CancelBooking("M"), DeclineBooking("M", "x")]
)
async def test_a_meeting_of_others_is_not_theirs_to_change(house: FakeWorld, command: Command) -> None:
    booking = await booked(house)
    stranger = replace(CONSULTANT, person_id="E32") if isinstance(command, DeclineBooking) else OTHER_REP
    asked: Any = replace(command, booking_id=booking)  # type: ignore[type-var]
    assert (await house.ask(asked, stranger, "web:9")).kind == "refused"
    assert (await house.record("booking", booking)).state == "booked"


async def test_a_manager_may_see_to_their_rep_s_meeting_and_both_hear_of_it(house: FakeWorld) -> None:
    booking = await booked(house)
    assert (await house.ask(CancelBooking(booking), MANAGER, "web:3")).kind == "done"
    assert told(house) == [("person:E31", "meeting_cancelled"), ("person:E01", "meeting_cancelled")]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (replace(HOLD, starts=NOW - timedelta(hours=1)), "slot_past"),
        (replace(HOLD, starts=NOW + timedelta(days=4000)), "slot_far"),
        (replace(HOLD, consultant_id="E99"), "consultant_gone"),
        (replace(HOLD, consultant_id="E40"), "consultant_gone"),
        (replace(HOLD, owner_id="E99"), "not_found"),
        (BookConsultant("M-none"), "not_found"),
    ],
)
async def test_what_cannot_be_held_says_why(house: FakeWorld, command: Command, problem: str) -> None:
    outcome = await house.ask(command, REP)
    assert (outcome.kind in ("impossible", "refused"), outcome.proposal.plan.problem) == (True, problem)
    assert await quarters(house) == 0


async def test_a_calendar_taken_in_after_the_hold_is_looked_at_before_it_is_booked(house: FakeWorld) -> None:
    booking = await held(house)
    await takes(house, "E31", AT)
    outcome = await house.ask(BookConsultant(booking), REP, "web:2")
    assert outcome.proposal.plan.problem == "slot_taken"
    assert all(isinstance(offer, RebookConsultant) for offer in outcome.proposal.plan.offers)


# --- calendars -------------------------------------------------------------------------------------------------------------


async def test_a_calendar_replaces_what_it_said_before_and_nothing_else(house: FakeWorld) -> None:
    first = (diary.span(AT, AT + timedelta(hours=1)), diary.span(AT + timedelta(days=1), AT + timedelta(days=2)))
    assert (await house.ask(TakeCalendar("E31", first), CONSULTANT, "web:1")).kind == "done"
    assert (await house.ask(TakeCalendar("E31", first[:1]), CONSULTANT, "web:2")).kind == "done"
    async with house.store.read() as tx:
        assert await diary.spans_of(tx, "E31") == first[:1]
    assert (await house.ask(TakeCalendar("E31", first), REP, "web:3")).kind == "impossible"
    assert (await house.ask(TakeCalendar("E31", ("tomorrow",)), CONSULTANT, "web:4")).kind == "impossible"


async def test_a_calendar_that_leaves_no_room_is_told_to_both_with_other_times(house: FakeWorld) -> None:
    booking = await booked(house)
    await takes(house, "E31", AT)
    assert (await house.ask(TellClashes("E31", NOW), CONSULTANT, "web:3")).kind == "done"
    assert told(house) == [("person:E31", "meeting_clash"), ("person:E01", "meeting_clash")]
    [(_, notice), _] = house.told
    assert isinstance(notice, Notify)
    assert [type(offer) for offer in notice.offers] == [RebookConsultant, RebookConsultant, CancelBooking]
    assert notice.offers[0] != RebookConsultant(booking, AT)


# --- races -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def workers(database_url: str, house: FakeWorld, tmp_path: Path) -> AsyncIterator[list[FakeWorld]]:
    """Further workers on the same database, each with connections of its own."""
    stores = [Store(database_url) for _ in range(4)]
    yield [FakeWorld(store, tmp_path) for store in stores]
    for store in stores:
        await store.close()


async def test_the_table_s_key_lets_exactly_one_have_an_hour(workers: list[FakeWorld]) -> None:
    async def take(world: FakeWorld, number: int) -> bool:
        shift = timedelta(minutes=15 * (number % 3))  # overlapping hours, not the same one
        async with world.store.write() as tx:
            async with tx.begin_nested() as part:
                got = await diary.occupy(
                    tx, f"M{number}", ("E31", f"E0{number}"), AT + shift, AT + shift + timedelta(hours=1)
                )
                if not got:
                    await part.rollback()
            return got

    for _ in range(5):
        got = await asyncio.gather(*(take(world, number) for number, world in enumerate(workers)))
        assert sum(got) == 1
        async with workers[0].store.write() as tx:
            for number in range(len(workers)):
                await diary.vacate(tx, f"M{number}")


async def test_of_many_who_want_the_last_hour_one_gets_it_and_the_others_hear_at_once(workers: list[FakeWorld]) -> None:
    reps = [REP, replace(REP, person_id="E02", team=frozenset()), OTHER_REP, replace(MANAGER, person_id="E11")]
    wanted = [HoldSlot("E31", "样例顾问", AT, str(rep.person_id)) for rep in reps]
    people = list(zip(workers, wanted, reps, strict=True))
    # all saw the hour free before anybody took it
    proposals = [await world.propose(command, rep, f"web:{rep.person_id}") for world, command, rep in people]
    assert all(proposal.plan.problem is None for proposal in proposals)

    async def do(world: FakeWorld, number: int) -> Outcome:
        decision = decide(proposals[number], POLICY, world.now())
        return await carry_out(world, proposals[number], decision, conversation=f"web:{number}")

    outcomes = await asyncio.gather(*(do(world, number) for number, world in enumerate(workers)))
    assert sorted(outcome.kind for outcome in outcomes) == ["done", "stale", "stale", "stale"]
    for outcome in outcomes:
        if outcome.kind == "stale":
            assert outcome.proposal.plan.problem == "slot_taken"
            offers = outcome.proposal.plan.offers
            assert offers
            assert all(isinstance(one, HoldSlot) and (one.starts, one.consultant_id) != (AT, "E31") for one in offers)
    assert await quarters(workers[0]) == 8


async def test_moving_onto_each_other_at_once_ends_with_one_there(workers: list[FakeWorld]) -> None:
    first, second, third, _ = workers
    one = await held(first, replace(HOLD, customer_id=None, deal_id=None))
    other_hold = HoldSlot("E31", "样例顾问", AT + timedelta(hours=4), "E05")
    two = await held(second, other_hold, OTHER_REP, "web:9")
    target = AT + timedelta(hours=6)
    moves = await asyncio.gather(
        first.ask(RebookConsultant(one, target), REP, "web:3"),
        third.ask(RebookConsultant(two, target + timedelta(minutes=30)), OTHER_REP, "web:4"),
    )
    assert sorted(move.kind == "done" for move in moves) == [False, True]
    assert await quarters(first) == 16
