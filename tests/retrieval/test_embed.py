"""The shipped model, and what is said when another cannot be loaded."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.embed import SHIPPED, load_embedder


def test_a_long_passage_has_a_vector_for_each_stretch_and_they_are_of_length_one() -> None:
    embedder = load_embedder(str(SHIPPED))

    short, long = embedder.passages(["三天内退货。", "样机最长借十五天,到期前可以延长一次。" * 20])

    assert len(short) == 1
    assert len(long) > 2
    assert np.linalg.norm(np.concatenate([short, long]), axis=1) == pytest.approx(1, abs=1e-3)


def test_a_text_reads_the_same_alone_and_among_others() -> None:
    embedder = load_embedder(str(SHIPPED))
    texts = ["三天内退货。", "Goods come back within a week.", "", "\ud800"]

    together = embedder.questions(texts)

    for number, text in enumerate(texts):
        assert embedder.questions([text])[0] @ together[number] == pytest.approx(1, abs=0.02)


def test_a_model_that_is_not_here_is_not_downloaded_and_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sentence-transformers|not on this machine"):
        load_embedder("nobody/has-this-model")
    (tmp_path / "encoder.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match="no embedding model can be loaded from here"):
        load_embedder(str(tmp_path))
