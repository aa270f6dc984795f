"""What the speech model learns from is what it is given at work: the same features, the same tokens."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from faster_whisper.feature_extractor import FeatureExtractor  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from voice.training.features import Features  # noqa: E402
from voice.training.tokens import learn  # noqa: E402


def test_features_of_a_batch_are_those_of_the_reader() -> None:
    draw = np.random.default_rng(1)
    waves = (draw.standard_normal((3, 24000)) * np.array([[0.5], [0.01], [0.2]])).astype(np.float32)
    ours = Features(torch.device("cpu"))(torch.from_numpy(waves)).numpy()
    theirs = np.stack([FeatureExtractor()(wave) for wave in waves])
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 1e-4


def test_the_vocabulary_reads_the_same_in_its_file() -> None:
    said = ["合同我们下周三签，请把发票发给财务。", " The enterprise plan costs five thousand dollars.", " Isn't it?"]
    tokens = learn(said, english_pieces=60)
    library = Tokenizer.from_str(json.dumps(tokens.content))
    for text in (*said, " -", " '", "财务 said 合同!"):
        assert library.encode(text, add_special_tokens=False).ids == tokens.encode(text)
        assert tokens.decode(tokens.encode(text)) == text
    assert library.token_to_id("") == tokens.text_size
    assert library.token_to_id("<|30.00|>") == library.get_vocab_size() - 1
