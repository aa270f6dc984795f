"""Rerankers as exporters write them, small: read without torch they judge as transformers does."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from retrieval.embed import TOKENIZER_FILE
from retrieval.rerank import OnnxReranker, load_reranker

FRAME = ("[CLS]", "[SEP]")
WORDS = ("how", "long", "may", "a", "loan", "last", "fifteen", "days", "##s", "invoice", "gate", "样", "机")
QUESTION = "how long may a loan last"
PASSAGES = ["a loan last fifteen days", "gate", "", "样机 gates", "invoice days long " * 300, "\ud800", "a long invoice"] * 3
PASSAGES_HERE = [one.replace("\ud800", "?") for one in PASSAGES]
NAMES = ("input_ids", "attention_mask", "token_type_ids")


class Judging(torch.nn.Module):
    """A model that gives its logits alone, as it is exported."""

    def __init__(self, model: PreTrainedModel, names: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(**dict(zip(self.names, given, strict=True))).logits
        return logits


def small_tokenizer(pad: str = "[PAD]") -> Tokenizer:
    tokens = ["[UNK]", *FRAME, pad, *WORDS]  # padding is not number 0, as in some models
    tokenizer = Tokenizer(models.WordPiece({token: number for number, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[UNK]", *FRAME, pad])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, tokens.index(token)) for token in FRAME],
    )
    return tokenizer


SHAPE = {
    "vocab_size": 4 + len(WORDS),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.5,  # far enough from nothing that scores differ
    "pad_token_id": 3,
}


def small_model(labels: int, places: int = 512) -> PreTrainedModel:
    torch.manual_seed(labels)
    return BertForSequenceClassification(BertConfig(**SHAPE, max_position_embeddings=places, num_labels=labels)).eval()


def small_roberta() -> PreTrainedModel:
    """The kind that many rerankers are: it counts places from where padding ends, and knows one kind of text."""
    torch.manual_seed(1)
    shape = XLMRobertaConfig(**SHAPE, max_position_embeddings=516, type_vocab_size=1, num_labels=1)
    return XLMRobertaForSequenceClassification(shape).eval()


def export(model: PreTrainedModel, file: Path, names: Sequence[str] = NAMES) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    numbers = torch.ones(2, 9, dtype=torch.long)
    with warnings.catch_warnings():
        # as in retrieval.training.export
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Judging(model, names).eval(),
            (numbers,) * len(names),
            str(file),
            input_names=list(names),
            output_names=["logits"],
            dynamic_axes={name: {0: "pairs", 1: "tokens"} for name in names} | {"logits": {0: "pairs"}},
            opset_version=17,
            dynamo=False,
        )


def exported(folder: Path, model: PreTrainedModel, name: str, names: Sequence[str] = NAMES) -> str:
    export(model, folder / name, names)
    small_tokenizer().save(str(folder / TOKENIZER_FILE))
    return str(folder)


def by_transformers(model: PreTrainedModel, names: Sequence[str] = NAMES) -> list[float]:
    """The probabilities as the model's own library gives them, one pair at a time."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=small_tokenizer(), pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]"
    )
    found = []
    for passage in PASSAGES_HERE:
        given = tokenizer(
            [QUESTION],
            [passage],
            truncation="only_second",
            max_length=512,
            return_tensors="pt",
            return_token_type_ids=True,
        )
        with torch.no_grad():
            logits = model(**{name: given[name] for name in names}).logits[0]
        found.append(float(torch.sigmoid(logits)[0] if len(logits) == 1 else torch.softmax(logits, 0)[1]))
    return found


@pytest.mark.parametrize(
    ("model", "name", "names"),
    [
        (small_model(1), "encoder.onnx", NAMES),
        (small_model(2), "onnx/model.onnx", NAMES),
        (small_roberta(), "model.onnx", NAMES[:2]),
    ],
    ids=["one label", "two labels", "no kinds of text"],
)
def test_scores_are_those_of_transformers(tmp_path: Path, model: PreTrainedModel, name: str, names: Sequence[str]) -> None:
    reranker = load_reranker(exported(tmp_path, model, name, names))

    scores = reranker.scores(QUESTION, PASSAGES)

    assert isinstance(reranker, OnnxReranker)
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx(by_transformers(model, names), abs=1e-3)
    assert np.ptp(scores) > 0.1, "all the same: nothing was compared"


def test_no_passages_have_no_scores(tmp_path: Path) -> None:
    reranker = load_reranker(exported(tmp_path, small_model(1), "encoder.onnx"))

    assert reranker.scores(QUESTION, []).shape == (0,)


def test_a_question_of_any_length_leaves_room_for_the_passage(tmp_path: Path) -> None:
    reranker = load_reranker(exported(tmp_path, small_model(1), "encoder.onnx"))

    one, other = reranker.scores("how long " * 1000, ["gate", "fifteen days " * 1000])

    assert one != pytest.approx(other, abs=1e-4)


def test_a_model_with_fewer_places_reads_less(tmp_path: Path) -> None:
    reranker = load_reranker(exported(tmp_path, small_model(1, places=128), "encoder.onnx"))

    assert len(reranker.scores(QUESTION, PASSAGES)) == len(PASSAGES)


def test_what_was_cut_when_the_tokenizer_was_saved_is_read(tmp_path: Path) -> None:
    folder = exported(tmp_path, small_model(1), "encoder.onnx")
    whole = load_reranker(folder).scores(QUESTION, PASSAGES)
    tokenizer = small_tokenizer()
    tokenizer.enable_truncation(10)
    tokenizer.enable_padding(length=600, pad_id=3)
    tokenizer.save(str(tmp_path / TOKENIZER_FILE))

    assert load_reranker(folder).scores(QUESTION, PASSAGES).tolist() == pytest.approx(whole.tolist(), abs=1e-6)


def test_another_model_has_another_name(tmp_path: Path) -> None:
    names = {load_reranker(exported(tmp_path / str(n), small_model(n), "encoder.onnx")).name for n in (1, 2)}

    assert len(names) == 2


def test_a_model_with_three_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one or two values for each pair"):
        load_reranker(exported(tmp_path, small_model(3), "encoder.onnx"))


def test_a_model_that_asks_for_more_than_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asks for position_ids"):
        load_reranker(exported(tmp_path, small_model(1), "encoder.onnx", (*NAMES, "position_ids")))
