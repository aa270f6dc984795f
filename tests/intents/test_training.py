"""Training: data is checked before it is learned from, voices stay apart, and a failure leaves the old model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.dictionary import load_dictionary
from intents.training.corpus import Utterance, read_file, read_folder, split_by_voice
from intents.training.evaluate import evaluate
from intents.training.merge import merge, report
from intents.training.score import auroc, calibration_error, macro_f1
from intents.training.train import train
from intents.understand import Reader
from tests.intents.conftest import DICTIONARY, PACKAGE, WEDNESDAY_MORNING

LABELS = load_dictionary(DICTIONARY).intents
FEW = ("objection.price", "crm.set_reminder", "chat.greeting", "out_of_scope")


def said(text: str, intent: str = "chat.greeting", voice: object = "a", **more: Any) -> dict[str, Any]:
    return {"text": text, "lang": "zh", "role": "rep", "intent": intent, "also": [], "voice": voice, **more}


def write(file: Path, *lines: dict[str, Any] | str) -> Path:
    written = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    file.write_text("\n".join(written), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few intents of four shipped voices: enough to learn something in a moment."""
    folder = tmp_path_factory.mktemp("data")
    for voice in ("v1_private_domain", "v2_industrial", "v4_formal", "v8_young"):
        lines = (PACKAGE / "data" / f"{voice}.jsonl").read_text(encoding="utf-8").splitlines()
        write(folder / f"{voice}.jsonl", *(line for line in lines if json.loads(line)["intent"] in FEW))
    return folder


@pytest.fixture(scope="module")
def trained(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "model"
    train(sample, out, DICTIONARY, seed=1)
    return out


def test_a_trained_model_reads_a_voice_it_never_heard(trained: Path) -> None:
    reader = Reader.load(trained, DICTIONARY)
    assert reader.understand("明天上午提醒我给客户打电话", sent_at=WEDNESDAY_MORNING).intent == "crm.set_reminder"
    facts = json.loads((trained / "model.json").read_text(encoding="utf-8"))
    assert facts["scores"]["test, role unknown"]["accuracy"] > 0.7
    assert facts["version"] == reader.version
    voices = [set(names) for names in facts["voices"].values()]
    assert not voices[0] & voices[1] | voices[0] & voices[2] | voices[1] & voices[2]


def test_the_same_data_and_seed_make_the_same_model(sample: Path, trained: Path, tmp_path: Path) -> None:
    again = train(sample, tmp_path / "again", DICTIONARY, seed=1)
    assert again.facts["version"] == json.loads((trained / "model.json").read_text(encoding="utf-8"))["version"]


def test_the_card_tells_voices_and_scores(trained: Path) -> None:
    card = (trained / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "v2_industrial" in card
    assert "out-of-scope AUROC" in card


def test_evaluation_scores_the_reader_on_a_labelled_file(trained: Path, sample: Path) -> None:
    told = evaluate(sample / "v2_industrial.jsonl", trained, DICTIONARY)
    assert told["accuracy"] > 0.6
    assert {"macro_f1", "calibration_error", "out_of_scope_auroc", "also_f1", "accuracy_zh", "accuracy_en"} <= set(told)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("[" * 3_000, "not a JSON object"),
        (said("在吗", "chat.hullo"), "no intent 'chat.hullo'"),
        (said("在吗", also=["nope"]), "no intent 'nope'"),
        (said("在吗", also="chat.thanks"), "`also` must be a list"),
        (said("  "), "`text` must be a sentence"),
        (said("在吗", role="boss"), "`role` must be one of"),
        (said("在吗", lang="fr"), "`lang` must be one of"),
        (said("在吗", voice=7), "`voice` must be a name"),
        ({"text": "在吗"}, "no intent None"),
    ],
)
def test_a_wrong_line_is_refused_with_file_line_and_fault_and_nothing_is_overwritten(
    tmp_path: Path, line: dict[str, Any] | str, complaint: str
) -> None:
    data, out = tmp_path / "data", tmp_path / "model"
    data.mkdir()
    out.mkdir()
    (out / "keep").write_text("the old model")
    write(data / "mine.jsonl", said("你好"), line)
    with pytest.raises(ValueError, match=rf"mine\.jsonl:2: .*{complaint}"):
        train(data, out, DICTIONARY, seed=1)
    assert [path.name for path in out.iterdir()] == ["keep"]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "model"}


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(b'{"text": "\xff"}')
    with pytest.raises(ValueError, match=r"mine\.jsonl: this is not UTF-8"):
        read_file(file, LABELS)


def test_a_folder_without_utterances_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no \.jsonl file"):
        read_folder(tmp_path, LABELS)


@given(st.text(max_size=80))
def test_any_line_is_an_utterance_or_a_fault_with_its_place(line: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.jsonl"
        file.write_text(line, encoding="utf-8", newline="")
        try:
            assert all(utterance.intent in LABELS for utterance in read_file(file, LABELS))
        except ValueError as error:
            assert str(error).startswith(f"{file}:")


def utterance(text: str, intent: str = "chat.greeting", voice: str = "a") -> Utterance:
    return Utterance(text, "zh", "rep", intent, (), voice, f"{voice}:1")


def test_no_voice_is_on_two_sides_and_each_side_has_one() -> None:
    spoken = [utterance(f"{voice}{number}", voice=voice) for voice in "abcdefgh" for number in range(3)]
    split = split_by_voice(spoken, seed=3)
    sides = [{u.voice for u in side} for side in (split.train, split.validation, split.test)]
    assert [len(side) for side in sides] == [6, 1, 1]
    assert len(set.union(*sides)) == 8


def test_fewer_than_three_voices_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="there are 2 voices"):
        split_by_voice([utterance("a"), utterance("b", voice="b")], seed=1)


def test_sayings_that_differ_in_punctuation_only_are_merged_and_conflicts_are_left_out() -> None:
    merged = merge(
        [
            utterance("在吗?"),
            utterance("在吗", voice="b"),
            utterance("ＯＫ", "chat.thanks"),
            utterance("ok!", "approval.confirm", "b"),
            utterance("🙏", "chat.thanks"),
            utterance("🐶", "out_of_scope"),
        ]
    )
    assert [kept.text for kept in merged.kept] == ["在吗?", "🙏", "🐶"]
    assert [repeat.voice for repeat in merged.repeats] == ["b"]
    assert [[one.intent for one in same] for same in merged.conflicts] == [["chat.thanks", "approval.confirm"]]
    assert "conflict: 'ＯＫ': chat.thanks (a:1); approval.confirm (b:1)" in report(merged)


def test_the_shipped_utterances_hold_no_conflict() -> None:
    merged = merge(read_folder(PACKAGE / "data", LABELS))
    assert merged.conflicts == ()
    assert len(merged.kept) > 18_000


def test_the_figures_are_what_their_names_say() -> None:
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"]) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.4)
    assert auroc(np.array([0.9, 0.8, 0.1, 0.8]), np.array([True, True, False, False])) == pytest.approx(0.875)
