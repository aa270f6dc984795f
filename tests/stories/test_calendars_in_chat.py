"""A colleague sends their calendar in the chat: it is taken in, and whoever it leaves no room for hears of it."""

from datetime import timedelta

import pytest

from bot.message import Button
from tests.house_under_test import Arrived, HouseUnderTest

pytestmark = pytest.mark.parametrize("sample_url", ["sqlite", "postgresql"], indirect=True)


def calendar(*spans: str) -> bytes:
    """Spans such as `20261127T010000Z/20261127T100000Z`."""
    events = (
        f"BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:secret\r\nDTSTART:{span.split('/')[0]}\r\nDTEND:{span.split('/')[1]}\r\nEND:VEVENT\r\n"
        for number, span in enumerate(spans)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{''.join(events)}END:VCALENDAR\r\n".encode()


def button(house: HouseUnderTest, place: str, ending: str) -> Button:
    return next(one for one in house.buttons(place) if one.label.endswith(ending))


def said(arrived: list[Arrived], place: str) -> str:
    return "\n".join(one.reply.text for one in arrived if one.conversation == place)


async def test_a_calendar_that_collides_is_told_to_both_and_a_press_moves_the_meeting(house: HouseUnderTest) -> None:
    await house.say("E01", "帮我约个技术顾问,周五上午十一点")
    await house.press("E01", button(house, "E01", "韩松"))
    booked = await house.press("E01", button(house, "E01", "约定"))
    [own] = [one.reply for one in booked if one.conversation == "E01"]
    assert own.files[0].name.endswith(".ics")
    [theirs] = [one.reply for one in booked if one.conversation == "E31"]
    assert "METHOD:REQUEST" in theirs.files[0].text

    taken = await house.send_document("E31", "han.ics", calendar("20261127T010000Z/20261127T100000Z"))
    assert "日程已更新" in said(taken, "E31")
    assert all(row["what"] != "secret" for row in (await house.records("busy")).values())
    told = await house.pass_time(timedelta(minutes=1))
    for place in ("E01", "E31"):
        assert "韩松的日程和这场会冲突" in said(told, place)
    moved = await house.press("E01", next(one for one in house.buttons("E01") if one.label.startswith("改到")))
    assert "已改到" in said(moved, "E01")
    assert "会议改到" in said(moved, "E31")
    [booking] = (await house.records("booking")).values()
    assert (booking["state"], booking["sequence"]) == ("booked", 1)
    assert await house.chain_is_sound()


async def test_sending_it_again_replaces_it_and_frees_what_is_free_again(house: HouseUnderTest) -> None:
    await house.send_document("E31", "han.ics", calendar("20261126T000000Z/20261231T000000Z"))
    away = await house.say("E01", "帮我约一下技术顾问韩松,明天")
    assert "韩松两周内没有空档，可以约别的顾问" in said(away, "E01")
    again = await house.send_document("E31", "han.ics", calendar())
    assert "日程已更新" in said(again, "E31")
    there = await house.say("E01", "帮我约一下技术顾问韩松,明天")
    assert "没有空档" not in said(there, "E01")
    assert "11月26日（周四）10:30 · 韩松" in said(there, "E01")


async def test_a_broken_calendar_is_one_sentence_and_changes_nothing(house: HouseUnderTest) -> None:
    before = await house.records("busy")
    told = await house.send_document("E31", "han.ics", b"BEGIN:VCALENDAR")
    assert said(told, "E31") == "han.ics 不是能读的日历文件。请重新导出成 .ics 再发。"
    assert await house.records("busy") == before
