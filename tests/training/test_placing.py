"""Tuning the model that finds passages by meaning, small: pairs, tuning, export, and reading without torch."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from intents.training.pretraining.vocabulary import SPECIAL, build_tokenizer
from retrieval.embed import OnnxEmbedder
from retrieval.training.export import export
from retrieval.training.pairs import Pair, chinese_pairs, english_pairs, own_pairs, retold_pairs
from retrieval.training.tune import CHECKPOINT, Recipe, tune

ASKED = ("样机借几天", "发票多久寄出", "谁审合同", "几天能退货")
TOLD = ("试用设备最长十五日", "开票后十个工作日邮寄", "法务部门负责审查", "七日之内可以送回")
PAIRS = [Pair(asked, told, "own") for asked, told in zip(ASKED, TOLD, strict=True)] * 4
SHORT = Recipe(steps=60, batch=4, warmup=5, rate=3e-3, kept_every=30)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny encoder that knows nothing, saved as transformers saves one."""
    folder = tmp_path_factory.mktemp("base")
    tokenizer = build_tokenizer([*SPECIAL, *sorted(set("".join((*ASKED, *TOLD))))])
    torch.manual_seed(1)
    shape = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(shape).save_pretrained(folder)
    frame = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **frame).save_pretrained(folder)
    return folder


def test_a_question_learns_to_lie_near_its_answer(base: Path, tmp_path: Path) -> None:
    model, tokenizer = tune(PAIRS, base, SHORT, 1, tmp_path / "work")
    export(model, tokenizer, tmp_path / "model")
    embedder = OnnxEmbedder.load(tmp_path / "model")

    near = embedder.questions(ASKED) @ np.concatenate(embedder.passages(TOLD)).T

    assert near.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert np.linalg.norm(embedder.questions(ASKED), axis=1) == pytest.approx(1, abs=1e-3)


def test_a_tuning_that_was_cut_off_goes_on(base: Path, tmp_path: Path) -> None:
    tune(PAIRS, base, Recipe(steps=30, batch=4, warmup=5, kept_every=30), 1, tmp_path)
    steps: list[int] = []

    tune(PAIRS, base, SHORT, 1, tmp_path, lambda left: steps.extend(left) or left)

    assert steps == list(range(30, 60))
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["done"] == 60


def test_pairs_are_read_from_the_public_files(tmp_path: Path) -> None:
    consultation = "高血压能吃党参吗\n这两天泡水喝可以吗,请问医生\n可以口服的,能降血脂\n\n只有一行没有回答的\n"
    turns = "最近总是很焦虑怎么办\n先说说发生了什么。试着每天记录下来。晚上早一点睡。白天少喝咖啡。\n"
    for name in ("A_medical_consult", "A_smile_counselling", "A_emollm_dialogues"):
        text = consultation if name == "A_medical_consult" else turns
        (tmp_path / f"{name}.txt.gz").write_bytes(gzip.compress(text.encode()))

    found = {(pair.asked, pair.passage) for pair in chinese_pairs(tmp_path, 1)}

    assert ("高血压能吃党参吗", "可以口服的,能降血脂") in found
    assert ("最近总是很焦虑怎么办", "先说说发生了什么。试着每天记录下来。晚上早一点睡。白天少喝咖啡。") in found
    [cut] = {one for one in found if one[1].count("。") == 3}
    assert cut[0] not in cut[1]


def test_sayings_of_one_label_are_pairs_and_each_stands_in_one(tmp_path: Path) -> None:
    lines = [{"text": f"where is my card {number}", "label": "card"} for number in range(4)]
    for name in ("banking77", "clinc150"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))

    pairs = [pair for pair in english_pairs(tmp_path, 1) if pair.source == "banking77"]

    assert len(pairs) == 2
    assert len({text for pair in pairs for text in (pair.asked, pair.passage)}) == 4


def test_sayings_of_held_out_voices_are_not_learned_from(tmp_path: Path) -> None:
    lines = [{"text": f"say {voice}", "of": "说", "voice": voice} for voice in ("v1", "v2")]
    (tmp_path / "retold_x.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    assert [pair.asked for pair in retold_pairs(tmp_path, frozenset({"v2"}))] == ["say v1"]


def test_a_line_that_is_no_pair_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"asked": "a", "passage": "b"}\n{"asked": 1}\n')

    with pytest.raises(ValueError, match=r"own\.jsonl:2"):
        own_pairs(tmp_path / "own.jsonl")
