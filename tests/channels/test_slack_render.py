"""Replies in Slack's shape: as the golden files show, within the platform's limits, never a control sequence of theirs."""

import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.slack_render import TEXT, disowning, escape, render, split, weigh
from bot.message import Button, Card, Reply
from tests.channels.slack_samples import GOLDEN, SAMPLES, shown
from tests.platforms.slack import MAX_BLOCK_CHARACTERS, blocks_problem

words = st.text(max_size=60) | st.sampled_from(
    ["<!channel>", "&" * 5000, "长" * 4000, "👩‍👩‍👧‍👦" * 900, '"\n' * 3000, " ", "\u200b"]
)
styles: st.SearchStrategy[Literal["plain", "primary", "danger"]] = st.sampled_from(["plain", "primary", "danger"])
buttons = st.builds(Button, token=st.text(min_size=1, max_size=64), label=words, style=styles)
cards = st.builds(
    Card,
    title=words,
    lines=st.lists(words, max_size=12).map(tuple),
    facts=st.lists(st.tuples(words, words), max_size=45).map(tuple),
    quote=st.none() | words,
    source=st.none() | words,
    note=st.none() | words,
    buttons=st.lists(buttons, max_size=30).map(tuple),
)
replies = st.builds(Reply, text=words, lang=st.sampled_from(["zh", "en"]), card=st.none() | cards)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_reply_looks_as_its_golden_file_shows(name: str) -> None:
    assert shown(SAMPLES[name]) == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(SAMPLES)


@given(reply=replies)
def test_whatever_is_said_slack_takes_it(reply: Reply) -> None:
    shape = render(reply)
    assert blocks_problem(shape["blocks"]) is None
    assert shape["text"]
    assert len(shape["text"]) <= TEXT


@given(reply=replies)
def test_a_card_never_loses_its_buttons(reply: Reply) -> None:
    tokens = [
        element["value"] for block in render(reply)["blocks"] for element in block.get("elements", ()) if "value" in element
    ]
    assert tokens == [button.token for button in reply.card.buttons[:25]] if reply.card else tokens == []


@given(text=st.text())
def test_escaped_text_holds_no_control_sequence_and_can_be_read_back(text: str) -> None:
    told = escape(text)
    assert not set(told) & {"<", ">"}
    assert re.sub("&(lt|gt|amp);", lambda found: {"lt": "<", "gt": ">", "amp": "&"}[found[1]], told) == text


def test_the_largest_card_stays_below_what_slack_rejects() -> None:
    assert len(shown(SAMPLES["largest"])) < MAX_BLOCK_CHARACTERS + 2 * TEXT


@given(text=st.text(max_size=400).map(lambda text: text * 40))
def test_a_long_text_goes_out_whole_in_several_messages(text: str) -> None:
    parts = split(Reply(text, "en"))
    assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())
    assert all(sum(map(weigh, part.text)) <= TEXT for part in parts)
    assert all("…" not in render(part)["text"] for part in parts if "…" not in text and part.text.strip())


def test_a_card_is_one_message() -> None:
    assert split(SAMPLES["largest"]) == (SAMPLES["largest"],)


def test_a_card_that_takes_the_place_of_another_says_so() -> None:
    card = SAMPLES["confirmation_en"]
    assert "replaces the earlier one" in str(render(disowning(card)))
    assert "Expires on Friday" in str(render(disowning(card)))
    assert "旧卡片作废" in render(disowning(Reply("好", "zh")))["text"]
