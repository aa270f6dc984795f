"""A segment is heard four times, always the same: as it is, over a noisy telephone, higher and deeper."""

import numpy as np
import pytest

from tests.voice.listeners import Listener
from tests.voice.tones import Call, buzz, silence, syllables
from voice.emotion_model import EmotionModel
from voice.features import NAMES, RATE, Floats, statistics, tracks
from voice.hearings import HEARINGS, agreed, hearings, over_a_noisy_telephone
from voice.mood import mood, recording_of_a_customer


def test_the_first_time_a_segment_is_heard_as_it_is() -> None:
    sound = syllables(140, 3)

    heard = hearings(sound)

    assert heard.shape == (HEARINGS, len(NAMES))
    assert np.array_equal(heard[0], statistics(tracks(sound)))
    assert np.array_equal(hearings(sound, tracks(sound)), heard)


def test_the_same_sound_is_always_heard_the_same() -> None:
    sound = syllables(140, 3)

    assert np.array_equal(hearings(sound), hearings(sound.copy()))


def test_two_hearings_are_two_semitones_higher_and_deeper_and_faster_and_slower() -> None:
    sound = buzz(150, 3)

    plain, _, higher, deeper = hearings(sound)[:, NAMES.index("voiced_pitch_middle")]

    assert higher - plain == pytest.approx(2, abs=0.1)
    assert deeper - plain == pytest.approx(-2, abs=0.1)


def test_one_hearing_is_over_a_telephone_with_noise_in_the_pauses_too() -> None:
    heard = over_a_noisy_telephone(np.concatenate([silence(2), buzz(400, 2)]))

    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    assert power[hertz > 4100].sum() < 1e-3 * power.sum()
    pause, speech = heard[RATE // 2 : RATE].std(), heard[3 * RATE :].std()
    # ten decibels below, and a good part of the noise is too deep for a telephone
    assert 10 <= 10 * np.log10((speech**2 - pause**2) / pause**2) <= 20


def test_the_noise_is_as_loud_as_the_segment_asks_for() -> None:
    sound = syllables(140, 3)

    loud, quiet = (statistics(tracks(over_a_noisy_telephone(sound * np.float32(gain)))) for gain in (1, 0.02))

    assert quiet == pytest.approx(loud, abs=0.1)


@pytest.mark.parametrize(
    "sound", [silence(1), silence(0), np.full(800, np.nan, np.float32)], ids=["still", "none", "broken"]
)
def test_of_silence_every_hearing_is_zero(sound: Floats) -> None:
    assert not hearings(sound).any()
    assert len(over_a_noisy_telephone(silence(1))) == RATE


def test_a_segment_longer_than_the_noise_that_is_kept_is_heard_too() -> None:
    assert np.isfinite(hearings(buzz(150, 23))).all()


def test_hearings_agree_on_their_geometric_mean() -> None:
    one, other = [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]

    both = agreed(np.array([[one, other], [one, one], [one, [0, 1, 0, 0]]], np.float32))

    assert both.sum(axis=1) == pytest.approx(1)
    assert both[0, 0] == pytest.approx(both[0, 1])
    assert both[1] == pytest.approx(one)
    assert 0.9 < both[2, 1] < 1, "what one hearing rules out is nearly ruled out"


def test_the_model_says_what_it_would_say_of_the_hearings_one_by_one() -> None:
    model = EmotionModel.load()
    segments = np.stack([hearings(syllables(pitch, 2)) for pitch in (120.0, 210.0)])
    calm = segments[0]

    for known in (None, calm):
        each = [model.of_features(segments[:, at], None if known is None else known[at]) for at in range(HEARINGS)]
        assert model.of_features(segments, known) == pytest.approx(agreed(np.stack(each, axis=1)), abs=1e-5)


def test_in_a_call_a_model_that_hears_again_is_given_every_hearing_and_the_calm_of_each() -> None:
    again = Listener(hears_again=True)

    mood(recording_of_a_customer(Call(syllables(120, 40))), again)

    assert EmotionModel.load().profile.hears_again
    assert {row.shape for row in again.rows} == {(HEARINGS, len(NAMES))}
    assert again.calm is not None
    pitch = again.calm[:, NAMES.index("voiced_pitch_mean")]
    assert pitch[2] - pitch[0] == pytest.approx(2, abs=0.2)
