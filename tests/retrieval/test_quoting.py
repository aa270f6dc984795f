"""A quotation is word for word, in order, and fits the screen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sop_documents import document

from retrieval.passage import Passage
from retrieval.quote import best_sentences
from retrieval.read import read_document
from retrieval.sentences import sentences

STEPS = "1. Ask for the order number.\n2. Finance cancels the invoice within 2 days.\n3. Send the new invoice by e-mail."


def passage(text: str) -> Passage:
    return replace(read_document(document("## Invoices\nAny text.").encode(), "a.md")[0], text=text)


def test_a_passage_that_fits_is_quoted_as_a_whole() -> None:
    assert best_sentences(passage(STEPS), "anything", 500) == STEPS


def test_the_steps_that_answer_are_quoted_with_their_numbers() -> None:
    assert (
        best_sentences(passage(STEPS), "when does finance cancel it", 50) == "2. Finance cancels the invoice within 2 days."
    )


def test_several_sentences_keep_the_order_of_the_passage() -> None:
    text = "The invoice is sent by e-mail. Lunch is at noon. An invoice with a wrong tax id is cancelled."

    quoted = best_sentences(passage(text), "invoice with a wrong tax id", 85)

    assert quoted == "The invoice is sent by e-mail.\nAn invoice with a wrong tax id is cancelled."


def test_what_holds_no_word_of_the_question_is_left_out() -> None:
    text = "Lunch is at noon. The invoice is sent by e-mail. Coffee is free all day."

    assert best_sentences(passage(text), "invoice", 60) == "The invoice is sent by e-mail."


def test_without_a_matching_sentence_the_beginning_is_quoted() -> None:
    assert best_sentences(passage(STEPS), "报销", 50) == "1. Ask for the order number."


def test_a_worse_sentence_does_not_take_the_place_of_a_better_one_that_is_too_long() -> None:
    text = "An invoice needs a tax id. A wrong tax id on an invoice is corrected by finance at once. An invoice is free."

    assert best_sentences(passage(text), "invoice tax id wrong finance", 85) == (
        "A wrong tax id on an invoice is corrected by finance at once."
    )
    assert best_sentences(passage(text), "invoice tax id", 45) == "An invoice needs a tax id."


def test_chinese_sentences_are_quoted_in_whole() -> None:
    text = "先登记工单。发票开错的,财务两个工作日内重开。纸质发票寄出后给快递单号。"

    assert best_sentences(passage(text), "发票开错了怎么办", 30) == "发票开错的,财务两个工作日内重开。"


def test_bullets_and_table_rules_are_not_part_of_a_quotation() -> None:
    text = "- Say: sorry.\n- Do: open a ticket.\n\n| grade | closed |\n|---|---|\n| A | 24 hours |"

    assert best_sentences(passage(text), "", 500) == "Say: sorry.\nDo: open a ticket.\n| grade | closed |\n| A | 24 hours |"


def test_a_sentence_longer_than_the_screen_is_cut_after_a_word_and_shows_it() -> None:
    assert best_sentences(passage("Finance cancels the invoice within two days."), "invoice", 20) == "Finance cancels the…"


@pytest.mark.parametrize("limit", range(4, 14))
def test_a_cut_never_shows_half_a_number(limit: int) -> None:
    assert best_sentences(passage("合同超过500,000元要两个人确认。"), "合同", limit) in {
        "合同超过…",
        "合同超过500,000元…",
        "合同超…",
    }


def test_an_empty_screen_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="positive"):
        best_sentences(passage(STEPS), "invoice", 0)


@given(text=st.text(max_size=300), query=st.text(max_size=40), limit=st.integers(1, 200))
def test_every_quoted_line_stands_in_the_passage_and_all_fit(text: str, query: str, limit: int) -> None:
    quoted = best_sentences(passage(text), query, limit)

    assert len(quoted) <= limit
    for line in quoted.split("\n"):
        assert line in text or line.removesuffix("…") in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("先登记。再派单!谁负责?", ["先登记。", "再派单!", "谁负责?"]),
        ("他说:“先登记。”然后派单。", ["他说:“先登记。”", "然后派单。"]),
        ("还要问吗?当天答复。", ["还要问吗?", "当天答复。"]),
        ("Version 2.5 is out. Use it, e.g. for tests. Done.", ["Version 2.5 is out.", "Use it, e.g. for tests.", "Done."]),
        ("Sample Co. Ltd. sells it.", ["Sample Co. Ltd. sells it."]),
        ("No end", ["No end"]),
        ("  ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@given(st.text(st.sampled_from('。！？…!?. "”a1字\n'), max_size=60))
def test_sentences_hold_all_of_the_text_in_order(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
