"""Words that are known to be a date: what they stand for, counted from a Wednesday in March."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.when.known import date_of

SENT_AT = datetime(2026, 3, 4, 10, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    "words, day",
    [
        ("2018", "2018-01-01"),
        ("June", "2026-06-01"),
        ("31st", "2026-03-31"),
        ("2nd", "2026-04-02"),
        ("下半年", "2026-07-01"),
        ("明年上半年", "2027-01-01"),
        ("next fiscal", "2027-01-01"),
        ("Eid", "2026-03-20"),
        ("After Ramadan", "2026-03-20"),
        ("复活节后", "2026-04-05"),
        ("spring", "2026-03-01"),
        ("泼水节", "2026-04-13"),
        ("下午", "2026-03-04T14:00:00+08:00"),
        ("this afternoon", "2026-03-04T14:00:00+08:00"),
        ("下周三", "2026-03-11"),
        ("每个周一", None),
        ("every morning", None),
        ("whenever", None),
        ("", None),
    ],
)
def test_what_is_known_to_be_a_date_is_told_as_a_day(words: str, day: str | None) -> None:
    assert date_of(words, SENT_AT) == day


@given(st.text(max_size=30), st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001
def test_any_words_are_a_date_or_none(words: str, moment: datetime) -> None:
    found = date_of(words, moment.replace(tzinfo=SENT_AT.tzinfo))
    assert found is None or datetime.fromisoformat(found)
