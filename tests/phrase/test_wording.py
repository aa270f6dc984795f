"""The wording files: the same sentences in both languages, each with the same values, none missing and none idle."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.roster import COMMANDS
from actions.policy.policy import Policy
from bot.wording.fill import Voice, fill, placeholders
from bot.wording.sentences import LANGUAGES, Language, has, sentences, word
from tests.plays import sample_house as house
from voice.cannot_hear import REASONS

ROOT = Path(__file__).parents[2]
SPOKEN_BY = [
    *(ROOT / "bot").glob("*.py"),
    *(ROOT / "bot" / "pages").glob("*.py"),
    *(ROOT / "bot" / "wording").glob("*.py"),
    *(ROOT / "bot" / "pages").glob("*.py"),
    *(ROOT / "actions" / "plays").glob("*.py"),
]
TELLING = {"", "money", "percent", "when", "near", "day", "meaning", "draft", "intent", "roles"}


def test_both_languages_have_the_same_sentences() -> None:
    assert set(sentences("zh")) == set(sentences("en"))


def test_a_sentence_speaks_of_the_same_values_in_both_languages() -> None:
    for key, zh in sentences("zh").items():
        names = {name for name, _ in placeholders(zh)}
        assert names == {name for name, _ in placeholders(sentences("en")[key])}, key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_value_is_told_in_a_manner_that_exists(lang: Language) -> None:
    kinds = {key.split(".")[1] for key in sentences(lang) if key.startswith("word.")}
    for key, template in sentences(lang).items():
        for _, manner in placeholders(template):
            assert manner in TELLING or manner in kinds or "|" in manner, (key, manner)


def test_no_chinese_in_english_sentences() -> None:
    for key, sentence in sentences("en").items():
        assert not re.search(r"[\u4e00-\u9fff]", sentence), key


def test_chinese_sentences_use_chinese_punctuation() -> None:
    for key, sentence in sentences("zh").items():
        words = re.sub(r"\{[^}]*\}", "值", sentence)
        assert not re.search(r"[\u4e00-\u9fff\uff09][,;?!():]", words), key


def test_no_emoji_and_no_shouting() -> None:
    for lang in LANGUAGES:
        for key, sentence in sentences(lang).items():
            assert not re.search(r"[!！\U0001f300-\U0001faff\u2600-\u26ff]", sentence), key


def test_every_play_has_its_words() -> None:
    for intent in house.DICTIONARY:
        assert has(f"intent.{intent}"), intent
        if intent.startswith(("objection.", "buying.")):
            assert has(f"meaning.{intent}") and has(f"customer.{intent}"), intent


def test_every_command_has_a_button_a_name_and_a_sentence_for_when_it_is_done() -> None:
    for name in COMMANDS:
        for kind in ("command", "deed", "done"):
            assert has(f"{kind}.{name}"), (kind, name)


def test_every_rule_of_the_shipped_policy_can_be_explained() -> None:
    policy = Policy.load(ROOT / "actions" / "policy" / "policy.yaml")
    assert policy.version
    for rule in re.findall(r"- id: (\w+)", (ROOT / "actions" / "policy" / "policy.yaml").read_text(encoding="utf-8")):
        assert has(f"rule.{rule}"), rule


def test_every_topic_question_and_suggestion_in_the_plays_has_its_sentence() -> None:
    for file in (ROOT / "actions" / "plays").glob("*.py"):
        code = file.read_text(encoding="utf-8")
        for topic in re.findall(r'Answer\(\s*"(\w+)"', code):
            assert has(f"answer.{topic}"), topic
        for key in re.findall(r'Ask\(\s*"\w+",\s*"(\w+)"', code):
            assert has(f"ask.{key}"), key
        for says in re.findall(r"says=\(([^)]*)\)", code):
            for key in re.findall(r'"(\w+)"', says):
                assert has(f"say.{key}"), key
        for row in re.findall(r'"row": "(\w+)"', code):
            assert has(f"row.{row}"), row


def test_every_single_sentence_that_the_road_says_is_there() -> None:
    for file in (ROOT / "bot").rglob("*.py"):
        for key in re.findall(r'(?:Plain|phrase_plain)\(\s*"(\w+)"', file.read_text(encoding="utf-8")):
            assert has(f"plain.{key}"), (file.name, key)


def test_every_problem_and_topic_of_the_commands_has_its_sentence() -> None:
    for file in (ROOT / "actions" / "commands").glob("*.py"):
        code = file.read_text(encoding="utf-8")
        for name in re.findall(r'problem\(\s*"(\w+)"', code):
            assert has(f"problem.{name}"), name
        for topic in re.findall(r'(?:Notify|Redraw)\([^"\n]*(?:"[^"\n]*")?[^"\n]*, "(\w+)"', code):
            assert has(f"notice.{topic}"), topic


def test_every_reason_why_a_recording_cannot_be_heard_has_its_sentence() -> None:
    told = {key.removeprefix("unheard.") for key in sentences("zh") if key.startswith("unheard.")}
    assert {one for one in told if not one.endswith("_in_chat")} == set(REASONS)
    assert {one.removesuffix("_in_chat") for one in told} == set(REASONS), "a sentence for the chat has its reason"


def test_no_sentence_is_idle() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SPOKEN_BY)
    found_by_a_value = (
        "word intent meaning draft customer option done done_customer command deed rule problem row help examples notice"
    )
    for key in sentences("zh"):
        family, _, rest = key.partition(".")
        if family in (*found_by_a_value.split(), "unheard") or key.startswith("ask.which_"):
            continue
        name = rest.removesuffix("_plain").removesuffix("_note")
        assert f'"{name}"' in code or f'"{family}.{name}' in code, key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentences_that_a_summary_is_put_together_from_end(lang: Language) -> None:
    parts = ("about", "signals", "angry", "rivals", "budget", "we_promised", "they_promised", "first_due", "open_questions")
    assert all(sentences(lang)[f"call_page.{part}"].endswith(("。", ".")) for part in parts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_line_without_its_value_is_left_out(lang: Language) -> None:
    voice = Voice(lang)
    assert fill("a {x}\nb {y}\nc", {"x": 1, "y": None}, voice) == "a 1\nc"


@given(
    st.dictionaries(st.sampled_from(["deal", "amount", "stage", "due_at", "count"]), st.text() | st.none() | st.integers())
)
def test_whatever_the_values_are_a_sentence_is_filled_or_left_out(values: dict[str, object]) -> None:
    template = "{deal} · {amount:money} · {stage:stage}\n{due_at:when} {due_at:near} {due_at:day} {count:one|many}"
    for lang in LANGUAGES:
        assert isinstance(fill(template, values, Voice(lang)), str)


def test_values_with_braces_in_them_stay_as_they_are() -> None:
    assert Voice("en").say("done.take_ticket", {"title": "{0} {x}"}) == "✓ Yours: {0} {x}"


def test_what_a_value_is_called_is_the_languages_own() -> None:
    assert (word("stage", "won", "zh"), word("stage", "won", "en"), word("stage", "no such", "en")) == ("赢单", "Won", None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_key_is_written_twice(lang: str) -> None:
    """YAML would quietly keep the last one."""

    def twice(node: yaml.Node, path: str = "") -> Iterator[str]:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            yield from (f"{path}{key}" for key in set(keys) if keys.count(key) > 1)
            for key, value in node.value:
                yield from twice(value, f"{path}{key.value}.")

    root = yaml.compose((ROOT / "bot" / "wording" / f"{lang}.yaml").read_text(encoding="utf-8"))
    assert root is not None
    assert list(twice(root)) == []
