"""What is heard of a clip is what was asked for: these seconds of this recording, in any format, to the millisecond."""

import io
import tracemalloc
from functools import cache

import numpy as np
import pytest

from tests.voice.encoding import FIXTURES, RATE, Samples, encoded, fixture, tones, wav
from tests.voice.test_bad_recordings import reason as refusal_of_listening
from voice.cannot_hear import CannotHear
from voice.clip import LONGEST, Excerpt, cut
from voice.decode import decode, record

FORMATS = [
    ("wav", "pcm_s16le", 16_000),
    ("wav", "pcm_mulaw", 8_000),
    ("mp3", "libmp3lame", 44_100),
    ("mp3", "libmp3lame", 8_000),
    ("ipod", "aac", 44_100),
    ("adts", "aac", 48_000),
    ("ogg", "libopus", 48_000),
    ("webm", "libopus", 48_000),
    ("matroska", "aac", 44_100),
    ("flac", "flac", 48_000),
    ("amr", "libopencore_amrnb", 8_000),
    ("mpegts", "aac", 48_000),
]


@cache
def speech() -> Samples:
    return fixture("call_en.ogg")


def lag_and_likeness(heard: Samples, wanted: Samples) -> tuple[float, float]:
    """By how many seconds one is behind the other where they are most alike, and how alike they are then (1: the same)."""
    room = 1 << (len(heard) + len(wanted)).bit_length()
    alike = np.fft.irfft(np.fft.rfft(heard, room) * np.conj(np.fft.rfft(wanted, room)), room)
    at = int(alike.argmax())
    power = float(np.sqrt((heard**2).sum() * (wanted**2).sum()))
    return (at - room if at > room // 2 else at) / RATE, float(alike[at]) / power


def part(whole: Samples, start: float, seconds: float) -> Samples:
    return whole[round(start * RATE) : round((start + seconds) * RATE)]


def played(clip: Excerpt) -> Samples:
    return decode(io.BytesIO(clip.content)).samples[0]


def assert_is(clip: Excerpt, wanted: Samples, within: float = 0.0015) -> None:
    heard = played(clip)
    assert len(heard) == pytest.approx(len(wanted), abs=2), "it is as long as was asked for, not a frame more"
    lag, likeness = lag_and_likeness(heard, wanted)
    assert abs(lag) <= within
    assert likeness > 0.95
    loudness = np.sqrt((heard**2).mean()) / np.sqrt((wanted**2).mean())
    assert loudness == pytest.approx(1, abs=0.06), "as loud as it was"


@pytest.mark.parametrize("start", [0.0, 7.3, 21.0])
@pytest.mark.parametrize(("form", "codec", "rate"), FORMATS)
def test_it_is_these_seconds_of_this_recording(form: str, codec: str, rate: int, start: float) -> None:
    file = encoded(form, codec, rate, speech()[None])
    clip = cut(io.BytesIO(file), start, 4.0)
    assert clip.seconds == 4.0
    assert_is(clip, part(decode(io.BytesIO(file)).mono, start, 4.0))


@pytest.mark.parametrize("name", ["comfort_noise.amr", "comfort_noise_wide.amr", "wechat.silk"])
@pytest.mark.parametrize("start", [0.4, 6.5])
def test_voice_messages_of_wechat_and_telephones_too(name: str, start: float) -> None:
    assert_is(cut(FIXTURES / name, start, 3.0), part(fixture(name), start, 3.0))


def test_out_of_a_video() -> None:
    file = encoded("mp4", "aac", 44_100, speech()[None], with_picture=True)
    assert_is(cut(io.BytesIO(file), 12.0, 3.0), part(decode(io.BytesIO(file)).mono, 12.0, 3.0))


@pytest.mark.parametrize(
    ("form", "codec"), [("ipod", "aac"), ("wav", "pcm_s16le"), ("flac", "flac"), ("mp3", "libmp3lame"), ("webm", "libopus")]
)
def test_late_in_a_long_recording(form: str, codec: str) -> None:
    long = np.concatenate([np.roll(speech(), 4000 * turn) for turn in range(5)])
    file = encoded(form, codec, 48_000, long[None])
    for start in (61.7, 118.05):
        assert_is(cut(io.BytesIO(file), start, 5.0), part(decode(io.BytesIO(file)).mono, start, 5.0))


def test_a_jump_of_the_clock_is_no_time_of_the_transcript() -> None:
    """A browser's recording that was paused says so in its times; what is listened to is the sound without the pause."""
    first, second = (encoded("mpegts", "aac", 48_000, one[None]) for one in (speech()[: 6 * RATE], speech()[8 * RATE :]))
    file = first + second
    whole = decode(io.BytesIO(file)).mono
    assert len(whole) > 20 * RATE
    assert_is(cut(io.BytesIO(file), 10.0, 4.0), part(whole, 10.0, 4.0), within=0.03)


def test_both_people_of_a_call_on_two_channels_are_heard() -> None:
    left, right = tones(440.0, 660.0, seconds=4.0)
    clip = cut(wav(np.stack([left, right])), 1.0, 2.0)
    spectrum = np.abs(np.fft.rfft(played(clip)))
    loudest = sorted(np.argsort(spectrum)[-2:] / 2)
    assert loudest == pytest.approx([440, 660], abs=1)


def test_a_channel_beside_silence_and_one_turned_against_the_other_are_heard_in_full() -> None:
    one = speech()[: 10 * RATE]
    for other in (np.zeros_like(one), -one):
        for channels in (np.stack([one, other]), np.stack([other, one])):
            heard = played(cut(wav(channels), 2.0, 3.0))
            assert np.abs(lag_and_likeness(np.abs(heard), np.abs(part(one, 2.0, 3.0)))[1]) > 0.9
            assert np.sqrt((heard**2).mean()) == pytest.approx(np.sqrt((part(one, 2.0, 3.0) ** 2).mean()), rel=0.08)


def test_it_begins_and_ends_without_a_click() -> None:
    heard = np.abs(played(cut(wav(tones(440.0, seconds=4.0)), 1.0, 2.0)))
    assert heard[:16].max() < 0.1 and heard[-16:].max() < 0.1
    assert heard[200:-200].max() == pytest.approx(0.4, abs=0.03)


def test_it_is_an_mp3_whose_length_players_know() -> None:
    clip = cut(wav(tones(440.0, seconds=4.0)), 1.0, 2.0)
    with record(io.BytesIO(clip.content)) as recording:
        assert (recording.origin.container, recording.origin.rate, recording.origin.channels) == ("mp3", 24_000, 1)
        assert recording.origin.seconds == pytest.approx(2.0, abs=0.05)


def test_the_same_part_is_the_same_bytes() -> None:
    file = encoded("ogg", "libopus", 48_000, speech()[None])
    assert cut(io.BytesIO(file), 3.0, 2.0) == cut(io.BytesIO(file), 3.0, 2.0)
    assert cut(io.BytesIO(file), 3.0, 2.0) != cut(io.BytesIO(file), 3.1, 2.0)


def test_it_ends_where_the_recording_ends() -> None:
    clip = cut(wav(tones(440.0, seconds=4.0)), 3.0, 10.0)
    assert clip.seconds == pytest.approx(1.0, abs=0.001)


def test_a_moment_after_its_end_is_refused() -> None:
    for start in (4.5, 90.0):
        with pytest.raises(CannotHear) as refused:
            cut(wav(tones(440.0, seconds=4.0)), start, 2.0)
        assert refused.value.reason == "outside"


@pytest.mark.parametrize(("start", "seconds"), [(-1, 5), (0, 0), (0, LONGEST + 0.1), (float("nan"), 5), (float("inf"), 5)])
def test_a_time_that_is_none_is_refused(start: float, seconds: float) -> None:
    with pytest.raises(ValueError, match="60 seconds"):
        cut(wav(tones(440.0)), start, seconds)


BAD = {
    "empty": b"",
    "text": b"this is a letter, and no recording at all" * 50,
    "video without sound": encoded("mp4", None, 0, tones(440.0)),
    "a beginning alone": encoded("mp4", "aac", 44_100, tones(440.0))[:5000],
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_listened_to_cannot_be_cut(name: str) -> None:
    with pytest.raises(CannotHear) as refused:
        cut(io.BytesIO(BAD[name]), 0, 1)
    assert refused.value.reason == refusal_of_listening(BAD[name])


def test_memory_is_that_of_the_window() -> None:
    quarter = wav(np.tile(speech(), 30)[None])
    with record(wav(speech()[None])):  # what is loaded once is loaded
        cut(wav(speech()[None]), 1, 1)
    tracemalloc.start()
    try:
        cut(quarter, 850.0, 10.0)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 12 * 1024**2
