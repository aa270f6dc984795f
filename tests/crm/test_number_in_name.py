"""The other side's number in a recording's name is found however it is spelled, and no day or time is taken for one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.crm.number_in_name import numbers_in_name

DAYS = (
    "%Y%m%d", "%Y%m%d%H%M%S",
    "%Y%m%d%H%M", "%Y%m%d_%H%M%S", "%Y%m%d-%H%M", "%Y-%m-%d", "%Y-%m-%d %H-%M-%S", "%Y_%m_%d_%H_%M_%S",
    "%Y-%m-%dT%H_%M_%S", "%Y.%m.%d %H.%M", "%Y年%m月%d日%H时%M分%S秒", "%d.%m.%Y %H:%M:%S", "%m-%d-%Y", "%d-%m-%y %H.%M.%S",
    "%Y-%m-%d at %I.%M.%S %p", "%Y%m%d%H%M%S%f",
)  # fmt: skip
NUMBERS = (
    ("+8613812345678", "13812345678"),
    ("+8613812345678", "+86 138 1234 5678"),
    ("+8613812345678", "+86-138-1234-5678"),
    ("+8613812345678", "8613812345678"),
    ("+8613812345678", "008613812345678"),
    ("+862162345678", "021-62345678"),
    ("+4915123456789", "+49 151 23456789"),
    ("+4915123456789", "+4915123456789"),
    ("+4915123456789", "004915123456789"),
    ("+4915123456789", "4915123456789"),
    ("+14155550132", "+1 (415) 555-0132"),
    ("+442071838750", "+44 20 7183 8750"),
)
MOMENTS = st.floats(631_152_000, 4_102_358_400).map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("通话录音_13812345678_20251124.m4a", "+8613812345678"),
        ("王建平(12655500054)_20251124153012.m4a", "+8612655500054"),
        ("+49 151 23456789 2025-11-24 10-33-12.m4a", "+4915123456789"),
        ("13812345678(13812345678)_20251124103312.amr", "+8613812345678"),
        ("Call with +1 (415) 555-0132 at 20251124 093015 (2).mp3", "+14155550132"),
        ("１３８１２３４５６７８.wav", "+8613812345678"),
    ],
)
def test_the_number_in_a_name_as_telephones_and_apps_write_it(name: str, number: str) -> None:
    assert number in numbers_in_name(name)


@given(MOMENTS, st.sampled_from(DAYS), st.sampled_from(["", "录音 ", "call_", "Recording-", "WhatsApp Audio "]))
def test_a_day_is_never_a_number(moment: datetime, form: str, before: str) -> None:
    assert numbers_in_name(f"{before}{moment.strftime(form)}.m4a") == ()


@given(MOMENTS, st.sampled_from(DAYS), st.sampled_from(NUMBERS), st.sampled_from(["_", " ", "__"]), st.booleans())
def test_a_number_beside_a_day_is_found(
    moment: datetime, form: str, number: tuple[str, str], between: str, is_first: bool
) -> None:
    parts = (number[1], moment.strftime(form))
    assert number[0] in numbers_in_name(f"call{between}{between.join(parts if is_first else parts[::-1])}.m4a")


@given(st.text(alphabet="0123456789+-_ ().年月日:录音ab", max_size=40))
def test_what_is_found_stands_in_the_name(name: str) -> None:
    digits = "".join(sign for sign in name if sign.isdigit())
    for number in numbers_in_name(name):
        assert number.removeprefix("+").removeprefix("86").lstrip("0") in digits


@pytest.mark.parametrize("name", ["录音 12.m4a", "合同 2025-0012 第3版.wav", "1.wav", "", "V1.2.3.wav", "order 4711.ogg"])
def test_other_figures_are_no_numbers(name: str) -> None:
    assert numbers_in_name(name) == ()
