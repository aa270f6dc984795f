"""The commands: one line of JSON for each line read, figures for a file, and one clear sentence when it cannot be."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from intents.commands import intents_cli, understand_command

app = typer.Typer()
app.add_typer(intents_cli, name="intents")
app.command("understand")(understand_command)


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_each_line_gives_one_object_in_its_order_empty_and_broken_ones_too() -> None:
    said = "在吗\n\nhi there\r\n{oops\n".encode() + b"ab\xffcd\n" + "谢谢".encode()
    code, out, _ = run("understand", "--json", stdin=said)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["text"] for line in lines] == ["在吗", "", "hi there", "{oops", "ab\ufffdcd", "谢谢"]
    assert [line["intent"] for line in lines[::5]] == ["chat.greeting", "chat.thanks"]


def test_a_line_has_the_fields_that_are_promised() -> None:
    asked = {"text": "下周三下午3点提醒我回访", "role": "rep", "sent_at": "2026-11-25T10:30:00+08:00"}
    _, out, _ = run("understand", stdin=json.dumps(asked).encode())
    line = json.loads(out)
    assert list(line) == ["text", "lang", "intent", "confidence", "alternatives", "also", "slots"]
    assert line["slots"] == [{"type": "date", "text": "下周三下午3点", "value": "2026-12-02T15:00:00+08:00"}]
    assert set(line["alternatives"][0]) == {"intent", "confidence"}


@pytest.mark.parametrize("sent_at", ["2026-11-25", "2026-11-25T02:30:00Z", "yesterday", 7, None])
def test_a_moment_in_any_form_is_taken_or_left(sent_at: object) -> None:
    code, out, _ = run("understand", stdin=json.dumps({"text": "明天", "sent_at": sent_at}).encode())
    assert code == 0
    assert len(json.loads(out)["slots"]) == 1


def test_a_missing_model_is_one_clear_line_and_exit_1(tmp_path: Path) -> None:
    code, out, error = run("understand", "--model", str(tmp_path), stdin="在吗".encode())
    assert (code, out) == (1, "")
    assert "no intent model can be loaded" in error
    assert error.count("\n") == 1


def test_training_on_wrong_data_says_where_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"text": "在吗", "intent": "chat.hullo"}', encoding="utf-8")
    code, _, error = run("intents", "train", "--n-grams-only", "--data", str(tmp_path), "--out", str(tmp_path / "model"))
    assert code == 1
    assert "mine.jsonl:1: the dictionary has no intent 'chat.hullo'" in error
    assert not (tmp_path / "model").exists()


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two lines that are read right, and one whose label is wrong on purpose."""
    file = tmp_path / "labelled.jsonl"
    lines = [("在吗", "chat.greeting"), ("太贵了", "objection.price"), ("thanks a lot", "objection.stall")]
    said = [json.dumps({"text": text, "intent": intent}, ensure_ascii=False) for text, intent in lines]
    file.write_text("\n".join(said), encoding="utf-8")
    return file


def test_evaluation_gives_figures_intents_and_confusions_as_json(labelled: Path) -> None:
    code, out, _ = run("intents", "evaluate", str(labelled), "--json")
    told = json.loads(out)
    assert code == 0
    assert told["accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert told["confusions"] == [{"meant": "objection.stall", "read_as": "chat.thanks", "times": 1}]
    assert {one["intent"]: one["recall"] for one in told["intents"]}["objection.stall"] == 0.0
    assert told["milliseconds_p50"] > 0


def test_evaluation_prints_tables_and_saves_the_confusion_picture(labelled: Path, tmp_path: Path) -> None:
    picture = tmp_path / "confusions.png"
    code, out, _ = run("intents", "evaluate", str(labelled), "--picture", str(picture))
    assert code == 0
    assert "objection.stall" in out
    assert "macro f1" in out
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_no_known_kind_is_one_clear_line(labelled: Path, tmp_path: Path) -> None:
    code, _, error = run("intents", "evaluate", str(labelled), "--picture", str(tmp_path / "confusions.gibberish"))
    assert code == 1
    assert error.count("\n") == 1


def test_evaluation_of_a_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    code, _, error = run("intents", "evaluate", str(tmp_path / "none.jsonl"))
    assert code == 1
    assert "none.jsonl: this file cannot be read" in error
