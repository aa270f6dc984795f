"""A model of emotion that says what it is told to say and remembers all that it ever heard."""

from collections.abc import Sequence

import numpy as np

from voice.emotion_model import EmotionModel, Profile
from voice.emotions import EMOTIONS
from voice.features import NAMES, Floats, tracks

Row = tuple[float, float, float, float]
CALM: Row = (0.05, 0.05, 0.85, 0.05)


class Listener(EmotionModel):
    """`says`: probabilities of each segment in turn, the same for a second look; calm where nothing is given."""

    def __init__(
        self,
        says: Sequence[Row] = (),
        inputs: Sequence[str] = ("features",),
        angry_from: float = 0.5,
        *,
        hears_again: bool = False,
        angry_from_calm: float | None = None,
    ) -> None:
        self.profile = Profile("listener", frozenset(inputs), EMOTIONS, 0.5, angry_from, False, hears_again, angry_from_calm)
        self.rows: list[Floats] = []
        self.sounds: list[Floats] = []
        self.calm: Floats | None = None
        self._says = says

    def of_features(self, features: Floats, calm: Floats | None = None) -> Floats:
        self.rows.extend(features)
        self.calm = calm
        return self._answers(len(features))

    def of_sounds(self, sounds: Sequence[Floats]) -> Floats:
        self.sounds.extend(sounds)
        return self._answers(len(sounds))

    def pitches(self) -> list[float]:
        """The pitch in hertz of everything that was heard."""
        place = NAMES.index("voiced_pitch_middle")
        heard = [tracks(sound).pitch for sound in self.sounds]
        return [100 * 2 ** (float(row[place]) / 12) for row in self.rows] + [float(np.median(one[one > 0])) for one in heard]

    def _answers(self, count: int) -> Floats:
        return np.array(list(self._says) if self._says else [CALM] * count, np.float32).reshape(count, 4)
