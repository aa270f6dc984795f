"""Training the head of feelings on a few sentences: written beside an encoder, with a card about voices it never met."""

import json
from collections import Counter
from pathlib import Path

import pytest

from intents.encoder import Encoder
from intents.feelings import FEELINGS, FEELINGS_FILE, Feelings
from intents.training import feelings as training
from intents.training.corpus import Utterance
from intents.training.near_duplicates import near_duplicates
from intents.training.saying import saying
from tests.intents.conftest import PACKAGE


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(PACKAGE / "model")


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Every second sentence of six shipped voices, one of them held out."""
    folder = tmp_path / "feelings"
    folder.mkdir()
    for file in sorted(training.DATA.glob("*.jsonl"))[:6]:
        lines = file.read_text(encoding="utf-8").splitlines()
        (folder / file.name).write_text("\n".join(lines[::2]) + "\n", encoding="utf-8")
    last = sorted(file.stem for file in folder.glob("*.jsonl"))[-1]
    (folder / training.HELD_OUT_FILE).write_text(f"- {last}\n", encoding="utf-8")
    return folder


def test_a_head_is_trained_judged_and_written_for_this_encoder(few: Path, encoder: Encoder, tmp_path: Path) -> None:
    read = training.write(few, tmp_path, encoder)

    assert read["all"].four > 0.4
    assert "angry against the rest" in (tmp_path / training.CARD_FILE).read_text(encoding="utf-8")
    feelings = Feelings.load(tmp_path, encoder)
    assert feelings is not None
    glad, plain = feelings.of(["thank you so much, that is wonderful", "what is the price of the small one"])
    assert glad.happy == max(glad.angry, glad.happy, glad.neutral, glad.sad)
    assert plain.confidence < glad.confidence


def test_training_again_gives_the_same_head(few: Path, encoder: Encoder, tmp_path: Path) -> None:
    heads = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        training.write(few, tmp_path / name, encoder)
        heads.append((tmp_path / name / FEELINGS_FILE).read_bytes())
    assert heads[0] == heads[1]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"text": "a", "lang": "en"}',
        '{"text": " ", "lang": "en", "feeling": "sad"}',
        '{"text": "a", "lang": "en", "feeling": "bored"}',
    ],
    ids=["a list", "no JSON", "no feeling", "no text", "no such feeling"],
)
def test_a_line_that_cannot_be_learned_from_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "ann.jsonl").write_text(f'{{"text": "fine", "lang": "en", "feeling": "happy"}}\n{line}\n', encoding="utf-8")

    with pytest.raises(ValueError, match=r"ann\.jsonl:2"):
        training.read_sentences(tmp_path)


def test_one_voice_or_a_missing_feeling_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no sentence to learn"):
        training.read_sentences(tmp_path)
    alone = [training.Sentence("so what", "en", feeling, "ann") for feeling in FEELINGS]
    with pytest.raises(ValueError, match="two voices"):
        training.learn(alone, encoder)


def test_the_shipped_sentences_are_many_different_and_of_many_voices() -> None:
    sentences = training.read_sentences(training.DATA)
    aside = training.held_out(training.DATA)

    assert len(sentences) >= 1_600
    assert len({one.voice for one in sentences}) >= 20
    assert aside < {one.voice for one in sentences}
    assert max(Counter(saying(one.text) for one in sentences).values()) == 1
    for voice in {one.voice for one in sentences}:
        feelings = {one.feeling for one in sentences if one.voice == voice}
        assert feelings == set(FEELINGS) or voice == "polite_callers", "one voice has nothing but polite requests"
    counts = Counter((one.lang, one.feeling) for one in sentences)
    assert min(counts[lang, feeling] for lang in ("zh", "en") for feeling in FEELINGS) >= 100


def test_no_two_shipped_sentences_are_nearly_the_same() -> None:
    sentences = training.read_sentences(training.DATA)
    spoken = [Utterance(one.text, one.lang, None, one.feeling, (), one.voice, json.dumps(one.text)) for one in sentences]

    assert near_duplicates(spoken) == []
