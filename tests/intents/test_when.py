"""Dates count from the moment of the message, in its zone; durations are ISO 8601."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from intents.names import Names
from intents.slots import find_slots
from intents.when.dates import find_dates
from intents.when.spans import find_durations
from tests.intents.conftest import WEDNESDAY_MORNING


def dates(text: str, sent_at: datetime = WEDNESDAY_MORNING) -> list[object]:
    return [slot.value for slot in find_dates(text, sent_at)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("下周三下午3点提醒我回访", "2026-12-02T15:00:00+08:00"),
        ("周五上午十点半", "2026-11-27T10:30:00+08:00"),
        ("周三", "2026-11-25"),
        ("上周五", "2026-11-20"),
        ("下下周一", "2026-12-07"),
        ("明天上午", "2026-11-26T09:00:00+08:00"),
        ("后天", "2026-11-27"),
        ("今晚8点", "2026-11-25T20:00:00+08:00"),
        ("月底前", "2026-11-30"),
        ("下个月初", "2026-12-01"),
        ("下个月5号", "2026-12-05"),
        ("20号前", "2026-12-20"),
        ("48小时后", "2026-11-27T10:30:00+08:00"),
        ("3天后", "2026-11-28"),
        ("两个月后", "2027-01-25"),
        ("8月15日", "2027-08-15"),
        ("12月1号", "2026-12-01"),
        ("明年3月", "2027-03-01"),
        ("二〇二七年八月", "2027-08-01"),
        ("年底", "2026-12-31"),
        ("Q3再说", "2027-07-01"),
        ("第四季度", "2026-10-01"),
        ("下季度", "2027-01-01"),
        ("过完年再说", "2027-02-13"),
        ("国庆后", "2027-10-08"),
        ("下午3点", "2026-11-25T15:00:00+08:00"),
        ("早上9点", "2026-11-26T09:00:00+08:00"),
        ("2026-12-03 14:00", "2026-12-03T14:00:00+08:00"),
    ],
)
def test_chinese_dates(text: str, value: str) -> None:
    assert dates(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("next Friday 3pm", "2026-12-04T15:00:00+08:00"),
        ("on Friday at 10", "2026-11-27T10:00:00+08:00"),
        ("book Thursday", "2026-11-26"),
        ("last Friday", "2026-11-20"),
        ("in two weeks", "2026-12-09"),
        ("tomorrow morning", "2026-11-26T09:00:00+08:00"),
        ("the day after tomorrow", "2026-11-27"),
        ("March 3", "2027-03-03"),
        ("3rd of March 2028", "2028-03-03"),
        ("after our office move in March", "2027-03-01"),
        ("end of month", "2026-11-30"),
        ("by end of Q3", "2027-09-30"),
        ("next quarter", "2027-01-01"),
        ("EOW", "2026-11-27"),
        ("on the 15th", "2026-12-15"),
        ("remind me at 4pm", "2026-11-25T16:00:00+08:00"),
        ("2 hours ago", "2026-11-25T08:30:00+08:00"),
    ],
)
def test_english_dates(text: str, value: str) -> None:
    assert dates(text) == [value]


@pytest.mark.parametrize("text", ["2月30日", "13月5号", "99号楼", "3/4 inch", "you may call", "一周总结", "三点建议"])
def test_what_is_no_day_of_the_calendar_is_no_date(text: str) -> None:
    assert dates(text) == []


def test_the_zone_of_the_message_decides_what_today_is() -> None:
    late_in_new_york = datetime(2026, 11, 25, 22, 0, tzinfo=ZoneInfo("America/New_York"))
    assert dates("tomorrow at 9am", late_in_new_york) == ["2026-11-26T09:00:00-05:00"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("48小时内", "PT48H"),
        ("三天内回复", "P3D"),
        ("质保两年", "P2Y"),
        ("半年", "P6M"),
        ("两年半", "P2Y6M"),
        ("一个半小时", "PT1H30M"),
        ("10日内", "P10D"),
        ("3个月", "P3M"),
        ("within 48 hours", "PT48H"),
        ("a 3-year contract", "P3Y"),
        ("two weeks", "P2W"),
        ("half an hour", "PT30M"),
        ("for a month", "P1M"),
    ],
)
def test_durations(text: str, value: str) -> None:
    assert [slot.value for slot in find_durations(text)] == [value]


@pytest.mark.parametrize("text", ["3月", "10日", "twenty a month", "2027年", "下半年"])
def test_days_of_the_calendar_and_rates_are_no_durations(text: str) -> None:
    assert list(find_durations(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "c'mon, what's your real price",
            "the sat nav sent me here",
            "通过年度预算",
            "十几年前买的",
            "细节后议",
            "开斋节后再联络",
        ),
        *("in one year group", "一月一单", "7/16 in mm", "no reply in 48 hours"),
    ],
)
def test_words_that_only_sound_like_a_day_are_no_date(text: str) -> None:
    assert dates(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("call me in 48 hours", "2026-11-27T10:30:00+08:00"),
        ("if he agrees, call him in two days", "2026-11-27"),
        ("the end of February", "2027-02-28"),
        ("this morning", "2026-11-25T09:00:00+08:00"),
        ("last night", "2026-11-24T20:00:00+08:00"),
        ("closing next spring", "2027-03-01"),
        ("the July shutdown", "2027-07-01"),
        ("deadline 30th", "2026-11-30"),
        ("明年再说", "2027-01-01"),
        ("今年没钱", "2026-01-01"),
    ],
)
def test_days_by_season_month_and_part_of_today(text: str, value: str) -> None:
    assert dates(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("if there is no reply in 48 hours", "PT48H"),
        ("no contact in a month", "P1M"),
        ("haven't moved within two weeks", "P2W"),
    ],
)
def test_a_span_within_a_condition_lasts_and_does_not_count_from_now(text: str, value: str) -> None:
    assert dates(text) == []
    assert [slot.value for slot in find_durations(text)] == [value]


@pytest.mark.parametrize("text", ["九八年的机床", "98年买的", "half a day", "半天", "下一年度", "三年级"])
def test_years_and_half_days_are_no_durations(text: str) -> None:
    """Half a day is as long as the house says it is; ISO 8601 cannot tell it."""
    assert list(find_durations(text)) == []


def test_traditional_and_cantonese_words_for_days() -> None:
    read = {slot.text: slot.value for slot in find_slots("下週三下午三點、聽日、今個月", WEDNESDAY_MORNING, Names.empty())}
    assert read == {"下週三下午三點": "2026-12-02T15:00:00+08:00", "聽日": "2026-11-26", "今個月": "2026-11-01"}
