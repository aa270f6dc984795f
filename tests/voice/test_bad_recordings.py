"""What cannot be heard is refused with its reason; what breaks off is heard as far as it goes, and says so."""

import io
import random
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.voice.encoding import FIXTURES, RATE, encoded, fixture, tones, wav
from voice.cannot_hear import REASONS, CannotHear
from voice.decode import Limits, record


def reason(data: bytes, limits: Limits | None = None) -> str:
    """Why this is refused."""
    with pytest.raises(CannotHear) as refused:
        record(io.BytesIO(data), limits or Limits())
    assert refused.value.reason in REASONS
    return refused.value.reason


def test_nothing_at_all() -> None:
    assert reason(b"") == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"a",
        b"%PDF-1.7 and so on" * 200,
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        ("今天拜访了客户。" * 300).encode(),
        b"PK\x03\x04" + random.Random(1).randbytes(50_000),
        bytes(50_000),
    ],
    ids=["a letter", "PDF", "playlist", "list of files", "text", "archive", "zeros"],
)
def test_what_is_no_recording(data: bytes) -> None:
    assert reason(data) == "unknown"


def test_random_bytes_are_taken_for_something_locked() -> None:
    assert reason(random.Random(1).randbytes(100_000)) == "encrypted"


def test_an_encrypted_mp4_is_not_played_as_noise() -> None:
    key = "00112233445566778899aabbccddeeff"
    locked = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": key, "encryption_kid": key}
    assert reason(encoded("mp4", "aac", 44_100, tones(440.0), locked)) == "encrypted"


def test_bare_samples() -> None:
    speech = fixture("call_en.ogg")[16_000 : 16_000 * 5]
    assert reason((speech * 32767).astype("<i2").tobytes()) == "headerless"
    assert reason(encoded("mulaw", "pcm_mulaw", 8_000, speech[None])) == "headerless"


def test_a_video_without_sound() -> None:
    assert reason(encoded("mp4", None, 0, tones(440.0))) == "no_sound"


def test_a_recording_with_nothing_but_its_beginning() -> None:
    assert reason(b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(3000)) == "damaged"
    assert reason(encoded("mp4", "aac", 44_100, tones(440.0))[:5000]) == "damaged"
    assert reason(wav(tones(440.0)).getvalue()[:44]) == "damaged"


@pytest.mark.parametrize(
    ("form", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 16_000),
        ("wav", "pcm_mulaw", 8_000),
        ("mp3", "libmp3lame", 44_100),
        ("adts", "aac", 48_000),
        ("ogg", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("flac", "flac", 48_000),
        ("amr", "libopencore_amrnb", 8_000),
        ("aiff", "pcm_s16be", 16_000),
    ],
)
def test_what_breaks_off_is_heard_as_far_as_it_goes_and_says_so(form: str, codec: str, rate: int) -> None:
    whole = encoded(form, codec, rate, tones(440.0, seconds=8.0))
    with record(io.BytesIO(whole)) as recording:
        assert not recording.is_cut_short
    with record(io.BytesIO(whole[: len(whole) * 6 // 10 + 7])) as recording:
        assert recording.is_cut_short
        assert 3.0 < recording.duration < 6.0


def test_a_silk_message_that_breaks_off() -> None:
    with record(io.BytesIO((FIXTURES / "wechat.silk").read_bytes()[:8000])) as recording:
        assert recording.is_cut_short and 4.0 < recording.duration < 7.0


def test_silk_that_is_none_is_damaged() -> None:
    assert reason(b"\x02#!SILK_V3") == "damaged"
    assert reason(b"\x02#!SILK_V3" + struct.pack("<h", 200) + random.Random(3).randbytes(90)) == "damaged"


def test_six_hours_are_refused_by_what_the_file_says_before_they_are_decoded() -> None:
    flac = bytearray(encoded("flac", "flac", 16_000, tones(440.0, seconds=9.0)))
    (packed,) = struct.unpack_from(">Q", flac, 18)  # rate, channels, depth, and 36 bits of how many samples there are
    struct.pack_into(">Q", flac, 18, packed >> 36 << 36 | 6 * 3600 * RATE)
    with pytest.raises(CannotHear) as refused:
        record(io.BytesIO(bytes(flac)))
    assert refused.value.reason == "too_long"
    assert refused.value.facts == {"seconds": pytest.approx(6 * 3600), "limit": Limits().seconds}


def test_what_is_too_long_and_does_not_say_so_is_refused_on_the_way() -> None:
    adts = encoded("adts", "aac", 48_000, tones(440.0, seconds=30.0))
    assert reason(adts, Limits(seconds=12)) == "too_long"
    assert reason((FIXTURES / "wechat.silk").read_bytes(), Limits(seconds=5)) == "too_long"


def test_what_unpacks_to_too_much_is_let_go() -> None:
    silence = encoded("flac", "flac", 16_000, np.zeros((1, RATE * 300), np.float32))
    with record(io.BytesIO(silence)) as recording:
        assert recording.duration == pytest.approx(300)
    assert reason(silence, Limits(free=1024 * 1024, ratio=100)) == "bomb"
    assert reason(silence, Limits(decoded=1024 * 1024)) == "bomb"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["comfort_noise.amr", "comfort_noise_wide.amr", "wechat.silk", "alone_en.ogg"]),
    st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), max_size=30),
    st.integers(0, 60_000),
)
def test_a_broken_file_is_heard_or_refused_and_nothing_else(name: str, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray((FIXTURES / name).read_bytes())
    for at, value in changes:
        data[at % len(data)] = value
    try:
        with record(io.BytesIO(bytes(data[: max(1, len(data) - cut)]))) as recording:
            assert 0 < recording.duration < 120
    except CannotHear as refused:
        assert refused.reason in REASONS
