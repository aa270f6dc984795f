"""What cannot be heard is refused with its reason; what breaks off is heard as far as it goes, and says so."""

import io
import random
import struct

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.voice.encoding import FIXTURES, RATE, encoded, fixture, pitch, tones, wav
from voice.cannot_hear import REASONS, CannotHear
from voice.decode import Limits, record
from voice.transcript import Span


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


def with_head(channels: int, rate: int, told: int | None = None) -> bytes:
    """A second of noise, but 200 to 200,000 samples, behind a WAV head that says this, and `told` as its length."""
    count = min(200_000, max(200, rate))
    body = np.random.default_rng(0).integers(-9000, 9000, count * channels).astype("<i2").tobytes()
    length = 36 + len(body) if told is None else told
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", length, b"WAVE", b"fmt ", 16, 1, channels, rate, rate * 2 & 0xFFFFFFFF,
                       2 * channels, 16, b"data", len(body) if told is None else max(0, told - 36)) + body  # fmt: skip


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 100_000_000, 2**31 - 1, 2**32 - 1])
def test_no_recording_has_so_few_or_so_many_samples_a_second(rate: int) -> None:
    assert reason(with_head(1, rate)) == "damaged"


@pytest.mark.parametrize("channels", [3, 6, 8, 9, 16, 33, 64, 300])
def test_many_channels_are_mixed_or_refused(channels: int) -> None:
    try:
        with record(io.BytesIO(with_head(channels, 16_000))) as recording:
            assert recording.channels == 1 and recording.duration == pytest.approx(1.0)
    except CannotHear as refused:
        assert channels > 8 and refused.reason == "damaged"


@pytest.mark.parametrize("told", [0, 36 + 0x7FFFF000, 2**31 - 1, 2**32 - 1])
def test_a_wav_file_that_was_sent_on_while_it_was_made_is_whole(told: int) -> None:
    with record(io.BytesIO(with_head(1, 16_000, told))) as recording:
        assert recording.duration == pytest.approx(1.0) and not recording.is_cut_short


@pytest.mark.parametrize("codec", ["libmp3lame", "aac"])
def test_a_stream_may_change_its_rate_and_its_channels_on_the_way(codec: str) -> None:
    form = "mp3" if codec == "libmp3lame" else "adts"
    parts = [encoded(form, codec, 44_100, tones(440.0)), encoded(form, codec, 16_000, tones(660.0, 660.0))]
    with record(io.BytesIO(b"".join(parts))) as recording:
        assert recording.duration == pytest.approx(6.0, abs=0.4)
        heard = [recording.sound(Span(at, at + 1)).samples[0] for at in (1.0, 4.5)]
        assert [pitch(one) for one in heard] == pytest.approx([440, 660], abs=4)


@pytest.mark.parametrize(("shift", "gap"), [(0, 3600), (-30, 0)], ids=["a gap of an hour", "negative"])
def test_the_times_in_a_file_do_not_count(shift: int, gap: int) -> None:
    """Sound runs on from sample to sample, so that a broken clock makes no hours of silence and swallows nothing."""
    file, said = io.BytesIO(), encoded("ogg", "libopus", 48_000, tones(440.0, seconds=6.0))
    with av.open(io.BytesIO(said)) as source, av.open(file, "w", format="webm") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size and packet.pts is not None:
                moved = shift + (gap if packet.pts * packet.time_base > 3 else 0)
                packet.pts = packet.dts = packet.pts + round(moved / packet.time_base)
                packet.stream = stream
                out.mux(packet)
    with record(io.BytesIO(file.getvalue())) as recording:
        assert recording.duration == pytest.approx(6.0, abs=0.1)


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
