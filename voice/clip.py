"""A few seconds out of a recording, as a small file that plays everywhere: what is handed out to be heard.

The seconds are those of the transcript: sample after sample from the first that the decoder gives. So packets are counted
from the beginning without being decoded, or leapt over where the file has an index that is exact; only the window, with a
little before it, is decoded, and memory is the window's. The loudness is left as it is: what is heard is evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from voice.cannot_hear import CannotHear
from voice.decode import container_in, decoder_of, is_locked, opened, record
from voice.transcript import Span

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

LONGEST = 60.0
"""Seconds of one clip: WeCom and WeChat take no longer sound, and whoever needs more reads the transcript."""
CLIP_RATE = 24_000
"""Samples a second of a clip: all of a voice, and a rate that every player knows."""

MIME, SUFFIX = "audio/mpeg", ".mp3"
"""What a clip is: every browser, phone and chat platform plays MP3, and PyAV's bundled libraries have its encoder."""

_BITS = 56_000
_FADE = 0.005
_BEFORE = 1.0
"""Seconds decoded before the window: MP3 borrows bits from earlier frames (ISO 11172-3, main_data_begin), Opus and AMR
predict from what was before, so that a decoder that begins in the middle needs a moment."""
_EDGE = 0.1
_INDEXED = frozenset({"mov", "wav", "flac"})
"""Where a seek lands on the packet it names. MP3 guesses from the bit rate; WebM and Ogg may hold jumps of their clock."""
_FAR = 30.0
"""Seconds from which on a leap is worth it."""
_MOST_DECODED = 256 * 1024**2
"""Bytes: a minute of eight channels at 192 kHz and 24 bits comes to 370 MB, so this is far over all that is spoken."""
_SILENT = 10 ** (-60 / 20)
_OPPOSED = -0.5

Mono = NDArray[np.float32]


@dataclass(frozen=True)
class Excerpt:
    """A clip as an MP3 file: its bytes, how long it plays; `start` is where in the recording it begins."""

    content: bytes
    start: float
    seconds: float


def cut(file: Path | BinaryIO, start: float, seconds: float) -> Excerpt:
    """Cut `start … start + seconds` out of a recording of any format that is listened to, and encode it.

    At most LONGEST seconds; it is shorter where the recording ends. The same part is the same bytes each time.
    Raises CannotHear (`outside` where the recording ends before `start`), ValueError for a time that is none.
    """
    if not (0 <= start < float("inf") and 0 < seconds <= LONGEST):
        raise ValueError(f"a clip is of up to {LONGEST:g} seconds, from 0 on")
    window = Span(start, start + seconds)
    with opened(file) as source:
        container, size = container_in(source)
        channels = _out_of_silk(source, window) if container == "silk" else _out_of(source, container, size, window)
    sound = _faded(_one_channel(channels))
    if not sound.size:
        raise CannotHear("outside", at=start)
    return Excerpt(_encoded(sound), start, len(sound) / CLIP_RATE)


# --- out of the recording --------------------------------------------------------------------------------------------------


def _out_of_silk(source: BinaryIO, window: Span) -> NDArray[np.float32]:
    """Its decoder begins at the beginning; such files are voice messages, and they pass through the disk."""
    with record(source) as recording:
        sound = recording.sound(window)
    return _at_clip_rate(sound.samples, sound.rate)


def _out_of(source: BinaryIO, container: str, size: int, window: Span) -> NDArray[np.float32]:
    """Samples of shape (channels, n) at CLIP_RATE, one channel or two."""
    import av  # noqa: PLC0415 - a second to load, and only needed here

    try:
        contained = av.open(source, format=container, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError, OSError):
        raise CannotHear("damaged") from None
    with contained:
        if not contained.streams.audio:
            raise CannotHear("no_sound" if contained.streams.video else "damaged")
        stream = contained.streams.audio[0]
        if stream.codec_context is None:
            raise CannotHear("unknown")
        if container == "mov" and is_locked(source, size):
            raise CannotHear("encrypted")
        reading = _Window(contained, stream, decoder_of(av, stream), window, leaps=container in _INDEXED)
        return _cut_to(_resampled(reading.frames()), reading.begins, window)


class _Window:
    """The frames about a part of a stream. `begins` is when, in seconds, the first that was given begins."""

    def __init__(self, container: Any, stream: Any, decoder: Any, window: Span, *, leaps: bool) -> None:
        self._container, self._stream, self._decoder, self._window = container, stream, decoder, window
        self._leaps = leaps and window.start > _FAR
        self._tick = float(stream.time_base or 0)
        self._first: float | None = None
        self._counted = 0.0
        self._decoded = 0
        self.begins = 0.0

    def frames(self) -> "Iterator[AudioFrame]":
        """Decoded frames from a little before the window to its end. Raises CannotHear where there is nothing to decode."""
        has_any, is_over, given = False, False, 0.0
        for packet, at in self._packets():
            # the beginning is decoded in any case: it says how much the encoder put before the first sample
            if self._first is not None and at - self._first < self._window.start - _BEFORE - _EDGE:
                continue
            for frame in self._decode(packet):
                has_any = True
                begins = self._place(frame, packet, at)
                if self._first is None:
                    self._first = begins
                begins -= self._first
                if not given and begins + frame.samples / frame.rate <= self._window.start - _EDGE:
                    continue
                if not given:
                    self.begins = given = begins or 1e-9
                given += frame.samples / frame.rate
                yield frame
                is_over = given >= self._window.end + _EDGE
            if is_over:
                break
        if not has_any:
            raise CannotHear("damaged")

    def _packets(self) -> Iterator[tuple[Any, float]]:
        """Each packet with the second it begins at; where the clock of the file jumps, the count does not."""
        import av  # noqa: PLC0415 - as above

        packets, last, began = self._container.demux(self._stream), None, None
        while True:
            if self._leaps and self._first is not None and began is not None:
                self._leaps = False
                to = began + round((self._first + self._window.start - _BEFORE) / self._tick)
                self._container.seek(to, stream=self._stream)
                packets, last = self._container.demux(self._stream), None
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError, OSError):
                break
            if packet.size == 0:
                continue
            if last is not None:
                self._counted += self._step(last, packet)
            elif began is None:
                began = packet.pts
            elif packet.pts is not None:
                self._counted = (packet.pts - began) * self._tick
            last = packet
            yield packet, self._counted
        yield None, self._counted

    def _step(self, last: Any, packet: Any) -> float:
        """Seconds from one packet to the next. Its times are exact where they are near to how long it says it is."""
        lasts = last.duration or 0
        if last.pts is None or packet.pts is None:
            return float(lasts * self._tick)
        passed = packet.pts - last.pts
        is_near = not lasts or abs(passed - lasts) <= max(2, lasts // 10)
        return float((passed if is_near else lasts) * self._tick)

    def _decode(self, packet: Any) -> "list[AudioFrame]":
        import av  # noqa: PLC0415 - as above

        try:
            frames = self._decoder.decode(packet)
        except (av.error.FFmpegError, ValueError):
            return []
        self._decoded += sum(one.samples * len(one.layout.channels) * one.format.bytes for one in frames)
        if self._decoded > _MOST_DECODED:
            raise CannotHear("bomb")
        return [one for one in frames if one.samples and one.rate]

    def _place(self, frame: "AudioFrame", packet: Any, at: float) -> float:
        """When a frame begins by the count: a decoder leaves out what an encoder put before, and says so in the time."""
        if packet is None or packet.pts is None or frame.pts is None or frame.time_base is None:
            return at
        off = float(frame.pts * frame.time_base) - packet.pts * self._tick
        return at + off if abs(off) < 1 else at


def _resampled(frames: "Iterator[AudioFrame]") -> list[NDArray[np.float32]]:
    """At CLIP_RATE, one channel or two; more than two are mixed into one."""
    import av  # noqa: PLC0415 - as above

    parts: list[NDArray[np.float32]] = []
    resampler: Any = None
    kind: tuple[Any, ...] = ()
    for frame in frames:
        frame.pts = None  # as in listening: from sample to sample
        now = (frame.format.name, frame.layout.name, frame.rate)
        if now != kind:
            parts += _drained(resampler)
            layout = "stereo" if len(frame.layout.channels) == 2 else "mono"
            resampler, kind = av.AudioResampler(format="fltp", layout=layout, rate=CLIP_RATE), now
        parts += [np.asarray(one.to_ndarray(), np.float32) for one in resampler.resample(frame)]
    return parts + _drained(resampler)


def _drained(resampler: Any) -> list[NDArray[np.float32]]:
    return [] if resampler is None else [np.asarray(one.to_ndarray(), np.float32) for one in resampler.resample(None)]


def _cut_to(parts: list[NDArray[np.float32]], begins: float, window: Span) -> NDArray[np.float32]:
    if not parts:
        return np.zeros((1, 0), np.float32)
    widest = max(len(part) for part in parts)
    sound = np.concatenate([part if len(part) == widest else np.repeat(part[:1], widest, axis=0) for part in parts], axis=1)
    first = max(0, round((window.start - begins) * CLIP_RATE))
    return sound[:, first : first + round(window.seconds * CLIP_RATE)]


def _at_clip_rate(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    if not samples.size:
        return samples
    import av  # noqa: PLC0415 - as above

    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "mono" if len(samples) == 1 else "stereo")
    frame.rate = rate
    sound = np.concatenate(_resampled(iter([frame])), axis=1)
    return sound[:, : round(samples.shape[1] / rate * CLIP_RATE)]


# --- into a file -----------------------------------------------------------------------------------------------------------


def _one_channel(channels: NDArray[np.float32]) -> Mono:
    """Two people on two channels are heard together; one beside silence at its full loudness.

    Two that are turned against each other would leave nothing of the sum: then one of them is heard.
    """
    left, right = channels[0], channels[-1]
    if len(channels) == 1 or not channels.size:
        return np.asarray(left, np.float32)
    loud = [float(np.abs(one).max()) > _SILENT for one in (left, right)]
    if not all(loud):
        return np.asarray(right if loud[1] else left, np.float32)
    together, power = float((left * right).sum()), float(np.sqrt((left**2).sum() * (right**2).sum()))
    if together < _OPPOSED * power:
        return np.asarray(left, np.float32)
    return np.asarray((left + right) / 2, np.float32)


def _faded(sound: Mono) -> Mono:
    """In and out within milliseconds, so that the cut does not click."""
    length = min(round(_FADE * CLIP_RATE), len(sound) // 2)
    if not length:
        return sound
    ramp = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    faded = np.clip(sound, -1, 1)
    faded[:length] *= ramp
    faded[-length:] *= ramp[::-1]
    return faded


def _encoded(sound: Mono) -> bytes:
    """The file. It names no encoder and no time, so that the same sound is the same bytes."""
    import av  # noqa: PLC0415 - as above

    out = BytesIO()
    with av.open(out, "w", format="mp3", options={"fflags": "+bitexact"}) as file:
        stream: Any = file.add_stream("libmp3lame", rate=CLIP_RATE, layout="mono")
        stream.bit_rate = _BITS
        stream.codec_context.open()
        fifo, size = av.AudioFifo(), stream.codec_context.frame_size
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), "fltp", "mono")
        frame.rate = CLIP_RATE
        fifo.write(frame)
        while (chunk := fifo.read(size) or fifo.read(0, partial=True)) is not None:
            file.mux(stream.encode(chunk))
        file.mux(stream.encode(None))
    return out.getvalue()
