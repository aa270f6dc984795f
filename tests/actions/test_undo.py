"""Taking back: once, within a day, by someone who may, and only while nothing was built on it."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from actions.carry_out import last_deed, undo
from actions.commands.crm import (
    AssignLeads,
    CancelReminder,
    CreateDeal,
    CreateLead,
    HoldDeal,
    LogActivity,
    MarkLead,
    SetReminder,
    SetWaiting,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.data import UpdateAddress, UpdateContact
from actions.commands.reviews import SubmitApproval
from actions.commands.service import CloseTicket, OpenTicket, TakeTicket
from actions.crm import own
from actions.crm.records import KINDS, Speaker
from actions.outside.tables import TimerRow
from actions.proposal import Command, Outcome, Redraw
from tests.actions.house import CUSTOMER, MANAGER, NOW, OTHER_REP, POLICY, REP, FakeWorld

CHAT = "web:E01"


async def do(world: FakeWorld, command: Command, speaker: Speaker = REP, key: str = "web:1") -> str:
    outcome = await world.ask(command, speaker, key)
    assert outcome.kind == "done"
    assert outcome.deed is not None
    return outcome.deed


async def everything(world: FakeWorld) -> dict[str, list[object]]:
    async with world.store.read() as tx:
        records: dict[str, list[object]] = {kind: list(await own.find(tx, kind)) for kind in KINDS}
        waiting = select(TimerRow.key).where(TimerRow.state == "waiting")
        records["timer"] = list((await tx.execute(waiting)).scalars())
    return records


@pytest.mark.parametrize(
    ("command", "speaker"),
    [
        (UpdateStage("D001", "won"), REP),
        (UpdateAmount("D001", Decimal(490000), discount=Decimal(5)), REP),
        (HoldDeal("D001"), REP),
        (SetWaiting("D001", "legal"), REP),
        (CreateDeal("C001", "新单", Decimal("99.90"), product_id="P01"), REP),
        (CreateLead("新公司"), REP),
        (MarkLead("L001", "invalid"), REP),
        (AssignLeads(("L001", "L002"), "E02"), MANAGER),
        (AssignLeads(("L002",), "E02"), REP),
        (LogActivity("visit", "见了采购", customer_id="C001"), REP),
        (SetReminder("回访", NOW + timedelta(hours=3)), REP),
        (TakeTicket("T001"), MANAGER),
        (CloseTicket("T001"), MANAGER),
        (UpdateAddress("C001", "address", "新路"), CUSTOMER),
        (UpdateContact("K001", "C001", phone="+8610000000004"), CUSTOMER),
        (UpdateContact(None, "C001", person="样例新人"), REP),
    ],
    ids=lambda value: value.name if not isinstance(value, Speaker) else value.role,
)
async def test_an_undo_leaves_everything_as_it_was(world: FakeWorld, command: Command, speaker: Speaker) -> None:
    before = await everything(world)
    deed = await do(world, command, speaker)
    assert await everything(world) != before
    assert (await undo(world, deed, speaker, CHAT, POLICY)).kind == "done"
    assert await everything(world) == before


async def test_an_undo_is_on_record_and_names_what_it_took_back(world: FakeWorld) -> None:
    deed = await do(world, HoldDeal("D001"))
    outcome = await undo(world, deed, REP, CHAT, POLICY)
    assert outcome.proposal.command.name == "undo"
    assert outcome.data["did"] == "hold_deal"
    assert (await world.audited())[-4:] == ["undo", "deed_begin", "change", "deed_done"]


async def test_a_cancelled_reminder_that_is_taken_back_rings_again(world: FakeWorld) -> None:
    deed = await do(world, SetReminder("回访", NOW + timedelta(hours=3)))
    (timer,) = (await everything(world))["timer"]
    cancelled = await do(world, CancelReminder(str(timer).removeprefix("reminder:")), key="web:2")
    assert (await everything(world))["timer"] == []
    await undo(world, cancelled, REP, CHAT, POLICY)
    assert (await everything(world))["timer"] == [timer]
    assert deed != cancelled


async def test_a_ticket_taken_back_is_redrawn_as_open(world: FakeWorld) -> None:
    deed = await do(world, TakeTicket("T001"), MANAGER)
    await undo(world, deed, MANAGER, CHAT, POLICY)
    assert [notice.topic for _, notice in world.told if isinstance(notice, Redraw)] == ["ticket_taken", "ticket_raised"]


async def test_a_deed_is_taken_back_once(world: FakeWorld) -> None:
    deed = await do(world, HoldDeal("D001"))
    kinds = [outcome.kind for outcome in await asyncio.gather(*(undo(world, deed, REP, CHAT, POLICY) for _ in range(3)))]
    assert sorted(kinds) == ["already", "already", "done"]
    assert not (await world.record("deal", "D001")).held


async def test_a_day_later_it_is_too_late(world: FakeWorld) -> None:
    deed = await do(world, HoldDeal("D001"))
    world.clock.pass_time(hours=24, seconds=1)
    outcome = await undo(world, deed, REP, CHAT, POLICY)
    assert (outcome.kind, outcome.proposal.plan.problem) == ("impossible", "too_late")
    assert (await world.record("deal", "D001")).held


@pytest.mark.parametrize("command", [SubmitApproval("D001", "条款"), OpenTicket("fault", "s", "t", "C001")], ids=repr)
async def test_what_others_have_been_told_cannot_be_taken_back_and_it_says_so(world: FakeWorld, command: Command) -> None:
    outcome = await undo(world, await do(world, command), REP, CHAT, POLICY)
    assert (outcome.kind, outcome.proposal.plan.problem) == ("impossible", "no_inverse")


async def test_a_field_that_moved_on_since_makes_the_undo_stale(world: FakeWorld) -> None:
    deed = await do(world, UpdateStage("D001", "negotiation"))
    await do(world, UpdateStage("D001", "won"), MANAGER, key="web:2")
    assert (await undo(world, deed, REP, CHAT, POLICY)).kind == "stale"
    assert (await world.record("deal", "D001")).stage == "won"


async def test_another_field_that_changed_since_is_kept(world: FakeWorld) -> None:
    deed = await do(world, HoldDeal("D001"))
    await do(world, SetWaiting("D001", "legal"), key="web:2")
    assert (await undo(world, deed, REP, CHAT, POLICY)).kind == "done"
    assert (await world.record("deal", "D001")).waiting_on == "legal"


async def created(world: FakeWorld, command: Command) -> tuple[str, str]:
    outcome = await world.ask(command, REP)
    return str(outcome.deed), outcome.proposal.plan.effects[0].id  # type: ignore[union-attr]


async def test_a_new_record_that_was_changed_since_stays(world: FakeWorld) -> None:
    deed, lead_id = await created(world, CreateLead("新公司"))
    await do(world, MarkLead(lead_id, "working"), key="web:2")
    assert (await undo(world, deed, REP, CHAT, POLICY)).kind == "stale"
    assert (await world.record("lead", lead_id)).state == "working"


async def test_a_new_record_that_others_point_at_stays(world: FakeWorld) -> None:
    deed, deal_id = await created(world, CreateDeal("C001", "新单", Decimal(1)))
    await do(world, LogActivity("note", "谈过了", deal_id=deal_id), key="web:2")
    assert (await undo(world, deed, REP, CHAT, POLICY)).kind == "stale"
    assert await world.record("deal", deal_id) is not None


async def test_a_new_record_that_is_gone_cannot_be_taken_back(world: FakeWorld) -> None:
    deed, lead_id = await created(world, CreateLead("新公司"))
    async with world.store.write() as tx:
        await own.remove(tx, "lead", lead_id)
    assert (await undo(world, deed, REP, CHAT, POLICY)).kind == "stale"


@pytest.mark.parametrize(("person", "kind"), [(OTHER_REP, "refused"), (CUSTOMER, "refused"), (MANAGER, "done")])
async def test_only_who_may_touch_the_record_may_take_back(world: FakeWorld, person: Speaker, kind: str) -> None:
    outcome = await undo(world, await do(world, HoldDeal("D001")), person, CHAT, POLICY)
    assert outcome.kind == kind
    assert (await world.record("deal", "D001")).held is (kind == "refused")


async def test_what_never_was_cannot_be_taken_back(world: FakeWorld) -> None:
    with pytest.raises(LookupError):
        await undo(world, "P-404", REP, CHAT, POLICY)


async def test_what_breaks_while_taking_back_changes_nothing(world: FakeWorld) -> None:
    deed = await do(world, TakeTicket("T001"), MANAGER)
    world.break_on.append(RuntimeError("the ledger is broken"))
    assert (await undo(world, deed, MANAGER, CHAT, POLICY)).kind == "failed"
    assert (await world.record("ticket", "T001")).taken_by == "E11"
    assert (await undo(world, deed, MANAGER, CHAT, POLICY)).kind == "done"


# --- the last deed ------------------------------------------------------------------------------------------------------


async def last(world: FakeWorld, person_id: str | None = "E01", conversation: str = CHAT) -> str | None:
    async with world.store.read() as tx:
        return await last_deed(tx, person_id, conversation)


async def test_the_last_deed_is_this_persons_in_this_conversation(world: FakeWorld) -> None:
    assert await last(world) is None
    first = await do(world, HoldDeal("D001"))
    world.clock.pass_time(minutes=1)
    second = await do(world, SetWaiting("D001", "legal"), key="web:2")
    await do(world, HoldDeal("D002"), OTHER_REP, key="web:3")
    assert await last(world) == second
    assert await last(world, conversation="web:elsewhere") is None
    assert await last(world, None) is None
    await undo(world, second, REP, CHAT, POLICY)
    assert await last(world) == first


async def test_an_undo_within_a_larger_transaction_is_part_of_it(world: FakeWorld) -> None:
    deed = await do(world, HoldDeal("D001"))
    outcome: Outcome | None = None
    with pytest.raises(InterruptedError):
        async with world.store.write() as tx:
            outcome = await undo(world, deed, REP, CHAT, POLICY, tx=tx)
            raise InterruptedError
    assert outcome is not None
    assert outcome.kind == "done"
    assert (await world.record("deal", "D001")).held
