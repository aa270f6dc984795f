"""The picture of a call's mood: the customer's speech in the ink of its mood, all else in grey, peaks with their time."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageColor

from tests.voice.tones import Call, buzz, silence
from voice.curve import BARS, INKS, OTHERS, draw_curve, outline, told_time
from voice.emotions import Scores
from voice.mood import UNCERTAIN, Felt, Mood, Peak

NAMES = {
    "angry": "Angry",
    "happy": "Happy",
    "neutral": "Calm",
    "sad": "Sad",
    UNCERTAIN: "Uncertain",
    "others": "Others and pauses",
}
SCORES = {
    "angry": Scores(0.9, 0.04, 0.03, 0.03),
    "neutral": Scores(0.04, 0.03, 0.9, 0.03),
    UNCERTAIN: Scores(0.3, 0.3, 0.2, 0.2),
}


def felt(start: float, end: float, emotion: str) -> Felt:
    return Felt(start, end, SCORES[emotion], SCORES[emotion], emotion, emotion == "angry", 1.0, uses_words=False)


HEARD = Mood(
    (felt(0, 30, "neutral"), felt(60, 90, "angry"), felt(90, 120, UNCERTAIN)),
    (Peak("angry", 60, 90, 72.0, 0.9),),
    knows_calm=True,
    coverage=0.67,
    model="test",
)
LEVELS = np.full(BARS, 0.8, np.float32)


def drawn(mood: Mood = HEARD, seconds: float = 120.0) -> Image.Image:
    return Image.open(BytesIO(draw_curve(LEVELS, seconds, mood, NAMES))).convert("RGB")


def inks(picture: Image.Image, start: float, end: float, seconds: float = 120.0) -> set[str]:
    """Which inks fill much of the waveform between two moments."""
    left, right = (42 + (1170 - 84) * moment / seconds for moment in (start, end))
    part = picture.crop((round(left) + 9, 240, round(right) - 9, 300))
    known = {ImageColor.getrgb(ink): name for name, ink in {**INKS, "others": OTHERS}.items()}
    found = part.getcolors(100_000) or []
    return {known[colour] for count, colour in found if colour in known and count > 0.2 * part.width * part.height}


def test_it_is_as_wide_as_a_sharp_phone() -> None:
    assert drawn().size == (1170, 570)


@pytest.mark.parametrize(
    ("start", "end", "name"), [(0, 30, "neutral"), (30, 60, "others"), (60, 90, "angry"), (90, 120, UNCERTAIN)]
)
def test_each_stretch_has_the_ink_of_its_mood_and_others_are_grey(start: float, end: float, name: str) -> None:
    assert inks(drawn(), start, end) == {name}


def test_a_peak_has_a_flag_at_its_time() -> None:
    def flagged(picture: Image.Image) -> set[int]:
        red = ImageColor.getrgb(INKS["angry"])
        return {x for x in range(picture.width) if sum(picture.getpixel((x, y)) == red for y in range(24, 84)) > 15}

    columns = flagged(drawn())
    assert min(columns) < 42 + (1170 - 84) * 72 / 120 < max(columns)
    assert flagged(drawn(Mood(HEARD.felt, (), knows_calm=True, coverage=0.67, model="test"))) == set()


def test_a_call_of_which_nothing_is_known_is_grey() -> None:
    empty = Mood((), (), knows_calm=False, coverage=0.0, model="test")

    assert inks(drawn(empty), 10, 110) == {"others"}
    assert draw_curve(np.zeros(0, np.float32), 0.0, empty, NAMES).startswith(b"\x89PNG")


@pytest.mark.parametrize("seconds", [7.0, 63.0, 121.0, 196.0, 371.0, 595.0])
def test_moments_below_the_wave_do_not_run_into_each_other(seconds: float) -> None:
    picture = drawn(HEARD, seconds).crop((0, 435, 1170, 480)).convert("L")
    is_ink = [picture.crop((x, 0, x + 1, 45)).getextrema()[0] < 128 for x in range(picture.width)]
    words = re.split(" {14,}", "".join("x" if one else " " for one in is_ink).strip())

    # four characters of a moment, m:ss, are some 62 pixels wide
    assert 2 <= len(words) <= 8
    assert max(map(len, words)) < 75


def test_it_is_small_enough_to_send() -> None:
    assert len(draw_curve(LEVELS, 120, HEARD, NAMES)) < 60_000


def test_a_name_that_is_missing_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        draw_curve(LEVELS, 120, HEARD, {"others": "Others"})


def test_the_outline_is_loud_where_the_call_is_and_the_same_for_a_quiet_one() -> None:
    sound = np.concatenate([buzz(120, 2.0), silence(2.0), buzz(120, 2.0, strength=0.02)])

    levels = outline(Call(sound), 60)

    assert levels[:19].min() > 0.9
    assert levels[21:39].max() < 0.05
    assert 0.1 < levels[45] < 0.6
    assert outline(Call(sound * np.float32(0.01)), 60) == pytest.approx(levels, abs=0.01)
    assert outline(Call(silence(1)), 10).tolist() == [0] * 10
    assert outline(Call(np.concatenate([silence(99), buzz(120, 1.0)])), 100).tolist() == [*[0] * 99, 1]


def test_the_outline_is_read_a_part_at_a_time() -> None:
    played = Call(np.stack([silence(60), buzz(120, 60.0)]))

    assert outline(played, 30).tolist() == pytest.approx([1] * 30, abs=0.01)
    assert max(span.seconds for span in played.read) < 2.1


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00"), (7.9, "0:07"), (760, "12:40"), (3723, "1:02:03")])
def test_moments_are_told_as_people_write_them(seconds: float, told: str) -> None:
    assert told_time(seconds) == told
