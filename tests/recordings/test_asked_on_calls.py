"""What waits for a yes and rests on a call is judged again once the call is put right: withdrawn, asked anew, or left."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.crm import people
from actions.outside.tables import AuditRow, ProposalRow
from actions.policy.files import SHIPPED_POLICY
from bot.app import Minds
from bot.call_corrections import Wish
from bot.kept_moods import keep_mood
from bot.message import Button
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import Arrived, HouseUnderTest, open_house
from tests.recordings.called import FAULT, call, heard, spoken
from tests.recordings.test_arrival_and_basis import button, only_recording, tapped, text_of

ASKS = "销售: 感谢致电\n客户: 能不能给我们8%的折扣\n客户: 你们支持周末送货吗"
OTHER = "你们的系统能不能对接"


async def put_right(house: HouseUnderTest, value: str, place: int = 1) -> list[Arrived]:
    """The words of a turn are put right over the API; what has arrived once everything has followed."""
    async with house.store.read() as tx:
        person = await people.speaker_of(tx, "E01")
    assert person is not None
    house.clock.move(timedelta(minutes=1))
    recording = (await only_recording(house))["id"]
    wish = Wish("text", value, place)
    outcome = await house.house.corrections.correct(recording, wish, person, f"{house.clock()}:{value}", "web:E01")
    assert outcome is not None and outcome.kind == "done"
    return [*await house.pass_time(timedelta(minutes=1)), *await house.listened()]


async def undone(house: HouseUnderTest) -> list[Arrived]:
    await house.say("E01", "撤销")
    return await house.pass_time(timedelta(minutes=1))


async def asked(house: HouseUnderTest) -> list[Any]:
    """Every question there was, in their order."""
    async with house.store.read() as tx:
        return list((await tx.execute(select(ProposalRow).order_by(ProposalRow.created_at, ProposalRow.id))).all())


async def states(house: HouseUnderTest) -> list[str]:
    return [one.state for one in await asked(house)]


def told_in(news: Sequence[Arrived], place: str) -> str:
    return text_of([one for one in news if one.conversation == place])


async def waiting_discount(house: HouseUnderTest) -> Button:
    """A next step from the call, a third discount in a row, waits for a manager; their button that lets it go."""
    await house.say("E01", "华康医疗折扣改成5%")
    await house.say("E01", "华康医疗折扣改成6%")
    await house.send_recording("E01", ASKS, "call.m4a")
    await tapped(house, "E01", "客户在通话里同意了")
    await house.press("E01", button(house, "E01", "按这通电话给建议"))
    await house.press("E01", button(house, "E01", "折扣改为 8%"))
    assert await states(house) == ["pending"]
    return button(house, "managers", "放行一次")


# --- a next step from the call ----------------------------------------------------------------------------------------


async def test_what_the_customer_did_not_say_is_asked_for_no_more_and_everyone_hears_it(house: HouseUnderTest) -> None:
    release = await waiting_discount(house)
    news = await put_right(house, OTHER)
    (one,) = await asked(house)
    assert (one.state, one.decided_by) == ("withdrawn", None)
    for place in ("E01", "managers"):
        assert "它依据的通话改过了，已经不是这个意思" in told_in(news, place)
    await house.press("E11", release, place="managers")
    told = text_of(await house.say("E11", "客户要", place="managers"))
    assert "这张卡片不算数了" in told and await states(house) == ["withdrawn"]
    assert str((await house.record("deal", "D001") or {})["discount"]) == "6"
    assert await house.chain_is_sound()


async def test_the_old_question_answered_over_http_changes_nothing(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    (before,) = await asked(house)
    await put_right(house, OTHER)
    async with house.store.read() as tx:
        manager = await people.speaker_of(tx, "E11")
    assert manager is not None
    outcome = await house.house.judge.decide_over_http(before.id, before.digest, manager, True)
    assert outcome is not None and (outcome.kind, outcome.data["state"]) == ("already", "withdrawn")


async def test_the_same_moment_in_other_words_is_asked_anew_and_a_yes_from_before_does_not_count(
    house: HouseUnderTest,
) -> None:
    await waiting_discount(house)
    (before,) = await asked(house)
    news = await put_right(house, "能给我们8%的折扣吧")
    old, new = await asked(house)
    assert (old.state, old.superseded_by, new.state, new.yeses) == ("superseded", new.id, "pending", [])
    assert new.proposal["basis"]["text"] == "华康医疗科技有限公司说：“能给我们8%的折扣吧”"
    assert "之前的同意不算数，请看新的卡片" in told_in(news, "managers")
    assert "按现在的话重新请示" in told_in(news, "E01")
    async with house.store.read() as tx:
        manager = await people.speaker_of(tx, "E11")
    assert manager is not None
    outcome = await house.house.judge.decide_over_http(before.id, before.digest, manager, True)
    assert outcome is not None and outcome.kind == "already" and await states(house) == ["superseded", "pending"]


async def test_a_figure_that_nobody_has_named_is_asked_for_no_more(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    await put_right(house, "能不能给我们7%的折扣")
    assert await states(house) == ["withdrawn"]


async def test_words_elsewhere_in_the_call_leave_the_question_alone(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    news = await put_right(house, "你们支持周六送货吗", 2)
    assert await states(house) == ["pending"] and told_in(news, "managers") == ""


async def test_undone_the_question_is_put_again_and_put_right_again_it_goes_again(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    await put_right(house, OTHER)
    assert "请确认" in told_in(await undone(house), "managers")
    assert await states(house) == ["withdrawn", "pending"]
    await put_right(house, OTHER)
    assert await states(house) == ["withdrawn", "withdrawn"]
    await house.pass_time(timedelta(minutes=1))
    assert await states(house) == ["withdrawn", "withdrawn"], "once"


async def test_another_customer_speaker_takes_the_words_from_under_it(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    await house.press("E01", next(one for one in house.buttons_ever("E01")[::-1] if one.label == "全部"))
    await house.press("E01", button(house, "E01", "改一处"))
    await house.press("E01", button(house, "E01", "两边反了，换过来"))
    await house.pass_time(timedelta(minutes=1))
    assert await states(house) == ["withdrawn"]


async def test_what_somebody_asked_in_words_of_their_own_is_left_to_them(house: HouseUnderTest) -> None:
    await house.say("E01", "华康医疗折扣改成5%")
    await house.say("E01", "华康医疗折扣改成6%")
    await house.send_recording("E01", ASKS, "call.m4a")
    await tapped(house, "E01", "客户在通话里同意了")
    await house.say("E01", "华康医疗折扣改成8%")
    assert await states(house) == ["pending"]
    await put_right(house, OTHER)
    assert await states(house) == ["pending"]


async def test_why_it_ended_stands_in_the_record(house: HouseUnderTest) -> None:
    await waiting_discount(house)
    await put_right(house, OTHER)
    (one,) = await asked(house)
    async with house.store.read() as tx:
        entry = (await tx.execute(select(AuditRow).where(AuditRow.kind == "withdrawal"))).one()
    assert entry.subject == f"proposal:{one.id}" and entry.actor is None
    assert entry.body == {
        "because": "evidence",
        "recording": (await only_recording(house))["id"],
        "state": "withdrawn",
        "to": None,
    }


# --- the note of a call, a part of it passed on, and its way to a desk ---------------------------------------------------


@asynccontextmanager
async def house_that_asks(
    settings: Settings, minds: Minds, url: str, listener: FakeListener, folder: Path, command: str
) -> AsyncIterator[HouseUnderTest]:
    """A house in which a director looks at this kind of deed first."""
    rule = f'\n  - id: held\n    when: command.name == "{command}"\n    verdict: confirm\n'
    rule += "    confirmers: {roles: [director], not_requester: true}\n    expires_hours: 4\n"
    policy = folder / "policy.yaml"
    policy.write_text(SHIPPED_POLICY.read_text(encoding="utf-8") + rule, encoding="utf-8")
    async with open_house(settings.model_copy(update={"policy": policy}), minds, url, listener) as house:
        yield house


async def test_the_note_of_a_call_is_asked_anew_with_the_words_as_they_are_and_without_what_was_left_out(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, tmp_path: Path
) -> None:
    async with house_that_asks(settings, minds, sample_sqlite_url, listener, tmp_path, "write_call") as house:
        await house.say("E01", "华康医疗那单怎么样了")
        words = "销售: 感谢致电\n客户: 你们的报价比别家贵\n客户: 今年预算冻结了\n销售: 我们周五之前给您发正式报价"
        await house.send_recording("E01", words, "call.m4a")
        await tapped(house, "E01", "客户在通话里同意了")
        await house.press("E01", button(house, "E01", "写进 CRM"))
        await house.press("E01", next(one for one in house.buttons("E01") if one.label.startswith("不记预算冻结")))
        await house.press("E01", button(house, "E01", "写进去"))
        assert await states(house) == ["pending"]
        await put_right(house, OTHER)
        old, new = await asked(house)
        assert (old.state, new.state) == ("superseded", "pending")
        note = new.proposal["command"]["args"]
        assert OTHER in str(note["moments"]) + note["text"] and "比别家贵" not in str(note)
        assert note["signals"] == [] and len(note["promises"]) == 1


async def test_a_part_that_waits_to_be_passed_on_goes_with_the_words_as_they_are(house: HouseUnderTest) -> None:
    await house.send_recording("E01", ASKS, "call.m4a")
    await tapped(house, "E01", "是我自己的声音")
    await house.say("E01", "播放0:12")
    await house.press("E01", button(house, "E01", "转给经理群"))
    assert await states(house) == ["pending"]
    await put_right(house, OTHER)
    old, new = await asked(house)
    assert (old.state, new.state) == ("superseded", "pending")
    assert "8%" in old.proposal["command"]["args"]["why"] and OTHER in new.proposal["command"]["args"]["why"]


async def test_a_call_that_waits_to_be_sent_waits_once_and_by_the_words_as_they_are(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, tmp_path: Path
) -> None:
    async with house_that_asks(settings, minds, sample_sqlite_url, listener, tmp_path, "dispatch_call") as house:
        recording, _ = await call(house, mood=heard(0.72))
        (first,) = await asked(house)
        await house.house.dispatching.send_again(recording)
        assert await states(house) == ["pending"], "the same facts are asked about once"
        news = await put_right(house, "你们上次说得挺好", 3)
        old, new = await asked(house)
        assert (old.id, old.state, old.superseded_by, new.state) == (first.id, "superseded", new.id, "pending")
        assert "service.complaint" not in new.proposal["command"]["args"]["facts"]["shows"]
        assert "请看新的卡片" in text_of(news)
        yes = [one for one in house.buttons_ever("managers") if one.label == "确认"]
        told = text_of(await house.press("E20", yes[-1], place="managers"))
        assert "您按的是旧卡片" in told and await house.records("dispatch") == {}


async def test_a_call_that_nobody_must_look_at_any_more_goes_at_once_and_the_question_is_over(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, tmp_path: Path
) -> None:
    held = 'dispatch_call" && command.priority == "urgent'
    async with house_that_asks(settings, minds, sample_sqlite_url, listener, tmp_path, held) as house:
        recording, _ = await call(house, mood=heard(0.95), customer="C040")
        assert await states(house) == ["pending"]
        house.clock.move(timedelta(minutes=1))
        async with house.store.write() as tx:
            await keep_mood(tx, recording, heard(0.1), house.clock(), spoken(FAULT))
        await house.house.dispatching.send_again(recording)
        assert await states(house) == ["withdrawn"]
        told = text_of(await house.seen_meanwhile())
        assert "它依据的通话改过了，已经不是这个意思" in told and "要有人回电" in told
        assert len(await house.records("dispatch")) == 1
