"""Replies as WeChat texts: as the golden files show, within 2,048 bytes, with nothing lost and no foreign links alive."""

import pytest
from hypothesis import given, settings

from bot.channels.wechat_render import render, split
from bot.message import Button, Card, Reply
from tests.channels.tencent_samples import GOLDEN, SAMPLES, in_wechat
from tests.channels.test_wecom_render import REPLIES


@pytest.mark.parametrize("name", SAMPLES)
def test_a_reply_looks_as_its_golden_file_shows(name: str) -> None:
    assert in_wechat(SAMPLES[name]) == (GOLDEN / "wechat" / f"{name}.txt").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in (GOLDEN / "wechat").glob("*.txt")} == set(SAMPLES)


@settings(max_examples=50)
@given(REPLIES)
def test_every_piece_fits_and_says_something(reply: Reply) -> None:
    for piece in split(reply):
        assert 0 < len(render(piece).encode()) <= 2048


@settings(max_examples=50)
@given(REPLIES)
def test_pieces_are_sent_as_they_were_cut(reply: Reply) -> None:
    pieces = split(reply)
    if len(pieces) > 1:
        assert [render(piece) for piece in pieces] == [piece.text for piece in pieces]


def test_the_options_stay_together_in_the_last_piece() -> None:
    buttons = tuple(Button(f"t{number}", f"选项{number}") for number in range(1, 4))
    pieces = split(Reply("", "zh", Card("标题", ("很长的一行。" * 120,) * 2, buttons=buttons)))
    assert pieces[-1].text.splitlines()[1:] == ["1. 选项1", "2. 选项2", "3. 选项3"]


def test_a_link_in_somebody_elses_words_is_only_text() -> None:
    shown = render(Reply('<a href="http://evil.test">银行</a>', "zh"))
    assert "<a" not in shown
