"""The recordings that the tests keep: one short call a language, by voices of no training, with what was said when."""

import random
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import yaml
from numpy.typing import NDArray

from voice.training.calls import SIDES, call
from voice.training.sentences import LANGUAGES, read_domain
from voice.training.speak import RATE, Espeak, Voice
from voice.training.voices import KEPT

_SCRIPT: Final = ("price",)
_BITS_A_SECOND: Final = 9_000


def record(folder: Path, espeak: Path | None, seed: int) -> dict[str, int]:
    """Write `call_LANG.opus`, both sides on one track, and `call_LANG.yaml` with its turns; returns the bytes of each."""
    folder.mkdir(parents=True, exist_ok=True)
    library = Espeak(espeak)
    sizes: dict[str, int] = {}
    for lang in LANGUAGES:
        rng = random.Random(seed)  # noqa: S311 - a recording that can be made again
        voices = {side: Voice(variant, speed=170) for side, variant in zip(SIDES, KEPT, strict=True)}
        made = call(read_domain(lang), library, voices, _SCRIPT, 0, rng)
        sound, said = folder / f"call_{lang}.opus", folder / f"call_{lang}.yaml"
        _write(sound, made.mono() * 0.6)
        turns = [{"speaker": turn.speaker, "start": turn.start, "end": turn.end, "text": turn.text} for turn in made.turns]
        content = {"lang": lang, "voices": {side: voice.variant for side, voice in voices.items()}, "turns": turns}
        said.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=200), "utf-8")
        sizes |= {path.name: path.stat().st_size for path in (sound, said)}
    return sizes


def _write(path: Path, wave: NDArray[np.float32]) -> None:
    samples = (wave.clip(-1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = _BITS_A_SECOND
        for at in range(0, len(samples), RATE):
            frame = av.AudioFrame.from_ndarray(samples[None, at : at + RATE], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
