"""The figures that tell how well passages are found, worked out by hand."""

import math
from collections.abc import Mapping

import pytest

from retrieval.evaluate import Judged, evaluate


def judged(right: Mapping[str, int]) -> Judged:
    return Judged({}, {"q": "?"}, {"q": right})


def test_the_first_place_is_worth_all() -> None:
    assert evaluate(judged({"a": 1}), lambda _: ["a", "b"]) == {"recall@5": 1, "recall@10": 1, "ndcg@10": 1, "mrr": 1}


def test_a_later_place_is_worth_less() -> None:
    found = evaluate(judged({"a": 1, "b": 1}), lambda _: ["x", "a", "y", "z", "w", "v", "b"])

    gained = 1 / math.log2(3) + 1 / math.log2(8)
    assert found == {
        "recall@5": 0.5,
        "recall@10": 1.0,
        "ndcg@10": pytest.approx(gained / (1 + 1 / math.log2(3)), abs=1e-4),
        "mrr": 0.5,
    }


def test_the_better_answer_counts_more() -> None:
    right = {"good": 3, "fair": 1}

    first = evaluate(judged(right), lambda _: ["good", "fair"])["ndcg@10"]
    second = evaluate(judged(right), lambda _: ["fair", "good"])["ndcg@10"]
    assert first == 1.0
    assert second < first


def test_what_stands_behind_the_tenth_place_counts_for_nothing() -> None:
    places = [str(number) for number in range(10)]

    assert set(evaluate(judged({"a": 1}), lambda _: [*places, "a"]).values()) == {0.0}
