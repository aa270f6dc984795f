"""How text becomes search terms, the same for documents and for questions."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.words import know, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Discounts and their boundaries", ["discount", "boundary"]),
        ("INVOICES", ["invoice"]),
        ("the customer's address", ["customer", "address"]),
        ("alarm E-17, version v4.2", ["alarm", "e-17", "version", "v4.2"]),
        ("ＥＲＰ对接", ["erp", "对接"]),
        ("重置密码", ["重置", "密码"]),
        ("怎么办呢?", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_a_long_chinese_word_is_also_found_by_the_words_inside_it() -> None:
    assert {"工作", "工作日"} <= set(terms("工作日"))


def test_a_word_that_no_dictionary_has_is_also_found_by_its_characters() -> None:
    assert {"瀚", "林"} <= set(terms("瀚林"))


@given(st.text())
def test_no_text_breaks_the_cutting_and_no_term_is_empty(text: str) -> None:
    assert all(terms(text))


def test_loading_the_chinese_dictionary_is_silent_and_writes_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    program = "from retrieval.words import terms; print(*terms('重置密码'))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TMPDIR": str(temporary), "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert (done.stdout, done.stderr) == ("重置 密码\n", "")
    assert list(temporary.iterdir()) == []


def test_a_word_of_the_house_is_one_word_once_it_is_known() -> None:
    assert "客户之窗" not in terms("客户之窗怎么开通")
    know({"客户之窗", "HaloDesk", "x" * 5, "一" * 40})
    assert "客户之窗" in terms("客户之窗怎么开通")


def test_a_text_without_a_mark_is_cut_in_pieces_and_not_in_a_square_of_time() -> None:
    assert len(terms("客户" * 20_000)) >= 20_000
