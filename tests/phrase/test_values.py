"""Money and time in words: exact, short, in the reader's language and zone."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.wording import moments
from bot.wording.money import money
from bot.wording.sentences import Language

AT = datetime(2026, 8, 12, 7, 0, tzinfo=UTC)
NOW = datetime(2026, 8, 11, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "zh", "en"),
    [
        ("480000", "CNY", "48万", "¥480,000"),
        ("485000.00", "CNY", "48.5万", "¥485,000"),
        ("123456", "CNY", "¥123,456", "¥123,456"),
        ("8600", "CNY", "¥8,600", "¥8,600"),
        ("3500.5", "CNY", "¥3,500.50", "¥3,500.50"),
        ("120000000", "CNY", "1.2亿", "¥120,000,000"),
        ("80000", "USD", "8万美元", "$80,000"),
        ("80000", "SGD", "8万新元", "SGD 80,000"),
        ("0", "CNY", "¥0", "¥0"),
        ("-20000", "CNY", "-2万", "-¥20,000"),
    ],
)
def test_money_is_told_in_the_habit_of_the_language(amount: str, currency: str, zh: str, en: str) -> None:
    assert money(Decimal(amount), currency, "zh") == zh
    assert money(Decimal(amount), currency, "en") == en


@given(st.decimals(min_value=0, max_value=10**10, places=2))
def test_money_is_never_rounded(amount: Decimal) -> None:
    told = money(amount, "CNY", "zh").replace("¥", "").replace(",", "")
    unit = {"亿": Decimal(10**8), "万": Decimal(10**4)}.get(told[-1], Decimal(1))
    assert Decimal(told.rstrip("亿万")) * unit == amount


def test_a_moment_is_told_in_the_persons_zone_with_its_weekday() -> None:
    assert moments.when(AT, "zh", "Asia/Shanghai") == "8月12日（周三）15:00"
    assert moments.when(AT, "en", "Europe/Berlin") == "Wed 12 Aug, 09:00"


@pytest.mark.parametrize(
    ("at", "zh", "en"),
    [
        (AT, "周三 15:00", "Wed 15:00"),
        (datetime(2026, 8, 18, 7, 0, tzinfo=UTC), "8月18日 15:00", "18 Aug 15:00"),
        (datetime(2026, 8, 10, 7, 0, tzinfo=UTC), "8月10日 15:00", "10 Aug 15:00"),
    ],
)
def test_on_a_button_the_weekday_stands_for_the_coming_days_only(at: datetime, zh: str, en: str) -> None:
    assert moments.near(at, "zh", "Asia/Shanghai", NOW) == zh
    assert moments.near(at, "en", "Asia/Shanghai", NOW) == en


def test_a_day_of_this_year_goes_without_the_year() -> None:
    assert moments.day(date(2026, 9, 30), "zh", NOW) == "9月30日"
    assert moments.day(date(2027, 1, 5), "zh", NOW) == "2027年1月5日"
    assert moments.day(date(2026, 9, 30), "en") == "30 Sep 2026"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_zone_that_nobody_knows_does_not_break_a_reply(lang: Language) -> None:
    assert moments.when(AT, lang, "No/Where") == moments.when(AT, lang, "Asia/Shanghai")
