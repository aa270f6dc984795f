"""Replies in WeCom's shapes: as the golden files show, within its limits, with nothing lost and no foreign markup alive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom_render import button_card, render, render_for_group, split, task_id
from bot.message import Button, Card, Reply
from tests.channels.tencent_samples import GOLDEN, SAMPLES, in_wecom
from tests.platforms.qyapi import check_card

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=60)
LONG = st.one_of(WORDS, st.integers(0, 400).map(lambda times: "长句子。" * times))
CARDS = st.builds(
    Card,
    title=WORDS,
    lines=st.lists(LONG, max_size=3).map(tuple),
    facts=st.lists(st.tuples(WORDS, WORDS), max_size=8).map(tuple),
    quote=st.none() | LONG,
    source=st.none() | WORDS,
    note=st.none() | WORDS,
    buttons=st.lists(WORDS, max_size=6).map(
        lambda labels: tuple(Button(f"token-{number}", label) for number, label in enumerate(labels))
    ),
)
REPLIES = st.builds(Reply, text=LONG, lang=st.sampled_from(["zh", "en"]), card=st.none() | CARDS)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_reply_looks_as_its_golden_file_shows(name: str) -> None:
    assert in_wecom(SAMPLES[name]) == (GOLDEN / "wecom" / f"{name}.json").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in (GOLDEN / "wecom").glob("*.json")} == set(SAMPLES)


@settings(max_examples=50)
@given(REPLIES)
def test_every_piece_is_within_the_limits_of_a_person_and_of_a_group(reply: Reply) -> None:
    for number, piece in enumerate(split(reply)):
        for payload in (render(piece, task_id(f"k/{number}")), render_for_group(piece)):
            if payload["msgtype"] == "template_card":
                check_card(payload["template_card"])
            else:
                content = payload[payload["msgtype"]]["content"]
                assert 0 < len(content.encode()) <= 2048


@settings(max_examples=50)
@given(REPLIES)
def test_the_buttons_come_once_all_of_them_and_last(reply: Reply) -> None:
    buttons = reply.card.buttons if reply.card else ()
    *ahead, last = split(reply)
    assert all(piece.card is None or not piece.card.buttons for piece in ahead)
    assert (last.card.buttons if last.card else ()) == buttons


@settings(max_examples=50)
@given(CARDS)
def test_a_redrawn_card_is_always_one_that_wecom_takes(card: Card) -> None:
    check_card(button_card(card, "zh", "p-1"), may_settle=True)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9999).map(str), min_size=1, max_size=3000))
def test_splitting_a_text_loses_no_word(words: list[str]) -> None:
    pieces = split(Reply(" ".join(words), "en"))
    assert " ".join(piece.text for piece in pieces).split() == words


def test_a_card_that_says_more_than_a_card_holds_sends_its_words_ahead() -> None:
    ahead, card = split(SAMPLES["confirmation_with_much_to_read_en"])
    assert ahead.card is not None
    assert ("Rule", "contracts above CNY 500,000 need a second look by a person") in ahead.card.facts
    assert card.card is not None
    assert card.card.lines == ("Details are in the message above",)


def test_long_choices_are_told_in_full_and_numbered_like_their_buttons() -> None:
    ahead, card = split(SAMPLES["which_company_zh"])
    assert "1. 海川科技发展(苏州)有限公司" in str(render(ahead, "p-1"))
    texts = [button["text"] for button in render(card, "p-1")["template_card"]["button_list"]]
    assert [text[:2] for text in texts] == ["1.", "2."]


@given(WORDS)
def test_words_of_others_make_no_link_no_tag_and_no_mention(words: str) -> None:
    hostile = f"<@all><font color=warning>[{words}](http://evil.test)"
    shown = str(render(Reply("", "zh", Card("标题", (hostile,), facts=((hostile, hostile),), quote=hostile)), "p-1"))
    assert "<@" not in shown
    assert "<font color=warning>" not in shown
    assert "](http" not in shown
