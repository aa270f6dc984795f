"""Hits in the order of a reranker, and what is said when none can be loaded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from retrieval.embed import SHIPPED, TOKENIZER_FILE, Floats
from retrieval.passage import Hit, Passage
from retrieval.rerank import load_reranker, reordered


@dataclass
class Judge:
    """A reranker that thinks of each text what it is told to."""

    thinks: dict[str, float]
    asked: list[str] = field(default_factory=list)
    name: str = "judge"

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        self.asked.append(question)
        return np.array([self.thinks[text] for text in passages], np.float32)


def hit(text: str, score: float) -> Hit:
    day = date(2026, 1, 1)
    return Hit(Passage(text, text, "Loans", "", "en", text, "1", day, "", frozenset(), frozenset(), "a.md", 1), score)


HITS = [hit("near", 3.0), hit("right", 2.0), hit("wrong", 1.0)]


def test_hits_go_as_the_reranker_thinks_and_keep_their_scores() -> None:
    judge = Judge({"near": 0.4, "right": 0.9, "wrong": 0.1})

    ordered = reordered(HITS, "how long", judge, text=lambda passage: passage.text)

    assert [(one.passage.text, one.score) for one in ordered] == [("right", 2.0), ("near", 3.0), ("wrong", 1.0)]
    assert judge.asked == ["how long"]


def test_hits_it_thinks_the_same_of_stay_in_their_order() -> None:
    judge = Judge({"near": 0.5, "right": 0.5, "wrong": 0.6})

    ordered = reordered(HITS, "how long", judge, text=lambda passage: passage.text)

    assert [one.passage.text for one in ordered] == ["wrong", "near", "right"]


def test_it_reads_the_text_that_it_is_given() -> None:
    judge = Judge({"Loans: near": 0, "Loans: right": 1, "Loans: wrong": 0})

    ordered = reordered(HITS, "how long", judge, text=lambda passage: f"{passage.title}: {passage.text}")

    assert ordered[0].passage.text == "right"


def test_no_hits_stay_none() -> None:
    assert reordered([], "how long", Judge({}), text=lambda passage: passage.text) == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such folder"):
        load_reranker(str(tmp_path / "nothing"))


def test_an_empty_folder_is_told_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs tokenizer\.json and encoder\.onnx or model\.onnx"):
        load_reranker(str(tmp_path))


@pytest.mark.parametrize("name", ["encoder.onnx", "model.onnx", "onnx/model.onnx"])
def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes((SHIPPED / "encoder.onnx").read_bytes())

    with pytest.raises(ValueError, match="no reranker can be loaded from here"):
        load_reranker(str(tmp_path))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / TOKENIZER_FILE).write_bytes((SHIPPED / TOKENIZER_FILE).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"no model")

    with pytest.raises(ValueError, match="no reranker can be loaded from here"):
        load_reranker(str(tmp_path))


def test_a_model_that_places_texts_judges_no_pairs() -> None:
    with pytest.raises(ValueError, match="no reranker can be loaded from here"):
        load_reranker(str(SHIPPED))


def test_a_name_that_is_not_here_is_not_downloaded_and_said() -> None:
    said = "not whole on this machine" if find_spec("sentence_transformers") else "pip install sentence-transformers"

    with pytest.raises(ValueError, match=said):
        load_reranker("nobody/has-this-model")
