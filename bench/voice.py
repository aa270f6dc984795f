"""What listening costs beyond recognition, against real time on one thread, and how much memory three hours take.

The recogniser here costs nothing: whatever it hears, it says the sentences of a sales call, as many as people would say in
that time. So what is measured is decoding, finding speech, telling the speakers, keeping what is decoded sealed and reading
it again for every piece and for the mood, judging how the customer sounds, and reading every sentence for the report. Real
speech is read from the shared folder, where that is there; else a synthetic call is repeated.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import yaml
from numpy.typing import NDArray

from bench.table import Figure, Result

if TYPE_CHECKING:
    from bot.decoded_sound import DecodedSound
    from intents.understand import Reader
    from voice.decode import Recording
    from voice.transcribe import Heard
    from voice.transcript import Transcript

ROOT = Path(__file__).parent.parent
SPEECH = ROOT.parent / "shared" / "data" / "audio" / "speech"
"""Real speech: *.flac with a manifest.csv beside it; read only, and not part of the repository."""

FIXTURE = ROOT / "tests" / "voice" / "fixtures" / "call_en.ogg"
SAID = ROOT / "tests" / "voice" / "files" / "call_en.yaml"
"""What the recogniser says."""

RATE = 16_000
_WORDS = 2.5
"""Words that people say in a second."""
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SHORT, LONG = 600, 3 * 3600


@dataclass(frozen=True)
class Cost:
    """Seconds of the processor by stage, of how many seconds of sound; MiB at the most; MiB before the file was opened."""

    sound: float
    decoding: float
    speech: float
    speakers: float
    pieces: float
    mood: float
    report: float
    sentences: int
    peak: float
    before: float

    @property
    def ratio(self) -> float:
        """All stages together, as a part of real time."""
        return sum(getattr(self, stage) for stage in STAGES) / self.sound

    @property
    def opened(self) -> float:
        """What decoding and the pieces take, as a part of real time: it must not grow with the length."""
        return (self.decoding + self.pieces) / self.sound


STAGES = ("decoding", "speech", "speakers", "pieces", "mood", "report")


class Reciter:
    """A recogniser that does not listen."""

    name = "reciter"

    def __init__(self) -> None:
        from voice.profile import LARGE

        self.profile = LARGE
        self._sentences = cycle(turn["text"] for turn in yaml.safe_load(SAID.read_text(encoding="utf-8"))["turns"])

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> "list[Heard]":
        from voice.transcribe import Heard
        from voice.transcript import Word

        seconds, at = len(samples) / RATE, 0.0
        said = []
        while at < seconds:
            text = next(self._sentences)
            each = [Word(f" {word}", at + n / _WORDS, at + (n + 1) / _WORDS, 0.9) for n, word in enumerate(text.split())]
            at = each[-1].end
            words = tuple(word for word in each if word.end <= seconds)
            if words:
                written = "".join(word.text for word in words)
                said.append(Heard(words[0].start, words[-1].end, written, words, "en", -0.1, 0.01, 1.2))
        return said


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
        for stage in STAGES:
            figures.append(Figure(f"{what}, {stage}", getattr(cost, stage), "s"))
        figures.append(Figure(f"{what}, decoding it and reading it piece by piece", cost.opened, "x real time"))
        figures.append(Figure(f"{what}, sentences read for the report", cost.sentences, ""))
        figures.append(Figure(f"{what}, memory at the most", cost.peak, "MiB", "before the file", cost.before, "<= 1000"))
    notes.append("Seconds of the processor, one thread, so that others on the machine do not count.")
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
    from intents.understand import Reader
    from voice.listen import listen

    reader = Reader.load(ROOT / "intents" / "model", ROOT / "intents" / "dictionary.yaml")
    reader.understand("hello", sent_at=_ANY_MOMENT)  # what is read at the first call belongs to no recording
    before = _peak()
    spent = dict.fromkeys(STAGES, 0.0)
    last, transcript = process_time(), None
    for step in listen(path, Reciter()):
        now = process_time()
        if step.stage in spent:
            spent[step.stage] += now - last
        last, transcript = now, step.transcript or transcript
    assert transcript is not None, "listening ends with a transcript"
    spent["pieces"], spent["mood"] = _pieces_and_mood(path, transcript)
    spent["report"], sentences = _report(transcript, reader)
    return Cost(transcript.duration, sentences=sentences, peak=_peak(), before=before, **spent)


def _pieces_and_mood(path: Path, transcript: "Transcript") -> tuple[float, float]:
    """Seconds to seal what is decoded and read each piece of it, as the house does; and to judge by it whoever speaks most,
    as though that were the customer: the dearest case."""
    from bot.decoded_sound import DecodedSound
    from voice.customer_mood import CustomerMoods
    from voice.decode import record
    from voice.speech import PIECE
    from voice.transcript import Span

    with tempfile.TemporaryDirectory(prefix="parley-voice-") as home:
        kept = DecodedSound(Path(home), b"a secret that seals nothing else", free=lambda _: 2**62)
        with record(path) as recording:
            began = process_time()
            kept.keep("call", recording)
        at = 0.0
        while at < transcript.duration:
            with _opened(kept) as piece:
                end = min(at + PIECE, transcript.duration)
                while at < end:
                    piece.sound(Span(at, min(at + 30, end)))
                    at += min(30, end - at)
        pieces = process_time() - began
        began = process_time()
        with _opened(kept) as whole:
            CustomerMoods().judge(whole, transcript.turns, _speaks_most(transcript))
        return pieces, process_time() - began


def _opened(kept: "DecodedSound") -> "Recording":
    recording = kept.opened("call")
    assert recording is not None, "it was kept a moment ago"
    return recording


def _report(transcript: "Transcript", reader: "Reader") -> tuple[float, int]:
    """Seconds to read every sentence, as the report does, and how many there are."""
    from voice.report import Mention, Reading, report_of
    from voice.sentences import Sentence

    def reading(sentence: Sentence) -> Reading:
        found = reader.understand(sentence.text, role="customer", sent_at=_ANY_MOMENT)
        named = tuple(Mention(slot.type, slot.text, slot.value) for slot in found.slots)
        return Reading(found.intent, found.confidence, found.sure, named)

    began = process_time()
    report = report_of(replace(transcript, customer=_speaks_most(transcript)), reading)
    return process_time() - began, len(report.sentences)


def _speaks_most(transcript: "Transcript") -> str:
    held: dict[str, float] = {}
    for turn in transcript.turns:
        held[turn.speaker] = held.get(turn.speaker, 0.0) + turn.end - turn.start
    return max(held, key=held.__getitem__)


def _peak() -> float:
    """MiB at the most so far; what getrusage tells would be that of the process which started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(asdict(_listen(Path(sys.argv[1])))))
