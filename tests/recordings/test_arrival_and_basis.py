"""A recording is sealed when it comes, asked about in one tap, and listened to only then; refused, it is gone with proof."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.outside.tables import AuditRow, InboxRow, RecordingPartRow
from bot.message import Button, Reply
from tests.fakes import FakeListener
from tests.house_under_test import Arrived, HouseUnderTest

CALL = "客户: 你们的报价比别家贵\n销售: 我们包三年维保\n\n客户: 那先发一份正式报价\n销售: 明天上午发给您"


def button(house: HouseUnderTest, place: str, label: str) -> Button:
    return next(one for one in house.buttons(place) if one.label == label)


def text_of(news: list[Arrived]) -> str:
    return "\n".join(all_of(one.reply) for one in news)


def all_of(reply: Reply) -> str:
    return "\n".join([reply.text, *(one.label for one in (reply.card.buttons if reply.card else ()))])


async def tapped(house: HouseUnderTest, who: str, label: str) -> str:
    """What arrived by the time that everything a press has brought about is over."""
    return text_of([*await house.press(who, button(house, who, label)), *await house.listened()])


async def only_recording(house: HouseUnderTest) -> dict[str, Any]:
    (recording,) = (await house.records("recording")).values()
    return recording


async def entries(house: HouseUnderTest, kind: str) -> list[dict[str, Any]]:
    async with house.store.read() as tx:
        return list((await tx.execute(select(AuditRow.body).where(AuditRow.kind == kind))).scalars())


def plain_files(home: Path) -> list[Path]:
    sealed = home / "recordings"
    return [path for path in home.rglob("*") if path.is_file() and path.suffix == ".m4a" and path.parent != sealed]


async def test_nothing_is_listened_to_before_somebody_says_on_what_basis(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    news = await house.send_recording("E01", CALL)
    await house.listened()
    assert "听之前要先记一个依据" in text_of(news)
    assert [one.label for one in house.buttons("E01")] == [
        "客户在通话里同意了",
        "开头已告知会录音",
        "合同里有约定",
        "是我自己的声音",
        "都不是，删掉",
    ]
    assert listener.opened == []
    assert (await only_recording(house))["state"] == "awaiting_basis"


async def test_the_plain_file_is_gone_and_the_kept_one_says_nothing(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    recording = await only_recording(house)
    kept = house.home / "recordings" / f"{recording['id']}.sealed"
    assert plain_files(house.home) == []
    assert "报价".encode() not in kept.read_bytes()


async def test_one_tap_is_kept_with_who_and_when_and_the_words_come(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL)
    words = await tapped(house, "E01", "客户在通话里同意了")
    assert "马上开始听" in words
    assert "0:00 客户（估计）：你们的报价比别家贵" in words
    assert "0:20 要报价（不确定是谁说的）：“那先发一份正式报价”" in words
    assert "模型：fake-small" in words
    recording = await only_recording(house)
    assert (recording["state"], recording["basis"], recording["basis_by"]) == ("done", "customer_agreed", "E01")
    assert recording["basis_at"] is not None
    assert (recording["duration_ms"], recording["model"]) == (40_000, "fake-small")
    assert await house.chain_is_sound()


async def test_the_plain_file_is_there_only_while_it_is_listened_to(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "合同里有约定"))
    await house.listened()
    assert listener.opened
    assert [path for path in listener.opened if path.exists()] == []
    assert list((house.home / "recordings" / "open").iterdir()) == []


async def test_refused_it_is_deleted_with_proof(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL)
    before = await only_recording(house)
    told = text_of(await house.press("E01", button(house, "E01", "都不是，删掉")))
    await house.listened()
    assert "录音已删除" in told and before["id"] in told
    assert not (house.home / "recordings" / f"{before['id']}.sealed").exists()
    (proof,) = await entries(house, "erasure")
    assert (proof["sha256"], proof["size"], proof["why"]) == (before["digest"], before["size"], "refused")
    assert proof["was_there"] and proof["key_is_gone"]
    assert listener.opened == []
    assert (await only_recording(house))["state"] == "deleted"
    assert await house.chain_is_sound()


async def test_a_second_tap_changes_nothing(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    tap = button(house, "E01", "是我自己的声音")
    await house.press("E01", tap)
    await house.listened()
    old = next(one for one in house.buttons_ever("E01") if one.label == "客户在通话里同意了")
    assert "已经有依据了" in text_of(await house.press("E01", old))
    assert (await only_recording(house))["basis"] == "own_voice"


async def test_the_same_bytes_are_one_recording_and_both_are_told(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL, "a.m4a")
    again = text_of(await house.send_recording("E02", CALL, "forwarded.m4a"))
    assert "已经在这里了" in again
    news = [*await house.press("E02", button(house, "E02", "开头已告知会录音")), *await house.listened()]
    assert len(await house.records("recording")) == 1
    assert listener.heard == ["客户: 你们的报价比别家贵", "客户: 那先发一份正式报价"]
    for place in ("E01", "E02"):
        assert "你们的报价比别家贵" in text_of([one for one in news if one.conversation == place])
    third = text_of(await house.send_recording("E01", CALL, "once more.m4a"))
    assert "听过了，没有再听一次" in third and "全部" in third


async def test_after_it_was_refused_the_same_bytes_are_asked_about_anew(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "都不是，删掉"))
    assert "听之前要先记一个依据" in text_of(await house.send_recording("E01", CALL))
    assert sorted(one["state"] for one in (await house.records("recording")).values()) == ["awaiting_basis", "deleted"]


async def test_kept_as_long_as_the_policy_says_then_deleted_with_proof(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    await house.pass_time(timedelta(days=179))
    assert await entries(house, "erasure") == []
    await house.pass_time(timedelta(days=2))
    (proof,) = await entries(house, "erasure")
    assert (proof["why"], proof["words_are_gone"]) == ("kept_long_enough", False)
    assert [path for path in (house.home / "recordings").glob("*.sealed")] == []
    async with house.store.read() as tx:
        assert (await tx.execute(select(RecordingPartRow.number))).scalars().all() != []


async def test_without_an_answer_it_is_deleted_unheard(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL)
    await house.pass_time(timedelta(hours=71))
    assert (await only_recording(house))["state"] == "awaiting_basis"
    await house.pass_time(timedelta(hours=2))
    assert ((await only_recording(house))["state"], listener.opened) == ("deleted", [])


async def test_deleted_on_demand_the_words_go_as_well(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    await house.press("E01", button(house, "E01", "更多"))
    await house.press("E01", button(house, "E01", "删除录音"))
    async with house.store.read() as tx:
        assert (await tx.execute(select(RecordingPartRow.number))).scalars().all() == []
    assert "全部" not in [one.label for one in house.buttons("E01")]
    shown_before = next(one for one in house.buttons_ever("E01") if one.label == "全部")
    assert "没有文字" in text_of(await house.press("E01", shown_before))


async def test_with_the_words_the_cards_that_show_them_go_wherever_they_stand(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.send_recording("E02", CALL, "forwarded.m4a")
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    await house.press("E01", button(house, "E01", "全部"))
    await house.press("E01", button(house, "E01", "更多"))
    await house.press("E01", button(house, "E01", "概要"))
    await house.press("E01", button(house, "E01", "更多"))
    news = await house.press("E01", button(house, "E01", "删除录音"))
    redrawn = [one for one in news if one.redraws and "录音已删除" in one.reply.text]
    assert {one.conversation for one in redrawn} == {"E01", "E02"}
    shown = [reply.text for screen in house._screens.values() for reply in screen.values()]
    assert not [text for text in shown if "你们的报价比别家贵" in text]


async def test_an_empty_file_is_told(house: HouseUnderTest) -> None:
    assert "0 字节" in text_of(await house.send_recording("E01", b""))
    assert await house.records("recording") == {}


async def test_a_customers_recording_is_not_kept(house: HouseUnderTest) -> None:
    assert "只帮同事听" in text_of(await house.send_recording("K001", CALL))
    assert await house.records("recording") == {}
    assert plain_files(house.home) == []


async def test_a_guests_recording_is_not_kept(house: HouseUnderTest) -> None:
    await house.send_recording("visitor", CALL)
    assert await house.records("recording") == {}
    assert plain_files(house.home) == []


async def test_a_message_heard_again_after_a_crash_is_the_same_recording(house: HouseUnderTest) -> None:
    """The plain file is gone by then: what was sealed the first time is found by the message."""
    await house.send_recording("E01", CALL)
    async with house.store.write() as tx:
        await tx.execute(update(InboxRow).values(state="accepted", done_at=None))
    await house.house.inbox.sweep()
    await house._until_done("story:1")
    assert len(await house.records("recording")) == 1


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("damaged", "录音不完整"),
        ("encrypted", "加了密"),
        ("no_sound", "没有声音"),
        ("too_long", "超过三小时"),
        ("bomb", "解开后会大得离谱"),
        ("unknown", "不是能读的录音"),
        ("silence", "没听到人说话"),
        ("a reason that nobody thought of", "出错了"),
    ],
)
async def test_what_cannot_be_listened_to_is_told_with_what_to_do(
    house: HouseUnderTest, listener: FakeListener, reason: str, sentence: str
) -> None:
    listener.fails["报价"] = reason
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    assert sentence in text_of(await house.listened())
    recording = await only_recording(house)
    assert (recording["state"], recording["reason"]) == ("failed", reason)


async def test_a_sealed_file_that_was_changed_is_not_listened_to(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", CALL)
    kept = house.home / "recordings" / f"{(await only_recording(house))['id']}.sealed"
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(bytes(content))
    assert "和收下时不一样了" in await tapped(house, "E01", "客户在通话里同意了")
    assert listener.opened == []


async def test_all_of_it_can_be_paged_through_by_those_who_may(house: HouseUnderTest) -> None:
    await house.send_recording("E01", "\n".join(f"客户: 第{number}句" for number in range(30)))
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    first = text_of(await house.press("E01", button(house, "E01", "全部")))
    assert "第 1–24 段，共 30 段" in first and "第23句" in first and "第24句" not in first
    second = text_of(await house.press("E01", button(house, "E01", "下一页")))
    assert "第 25–30 段" in second and "第29句" in second
    stranger = text_of(await house.press("E02", button(house, "E01", "全部"), place="E01"))
    assert "不归您看" in stranger
