"""A model of emotion: a folder with an ONNX file and a small profile; the shipped one, or a stronger one in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import yaml

from voice.emotions import EMOTIONS
from voice.features import NAMES, Floats
from voice.hearings import agreed

MODEL_FILE = "emotion.onnx"
PROFILE_FILE = "emotion.yaml"
SHIPPED = Path(__file__).parent / "model" / "emotion"
_KNOWN_INPUTS = ({"features"}, {"features", "calm", "share"}, {"waveform"})
_LONGEST = 30
"""Seconds of a segment that a model of waveforms gets at once; of a longer one the middle."""
_RATE = 16_000
_HEARD_OFTEN = 3
"""Axes of the statistics of segments that were heard several times."""


@dataclass(frozen=True)
class Profile:
    """`inputs`: `features` (n, 102), perhaps with `calm` (n, 102) and `share` (n, 1), or `waveform` (1, samples at 16 kHz);
    `labels`: which emotion each output stands for, in their order, others than our four are let fall; `sure_from` and
    `angry_from`: the probabilities from which an answer is given and anger called, `angry_from_calm` the latter where the
    caller's calm is known; `hears_again`: whether it is given each segment as often as `voice.hearings` hears it."""

    name: str
    inputs: frozenset[str]
    labels: tuple[str, ...]
    sure_from: float
    angry_from: float
    gives_logits: bool = False
    hears_again: bool = False
    angry_from_calm: float | None = None

    def calls_angry_from(self, *, knows_calm: bool) -> float:
        """Return the probability from which anger is called."""
        return self.angry_from if self.angry_from_calm is None or not knows_calm else self.angry_from_calm


class EmotionModel:
    """Says how segments sound; holds nothing that changes."""

    def __init__(self, session: onnxruntime.InferenceSession, profile: Profile) -> None:
        self._session = session
        self.profile = profile
        self._places = [profile.labels.index(name) for name in EMOTIONS]

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> "EmotionModel":
        """Raise ValueError with one clear sentence when the folder holds no whole model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            said = yaml.safe_load((folder / PROFILE_FILE).read_text(encoding="utf-8"))
            profile = Profile(
                str(said["name"]),
                frozenset(map(str, said["inputs"])),
                tuple(map(str, said["labels"])),
                float(said.get("sure_from", 0.5)),
                float(said.get("angry_from", 0.5)),
                said.get("output", "probabilities") == "logits",
                bool(said.get("hears_again", False)),
                float(said["angry_from_calm"]) if "angry_from_calm" in said else None,
            )
            content = (folder / said.get("file", MODEL_FILE)).read_bytes()
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # yaml and onnxruntime raise their own kinds, without a common one
            raise ValueError(f"{folder}: no emotion model can be loaded from here: {error}") from error
        named = {one.name for one in session.get_inputs()}
        if set(profile.inputs) not in _KNOWN_INPUTS or named != set(profile.inputs):
            raise ValueError(f"{folder}: the model takes {sorted(named)}, its profile says {sorted(profile.inputs)}")
        missing = [name for name in EMOTIONS if name not in profile.labels]
        if missing:
            raise ValueError(f"{folder}: no output of the model stands for {', '.join(missing)}")
        return cls(session, profile)

    @property
    def hears_waveforms(self) -> bool:
        """Whether it wants the sound itself and not our features."""
        return "waveform" in self.profile.inputs

    def of_features(self, features: Floats, calm: Floats | None = None) -> Floats:
        """Return probabilities (n, 4) of segments by their statistics (n, 102), against the caller's calm (102) if known.

        Of segments that were heard k times both have one more axis, (n, k, 102) and (k, 102): what the hearings agree on.
        """
        features = np.asarray(features, np.float32)
        rows = features.reshape(-1, len(NAMES))
        given = {"features": rows}
        if "calm" in self.profile.inputs:
            known = 0.0 if calm is None else calm
            given["calm"] = np.broadcast_to(known, features.shape).astype(np.float32).reshape(rows.shape)
            given["share"] = np.full((len(rows), 1), 0.0 if calm is None else 1.0, np.float32)
        told = self._four(self._session.run(None, given)[0])
        return agreed(told.reshape(*features.shape[:-1], -1)) if features.ndim == _HEARD_OFTEN else told

    def of_sounds(self, sounds: Sequence[Floats]) -> Floats:
        """Return probabilities (n, 4) of segments by their sound."""
        rows = [self._four(self._session.run(None, {"waveform": _middle(sound)[None]})[0]) for sound in sounds]
        return np.concatenate(rows) if rows else np.zeros((0, len(EMOTIONS)), np.float32)

    def _four(self, told: Floats) -> Floats:
        told = np.asarray(told, np.float32).reshape(-1, len(self.profile.labels))
        if self.profile.gives_logits:
            raised = np.exp(told - told.max(axis=1, keepdims=True))
            told = raised / raised.sum(axis=1, keepdims=True)
        four = np.maximum(told[:, self._places], 1e-9)
        return np.asarray(four / four.sum(axis=1, keepdims=True), np.float32)


def _middle(sound: Floats) -> Floats:
    spare = max(len(sound) - _LONGEST * _RATE, 0) // 2
    return np.asarray(sound[spare : spare + _LONGEST * _RATE], np.float32)
