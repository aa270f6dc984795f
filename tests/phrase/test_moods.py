"""How a customer sounded, in a line: warm, short, an estimate; doubt told as doubt; nothing of anybody else."""

from dataclasses import replace

import pytest

from bot.kept_moods import HeardMood
from bot.phrase_calls import phrase_report
from bot.phrase_mood import mood_details, mood_line, with_mood_picture
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES, Language
from tests.phrase.reading import RememberingMint, complaints
from tests.phrase.test_call_reports import CUSTOMER, QUIET, a_call
from tests.plays import sample_house as house
from voice.emotions import Scores
from voice.mood import UNCERTAIN, Felt, Mood, Peak

EVEN = Scores(0.25, 0.25, 0.25, 0.25)


def mood(*emotions: str, peaks: tuple[Peak, ...] = (), seconds: float = 5.0) -> HeardMood:
    felt = tuple(
        Felt(at * seconds, (at + 1) * seconds, EVEN, EVEN, one, one == "angry", 1.0, uses_words=False)
        for at, one in enumerate(emotions)
    )
    return HeardMood("B", Mood(felt, peaks, knows_calm=False, coverage=0.75, model="a-model"), (0.5, 1.0))


def line(heard: HeardMood, lang: Language = "zh") -> str:
    return mood_line(replace(a_call(lang), mood=heard), Voice(lang))


ANGRY = Peak("angry", 5, 10, 192.0, 0.8)


@pytest.mark.parametrize(
    ("heard", "zh", "en"),
    [
        (mood("neutral", "neutral", "happy"), "大多平静", "mostly calm"),
        (mood("neutral", "angry", "sad"), "有起伏", "up and down"),
        (mood(UNCERTAIN, UNCERTAIN, UNCERTAIN, "sad"), "大多说不准", "mostly hard to tell"),
        (mood("neutral", "neutral", "angry", peaks=(ANGRY,)), "3:12 明显生气", "clearly angry at 3:12"),
        (mood("neutral", "sad", peaks=(replace(ANGRY, strength=0.6),)), "3:12 像是生气", "perhaps angry at 3:12"),
        (mood("angry", "angry", peaks=(ANGRY,)), "大多生气，3:12 最明显", "mostly angry, most of all at 3:12"),
        (mood(UNCERTAIN, UNCERTAIN, "sad", seconds=2.0), "听到的太少，说不准", "not enough was heard to tell"),
        (mood(), "听到的太少，说不准", "not enough was heard to tell"),
    ],
)
def test_the_line_says_what_was_heard_and_no_more(heard: HeardMood, zh: str, en: str) -> None:
    assert zh in line(heard) and en in line(heard, "en")


def test_anger_is_told_before_what_is_stronger() -> None:
    told = line(mood("neutral", "happy", "angry", peaks=(Peak("happy", 0, 5, 2.0, 0.95), ANGRY)))
    assert "生气" in told and "高兴" not in told


def test_who_was_not_judged_is_not_spoken_of() -> None:
    assert mood_line(a_call("zh"), Voice("zh")) == ""
    assert mood_details(a_call("zh"), Voice("zh")) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_card_with_its_line_fits_a_phone_and_says_on_what_it_rests_behind_more(lang: Language) -> None:
    mint, read = RememberingMint(), replace(a_call(lang), mood=mood("neutral", "angry", peaks=(ANGRY,)))
    reply = phrase_report(read, CUSTOMER, QUIET, house.REP, Voice(lang), mint)
    assert complaints(reply) == []
    assert len(reply.text.split("\n")) <= 12
    assert line(read.mood or mood(), lang) in reply.text
    rest = str(dict(mint.made)["more"]["text"])
    assert "a-model" in rest and "75%" in rest
    (picture,) = reply.pictures
    assert picture.path == f"recordings/moods/REC-1.{lang}.png"


def test_there_is_no_picture_of_nearly_nothing() -> None:
    read = replace(a_call("zh"), mood=mood(UNCERTAIN))
    reply = phrase_report(replace(read, mood=None), CUSTOMER, QUIET, house.REP, Voice("zh"), RememberingMint())
    assert with_mood_picture(reply, read, Voice("zh")) == reply
