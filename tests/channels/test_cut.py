"""Cutting a text: at a limit, at a good place, and never inside what a reader sees as one character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.cut import clean_edge, fitting, pieces, shorten


def in_bytes(character: str) -> int:
    return len(character.encode())


@pytest.mark.parametrize("character", ["👩‍👩‍👧", "👍🏽", "é", "❤️", "🇨🇳", "\r\n"])
def test_no_cut_falls_inside_one_visible_character(character: str) -> None:
    text = "ab" + character + "cd"
    assert {clean_edge(text, at) for at in range(2, 2 + len(character))} == {2}
    assert clean_edge(text, 2 + len(character)) == 2 + len(character)


def test_two_flags_side_by_side_are_cut_between_them() -> None:
    assert clean_edge("🇨🇳🇸🇬", 3) == 2


def test_a_run_of_accents_without_end_is_cut_all_the_same() -> None:
    assert clean_edge("e" + "\u0301" * 500, 400) == 400


def test_what_fits_is_left_as_it_is() -> None:
    assert shorten("再考虑一下", 5) == "再考虑一下"


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert shorten("再考虑一下吧", 5) == "再考虑一…"
    assert shorten("再考虑一下", 12, in_bytes) == "再考虑…"


def test_a_long_text_is_cut_after_a_paragraph_a_sentence_or_a_word() -> None:
    assert pieces("first part\n\nsecond part", 16) == ("first part", "second part")
    assert pieces("先问清顾虑。再约时间。", 9) == ("先问清顾虑。", "再约时间。")
    assert pieces("one two three", 9) == ("one two", "three")


def test_nothing_to_say_gives_no_piece() -> None:
    assert pieces(" \n ", 10) == ()


@given(text=st.text(max_size=300), limit=st.integers(4, 40))
def test_every_piece_fits_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    parts = pieces(text, limit, in_bytes)
    assert all(sum(map(in_bytes, part)) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(text=st.text(st.characters(categories=["L", "M", "So", "Zs"]), max_size=100), limit=st.integers(4, 40))
def test_a_shortened_text_fits_and_ends_on_a_clean_edge(text: str, limit: int) -> None:
    short = shorten(text, limit, in_bytes)
    assert sum(map(in_bytes, short)) <= limit or short == text
    kept = fitting(text, limit, in_bytes)
    if 0 < kept < len(text) and not unicodedata.category(text[0]).startswith("M"):
        assert clean_edge(text, kept) == kept
