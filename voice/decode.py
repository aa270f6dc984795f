"""Any recording into 16 kHz sound, block by block, so that three hours need no more memory than three minutes.

What a file is, is told by its content (container.py); only that demuxer is opened, on an open file, so that a playlist in
disguise can name no other file and no address.
"""

import math
import os
import struct
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from voice.cannot_hear import CannotHear
from voice.container import HEAD, container_of, looks_like_samples, looks_locked
from voice.transcript import RATE, Origin, Sound, Span

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

Samples = NDArray[np.int16]
"""Shape (channels, n)."""

BLOCK = RATE * 10
"""About how many samples a block of sound holds."""

# the default decoders cannot do comfort noise (DTX) and fail at the first such frame; these can
_OPENCORE = {"amrnb": ("libopencore_amrnb", 8_000), "amrwb": ("libopencore_amrwb", 16_000)}
_RATES = range(1_000, 768_001)
"""Samples a second that a recording can have. For two thousand million, as a header of 44 bytes may claim, the filter alone
that brings them to 16 kHz takes more memory than most machines have."""
_SILENT = 10 ** (-60 / 20)
"""A channel whose loudness never rises over this (-60 dB of full scale) is silent."""
_ENVELOPE = RATE // 10
_ROOM = 0.7
"""Channels whose loudness goes up and down alike by more than this correlation heard one room, not one person each."""
# the least that a SILK packet holds, and the most bytes that its highest rate (100 kbit) needs for a second
_SILK_PACKET_SECONDS = 0.02
_SILK_BYTES = 12_500


@dataclass(frozen=True)
class Limits:
    """What is too much: seconds of sound; bytes given by the decoder; and bytes of 16 kHz sound for each byte of the file.

    The ratio counts from `free` bytes on: silence packs well in small files. Three hours of silence as FLAC come to 600.
    Three hours of six channels at 48 kHz, as videos have them, come to 12.4 GB as the decoder gives them.
    """

    seconds: float = 3 * 3600 + 60
    decoded: int = 16 * 1024**3
    ratio: float = 4_000
    free: int = 64 * 1024**2


LIMITS = Limits()


class Recording:
    """A recording as 16 kHz samples in an open file: a nameless one that is gone when this is closed or the process ends,
    or one in which they are kept (kept_sound.py). They begin at byte `begins` of it, `stored` channels interleaved.

    `channels` is 2 where the two are different people; two alike, or one beside silence, count as one. `is_cut_short` says
    that the file ended early, or that parts of it could not be decoded: `lost` is how many packets.
    """

    def __init__(
        self,
        file: BinaryIO,
        stored: int,
        length: int,
        origin: Origin,
        *,
        is_cut_short: bool,
        lost: int,
        begins: int = 0,
    ) -> None:
        self._file = file
        self._begins = begins
        self.stored = stored
        self._mix: tuple[float, float] | None = None
        self.length = length
        self.origin = origin
        self.is_cut_short = is_cut_short
        self.lost = lost

    @property
    def channels(self) -> int:
        """1 or 2: how many there are to listen to."""
        return 1 if self._mix is not None else self.stored

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.length / RATE

    @property
    def mixed_by(self) -> tuple[float, float] | None:
        """The weights by which two channels are heard as one."""
        return self._mix

    def mix(self, left: float, right: float) -> None:
        """From now on the recording is one channel, made of the two by these weights."""
        self._mix = (left, right)

    def sound(self, span: Span) -> Sound:
        """Read a part of it; what is outside of the recording is left out."""
        first = max(0, round(span.start * RATE))
        last = min(self.length, round(span.end * RATE))
        width = 2 * self.stored
        raw = self._read(first * width, max(0, last - first) * width)
        samples: NDArray[np.float32] = np.frombuffer(raw, np.int16).reshape(-1, self.stored).T.astype(
            np.float32
        ) / np.float32(32768)
        if self._mix is not None:
            left, right = (np.float32(weight) for weight in self._mix)
            samples = samples[:1] * left + samples[1:] * right
        return Sound(samples, RATE, self.origin)

    def blocks(self, seconds: float = 30.0) -> Iterator[Sound]:
        """Read all of it, part by part."""
        for at in range(math.ceil(self.duration / seconds)):
            yield self.sound(Span(at * seconds, (at + 1) * seconds))

    def raw(self) -> Iterator[bytes]:
        """All samples as they are stored, 16 bit, part by part."""
        width = 2 * self.stored
        for first in range(0, self.length, BLOCK):
            yield self._read(first * width, min(BLOCK, self.length - first) * width)

    def _read(self, at: int, count: int) -> bytes:
        self._file.seek(self._begins + at)
        return self._file.read(count)

    def close(self) -> None:
        """Let go of the file; a nameless one is deleted by that."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def decode(file: Path | BinaryIO, limits: Limits = LIMITS) -> Sound:
    """Decode a short recording, such as a voice message, into memory. Raises CannotHear."""
    with record(file, limits) as recording:
        return recording.sound(Span(0, recording.duration))


def record(file: Path | BinaryIO, limits: Limits = LIMITS, folder: Path | None = None) -> Recording:
    """Decode all of a recording, through the disk. Raises CannotHear; see `recording_in_steps` for the arguments."""
    for step in recording_in_steps(file, limits, folder):
        if isinstance(step, Recording):
            return step
    raise AssertionError("unreachable: the last step is the recording")


def recording_in_steps(
    file: Path | BinaryIO, limits: Limits = LIMITS, folder: Path | None = None
) -> Generator["Decoded | Recording", None, None]:
    """Decode a recording, telling after each block how far it is; the last that is given is the whole.

    `folder` is where the nameless file with the samples lives, the system's own for temporary files where none is given.
    Raises CannotHear for what is no recording or passes the limits; of one that breaks off, what there is is kept.
    """
    with opened(file) as source:
        reading = _Reading(source, limits, folder)
        try:
            spill: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by the recording
        except OSError:
            raise CannotHear("no_room") from None
        try:
            channels, length, likeness = 0, 0, _Likeness()
            for block in reading.blocks():
                if channels and len(block) != channels:
                    block = _as_many(block, channels)  # noqa: PLW2901 - a stream may change its channels on the way
                channels = len(block)
                likeness.add(block)
                try:
                    spill.seek(0, os.SEEK_END)  # what there is may have been read meanwhile
                    spill.write(np.ascontiguousarray(block.T).tobytes())
                    spill.flush()
                except OSError:
                    raise CannotHear("no_room") from None
                length += block.shape[1]
                yield Decoded(
                    length / RATE,
                    reading.origin,
                    Recording(spill, channels, length, reading.origin, is_cut_short=False, lost=0),
                )
            if not length:
                raise CannotHear("damaged")
            whole = Recording(
                spill, channels, length, reading.origin, is_cut_short=reading.is_cut_short(length / RATE), lost=reading.lost
            )
            if (weights := likeness.weights(channels)) is not None:
                whole.mix(*weights)
        except BaseException:
            spill.close()
            raise
        yield whole


@dataclass(frozen=True)
class Decoded:
    """How much is decoded: `seconds`, of those that `origin` names. `so_far` is to be read before the next step."""

    seconds: float
    origin: Origin
    so_far: Recording

    @property
    def share(self) -> float:
        """0 … 1, 0 where the file does not say how long it is."""
        return min(1.0, self.seconds / self.origin.seconds) if self.origin.seconds else 0.0


@contextmanager
def opened(file: Path | BinaryIO) -> Iterator[BinaryIO]:
    """A file by its path, or one that is open already, from its beginning."""
    if isinstance(file, Path):
        with file.open("rb") as source:
            yield source
    else:
        file.seek(0)
        yield file


def container_in(source: BinaryIO) -> tuple[str, int]:
    """The demuxer for an open file, and its size in bytes; the file is at its beginning again. Raises CannotHear."""
    head = source.read(HEAD)
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if not head:
        raise CannotHear("empty")
    found = container_of(head)
    if found is None:
        raise CannotHear("headerless" if looks_like_samples(head) else "encrypted" if looks_locked(head) else "unknown")
    return found, size


class _Reading:
    """One file on its way into blocks."""

    def __init__(self, source: BinaryIO, limits: Limits, folder: Path | None) -> None:
        self._source, self._limits, self._folder = source, limits, folder
        self._container, self._size = container_in(source)
        self.origin = Origin(self._container, "", 0, 0)
        self.lost = 0
        self._good = 0
        self._broke_off = False
        self._decoded = 0

    def blocks(self) -> Iterator[Samples]:
        """Blocks of about ten seconds."""
        waiting: list[Samples] = []
        held = given = 0
        for samples in self._silk() if self._container == "silk" else self._contained():
            given += samples.shape[1]
            self._watch(given, len(samples))
            if waiting and len(samples) != len(waiting[0]):
                yield np.concatenate(waiting, axis=1)
                waiting, held = [], 0
            waiting.append(samples)
            held += samples.shape[1]
            if held >= BLOCK:
                yield np.concatenate(waiting, axis=1)
                waiting, held = [], 0
        if held:
            yield np.concatenate(waiting, axis=1)

    def is_cut_short(self, seconds: float) -> bool:
        """Whether less came out than the file promised."""
        promised = self.origin.seconds
        return self._broke_off or self.lost > 0 or (promised is not None and promised - seconds > max(1.0, promised * 0.02))

    def _watch(self, given: int, channels: int) -> None:
        if given > self._limits.seconds * RATE:
            raise CannotHear("too_long", seconds=given / RATE, limit=self._limits.seconds)
        unpacked = given * channels * 2
        if self._decoded > self._limits.decoded or unpacked > max(self._limits.free, self._size * self._limits.ratio):
            raise CannotHear("bomb")

    def _contained(self) -> Iterator[Samples]:
        """All that PyAV reads."""
        import av  # noqa: PLC0415 - a second to load, and only needed here

        try:
            container = av.open(self._source, format=self._container, metadata_errors="ignore")
        except (av.error.FFmpegError, ValueError, OSError):
            raise CannotHear("damaged") from None
        with container:
            if not container.streams.audio:
                raise CannotHear("no_sound" if container.streams.video else "damaged")
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise CannotHear("unknown")
            if self._container == "mov" and is_locked(self._source, self._size):
                raise CannotHear("encrypted")
            seconds = self._promised(container, stream)
            if seconds is not None and seconds > self._limits.seconds:
                raise CannotHear("too_long", seconds=seconds, limit=self._limits.seconds)
            name = stream.codec_context.name
            self.origin = Origin(self._container, name, stream.rate or 0, stream.channels or 0, seconds)
            yield from self._resampled(self._frames(container, stream, decoder_of(av, stream)))
        if self.lost > 9 * self._good:
            raise CannotHear("damaged")
        if self._container in _ENDS_WHOLE:
            self._broke_off = self._broke_off or not _ENDS_WHOLE[self._container](self._source, self._size)

    def _promised(self, container: Any, stream: Any) -> float | None:
        """How long the file says it is; what is only guessed from the bit rate is not said by the file."""
        if self._container in ("amr", "aac", "mpegts", "mpeg"):
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return container.duration / 1_000_000 if container.duration else None

    def _frames(self, container: Any, stream: Any, decoder: Any) -> "Iterator[AudioFrame]":
        """Decode packet by packet: what cannot be decoded is counted and left out."""
        import av  # noqa: PLC0415 - as above

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except (av.error.FFmpegError, OSError):
                self._broke_off = True
                break
            if packet.dts is None and packet.size == 0:
                continue  # the demuxer's own sign for the end; the decoder is flushed below
            yield from self._decoded_of(decoder, packet)
        yield from self._decoded_of(decoder, None)

    def _decoded_of(self, decoder: Any, packet: Any) -> "Iterator[AudioFrame]":
        import av  # noqa: PLC0415 - as above

        try:
            frames = decoder.decode(packet)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, ValueError):
            self.lost += 1
            return
        self._good += bool(frames)
        for frame in frames:
            self._decoded += frame.samples * len(frame.layout.channels) * frame.format.bytes
            if frame.samples and frame.rate:
                yield frame

    def _resampled(self, frames: "Iterator[AudioFrame]") -> Iterator[Samples]:
        """To 16 kHz, 16 bit, as one channel or two; more than two are mixed into one."""
        import av  # noqa: PLC0415 - as above

        resampler: AudioResampler | None = None
        kind: tuple[Any, ...] = ()
        for frame in frames:
            frame.pts = None  # times run on from sample to sample; broken ones would make the resampler fill in hours
            channels = len(frame.layout.channels)
            if (frame.format.name, frame.layout.name, frame.rate) != kind:
                if resampler is not None:
                    yield from _out(resampler, None)
                kind, resampler = (frame.format.name, frame.layout.name, frame.rate), None
                if frame.rate in _RATES:
                    layout = "stereo" if channels == 2 else "mono"
                    resampler = av.AudioResampler(format="s16p", layout=layout, rate=RATE)
                    self.origin = replace(self.origin, rate=frame.rate, channels=channels)
            samples: list[Samples] = []
            if resampler is not None:
                try:
                    samples = _out(resampler, frame)
                except (av.error.FFmpegError, ValueError):  # so many channels, or set out so, that nobody can mix them
                    resampler = None
            if resampler is None:
                self.lost += 1
            yield from samples
        if resampler is not None:
            yield from _out(resampler, None)

    def _silk(self) -> Iterator[Samples]:
        """WeChat's voice format, which no bundled decoder knows."""
        if self._size > self._limits.seconds * _SILK_BYTES:
            raise CannotHear("too_long", seconds=self._size / _SILK_BYTES, limit=self._limits.seconds)
        data, packets, is_whole = _silk_packets(self._source.read())
        seconds = packets * _SILK_PACKET_SECONDS
        if seconds > self._limits.seconds:
            raise CannotHear("too_long", seconds=seconds, limit=self._limits.seconds)
        try:
            import pysilk  # noqa: PLC0415 - an extra
        except ImportError:
            raise CannotHear("silk_missing", extra="silk") from None
        self._broke_off = not is_whole
        self.origin = Origin("silk", "silk", 24_000, 1)
        try:
            out: BinaryIO = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed below
        except OSError:
            raise CannotHear("no_room") from None
        with out:
            try:
                pysilk.decode(BytesIO(data), out, RATE)
                out.flush()
            except pysilk.SilkError:
                self._broke_off = True
            except OSError:
                raise CannotHear("no_room") from None
            self._decoded = out.seek(0, os.SEEK_END)
            out.seek(0)
            while len(raw := out.read(2 * BLOCK)) >= 2:
                yield np.frombuffer(raw[: len(raw) // 2 * 2], np.int16).reshape(1, -1)


def decoder_of(av: Any, stream: Any) -> Any:
    """The decoder of a stream, for AMR the one that knows comfort noise."""
    name, rate = _OPENCORE.get(stream.codec_context.name, (None, 0))
    if name is None:
        return stream.codec_context
    try:
        decoder = av.CodecContext.create(name, "r")
    except (av.error.FFmpegError, ValueError):  # a build without them; without comfort noise the default will do
        return stream.codec_context
    decoder.sample_rate, decoder.layout = rate, "mono"
    return decoder


def _out(resampler: "AudioResampler", frame: "AudioFrame | None") -> list[Samples]:
    return [np.asarray(one.to_ndarray(), np.int16) for one in resampler.resample(frame)]


def _as_many(block: Samples, channels: int) -> Samples:
    if channels == 1:
        return np.asarray(block.mean(0, keepdims=True), np.int16)
    return np.asarray(np.repeat(block, channels, axis=0), np.int16)


def is_locked(source: BinaryIO, size: int) -> bool:
    """Whether an MP4's sound is encrypted (ISO 14496-12: its sample entry is then called `enca`)."""
    at = source.tell()
    try:
        start = 0
        while start + 8 <= size:
            source.seek(start)
            length, name = struct.unpack(">I4s", source.read(8))
            if length == 1:
                (length,) = struct.unpack(">Q", source.read(8).ljust(8, b"\0"))
            if name in (b"moov", b"moof"):
                return b"enca" in source.read(min(length or size, 16 * 1024**2))
            if length < 8:
                break
            start += length
        return False
    finally:
        source.seek(at)


_UNTOLD = range(0x7FFFF000, 0x80000000)
"""What programs write as a length that send a WAV file on while it is still made, and take lengths for signed: SoX writes
0x7FFFF000 for the samples, others the greatest number there is."""


def _riff_is_whole(source: BinaryIO, size: int) -> bool:
    """Whether a WAV file is as long as it says; what was written as a stream says nothing."""
    source.seek(0)
    form, length = struct.unpack("<4sI", source.read(8))
    return form != b"RIFF" or length in (0, 0xFFFFFFFF, *_UNTOLD) or length + 8 <= size + 1


def _ogg_is_whole(source: BinaryIO, size: int) -> bool:
    """Whether the last page of an Ogg file is all there (RFC 3533: a page names the lengths of its segments)."""
    start = max(0, size - 65_536)
    source.seek(start)
    tail = source.read()
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return False
    lacing = tail[at + 27 : at + 27 + tail[at + 26]]
    return len(lacing) == tail[at + 26] and len(tail) >= at + 27 + len(lacing) + sum(lacing)


def _silk_packets(data: bytes) -> tuple[bytes, int, bool]:
    """The whole packets of a SILK file with its header, how many they are, and whether the last was all there."""
    at = data.index(b"#!SILK_V3") + len(b"#!SILK_V3")
    packets, is_whole = 0, True
    while at + 2 <= len(data):
        (length,) = struct.unpack_from("<h", data, at)
        if length < 0:  # the end, as encoders other than WeChat's mark it
            break
        if at + 2 + length > len(data):
            is_whole = False
            break
        at += 2 + length
        packets += 1
    return data[:at], packets, is_whole


_ENDS_WHOLE = {"ogg": _ogg_is_whole, "wav": _riff_is_whole}


class _Likeness:
    """Whether two channels are two people: the ups and downs of their loudness, ten a second, tell."""

    def __init__(self) -> None:
        self._loudness: list[NDArray[np.float64]] = []
        self._left_over: Samples | None = None
        self._together = 0.0

    def add(self, block: Samples) -> None:
        """Take in the next samples."""
        if len(block) != 2:
            return
        values = block if self._left_over is None else np.concatenate([self._left_over, block], axis=1)
        whole = values.shape[1] // _ENVELOPE * _ENVELOPE
        self._left_over = values[:, whole:]
        frames = values[:, :whole].reshape(2, -1, _ENVELOPE).astype(np.float64) / 32768
        self._loudness.append(np.sqrt((frames**2).mean(2)))
        self._together += float((frames[0] * frames[1]).sum())

    def weights(self, channels: int) -> tuple[float, float] | None:
        """How to make one of the two, None where they are one already or are to be kept apart."""
        if channels != 2:
            return None
        loudness = np.concatenate(self._loudness, axis=1) if self._loudness else np.zeros((2, 0))
        if not loudness.size:
            return (0.5, 0.5)
        left, right = (bool((row > _SILENT).any()) for row in loudness)
        if not (left and right):
            return (1.0, 0.0) if left else (0.0, 1.0)
        if loudness.shape[1] < 2 or loudness.std(1).min() == 0 or _correlation(loudness) > _ROOM:
            # one turned upside down against the other would leave nothing of the sum
            return (0.5, 0.5) if self._together >= 0 else (1.0, 0.0)
        return None


def _correlation(rows: NDArray[np.float64]) -> float:
    left, right = rows - rows.mean(1, keepdims=True)
    return float((left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum()))
