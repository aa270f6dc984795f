"""A passage is placed as a whole and line by line, so that the one clause that answers is found."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lines import LineEmbedder, lines_of
from retrieval.meanings import Meanings, Placed
from tests.topics import Floats, Topics

TEXT = "Loans How long\nA loan lasts 15 days. It can be extended once.\n1. Ask before it ends.\n- Bring it back."


def test_each_sentence_and_step_stands_under_its_heading_without_its_mark() -> None:
    assert lines_of(TEXT) == [
        "Loans How long\nA loan lasts 15 days.",
        "Loans How long\nIt can be extended once.",
        "Loans How long\nAsk before it ends.",
        "Loans How long\nBring it back.",
    ]


def test_a_passage_of_one_sentence_is_placed_once() -> None:
    assert lines_of("Loans\nA loan lasts 15 days.") == []
    assert lines_of("\nA loan lasts 15 days.") == []


def test_a_passage_without_a_heading_has_its_lines_alone() -> None:
    assert lines_of("\nA loan lasts 15 days. It can be extended.") == ["A loan lasts 15 days.", "It can be extended."]


def test_the_vectors_of_the_lines_stand_last() -> None:
    topics = Topics({"extended": 0, "15 days": 1})
    [vectors] = LineEmbedder(topics).passages([TEXT])
    assert len(vectors) == len(topics.passages([TEXT])[0]) + len(lines_of(TEXT))
    assert vectors[-3].tolist() == topics.passages(["It can be extended once."])[0][0].tolist()


def unit(*places: float) -> Floats:
    vector = np.array(places, np.float32)
    return vector / np.linalg.norm(vector)


def test_the_nearest_line_counts_where_the_whole_is_far() -> None:
    whole, line, other = unit(1, 1), unit(1, 0), unit(0, 1)
    meanings = Meanings.of([Placed.of(np.stack([whole, line, other]), 2), Placed.of(np.stack([other]), 0)])
    assert meanings.nearness(unit(1, 0)).tolist() == [1.0, 0.0]


def test_of_many_passages_those_that_come_nearest_as_wholes_are_looked_at_by_their_lines() -> None:
    far, near, line = unit(0.1, 1), unit(0.9, 0.2), unit(1, 0)
    others = [Placed.of(np.stack([far]), 0) for _ in range(2_000)]
    nearness = Meanings.of([Placed.of(np.stack([near, line]), 1), *others]).nearness(unit(1, 0))
    assert nearness[0] == 1.0
    assert len(nearness) == 2_001


@given(st.text(max_size=400))
def test_any_text_has_lines_that_stand_in_it(text: str) -> None:
    for line in lines_of(text):
        assert line.rpartition("\n")[2] in text
