"""Training: data is checked before it is learned from, voices stay apart, and a failure leaves the old model."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.dictionary import load_dictionary
from intents.model import load_model
from intents.training.corpus import Utterance, read_file, read_folder
from intents.training.doubt import Doubt, doubts, folds_by_voice, sheet
from intents.training.evaluate import evaluate
from intents.training.marks import read_marks
from intents.training.merge import drop, merge, report
from intents.training.near_duplicates import near_duplicates
from intents.training.put import put, roll_back
from intents.training.score import auroc, calibration_error, macro_f1
from intents.training.split import HeldOut, draw_split, held_out_voices, read_split, split_by_voice
from intents.training.train import clearly_lost, train
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


def test_corrections_from_the_chat_are_learned_from_and_judge_nothing(sample: Path, tmp_path: Path) -> None:
    learned = tmp_path / "learned"
    learned.mkdir()
    lines = [said(f"掐指一算{n}号喊我一嗓子", "crm.set_reminder", voice="corrections") for n in range(1, 25)]
    write(learned / "corrections.jsonl", *lines)
    facts = train(sample, tmp_path / "model", DICTIONARY, seed=1, learned=learned).facts
    voices = facts["voices"]
    assert isinstance(voices, dict)
    assert [side for side, names in voices.items() if "corrections" in names] == ["train"]
    assert facts["corrections"] == 24
    read = Reader.load(tmp_path / "model", DICTIONARY).understand("掐指一算26号喊我一嗓子", sent_at=WEDNESDAY_MORNING)
    assert read.intent == "crm.set_reminder"


def test_a_broken_correction_is_named_and_nothing_is_replaced(sample: Path, tmp_path: Path) -> None:
    learned = tmp_path / "learned"
    learned.mkdir()
    write(learned / "corrections.jsonl", "{")
    with pytest.raises(ValueError, match=r"corrections\.jsonl:1"):
        train(sample, tmp_path / "model", DICTIONARY, seed=1, learned=learned)
    assert not (tmp_path / "model").exists()


def test_the_card_tells_voices_and_scores(trained: Path) -> None:
    card = (trained / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "v2_industrial" in card
    assert "out-of-scope AUROC" in card


def test_evaluation_scores_the_reader_on_a_labelled_file(trained: Path, sample: Path) -> None:
    told = evaluate(sample / "v2_industrial.jsonl", trained, DICTIONARY).figures
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
        (said("在吗", of=7), "`of` must be the sentence"),
        (said("在吗", slots={"type": "date"}), "`slots` must be a list"),
        (said("在吗", slots=["date"]), "`slots` must be a list"),
        (said("在吗", slots=[{"type": "colour", "text": "在"}]), "no slot type 'colour'"),
        (said("明天见", slots=[{"type": "date", "text": "后天"}]), "'后天' does not occur"),
        (
            said("八万", slots=[{"type": "amount", "text": "八万", "value": 80000}]),
            "80000 is no value of a slot of type amount",
        ),
        (said("三成", slots=[{"type": "percent", "text": "三成", "value": "30%"}]), "no value of a slot of type percent"),
        (said("两年", slots=[{"type": "duration", "text": "两年", "value": "P"}]), "no value of a slot of type duration"),
        (said("赢单", slots=[{"type": "stage", "text": "赢单", "value": "赢"}]), "no value of a slot of type stage"),
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


def test_marked_slots_are_read_with_the_utterance(tmp_path: Path) -> None:
    slots = [
        {"type": "amount", "text": "8k", "value": {"amount": 8000, "currency": "USD"}},
        {"type": "date", "text": "Friday"},
    ]
    (read,) = read_file(write(tmp_path / "mine.jsonl", said("8k by Friday", slots=slots)), LABELS)
    assert [(mark.type, mark.text, mark.value) for mark in read.marks] == [
        ("amount", "8k", {"amount": 8000, "currency": "USD"}),
        ("date", "Friday", None),
    ]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_slots_are_marks_or_a_fault(entry: object) -> None:
    try:
        assert all(mark.text in "在吗" for mark in read_marks(entry, "在吗"))
    except ValueError as error:
        assert str(error)


def test_drawn_voices_are_on_one_side_each() -> None:
    spoken = [utterance(f"{voice}{number}", voice=voice) for voice in "abcdefgh" for number in range(3)]
    split = split_by_voice(spoken, draw_split("abcdefgh", seed=3))
    sides = [{u.voice for u in side} for side in (split.train, split.validation, split.test)]
    assert [len(side) for side in sides] == [6, 1, 1]
    assert len(set.union(*sides)) == 8


def test_fewer_than_three_voices_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="there are 2 voices"):
        draw_split("ab", seed=1)


def test_a_voice_that_the_split_does_not_name_is_trained_on(tmp_path: Path) -> None:
    (tmp_path / "split.yaml").write_text("validation: [b]\ntest: [c]\n", encoding="utf-8")
    held_out = held_out_voices(tmp_path, "abcd", seed=1)
    split = split_by_voice([utterance(voice, voice=voice) for voice in "abcd"], held_out)
    assert [[u.voice for u in side] for side in (split.train, split.validation, split.test)] == [["a", "d"], ["b"], ["c"]]


def test_a_split_whose_voices_are_absent_is_refused() -> None:
    with pytest.raises(ValueError, match="no utterance is left for test"):
        split_by_voice([utterance("a"), utterance("b", voice="b")], HeldOut(frozenset("b"), frozenset("z")))


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("", "two lists"),
        ("validation: [a]", "two lists"),
        ("validation: [a]\ntest: []", "`test` must list at least one voice"),
        ("validation: a\ntest: [b]", "`validation` must list"),
        ("validation: [a]\ntest: [a]", "on both sides: a"),
        ("validation: [", "cannot be read"),
    ],
)
def test_a_split_that_would_judge_by_what_was_learned_is_refused(tmp_path: Path, written: str, complaint: str) -> None:
    file = tmp_path / "split.yaml"
    file.write_text(written, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"split\.yaml: .*{complaint}"):
        read_split(file)


@given(st.text(max_size=60))
def test_any_split_is_read_or_refused_with_the_file_named(written: str) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder) / "split.yaml"
        file.write_text(written, encoding="utf-8", newline="")
        with pytest.raises(ValueError, match=r"split\.yaml: "):
            read_split(file)


def test_every_held_out_voice_of_the_shipped_split_is_there() -> None:
    held_out = read_split(PACKAGE / "data" / "split.yaml")
    voices = {file.stem for file in (PACKAGE / "data").glob("*.jsonl")}
    assert held_out.validation | held_out.test <= voices


def test_a_model_that_reads_worse_does_not_replace_the_one_that_stands(sample: Path, trained: Path, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "model"
    data.mkdir()
    shutil.copytree(trained, out)
    for file in sample.glob("*.jsonl"):
        lines = file.read_text(encoding="utf-8").splitlines()
        facts = json.loads((trained / "model.json").read_text(encoding="utf-8"))
        is_judging = file.stem not in facts["voices"]["train"]
        write(data / file.name, *(line for line in lines if is_judging or json.loads(line)["intent"] in FEW[:2]))
    with pytest.raises(ValueError, match="the model there stays"):
        train(data, out, DICTIONARY, seed=1)
    assert (out / "weights.npz").read_bytes() == (trained / "weights.npz").read_bytes()
    worse = train(data, out, DICTIONARY, seed=1, may_be_worse=True)
    assert json.loads((out / "model.json").read_text(encoding="utf-8"))["version"] == worse.facts["version"]


def test_the_former_model_comes_back_and_goes_again(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    with pytest.raises(ValueError, match="no former model is kept"):
        roll_back(out)
    for version in ("a", "b"):
        made = tmp_path / version
        shutil.copytree(trained, made)
        facts = json.loads((made / "model.json").read_text(encoding="utf-8"))
        (made / "model.json").write_text(json.dumps({**facts, "version": version}), encoding="utf-8")
        put(made, out)
    assert [roll_back(out), load_model(out).version, roll_back(out), load_model(out).version] == ["a", "a", "b", "b"]


def test_a_swap_that_was_cut_off_loses_no_model(trained: Path, tmp_path: Path) -> None:
    out, made = tmp_path / "model", tmp_path / "made"
    shutil.copytree(trained, tmp_path / ".model-aside")
    shutil.copytree(trained, made)
    put(made, out)
    assert load_model(out).version == load_model(tmp_path / ".model-former").version


@given(st.integers(0, 12), st.integers(0, 12))
def test_an_intent_is_clearly_lost_only_where_chance_does_not_explain_it(worse: int, better: int) -> None:
    before = np.array([True] * worse + [False] * better + [True] * 40, bool)
    now = np.array([False] * worse + [True] * better + [True] * 40, bool)
    intents = ["objection.stall"] * (worse + better) + ["chat.greeting"] * 40
    lost = [intent for intent, _, _ in clearly_lost(intents, before, now)]
    assert lost in ([], ["objection.stall"])
    if worse <= better:
        assert not lost
    if worse >= 7 and better == 0:
        assert lost


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
    assert "conflict: 'ＯＫ': chat.thanks (a:1); approval.confirm (b:1)" in report(merged, [])


def test_sayings_of_one_intent_that_are_nearly_the_same_are_found() -> None:
    near = near_duplicates(
        [
            utterance("please remind me about the meeting tomorrow", "crm.set_reminder"),
            utterance("Please remind me about the meeting, tomorrow!!", "crm.set_reminder", "b"),
            utterance("please remind me about the meetings tomorrow", "crm.set_reminder", "c"),
            utterance("remind me to call", "crm.set_reminder", "d"),
            utterance("please remind me about the meeting tomorrow", "out_of_scope", "e"),
        ]
    )
    assert {(pair.first.voice, pair.second.voice) for pair in near} == {("a", "b"), ("a", "c"), ("b", "c")}
    assert near[0].likeness == 1.0


def test_dropping_takes_the_lines_out_and_leaves_all_others_as_they_were(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.jsonl", said("你好"), "", said("在吗"), said("嗨"))
    before = file.read_text(encoding="utf-8").split("\n")
    unwanted = [one for one in read_file(file, LABELS) if one.text == "在吗"]
    assert drop(unwanted) == 1
    assert file.read_text(encoding="utf-8").split("\n") == [before[0], before[1], before[3]]


def test_the_shipped_utterances_hold_no_conflict() -> None:
    merged = merge(read_folder(PACKAGE / "data", LABELS))
    assert merged.conflicts == ()
    assert len(merged.kept) > 25_000
    assert sum(bool(kept.marks) for kept in merged.kept) > 4_000


def test_a_second_reading_never_asks_a_model_that_heard_the_voice() -> None:
    spoken = [utterance(f"{voice}{number}", voice=voice) for voice in "abcdefg" for number in range(3)]
    folds = folds_by_voice(spoken)
    assert len(folds) == 5
    assert sorted(voice for fold in folds for voice in fold) == list("abcdefg")


def test_a_label_that_the_other_voices_contradict_heads_the_review_sheet() -> None:
    spoken = [
        utterance(f"{text} {voice}", intent, voice)
        for voice in "abcde"
        for text, intent in (("太贵了", "objection.price"), ("提醒我开会", "crm.set_reminder"))
    ]
    wrong = utterance("太贵了", "crm.set_reminder", "e")
    first = doubts([*spoken, wrong])[0]
    assert (first.utterance, first.reading) == (wrong, "objection.price")


def test_the_review_sheet_has_a_line_for_each_doubt_whatever_the_text_holds() -> None:
    lines = sheet([Doubt(utterance("a\tb\nc"), "out_of_scope", 0.5)]).splitlines()
    assert lines[1:] == ["0.50\ta:1\trep\tchat.greeting\t\tout_of_scope\ta b c"]


def test_the_figures_are_what_their_names_say() -> None:
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"]) == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert calibration_error(np.array([0.9, 0.9]), np.array([True, False])) == pytest.approx(0.4)
    assert auroc(np.array([0.9, 0.8, 0.1, 0.8]), np.array([True, True, False, False])) == pytest.approx(0.875)
