"""Who is the customer, where that can be told; and what people correct."""

import re
from dataclasses import replace

import pytest

from tests.voice.encoding import truth
from voice.correct import change_text, give_turn, put_right, rename, say_customer, swap
from voice.sides import Cues, customer_of, shipped_cues, with_customer
from voice.transcript import Span, Transcript, Turn, Word


def turns(*said: tuple[str, str], certainty: float = 0.9) -> tuple[Turn, ...]:
    return tuple(
        Turn(at * 3.0, at * 3.0 + 2, text, (), "zh", who, certainty, True, 0.9) for at, (who, text) in enumerate(said)
    )


def transcript(*said: tuple[str, str], two_channels: bool = False) -> Transcript:
    return Transcript(turns(*said), "parrot", None, 60.0, (Span(0, 60),), two_channels)


@pytest.mark.parametrize("name", ["call_zh", "call_en"])
def test_the_customer_is_told_by_what_is_said_whoever_speaks_first(name: str) -> None:
    for names, customer in (("AB", "B"), ("BA", "A")):
        said = turns(*((names[line["voice"]], line["text"]) for line in truth(name)))
        found, certainty = customer_of(said, shipped_cues())
        assert found == customer and 0.6 < certainty < 1
    (_, *later) = ((("AB")[line["voice"]], line["text"]) for line in truth(name))
    assert customer_of(turns(*later), shipped_cues())[0] == "B", "without the greeting as well"


def test_doubtful_stays_doubtful() -> None:
    assert customer_of(turns(("A", "喂"), ("B", "喂，你好")), shipped_cues()) == (None, 0.0)
    assert customer_of(turns(("A", "我想了解一下你们的产品")), shipped_cues()) == (None, 0.0)
    assert customer_of((), shipped_cues()) == (None, 0.0)
    said = (("A", "您好，我是客服，很高兴为您服务。"), ("B", "我想买两套"))
    assert customer_of(turns(*said, certainty=0.1), shipped_cues())[0] is None, "nobody knows who said it"


def test_the_words_that_tell_are_data() -> None:
    cues = Cues(agent=("roger",), customer=("mayday",))
    assert customer_of(turns(("A", "Mayday, mayday"), ("B", "Roger that")), cues)[0] == "A"


def test_a_setting_for_the_channel_counts_more_than_words_but_only_where_there_are_two() -> None:
    said = (("A", "我想买两套，太贵了"), ("B", "很高兴为您服务"))
    assert with_customer(transcript(*said, two_channels=True), channel=1).customer == "B"
    assert with_customer(transcript(*said), channel=1).customer == "A"


CALL = transcript(("A", "您好"), ("B", "我要投诉"), ("A", "请讲"))


def test_a_speaker_gets_a_name_and_keeps_being_the_customer() -> None:
    named = rename(say_customer(CALL, "B"), "B", "王总")
    assert [turn.speaker for turn in named.turns] == ["A", "王总", "A"]
    assert (named.customer, named.speakers) == ("王总", ("A", "王总"))
    with pytest.raises(ValueError):
        rename(CALL, "A", "B")
    with pytest.raises(KeyError):
        rename(CALL, "C", "D")


def test_two_speakers_are_exchanged_and_exchanged_back() -> None:
    swapped = swap(CALL, "A", "B")
    assert [turn.speaker for turn in swapped.turns] == ["B", "A", "B"]
    assert swap(swapped, "A", "B") == CALL


def test_one_turn_is_somebody_elses_and_then_it_is_certain() -> None:
    changed = give_turn(CALL, 2, "B")
    assert [turn.speaker for turn in changed.turns] == ["A", "B", "B"]
    assert (changed.turns[2].speaker_certainty, changed.turns[2].speaker_is_estimated) == (1.0, False)
    assert changed.turns[:2] == CALL.turns[:2]
    assert give_turn(CALL, 2, "C").speakers == ("A", "B", "C")
    for number in (-1, 3):
        with pytest.raises(IndexError):
            give_turn(CALL, number, "B")


def test_who_is_the_customer_is_said_and_unsaid() -> None:
    said = say_customer(CALL, "A")
    assert (said.customer, said.customer_certainty) == ("A", 1.0)
    assert (say_customer(said, None).customer, say_customer(said, None).customer_certainty) == (None, 0.0)
    with pytest.raises(KeyError):
        say_customer(CALL, "C")


def test_the_words_of_a_turn_are_corrected() -> None:
    changed = change_text(CALL, 1, "我要投诉你们的售后")
    assert changed.turns[1].text == "我要投诉你们的售后"
    assert (changed.turns[1].words, changed.turns[1].certainty) == ((), 1.0)
    with pytest.raises(IndexError):
        change_text(CALL, 9, "")


HEARD = ("预算", "只有", "二", "万，", "下周", " sign", "合同。")
WORDS = tuple(Word(text, float(at), at + 0.9, 0.5) for at, text in enumerate(HEARD))
SAID = Turn(0.0, 9.0, "预算只有二万，下周 sign 合同。", WORDS, "zh", "B", 0.9, True, 0.5)


def test_a_sentence_is_put_right_and_the_rest_of_its_turn_keeps_its_words_and_times() -> None:
    (turn,) = put_right((SAID,), [("text", 0, "预算只有二十万，下周 sign 合同。")])
    assert [(one.text, one.start, one.probability) for one in turn.words] == [
        ("预算", 0.0, 0.5),
        ("只有", 1.0, 0.5),
        ("二", 2.0, 0.5),
        ("十", 2.9, 1.0),
        ("万，", 3.0, 0.5),
        ("下周", 4.0, 0.5),
        (" sign", 5.0, 0.5),
        ("合同。", 6.0, 0.5),
    ]
    assert (turn.certainty, turn.is_corrected, turn.start, turn.end) == (1.0, True, 0.0, 9.0)


@pytest.mark.parametrize(
    "text", ["预算只有二万，下周 sign 合同。", "完全不一样", "预算", "合同", "", "预算只有二万，下周 sign 合同。谢谢"]
)
def test_the_words_of_a_turn_say_what_it_says_in_times_that_never_run_back(text: str) -> None:
    (turn,) = put_right((SAID,), [("text", 0, text)])
    assert "".join(re.findall(r"\w", "".join(one.text for one in turn.words))) == "".join(re.findall(r"\w", text))
    times = [at for one in turn.words for at in (one.start, one.end)]
    assert times == sorted(times)


def test_the_latest_correction_of_a_turn_holds_and_one_of_no_turn_changes_nothing() -> None:
    right = put_right(
        CALL.turns,
        [("text", 0, "甲"), ("speaker", 1, "C"), ("text", 0, "乙"), ("customer", None, "A"), ("text", 99, "丙")],
    )
    assert right[0].text == "乙"
    assert (right[1].speaker, right[1].speaker_is_estimated, right[1].is_corrected) == ("C", False, True)
    assert right[2:] == CALL.turns[2:]


@pytest.mark.parametrize(
    ("heard", "text", "lang"), [("en", "预算只有二十万", "zh"), ("nn", "预算", "zh"), ("zh", "too expensive", "en")]
)
def test_what_was_put_right_is_in_the_language_it_is_written_in(heard: str, text: str, lang: str) -> None:
    (turn,) = put_right((replace(SAID, lang=heard),), [("text", 0, text)])
    assert turn.lang == lang
