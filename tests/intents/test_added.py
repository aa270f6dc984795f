"""Intents that a company adds: from a few sayings, at once, and told where they may be confused."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from intents.added import Added, Floats, Neighbours, read_added, write_added
from intents.commands import intents_cli, understand_command
from intents.dictionary import Intent
from intents.understanding import Candidate
from tests.intents.conftest import PACKAGE

app = typer.Typer()
app.add_typer(intents_cli, name="intents")
app.command("understand")(understand_command)

DEALER = (
    "我想代理你们的产品",
    "怎么加盟啊,有什么条件",
    "can I become a reseller in my region",
    "我们想做贵司在云南的经销商",
    "what does it take to join your partner programme",
    "做你们的代理要交多少保证金",
)
UNHEARD = ("你们还招代理吗", "我们想做贵司在浙江的代理", "how do I become a reseller of yours", "加盟要什么条件")


def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words), input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    file = tmp_path / "dealer.txt"
    file.write_text("\n".join(DEALER), encoding="utf-8")
    return file


def understood(home: Path, *texts: str) -> list[str]:
    _, out, _ = run("understand", "--home", str(home), stdin="\n".join(texts))
    return [json.loads(line)["intent"] for line in out.splitlines()]


# --- a few sayings are enough -----------------------------------------------------------------------------------------


def test_an_added_intent_is_read_at_once_and_the_others_stay_what_they_were(tmp_path: Path, examples: Path) -> None:
    others = ("太贵了", "let me think about it", "把华康推进到谈判", "发票什么时候开", "今天天气怎么样")
    before = understood(tmp_path, *others)
    code, out, _ = run("intents", "add", "become_dealer", "--examples", str(examples), "--home", str(tmp_path), "--json")
    told = json.loads(out)
    assert (code, told["intent"], told["examples"]) == (0, "become_dealer", 6)
    assert told["found_again"] >= 3
    assert len(told["taken"]) <= told["judged"] * 0.05
    assert understood(tmp_path, *DEALER) == ["become_dealer"] * 6
    assert understood(tmp_path, *UNHEARD).count("become_dealer") >= 3
    assert understood(tmp_path, *others) == before


def test_what_it_may_be_confused_with_is_told_in_words(tmp_path: Path) -> None:
    examples = tmp_path / "cheaper.jsonl"
    said = ("能不能便宜点", "再少点呗", "打个折吧", "any discount", "can you do better on the price")
    examples.write_text("\n".join(json.dumps({"text": text}) for text in said), encoding="utf-8")
    code, out, error = run("intents", "add", "haggling", "--examples", str(examples), "--home", str(tmp_path))
    assert "buying.discount_request" in out + error
    assert code == 0 or not (tmp_path / "intents").exists()


def test_more_examples_are_added_to_those_that_are_there(tmp_path: Path, examples: Path) -> None:
    run("intents", "add", "代理加盟", "--examples", str(examples), "--home", str(tmp_path))
    further = tmp_path / "further.txt"
    further.write_text("我想代理你们的产品\n省代还有吗\n", encoding="utf-8")
    run("intents", "add", "代理加盟", "--examples", str(further), "--home", str(tmp_path), "--means", "想做经销商")
    [added] = read_added(tmp_path / "intents")
    assert added.intent.id == "代理加盟"
    assert added.intent.means == "想做经销商"
    assert added.examples == (*DEALER, "省代还有吗")


def test_taking_the_file_away_takes_the_intent_away(tmp_path: Path, examples: Path) -> None:
    run("intents", "add", "become_dealer", "--examples", str(examples), "--home", str(tmp_path))
    (tmp_path / "intents" / "become_dealer.yaml").unlink()
    assert "become_dealer" not in understood(tmp_path, *DEALER)


# --- bad input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text, told",
    [
        ("objection.price", "a\nb\nc\nd\ne", "is in the dictionary already"),
        ("../etc", "a\nb\nc\nd\ne", "is no name for an intent"),
        ("few", "我想代理\n我想代理!\n我想代理。", "at least 5 different examples are needed, there are 1"),
        ("broken", '{"text": "a"}\n{"text": }', "broken.txt:2: this is not a JSON object"),
        ("empty", '{"text": ""}', "empty.txt:1: `text` must be a sentence"),
    ],
)
def test_what_cannot_be_an_intent_is_one_clear_line_and_nothing_is_written(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    file = tmp_path / f"{name.rpartition('/')[2]}.txt"
    file.write_text(text, encoding="utf-8")
    code, out, error = run("intents", "add", name, "--examples", str(file), "--home", str(tmp_path))
    assert (code, out) == (1, "")
    assert told in error
    assert not (tmp_path / "intents").exists()


@pytest.mark.parametrize(
    "content, told",
    [
        ("[a, b", "cannot be read"),
        ("examples: [a, b, c, d]", "at least 5 examples"),
        ("examples: {a: b}", "`examples` must be a list"),
        ("just words", "needs who, means"),
    ],
)
def test_a_file_spoilt_by_hand_stops_the_start_and_is_named(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "intents").mkdir()
    (tmp_path / "intents" / "mine.yaml").write_text(content, encoding="utf-8")
    code, _, error = run("understand", "--home", str(tmp_path), stdin="在吗")
    assert code == 1
    assert "mine.yaml" in error
    assert told in error


def test_an_added_intent_that_a_new_dictionary_has_too_is_named(tmp_path: Path) -> None:
    write_added(tmp_path / "intents", Added(Intent("chat.thanks", ("rep",), "", "", ""), DEALER, ()))
    code, _, error = run("understand", "--home", str(tmp_path), stdin="在吗")
    assert code == 1
    assert "the dictionary has chat.thanks already" in error


def test_a_model_of_n_grams_alone_has_no_neighbours(tmp_path: Path, examples: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for file in (PACKAGE / "model").iterdir():
        if file.name not in ("encoder.onnx", "tokenizer.json"):
            (model / file.name).write_bytes(file.read_bytes())
    words = ("--examples", str(examples), "--home", str(tmp_path), "--model", str(model))
    code, _, error = run("intents", "add", "become_dealer", *words)
    assert code == 1
    assert "has no encoder" in error


# --- the neighbours themselves ------------------------------------------------------------------------------------------

PLACES = {
    "own a": (1.0, 0.1),
    "own b": (1.0, -0.1),
    "own c": (1.0, 0.0),
    "other a": (0.1, 1.0),
    "other b": (-0.1, 1.0),
    "other c": (0.7, 0.7),
}


def vectors(texts: tuple[str, ...] | list[str]) -> Floats:
    found = np.array([PLACES[text] for text in texts], np.float32).reshape(-1, 2)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


@pytest.fixture
def neighbours() -> Neighbours:
    added = Added(Intent("mine", ("rep",), "", "", ""), ("own a", "own b", "own c"), ("other a", "other b", "other c"))
    return Neighbours([added], vectors)


@pytest.mark.parametrize("at, is_mine", [((1.0, 0.0), True), ((0.0, 1.0), False), ((-1.0, 0.0), False), ((0.5, 0.8), False)])
def test_a_text_belongs_to_the_examples_that_it_is_near_to(
    neighbours: Neighbours, at: tuple[float, float], is_mine: bool
) -> None:
    vector = np.array(at, np.float32) / np.float32(np.hypot(*at))
    weighed = neighbours.weigh(vector, [Candidate("theirs", 0.6), Candidate("others", 0.4)])
    assert (weighed[0].intent == "mine") is is_mine
    assert sum(one.confidence for one in weighed) == pytest.approx(1)


def test_it_takes_more_to_overrule_a_classifier_that_is_sure(neighbours: Neighbours) -> None:
    vector = vectors(["own a"])[0]
    shares = [neighbours.weigh(vector, [Candidate("theirs", sure)]) for sure in (0.4, 0.99)]
    unsure, sure = (next(one.confidence for one in found if one.intent == "mine") for found in shares)
    assert unsure > sure
