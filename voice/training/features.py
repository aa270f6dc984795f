"""Log-mel features of a whole batch in torch, the same numbers as faster-whisper's own extractor gives for one recording.

The model must be trained on what it will be given. `FeatureExtractor` of faster-whisper 1.2.1: window of 400 samples, hop of
160, Slaney mels from 0 to 8 kHz, everything under the recording's loudest point minus 80 dB cut off, then (x + 4) / 4.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voice.training.network import MELS
from voice.training.speak import RATE

HOP = 160
_WINDOW = 400
_LINEAR_STEP = 200 / 3  # Hz a mel, up to 1 kHz
_TOP_MEL = 45.245640471924965  # 8 kHz


def mel_filters() -> NDArray[np.float32]:
    """[80, 201]: what each mel takes from each frequency; Slaney's scale and area (Slaney 1998, Auditory Toolbox)."""
    mels = np.linspace(0, _TOP_MEL, MELS + 2)
    bend = 1000 / _LINEAR_STEP
    hertz = np.where(mels < bend, mels * _LINEAR_STEP, 1000 * np.exp(math.log(6.4) / 27 * (mels - bend)))
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    width = np.diff(hertz)
    slopes = hertz[:, None] - bins[None]
    rising, falling = -slopes[:-2] / width[:-1, None], slopes[2:] / width[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (hertz[2:] - hertz[:-2]))[:, None]
    return filters.astype(np.float32)


class Features:
    """Waves to features on one device."""

    def __init__(self, device: torch.device) -> None:
        self._filters = torch.from_numpy(mel_filters()).to(device)
        self._window = torch.hann_window(_WINDOW, periodic=True, device=device)

    def __call__(self, waves: Tensor, louder: Tensor | None = None) -> Tensor:
        """[batch, samples] at 16 kHz to [batch, 80, samples / 160 + 1]; the last frame is mostly padding.

        `louder`, [batch], tells by how much (in log10 of power) the rest of the recording is louder than this window:
        the floor hangs on the loudest point of the whole recording.
        """
        waves = torch.nn.functional.pad(waves, (0, HOP))
        spectrum = torch.stft(waves, _WINDOW, HOP, window=self._window, return_complex=True)[..., :-1]
        power = spectrum.real**2 + spectrum.imag**2
        log = (self._filters @ power).clamp(min=1e-10).log10()
        top = log.amax((1, 2))
        if louder is not None:
            top = top + louder
        return (torch.maximum(log, top[:, None, None] - 8) + 4) / 4
