"""Every format that chat platforms send becomes the same 16 kHz sound, whatever its file is called."""

import io
from pathlib import Path

import numpy as np
import pytest

from tests.voice.encoding import FIXTURES, RATE, encoded, fixture, pitch, tones, wav
from voice.decode import Recording, decode, record, recording_in_steps
from voice.transcript import Span

FORMATS = [
    ("wav", "pcm_s16le", 16_000),
    ("wav", "pcm_mulaw", 8_000),
    ("wav", "pcm_alaw", 8_000),
    ("wav", "adpcm_ima_wav", 16_000),
    ("wav", "pcm_f32le", 48_000),
    ("mp3", "libmp3lame", 44_100),
    ("mp3", "libmp3lame", 8_000),
    ("ipod", "aac", 44_100),
    ("mp4", "aac", 8_000),
    ("mp4", "alac", 48_000),
    ("adts", "aac", 48_000),
    ("ogg", "libopus", 48_000),
    ("ogg", "libopus", 16_000),
    ("ogg", "flac", 16_000),
    ("webm", "libopus", 48_000),
    ("flac", "flac", 48_000),
    ("3gp", "libopencore_amrnb", 8_000),
    ("amr", "libopencore_amrnb", 8_000),
    ("aiff", "pcm_s16be", 22_050),
    ("au", "pcm_mulaw", 8_000),
    ("caf", "pcm_s16le", 16_000),
    ("mpegts", "aac", 48_000),
]


@pytest.mark.parametrize(("form", "codec", "rate"), FORMATS)
def test_a_format_comes_out_as_it_went_in(form: str, codec: str, rate: int) -> None:
    sound = decode(io.BytesIO(encoded(form, codec, rate, tones(440.0))))
    assert sound.rate == RATE
    assert sound.samples.shape[0] == 1 and sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(3.0, abs=0.15)
    assert pitch(sound.samples[0]) == pytest.approx(440, abs=2)
    assert sound.origin is not None and sound.origin.rate in (rate, 48_000)


@pytest.mark.parametrize("name", ["comfort_noise.amr", "comfort_noise_wide.amr"])
def test_comfort_noise_of_amr_is_decoded_to_its_end(name: str) -> None:
    with record(FIXTURES / name) as recording:
        assert recording.duration == pytest.approx(10.5, abs=0.1)
        assert (recording.lost, recording.is_cut_short) == (0, False)
        ends = recording.sound(Span(6.5, 9.0)).samples
        assert np.sqrt((ends**2).mean()) > 0.02, "the second sentence is there as well"


@pytest.mark.parametrize("opening", [b"\x02#!SILK_V3", b"#!SILK_V3"])
def test_voice_messages_of_wechat_are_read_with_and_without_their_leading_byte(opening: bytes) -> None:
    data = (FIXTURES / "wechat.silk").read_bytes()
    assert data.startswith(b"\x02#!SILK_V3")
    sound = decode(io.BytesIO(opening + data[10:]))
    assert sound.duration == pytest.approx(10.5, abs=0.1)
    other = fixture("comfort_noise_wide.amr")
    envelopes = [np.sqrt((one[: 16000 * 10].reshape(-1, 1600) ** 2).mean(1)) for one in (sound.samples[0], other)]
    assert np.corrcoef(envelopes)[0, 1] > 0.95, "it is the same recording"


def test_the_sound_of_a_video_is_taken() -> None:
    sound = decode(io.BytesIO(encoded("mp4", "aac", 44_100, tones(440.0), with_picture=True)))
    assert pitch(sound.samples[0]) == pytest.approx(440, abs=2)


def test_the_name_of_a_file_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(encoded("mp3", "libmp3lame", 44_100, tones(440.0)))
    with record(path) as recording:
        assert recording.origin.container == "mp3"


def test_two_people_on_two_channels_stay_apart() -> None:
    left, right = tones(440.0, 660.0, seconds=4.0)
    at = np.arange(len(left)) // (RATE // 2) % 2
    with record(wav(np.stack([left * at, right * (1 - at)]))) as recording:
        assert recording.channels == 2
        sound = recording.sound(Span(0, 4))
        assert [pitch(channel) for channel in sound.samples] == pytest.approx([440, 660], abs=2)


def test_two_channels_alike_are_one() -> None:
    one = fixture("call_en.ogg")
    for other in (one, one * 0.5, np.roll(one, 160)):
        with record(wav(np.stack([one, other]))) as recording:
            assert recording.channels == 1
            assert recording.sound(Span(0, 1)).samples.shape == (1, RATE)


def test_two_channels_turned_against_each_other_do_not_cancel_out() -> None:
    one = fixture("call_en.ogg")
    with record(wav(np.stack([one, -one]))) as recording:
        assert recording.channels == 1
        assert np.abs(recording.sound(Span(0, 20)).samples).max() > 0.3


@pytest.mark.parametrize("loud", [0, 1])
def test_a_channel_beside_silence_is_one_at_its_full_loudness(loud: int) -> None:
    one = fixture("call_en.ogg")
    channels = np.zeros((2, len(one)), np.float32)
    channels[loud] = one
    with record(wav(channels)) as recording:
        assert recording.channels == 1
        assert np.allclose(recording.sound(Span(0, 20)).samples[0], one[: 20 * RATE], atol=1e-3)


def test_more_than_two_channels_become_one() -> None:
    with record(wav(np.repeat(tones(440.0), 6, axis=0))) as recording:
        assert (recording.channels, recording.origin.channels) == (1, 6)
        assert pitch(recording.sound(Span(0, 2)).samples[0]) == pytest.approx(440, abs=2)


def test_a_recording_is_told_block_by_block_and_can_be_read_meanwhile() -> None:
    steps = list(recording_in_steps(wav(tones(440.0, seconds=35.0))))
    *blocks, whole = steps
    assert isinstance(whole, Recording) and whole.duration == pytest.approx(35.0)
    shares = [block.share for block in blocks if not isinstance(block, Recording)]
    assert len(shares) >= 3 and shares == sorted(shares) and shares[-1] == pytest.approx(1.0, abs=0.01)
    whole.close()


def test_a_part_outside_of_the_recording_is_left_out() -> None:
    with record(wav(tones(440.0, seconds=2.0))) as recording:
        assert recording.sound(Span(1.5, 9.0)).duration == pytest.approx(0.5)
        assert recording.sound(Span(5.0, 9.0)).duration == 0
        assert [block.duration for block in recording.blocks(1.5)] == pytest.approx([1.5, 0.5])


def test_nothing_is_left_on_the_disk(tmp_path: Path) -> None:
    with record(wav(tones(440.0)), folder=tmp_path):
        assert list(tmp_path.iterdir()) == []
