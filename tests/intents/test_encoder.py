"""The encoder as it ships: any text is read, names lie where they are said, and a broken file is one clear sentence."""

import random
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.dictionary import load_dictionary
from intents.encoder import LONGEST, Encoder
from intents.grams import Head, load_weights, save_weights
from intents.model import load_model
from intents.names import Names
from intents.slots import find_slots
from intents.tags import KINDS, TAGS, Floats, Span, spans_of, steps_of, tags_of
from intents.understand import Reader
from tests.intents.conftest import DICTIONARY, PACKAGE, WEDNESDAY_MORNING


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(PACKAGE / "model")


@given(text=st.text(max_size=120))
@settings(max_examples=40, deadline=None)
def test_any_text_is_read_and_names_lie_inside_it(encoder: Encoder, text: str) -> None:
    read = encoder.read(text, None)
    assert np.isfinite(read.main).all()
    assert float(np.linalg.norm(read.vector)) == pytest.approx(1, abs=1e-3)
    assert all(0 <= start < end <= len(text) for (_, start, end), _ in read.names)


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\x00\x07", "字" * 100_000, "word " * 20_000, "ไทย עברית", "🙏🙏"])
def test_what_nobody_would_say_is_read_all_the_same(encoder: Encoder, text: str) -> None:
    assert encoder.read(text, "customer").main.shape == encoder.read("你好", None).main.shape


def test_of_a_long_text_the_beginning_and_the_end_count(encoder: Encoder) -> None:
    filler = "今天天气不错。" * 60
    start, end = "我们的预算被冻结了。", "请把报价发给我。"
    plain = encoder.read(filler, None).vector
    assert not np.allclose(encoder.read(start + filler, None).vector, plain, atol=1e-3)
    assert not np.allclose(encoder.read(filler + end, None).vector, plain, atol=1e-3)
    assert len(filler) > LONGEST


def test_one_text_is_read_alike_however_often(encoder: Encoder) -> None:
    again = Encoder.load(PACKAGE / "model")
    assert (encoder.read("太贵了", "customer").main == again.read("太贵了", "customer").main).all()


def test_the_same_meaning_in_two_languages_lies_closer_than_two_meanings(encoder: Encoder) -> None:
    stall, other, price = (encoder.read(text, None).vector for text in ("我再考虑一下", "let me think about it", "太贵了"))
    assert float(stall @ other) > float(stall @ price)


@pytest.mark.parametrize("file", ["encoder.onnx", "tokenizer.json"])
def test_a_broken_file_is_one_clear_sentence(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PACKAGE / "model", folder)
    (folder / file).write_bytes(b"half")
    with pytest.raises(ValueError, match="no intent model can be loaded from here"):
        load_model(folder)


def test_a_text_is_put_through_the_encoder_once_for_its_intent_and_its_names() -> None:
    model = load_model(PACKAGE / "model")
    assert model.jury.encoder is not None
    reader = Reader(model, load_dictionary(DICTIONARY))
    reader.understand("帮我看看云帆那单到哪一步了", role="rep", sent_at=WEDNESDAY_MORNING)
    assert model.jury.encoder.read.cache_info().misses == 1


def test_an_encoder_of_other_intents_than_the_n_grams_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PACKAGE / "model", folder)
    grams = load_weights(folder)
    one = Head(grams.main.steps[:, :1], grams.main.scale[:1], grams.main.bias[:1])
    save_weights(replace(grams, labels=grams.labels[:1], main=one, beside=one), folder)
    with pytest.raises(ValueError, match="the encoder tells 68 intents apart, the n-grams 1"):
        load_model(folder)


@given(st.lists(st.sampled_from(["华", "康", "acme", "tank", "2026", " ", ","]), min_size=1, max_size=12), st.data())
def test_slots_written_as_tags_are_read_back(pieces: list[str], data: st.DataObject) -> None:
    text = " ".join(pieces)
    ends = np.cumsum([len(piece) + 1 for piece in pieces]).tolist()
    offsets = [(0, 0), *((end - 1 - len(piece), end - 1) for piece, end in zip(pieces, ends, strict=True)), (0, 0)]
    first = data.draw(st.integers(0, len(pieces) - 1))
    last = data.draw(st.integers(first, len(pieces) - 1))
    span: Span = (data.draw(st.sampled_from(KINDS)), offsets[first + 1][0], offsets[last + 1][1])
    logits = tagged(tags_of([span], offsets))
    assert [found for found, _ in spans_of(logits, text, offsets)] == [span]
    steps = steps_of([tags_of([span], offsets)])
    assert [found for found, _ in spans_of(logits, text, offsets, steps)] == [span]


def tagged(tags: list[int]) -> Floats:
    logits = np.full((len(tags), len(TAGS)), -9, np.float32)
    logits[range(len(tags)), tags] = 9
    return logits


@given(st.integers(3, 10), st.randoms(use_true_random=False))
def test_whatever_the_tags_say_slots_begin_and_end_with_words_and_do_not_overlap(size: int, draw: random.Random) -> None:
    text = "跟Acme Ltd签50万,周五"
    offsets = [(0, 1), (1, 3), (3, 5), (6, 9), (9, 10), (10, 12), (12, 13), (13, 14), (14, 15), (15, 16)][:size]
    logits = np.array([[draw.uniform(-5, 5) for _ in TAGS] for _ in offsets], np.float32)
    found = [span for span, _ in spans_of(logits, text, offsets)]
    assert all(start != 3 and end != 3 for _, start, end in found)
    assert all(one[2] <= other[1] for one, other in pairwise(found))


def test_two_slots_side_by_side_stay_two() -> None:
    offsets = [(0, 1), (1, 2), (2, 3), (3, 4)]
    tags = [TAGS.index(tag) for tag in ("B-company", "I-company", "B-company", "B-person")]
    found = [span for span, _ in spans_of(tagged(tags), "华康同舟", offsets)]
    assert found == [("company", 0, 2), ("company", 2, 3), ("person", 3, 4)]


def test_a_name_that_only_the_encoder_sees_fills_what_is_left_without_its_signs() -> None:
    text = "跟「云帆」的王总约了,推进到神秘阶段"
    seen: list[Span] = [("company", 1, 5), ("person", 6, 8), ("stage", 14, 16)]
    found = [(slot.type, slot.text) for slot in find_slots(text, WEDNESDAY_MORNING, Names.empty(), seen)]
    assert found == [("company", "云帆"), ("person", "王总")]
