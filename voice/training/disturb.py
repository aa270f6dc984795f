"""What happens to speech on its way: rooms, telephone lines, noise, level; on a whole batch of waves at once."""

import math
import random

import torch
from torch import Tensor

from voice.training.speak import RATE

# what a narrow-band telephone line lets through, in Hz (ITU-T G.712)
_BAND = (300, 3400)
_MU = 255.0


class Disturb:
    """Random disturbances on one device; each row of a batch gets its own."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self._device = device
        self._draw = torch.Generator(device=device)
        self._draw.manual_seed(seed)
        # what holds for a whole batch is drawn here: a look at the device would wait for it
        self._coin = random.Random(seed)  # noqa: S311

    def __call__(self, waves: Tensor, lengths: Tensor, *, telephone: float = 0.6, noisy: float = 0.75) -> Tensor:
        """[batch, samples] in and out; after `lengths` [batch] a row stays silent.

        `telephone` and `noisy` are the shares of rows behind a telephone line and in noise (8 to 38 dB under the speech).
        """
        rows, samples = waves.shape
        inside = torch.arange(samples, device=self._device)[None] < lengths[:, None]
        power = (waves**2).sum(1) / lengths.clamp(min=1)
        silent = power < 1e-9
        if self._coin.random() < 0.3:
            waves = self._in_a_room(waves)
        noise = self._noise(rows, samples)
        ratio = 10 ** (-(8 + 30 * self._chance(rows)) / 10)
        # a row without speech gets noise of any level, from none that matters to as loud as a voice
        level = torch.where(silent, 10 ** (-7 + 4.6 * self._chance(rows)), power * ratio * (self._chance(rows) < noisy))
        waves = waves + noise * level.sqrt()[:, None]
        on_line = (self._chance(rows) < telephone)[:, None]
        waves = torch.where(on_line, self._telephone(waves), waves)
        gain = 10 ** ((-22 + 26 * self._chance(rows)) / 20)
        # what no converter is without: a floor far below everything
        floor = 10 ** (-4.6 + 1.2 * self._chance(rows))
        waves = waves * gain[:, None] + torch.randn(waves.shape, generator=self._draw, device=self._device) * floor[:, None]
        return waves.clamp(-1, 1) * inside

    def _chance(self, rows: int) -> Tensor:
        return torch.rand(rows, generator=self._draw, device=self._device)

    def _in_a_room(self, waves: Tensor) -> Tensor:
        """Noise dying away over 0.1 to 0.5 s, mixed in behind the voice."""
        rows, samples = waves.shape
        tail = RATE // 2
        times = torch.arange(tail, device=self._device) / RATE
        decay = torch.exp(-6.9 * times[None] / (0.1 + 0.4 * self._chance(rows))[:, None])
        echo = torch.randn((rows, tail), generator=self._draw, device=self._device) * decay
        echo = (
            echo / (echo**2).sum(1, keepdim=True).sqrt() * (0.5 * self._chance(rows) * (self._chance(rows) < 0.6))[:, None]
        )
        echo[:, : RATE // 200] = 0
        echo[:, 0] = 1
        size = _fast_length(samples + tail)
        return torch.fft.irfft(torch.fft.rfft(waves, size) * torch.fft.rfft(echo, size), size)[:, :samples]

    def _noise(self, rows: int, samples: int) -> Tensor:
        """Noise of power one: white to brown, with hum or a chord in some rows, swelling in others."""
        size = _fast_length(samples)
        spectrum = torch.fft.rfft(torch.randn((rows, size), generator=self._draw, device=self._device))
        bins = torch.arange(1, spectrum.shape[1] + 1, device=self._device)
        tilt = (bins / 100).clamp(min=0.3)[None] ** -(1.1 * self._chance(rows))[:, None]
        noise = torch.fft.irfft(spectrum * tilt, size)[:, :samples]
        noise = noise / (noise**2).mean(1, keepdim=True).sqrt()
        times = torch.arange(samples, device=self._device)[None] / RATE
        tones = torch.zeros_like(noise)
        pitch = 50 * 2 ** (5 * self._chance(rows))[:, None]
        for harmonic in (1.0, 1.26, 1.5, 2.0, 3.0):
            share = self._chance(rows)[:, None]
            beat = (torch.sin(2 * math.pi * (0.3 + 3 * share) * times + 6 * share) > -0.3).float()
            tones = tones + share * beat * torch.sin(2 * math.pi * pitch * harmonic * times)
        noise = torch.where(self._chance(rows)[:, None] < 0.2, noise * 0.3 + tones, noise)
        swell = 1 + 0.9 * torch.sin(2 * math.pi * (0.2 + 4 * self._chance(rows))[:, None] * times)
        noise = torch.where(self._chance(rows)[:, None] < 0.3, noise * swell, noise)
        return noise / (noise**2).mean(1, keepdim=True).sqrt()

    def _telephone(self, waves: Tensor) -> Tensor:
        """The band of a telephone line and its 8-bit mu-law (ITU-T G.711) at 8 kHz."""
        rows, samples = waves.shape
        size = _fast_length(samples)
        hertz = torch.fft.rfftfreq(size, 1 / RATE, device=self._device)[None]
        low = _BAND[0] * (0.5 + 0.7 * self._chance(rows))[:, None]
        high = _BAND[1] * (0.95 + 0.13 * self._chance(rows))[:, None]
        through = torch.sigmoid((hertz - low) / 30) * torch.sigmoid((high - hertz) / 60)
        narrow = torch.fft.irfft(torch.fft.rfft(waves, size) * through, size)[:, ::2]
        peak = narrow.abs().amax(1, keepdim=True).clamp(min=1e-4) * (1 + 3 * self._chance(rows))[:, None]
        squeezed = torch.sign(narrow) * torch.log1p(_MU * (narrow / peak).abs()) / math.log1p(_MU)
        coarse = (squeezed * 127).round() / 127
        narrow = torch.sign(coarse) * torch.expm1(coarse.abs() * math.log1p(_MU)) / _MU * peak
        spectrum = torch.fft.rfft(narrow) * 2
        wide = torch.zeros((rows, size // 2 + 1), dtype=spectrum.dtype, device=self._device)
        wide[:, : spectrum.shape[1]] = spectrum
        return torch.fft.irfft(wide, size)[:, :samples]


def _fast_length(samples: int) -> int:
    """A length not shorter that transforms fast: a multiple of 8,000 samples, half a second."""
    return -(-samples // 8000) * 8000
