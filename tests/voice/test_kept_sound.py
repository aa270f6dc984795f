"""What is kept of a recording is the very sound that was decoded, whatever the format, wherever a part of it begins."""

import io
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.voice.encoding import FIXTURES, RATE, encoded, fixture, wav
from voice.decode import Recording, record
from voice.kept_sound import HEAD, kept_recording, parts_to_keep
from voice.transcript import Span

FORMATS = {
    "WAV": ("wav", "pcm_s16le", 16_000),
    "WAV, 8 kHz mu-law": ("wav", "pcm_mulaw", 8_000),
    "FLAC": ("flac", "flac", 48_000),
    "MP3": ("mp3", "libmp3lame", 44_100),
    "M4A": ("ipod", "aac", 44_100),
    "Opus": ("ogg", "libopus", 48_000),
    "WebM": ("webm", "libopus", 48_000),
    "AMR": ("amr", "libopencore_amrnb", 8_000),
    "video": ("mp4", "aac", 44_100),
}
ONE_CHANNEL = {"AMR"}
FILES = ["comfort_noise.amr", "comfort_noise_wide.amr", "wechat.silk"]
CALLS = [
    *((name, channels) for name in FORMATS for channels in (1, 2) if channels == 1 or name not in ONE_CHANNEL),
    *((name, 1) for name in FILES),
]


@cache
def content(name: str, channels: int) -> bytes:
    """Two people who take turns, each on a channel, or one of them alone."""
    if name in FILES:
        return (FIXTURES / name).read_bytes()
    said = fixture("call_en.ogg")[: 12 * RATE]
    first = np.arange(len(said)) // (3 * RATE) % 2
    samples = said[None] if channels == 1 else np.stack([said * first, said * (1 - first)])
    return encoded(*FORMATS[name], samples, with_picture=name == "video")


def kept(recording: Recording) -> Recording:
    return kept_recording(io.BytesIO(b"".join(parts_to_keep(recording))))


def heard(recording: Recording, start: float, end: float) -> NDArray[np.float32]:
    return recording.sound(Span(start, end)).samples


@pytest.mark.parametrize(("name", "channels"), CALLS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=st.lists(st.tuples(st.floats(0, 13), st.floats(0, 13)), min_size=1, max_size=5))
def test_every_part_is_the_same_to_the_sample(name: str, channels: int, parts: list[tuple[float, float]]) -> None:
    with record(io.BytesIO(content(name, channels))) as whole, kept(whole) as again:
        assert whole.channels == channels
        assert (again.length, again.channels, again.origin) == (whole.length, whole.channels, whole.origin)
        for start, end in parts:
            assert np.array_equal(heard(again, start, end), heard(whole, start, end))


def test_two_channels_that_count_as_one_are_mixed_as_before() -> None:
    said = fixture("call_en.ogg")[: 8 * RATE]
    with record(wav(np.stack([said, said * 0.5]))) as whole, kept(whole) as again:
        assert whole.mixed_by is not None and again.mixed_by == whole.mixed_by
        assert np.array_equal(heard(again, 1.25, 7.5), heard(whole, 1.25, 7.5))


def test_that_a_file_broke_off_is_still_known() -> None:
    with record(io.BytesIO(content("Opus", 1)[:20_000])) as whole, kept(whole) as again:
        assert whole.is_cut_short and again.is_cut_short


@pytest.mark.parametrize("data", [b"", b"{}", b"RIFF" + bytes(HEAD)], ids=["nothing", "no recording", "a WAV file"])
def test_what_was_not_kept_is_no_recording(data: bytes) -> None:
    with pytest.raises(ValueError, match="no kept recording"):
        kept_recording(io.BytesIO(data))
