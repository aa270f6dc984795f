"""What was heard becomes turns: words at their times, one person's sentences together, the characters as set."""

import pytest

from voice.characters import written
from voice.clips import Clip, clips
from voice.invented import is_invented
from voice.languages import language
from voice.speakers import Stretch
from voice.transcribe import Heard
from voice.transcript import Span, Word
from voice.turns import joined, turns_of


def packed() -> Clip:
    a, b = Stretch(Span(10, 12), 0, "A", 0.9, True), Stretch(Span(20, 24), 0, "B", 0.8, True)
    (clip,) = clips([a, b], 28, packing=True)
    return clip


def heard(*words: tuple[str, float, float], lang: str = "en", **figures: float) -> Heard:
    made = tuple(Word(text, start, end, 0.9) for text, start, end in words)
    known = {"average_log_probability": -0.2, "no_speech": 0.05, "compression": 1.2, **figures}
    return Heard(words[0][1], words[-1][2], "".join(word.text for word in made), made, lang, **known)


def test_each_word_goes_to_the_stretch_it_was_said_in_though_the_model_heard_one_sentence() -> None:
    first, second = turns_of(packed(), [heard((" Hello,", 0.1, 0.5), (" you?", 0.6, 1.9), (" Fine.", 2.4, 3.3))])
    assert (first.speaker, first.text, first.start, first.end) == ("A", "Hello, you?", 10.1, 11.9)
    assert (second.speaker, second.text, second.start, second.end) == ("B", "Fine.", 20.1, 21.0)
    assert [word.text for word in first.words] == ["Hello,", "you?"]
    assert (first.speaker_certainty, first.speaker_is_estimated, first.certainty) == (0.9, True, 0.9)


def test_without_times_of_words_a_turn_has_those_of_its_stretch() -> None:
    (turn,) = turns_of(packed(), [Heard(2.4, 6.0, " All of it.", (), "en", -0.1, 0.0, 1.0)])
    assert (turn.speaker, turn.text, turn.start, turn.end, turn.words) == ("B", "All of it.", 20, 24, ())
    assert turn.certainty == pytest.approx(0.905, abs=0.001)


def test_what_one_person_says_on_is_one_turn() -> None:
    a = [Stretch(Span(at, at + 2), 0, who, 1.0, False) for at, who in ((0, "A"), (2.4, "A"), (5.5, "A"), (8, "B"))]
    said = [turn for clip in clips(a, 28, packing=False) for turn in turns_of(clip, [heard((" Yes", 0.0, 2.0))])]
    turns = joined(said)
    assert [(turn.speaker, turn.text) for turn in turns] == [("A", "Yes Yes"), ("A", "Yes"), ("B", "Yes")]
    assert (turns[0].start, turns[0].end, len(turns[0].words)) == (0, 4.4, 2)


def test_chinese_is_joined_without_a_space() -> None:
    a = [Stretch(Span(at, at + 2), 0, "A", 1.0, False) for at in (0, 2.4)]
    said = [
        t for c in clips(a, 28, packing=False) for t in turns_of(c, [heard(("您好", 0.0, 1.9), ("，", 1.9, 2.0), lang="zh")])
    ]
    assert joined(said)[0].text == "您好，您好，"


@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        ("这个价格太贵了", "zh", "zh"),
        ("我们的 CRM 系统很慢", "zh", "zh"),
        ("我们下周 launch the new enterprise plan 可以吗", "zh", "mixed"),
        ("Please call 王总 tomorrow morning about the contract and the price", "en", "en"),
        ("Bonjour", "fr", "fr"),
        ("42", "en", "en"),
    ],
)
def test_the_language_of_a_turn(text: str, found: str, told: str) -> None:
    assert language(text, found) == told


def test_characters_are_simplified_or_traditional_as_set() -> None:
    assert written("我們後面頭髮裡面乾淨，皇后在臺灣。", "simplified") == "我们后面头发里面干净，皇后在台湾。"
    assert written("我们后面头发里面干净，皇后在台湾。", "traditional") == "我們後面頭髮裏面乾淨，皇后在臺灣。"
    assert written("公里、制造、制度、一只、只有", "traditional") == "公里、製造、制度、一隻、只有"
    assert written("我們", None) == "我們" and written("CRM", "simplified") == "CRM"
    (turn,) = turns_of(packed(), [heard(("頭", 0.1, 0.5), ("髮", 0.6, 0.9), lang="zh")], "simplified")
    assert turn.text == "头发" and [word.text for word in turn.words] == ["头", "发"]


@pytest.mark.parametrize("text", ["谢谢观看", "字幕由 Amara.org 社区提供", "Thanks for watching!", "Thank you.", "you"])
def test_known_inventions_are_left_out_only_where_the_model_is_in_doubt(text: str) -> None:
    sure, silent, unlikely = (
        heard((text, 0, 1), **one) for one in ({}, {"no_speech": 0.5}, {"average_log_probability": -1})
    )
    assert not is_invented(sure)
    assert is_invented(silent) and is_invented(unlikely)


def test_a_sentence_that_holds_such_words_is_kept() -> None:
    assert not is_invented(heard(("谢谢您，合同我下周三之前发给您。", 0, 1), no_speech=0.5))
    assert not is_invented(heard((" Thank you, please send the quotation today.", 0, 1), no_speech=0.5))


@pytest.mark.parametrize("text", ["音" * 200, " la" * 80, "謝謝" * 60])
def test_what_nobody_repeats_so_often_is_left_out_however_sure_the_model_is(text: str) -> None:
    assert is_invented(heard((text, 0, 1), average_log_probability=-0.02))


@pytest.mark.parametrize(
    "text", ["不不不不不不不", " no no no no no no no no", " Dogs are sitting by the door." * 8, "好的，" * 6]
)
def test_what_people_do_repeat_is_kept(text: str) -> None:
    assert not is_invented(heard((text, 0, 1), average_log_probability=-0.02))


def test_what_goes_round_and_round_is_left_out() -> None:
    assert is_invented(heard((" la" * 80, 0, 1), compression=9.0, average_log_probability=-0.9))
    assert is_invented(heard((" Okay.", 0, 1), no_speech=0.4), before=["Okay.", "okay", " Okay."])
    assert not is_invented(heard((" Okay.", 0, 1)), before=["Okay.", "okay", " Okay."])
    assert is_invented(heard((" … ", 0, 1)))
