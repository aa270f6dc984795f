"""What people type into a spreadsheet cell, and what it is read as."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.crm.cells import clean, read_cell, read_date, read_moment, read_money, read_phone
from actions.crm.columns import ROW_KINDS, Column

WEDNESDAY = date(2026, 3, 11)
SATURDAY = date(2026, 3, 14)


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("480000", "480000", None),
        ("¥480,000", "480000", "CNY"),
        ("480,000.50", "480000.50", None),
        ("48万", "480000", None),
        ("48 万元", "480000", "CNY"),
        ("1.2亿", "120000000", None),
        ("USD 12k", "12000", "USD"),
        ("US$5", "5", "USD"),
        ("€1,234", "1234", "EUR"),
        ("8 万美元", "80000", "USD"),
    ],
)
def test_money_is_read_as_people_write_it(text: str, amount: str, currency: str | None) -> None:
    assert read_money(text) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", ["many", "1,2", "1.234.567", "12.345", "-5", "¥5 USD", "1e9", "NaN", "9" * 20, ""])
def test_what_is_not_exactly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        read_money(text)


@pytest.mark.parametrize("text", ["2026-11-03", "2026/11/3", "2026.11.3", "2026年11月3日", "2026-11-03 00:00:00"])
def test_a_day_is_read_in_every_usual_form(text: str) -> None:
    assert read_date(text, WEDNESDAY) == date(2026, 11, 3)


@pytest.mark.parametrize("text", ["3.11.2026", "2026-02-30", "2026-13-01", "soon", "2026-11-03 soon", "45000"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a da"):
        read_date(text, WEDNESDAY)


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("-12d", WEDNESDAY, date(2026, 2, 27)),
        ("+30d", WEDNESDAY, date(2026, 4, 10)),
        ("+0b", WEDNESDAY, WEDNESDAY),
        ("+3b", WEDNESDAY, date(2026, 3, 16)),
        ("-3b", WEDNESDAY, date(2026, 3, 6)),
        ("+0b", SATURDAY, date(2026, 3, 16)),
        ("-1b", SATURDAY, date(2026, 3, 13)),
    ],
)
def test_relative_days_count_from_today_working_days_skip_the_weekend(text: str, today: date, day: date) -> None:
    assert read_date(text, today) == day


@pytest.mark.parametrize(
    "text",
    ["2026-11-03 14:30", "2026年11月3日 14:30", "2026-11-03T06:30:00Z", "2026-11-03T06:30:00+00:00", "2026-11-03 14:30:00"],
)
def test_a_time_without_a_zone_is_the_houses_own(text: str) -> None:
    assert read_moment(text, WEDNESDAY) == datetime(2026, 11, 3, 6, 30, tzinfo=UTC)


def test_a_relative_time_keeps_its_clock() -> None:
    assert read_moment("-12d 14:30", WEDNESDAY) == datetime(2026, 2, 27, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-03 25:00", "0001-01-01", "2026-11-03T06:30:00+99:00", "yesterday"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a "):
        read_moment(text, WEDNESDAY)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("126 5550 0001", "CN", "+8612655500001"),
        ("021-55550101 转 8", "CN", "+862155550101 ext. 8"),
        ("(617) 555-0101", "US", "+16175550101"),
        ("+44 7700 900123", "CN", "+447700900123"),
        ("+861265550001", "US", "+861265550001"),
    ],
)
def test_a_telephone_number_becomes_international(text: str, country: str, number: str) -> None:
    assert read_phone(text, country) == number


def test_a_written_number_with_extension_reads_back_the_same() -> None:
    assert read_phone("+862155550101 ext. 8") == "+862155550101 ext. 8"


@pytest.mark.parametrize("text", ["none", "12", "+999", "call me"])
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a telephone number"):
        read_phone(text)


@pytest.mark.parametrize(("word", "stage"), [("negotiation", "negotiation"), ("谈判", "negotiation"), ("Won", "won")])
def test_a_choice_is_taken_in_either_language(word: str, stage: str) -> None:
    assert read_cell(ROW_KINDS["deal"].columns["stage"], word, today=WEDNESDAY) == stage


def test_a_word_that_is_no_choice_is_told_the_choices() -> None:
    with pytest.raises(ValueError, match="is none of lead, qualified"):
        read_cell(ROW_KINDS["deal"].columns["stage"], "maybe", today=WEDNESDAY)


@pytest.mark.parametrize(("text", "value"), [("12", "12"), ("12.5%", "12.5"), ("15%", "15")])
def test_a_percentage_may_carry_its_sign(text: str, value: str) -> None:
    assert read_cell(ROW_KINDS["deal"].columns["discount"], text, today=WEDNESDAY) == Decimal(value)


def test_control_characters_and_overlong_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="control characters"):
        clean("a\x00b")
    with pytest.raises(ValueError, match="characters long"):
        clean("x" * 10_001)


_COLUMNS = [column for kind in ROW_KINDS.values() for column in kind.columns.values()]


@given(column=st.sampled_from(_COLUMNS), text=st.text(min_size=1, max_size=40))
def test_any_text_is_either_read_or_refused_with_a_sentence(column: Column, text: str) -> None:
    try:
        read_cell(column, text, today=WEDNESDAY)
    except ValueError as error:
        assert str(error).startswith(("is ", "has "))


@given(amount=st.decimals(min_value=0, max_value=10**12, places=2))
def test_an_amount_with_cents_is_kept_exactly(amount: Decimal) -> None:
    assert read_money(f"{amount:,}") == (amount, None)


@given(moment=st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_time_reads_back_from_what_export_writes(moment: datetime) -> None:
    assert read_moment(moment.isoformat(), WEDNESDAY) == moment
