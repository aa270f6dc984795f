"""Long work: fair between people, told as it goes, stopped by a word, gone on with after a restart, never in the way."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from threading import Semaphore

from sqlalchemy import select, update

from actions.outside.tables import ListeningRow, RecordingPartRow
from bot.app import Minds
from bot.listening_queue import LEASE
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import button, only_recording, tapped, text_of

LONG = "\n\n".join(f"客户: 第{part}段第一句\n销售: 第{part}段第二句" for part in range(4))
_A_WHILE = 20.0


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until it is; it says only that it will be, not when."""
    async with asyncio.timeout(_A_WHILE):
        while not is_so():
            await asyncio.sleep(0.02)


async def sent(house: HouseUnderTest, who: str, words: str, name: str) -> None:
    await house.send_recording(who, words, name)
    await house.press(who, button(house, who, "客户在通话里同意了"))


async def test_nobodys_many_files_keep_another_waiting(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", "客户: 甲一\n\n客户: 甲一乙\n\n客户: 甲一丙", "1.m4a")
    await sent(house, "E01", "客户: 甲二\n\n客户: 甲二乙", "2.m4a")
    await sent(house, "E02", "客户: 乙一\n\n客户: 乙一乙", "3.m4a")
    listener.gate.release(100)
    await house.listened()
    assert len(listener.heard) == 7
    # once both wait, they take turns piece by piece: the second is through before the first's second file is
    assert listener.heard.index("客户: 乙一乙") < listener.heard.index("客户: 甲二乙")
    assert listener.heard.index("客户: 乙一") < listener.heard.index("客户: 甲一丙")


async def test_words_are_shown_while_it_is_listened_to_on_one_card(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(1)
    await eventually(lambda: bool(listener.heard))
    seen = []
    async with asyncio.timeout(_A_WHILE):
        while not seen:
            seen = [one for one in await house.seen_meanwhile() if "第0段第一句" in one.reply.text]
            await asyncio.sleep(0.02)
    assert seen[0].redraws
    assert "在听：call.m4a · 0:10 / 1:20" in seen[0].reply.text
    assert [one.label for one in seen[0].reply.card.buttons] == ["取消"] if seen[0].reply.card else False
    listener.gate.release(100)
    news = await house.listened()
    assert any(one.redraws and one.reply.text == "听完了：call.m4a" for one in news)


async def test_messages_are_answered_meanwhile(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", LONG, "call.m4a")
    await eventually(lambda: bool(listener.heard))
    assert "48万" in text_of(await house.say("E01", "我的商机有哪些"))
    assert (await only_recording(house))["state"] == "running"
    listener.gate.release(100)
    await house.listened()


async def test_the_word_cancel_stops_it_and_what_was_heard_stays(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(3)
    await eventually(lambda: "客户: 第1段第一句" in listener.heard)
    assert "已停下" in text_of(await house.say("E01", "取消"))
    await house.listened()
    recording = await only_recording(house)
    assert recording["state"] == "cancelled"
    assert await parts(house) == [0]
    listener.gate.release(100)
    assert "8 段话" in await tapped(house, "E01", "接着听")
    assert [line for line in listener.heard if "第0段" in line] == ["客户: 第0段第一句"]


async def test_going_on_can_be_said_in_other_words_than_the_buttons(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await house.say("E01", "华康医疗那单怎么样了")
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(3)
    await eventually(lambda: "客户: 第1段第一句" in listener.heard)
    await house.say("E01", "取消")
    await house.listened()
    listener.gate.release(100)
    told = text_of([*await house.say("E01", "继续听"), *await house.listened()])
    assert "马上开始听" in told and "8 段话" in told


async def test_cancel_in_english_and_by_the_button(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", LONG, "call.m4a")
    await house.press("E01", button(house, "E01", "取消"))
    await house.listened()
    assert (await only_recording(house))["state"] == "cancelled"
    await sent(house, "E01", LONG + "\n\nmore", "another.m4a")
    assert "已停下" in text_of(await house.say("E01", "cancel"))
    await house.listened()
    assert {one["state"] for one in (await house.records("recording")).values()} == {"cancelled"}


async def test_cancel_before_there_is_a_basis_is_a_refusal(house: HouseUnderTest) -> None:
    await house.send_recording("E01", LONG)
    assert "已删除" in text_of(await house.say("E01", "取消"))
    assert (await only_recording(house))["deleted_why"] == "refused"


async def test_a_word_does_not_delete_what_has_waited_for_long(house: HouseUnderTest) -> None:
    await house.send_recording("E01", LONG)
    await house.pass_time(timedelta(hours=1))
    await house.say("E01", "取消")
    assert (await only_recording(house))["state"] == "awaiting_basis"


async def test_what_failed_can_be_tried_again_and_is_told_again(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.fails["第0段"] = "broken"
    await sent(house, "E01", LONG, "call.m4a")
    await house.listened()
    assert "出错了" in await tapped(house, "E01", "接着听")
    listener.fails.clear()
    assert "8 段话" in await tapped(house, "E01", "接着听")


async def test_without_a_recording_cancel_means_what_it_meant_before(house: HouseUnderTest) -> None:
    assert "录音" not in text_of(await house.say("E01", "取消"))


async def test_without_a_model_it_waits_is_told_once_and_begins_by_itself(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    listener.missing = True
    await house.send_recording("E01", LONG, "call.m4a")
    told = await tapped(house, "E01", "客户在通话里同意了")
    assert "录音排着队，没有丢" in told and "没有能听语音的模型" in told
    assert text_of(await house.pass_time(timedelta(minutes=2))) + text_of(await house.listened()) == ""
    assert (await only_recording(house))["state"] == "queued"
    listener.missing = False
    assert "8 段话" in text_of([*await house.pass_time(timedelta(minutes=2)), *await house.listened()])


async def test_a_part_that_is_done_stays_done_when_the_process_ends(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    first, second = FakeListener(gate=Semaphore(0)), FakeListener()
    async with open_house(settings, minds, sample_sqlite_url, first) as house:
        await sent(house, "E01", LONG, "call.m4a")
        assert first.gate is not None
        first.gate.release(5)
        await eventually(lambda: "客户: 第2段第一句" in first.heard)
    async with open_house(settings, minds, sample_sqlite_url, second) as house:
        house.clock.move(timedelta(hours=1))
        assert "8 段话" in text_of([*await house.pass_time(timedelta(minutes=1)), *await house.listened()])
        assert second.heard == ["客户: 第2段第一句", "客户: 第3段第一句"]
        assert await parts(house) == [0, 1, 2, 3]


async def test_two_workers_never_do_the_same_part_twice(settings: Settings, minds: Minds, sample_sqlite_url: str) -> None:
    one, other = FakeListener(gate=Semaphore(0)), FakeListener(gate=Semaphore(0))
    async with (
        open_house(settings, minds, sample_sqlite_url, one) as house,
        open_house(settings, minds, sample_sqlite_url, other) as second,
    ):
        for number in range(3):
            await house.send_recording("E01", f"{LONG}\n\n客户: 录音{number}", f"{number}.m4a")
        taps = [one for one in house.buttons("E01") if one.label == "客户在通话里同意了"]
        for tap in taps:
            await house.press("E01", tap)
        second.clock.at = house.clock.at  # clocks of two machines agree to within a lease
        second.house.listening.kick()
        for listener in (one, other):
            assert listener.gate is not None
            listener.gate.release(1000)
        async with asyncio.timeout(_A_WHILE * 2):
            while any(each["state"] != "done" for each in (await house.records("recording")).values()):
                house.house.listening.kick()
                second.house.listening.kick()
                await asyncio.sleep(0.05)
        await house.listened()
        await second.listened()
        heard = one.heard + other.heard
        assert len(heard) == 3 * 5
        assert all(heard.count(f"客户: 录音{number}") == 1 for number in range(3))


async def test_a_lease_that_ran_out_is_another_workers_and_the_first_keeps_nothing(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", "客户: 一句话", "call.m4a")
    await eventually(lambda: bool(listener.heard))
    async with house.store.write() as tx:
        await tx.execute(update(ListeningRow).values(owner="another worker", lease_until=house.clock() + LEASE))
    listener.gate.release(10)
    await house.listened()
    assert await parts(house) == []
    assert (await only_recording(house))["state"] == "running"


async def test_what_takes_the_process_down_each_time_is_given_up(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", "客户: 一句话", "call.m4a")
    await eventually(lambda: bool(listener.heard))
    async with house.store.write() as tx:  # as three processes that died would have left it
        await tx.execute(update(ListeningRow).values(owner="dead", lease_until=house.clock(), attempts=3))
    listener.gate.release(10)
    await house.listened()
    await house.pass_time(timedelta(minutes=1))
    await house.listened()
    recording = await only_recording(house)
    assert (recording["state"], recording["reason"]) == ("failed", "broken")


async def test_plain_files_of_a_process_that_died_are_taken_away(house: HouseUnderTest) -> None:
    left = house.home / "recordings" / "open" / "REC-1.deadbeef.m4a"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"words of somebody")
    await house.pass_time(timedelta(minutes=1))
    assert not left.exists()


async def test_on_postgresql_too(settings: Settings, minds: Minds, sample_postgres_url: str) -> None:
    listener = FakeListener()
    async with open_house(settings, minds, sample_postgres_url, listener) as house:
        await sent(house, "E01", LONG, "call.m4a")
        await house.send_recording("E01", "我的商机有哪些", "voice.amr", is_spoken=True)
        await house.listened()
        assert {one["state"] for one in (await house.records("recording")).values()} == {"done"}
        await house.pass_time(timedelta(days=181))
        assert {one["state"] for one in (await house.records("recording")).values()} == {"deleted"}
        assert await house.chain_is_sound()


async def parts(house: HouseUnderTest) -> list[int]:
    async with house.store.read() as tx:
        return list((await tx.execute(select(RecordingPartRow.number).order_by(RecordingPartRow.number))).scalars())
