"""What listening costs beyond recognition, against real time on one thread, and how much memory three hours take.

The recogniser here hears nothing and costs nothing, so that what is measured is decoding, finding speech and telling the
speakers. Real speech is read from the shared folder, where that is there; else a synthetic call is repeated.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.table import Figure, Result

if TYPE_CHECKING:
    from voice.transcribe import Heard

ROOT = Path(__file__).parent.parent
SPEECH = ROOT.parent / "shared" / "data" / "audio" / "speech"
"""Real speech: *.flac with a manifest.csv beside it; read only, and not part of the repository."""

FIXTURE = ROOT / "tests" / "voice" / "fixtures" / "call_en.ogg"
RATE = 16_000
SHORT, LONG = 600, 3 * 3600


@dataclass(frozen=True)
class Cost:
    """Seconds by stage, of how many seconds of sound; MiB at the most; MiB before the file was opened."""

    sound: float
    decoding: float
    speech: float
    speakers: float
    peak: float
    before: float

    @property
    def ratio(self) -> float:
        """All stages together, as a part of real time."""
        return (self.decoding + self.speech + self.speakers) / self.sound


class Deaf:
    """A recogniser that hears nothing."""

    name = "deaf"

    def __init__(self) -> None:
        from voice.profile import LARGE

        self.profile = LARGE

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> "list[Heard]":
        return []


def measure(speech: Path = SPEECH) -> Result:
    """Each file in a process of its own, with one thread."""
    sources = sorted(speech.glob("*.flac"))
    notes = [
        f"Speech: {len(sources)} recordings of people, repeated; two of them take turns."
        if sources
        else f"There is no real speech at {speech} (say where with --speech): a synthetic call is repeated."
    ]
    with tempfile.TemporaryDirectory(prefix="parley-voice-") as passing:
        costs = {}
        for what, seconds, codec in (("ten minutes", SHORT, "aac"), ("three hours", LONG, "libopus")):
            path = Path(passing) / ("call.m4a" if codec == "aac" else "call.ogg")
            _write(path, codec, seconds, sources or [FIXTURE])
            costs[what] = _measured(path)
    figures = []
    for what, cost in costs.items():
        figures.append(Figure(f"{what}, beyond recognition", cost.ratio, "x real time", aim="<= 0.05"))
        for stage in ("decoding", "speech", "speakers"):
            figures.append(Figure(f"{what}, {stage}", getattr(cost, stage), "s"))
        figures.append(Figure(f"{what}, memory at the most", cost.peak, "MiB", "before the file", cost.before, "<= 1000"))
    notes.append("Memory is of the whole process without a speech model; docs/voice.md has what each model adds.")
    return Result("Listening, one thread", figures, notes)


def _write(path: Path, codec: str, seconds: int, sources: Sequence[Path]) -> None:
    """Recordings one after the other, with pauses, until there is enough."""
    import av

    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 24_000
        resampler = av.AudioResampler(stream.format, "mono", RATE)
        fifo = av.AudioFifo()
        for samples in _parts(seconds, sources):
            frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
            frame.rate = RATE
            for one in resampler.resample(frame):
                one.pts = None
                fifo.write(one)
            while (chunk := fifo.read(stream.codec_context.frame_size or 1024)) is not None:
                out.mux(stream.encode(chunk))
        out.mux(stream.encode(None))


def _parts(seconds: int, sources: Sequence[Path]) -> Iterator[NDArray[np.float32]]:
    from voice.decode import decode

    sounds = [decode(path).samples[0] for path in sources]
    chance = np.random.default_rng(0)
    length = number = 0
    while length < seconds * RATE:
        pause = chance.normal(0, 0.001, int(chance.integers(RATE // 5, RATE * 2))).astype(np.float32)
        part = np.concatenate([sounds[number % len(sounds)], pause])[: seconds * RATE - length]
        length += len(part)
        number += 1
        yield part


def _measured(path: Path) -> Cost:
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.voice", str(path)],
        cwd=ROOT,
        env={**os.environ, **threads},
        check=True,
        capture_output=True,
        text=True,
    )
    return Cost(**json.loads(done.stdout))


def _listen(path: Path) -> Cost:
    from voice.listen import listen

    before = _peak()
    spent = {"decoding": 0.0, "speech": 0.0, "speakers": 0.0}
    last, sound = perf_counter(), 0.0
    for step in listen(path, Deaf()):
        now = perf_counter()
        if step.stage in spent:
            spent[step.stage] += now - last
        last = now
        if step.transcript is not None:
            sound = step.transcript.duration
    return Cost(sound, peak=_peak(), before=before, **spent)


def _peak() -> float:
    """MiB at the most so far; what getrusage tells would be that of the process which started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(asdict(_listen(Path(sys.argv[1])))))
