"""What is measured of a voice: the pitch of known tones, the same numbers for quiet and loud, nothing for silence."""

import numpy as np
import pytest

from tests.voice.tones import buzz, silence, syllables
from voice.features import FRAMES_A_SECOND, NAMES, RATE, statistics, tracks


@pytest.mark.parametrize("pitch", [70, 95, 120, 180, 240, 330, 450])
@pytest.mark.parametrize(
    "line", [{}, {"noise": 0.3}, {"lowest": 300.0}, {"lowest": 300.0, "noise": 0.2}], ids=["plain", "noise", "phone", "both"]
)
def test_the_pitch_of_a_tone_is_found_also_where_its_ground_is_missing(pitch: float, line: dict[str, float]) -> None:
    found = tracks(buzz(pitch, **line)).pitch[5:-5]

    assert (found > 0).mean() > 0.95
    assert np.median(found[found > 0]) == pytest.approx(pitch, rel=0.01)
    assert (np.abs(found[found > 0] / pitch - 1) < 0.05).mean() > 0.98


def test_a_glide_is_followed() -> None:
    heard = tracks(buzz(np.linspace(100, 300, 50), seconds=2.0))
    truth = np.linspace(100, 300, len(heard))

    assert np.abs(heard.pitch[5:-5] / truth[5:-5] - 1).max() < 0.03


def test_noise_has_no_pitch_and_silence_nothing_at_all() -> None:
    hiss = np.random.default_rng(1).normal(size=2 * RATE).astype(np.float32)

    assert (tracks(hiss).pitch > 0).mean() < 0.02
    assert (tracks(silence(1)).pitch > 0).sum() == 0
    assert not statistics(tracks(silence(1))).any()


def test_a_pause_between_tones_is_not_voiced() -> None:
    heard = tracks(np.concatenate([buzz(150, 0.5), silence(0.5), buzz(220, 0.5)]))

    assert (heard.pitch[55:95] > 0).sum() == 0
    assert heard.pitch[25] == pytest.approx(150, rel=0.01)
    assert heard.pitch[125] == pytest.approx(220, rel=0.01)


def test_a_very_quiet_recording_gives_the_same_numbers_as_a_loud_one() -> None:
    loud = syllables(np.linspace(120, 200, 9), strength=0.2)

    assert statistics(tracks(loud * np.float32(0.004))) == pytest.approx(statistics(tracks(loud)), abs=0.05)


@pytest.mark.parametrize("samples", [0, 1, 80, 200, 799, 16_001])
def test_every_length_gives_finite_numbers(samples: int) -> None:
    hiss = np.random.default_rng(2).normal(size=samples).astype(np.float32)
    heard = tracks(hiss)

    assert len(heard) == -(-samples // 160)
    assert statistics(heard).shape == (len(NAMES),)
    assert np.isfinite(statistics(heard)).all()


def test_broken_samples_do_no_harm() -> None:
    sound = syllables(140)
    sound[1000:1100] = np.nan
    sound[2000] = np.inf

    assert np.isfinite(statistics(tracks(sound))).all()


def test_a_part_of_the_tracks_is_what_was_heard_in_that_time() -> None:
    heard = tracks(np.concatenate([buzz(110, 1.0), buzz(210, 1.0)]))
    part = heard.between(1.2, 1.8)

    assert len(part) == 0.6 * FRAMES_A_SECOND
    assert part.pitch == pytest.approx(210, rel=0.02)
    assert len(heard.between(9, 12)) == 1


def test_numbers_have_names_and_mean_what_they_say() -> None:
    slow, fast = (dict(zip(NAMES, statistics(tracks(syllables(150, pace=pace))), strict=True)) for pace in (2, 6))
    low, high = (dict(zip(NAMES, statistics(tracks(buzz(pitch))), strict=True)) for pitch in (110, 220))

    assert len(set(NAMES)) == len(NAMES)
    assert fast["beats"] > 2 * slow["beats"]
    assert fast["syllable_modulation"] > slow["syllable_modulation"]
    assert high["voiced_pitch_mean"] - low["voiced_pitch_mean"] == pytest.approx(12, abs=0.1)
    rising, falling = (
        dict(zip(NAMES, statistics(tracks(buzz(np.array(glide)))), strict=True)) for glide in ((120, 160), (160, 120))
    )
    assert rising["pitch_slope"] > 2
    assert falling["pitch_slope"] < -2
