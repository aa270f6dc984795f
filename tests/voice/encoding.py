"""Recordings in the formats that platforms send, encoded when a test runs; and the committed ones, by name."""

import io
import json
import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from voice.decode import decode

FIXTURES = Path(__file__).parent / "fixtures"
RATE = 16_000
Samples = NDArray[np.float32]


def fixture(name: str) -> Samples:
    """The samples of a committed recording, one channel at 16 kHz."""
    return decode(FIXTURES / name).samples[0]


def truth(name: str) -> list[dict[str, Any]]:
    """Who says what when in a committed call, as it was rendered."""
    said: list[dict[str, Any]] = json.loads((FIXTURES / "truth.json").read_text(encoding="utf-8"))[name]
    return said


def tones(*channels: float, seconds: float = 3.0) -> Samples:
    """A tone for each channel, by its frequency in hertz."""
    at = np.arange(round(seconds * RATE)) / RATE
    return np.stack([0.4 * np.sin(2 * np.pi * hertz * at) for hertz in channels]).astype(np.float32)


def pitch(samples: Samples) -> float:
    """The strongest frequency, in hertz."""
    return float(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))[1:].argmax() + 1) * RATE / len(samples)


def encoded(
    form: str,
    codec: str | None,
    rate: int,
    samples: Samples,
    options: dict[str, str] | None = None,
    *,
    with_picture: bool = False,
) -> bytes:
    """16 kHz sound of shape (channels, n) in a container; without a codec, the container has a picture alone."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        with av.open(path, "w", format=form, options=options or {}) as out:
            if with_picture or codec is None:
                picture: Any = out.add_stream("mpeg4", rate=10)
                picture.width = picture.height = 64
                picture.pix_fmt = "yuv420p"
            if codec is not None:
                sound: Any = out.add_stream(codec, rate=rate, layout="mono" if len(samples) == 1 else "stereo")
            if with_picture or codec is None:
                for shade in range(10):
                    frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), shade * 9, np.uint8), "rgb24")
                    out.mux(picture.encode(frame))
                out.mux(picture.encode(None))
            if codec is not None:
                _encode(out, sound, rate, samples)
        return path.read_bytes()


def _encode(out: Any, stream: Any, rate: int, samples: Samples) -> None:
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples * 32767).astype(np.int16), "s16p", layout)
    frame.rate = RATE
    resampler = av.AudioResampler(stream.format, stream.layout, rate)
    fifo = av.AudioFifo()
    for one in [*resampler.resample(frame), *resampler.resample(None)]:
        one.pts = None
        fifo.write(one)
    size = stream.codec_context.frame_size or 1024
    while (chunk := fifo.read(size) or fifo.read(0, partial=True)) is not None:
        out.mux(stream.encode(chunk))
    out.mux(stream.encode(None))


def wav(samples: Samples) -> io.BytesIO:
    """16-bit PCM at 16 kHz, as an open file."""
    body = np.ascontiguousarray((np.clip(samples, -1, 1) * 32767).astype("<i2").T).tobytes()
    channels = len(samples)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(body), b"WAVE", b"fmt ", 16, 1, channels, RATE,
                       RATE * 2 * channels, 2 * channels, 16, b"data", len(body))  # fmt: skip
    return io.BytesIO(head + body)
