"""Speech from espeak-ng through its C library: the samples of a sentence and which phoneme sounds when.

The library's synchronous mode is called instead of the program because it also tells each phoneme's time, which is the frame
labels of the first training stage for nothing. Chinese is read by `cmn-latn-pinyin` (`cmn` reads characters through English
rules); Latin words inside Chinese are read by an English voice of the same variant.
"""

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16000
CHINESE = "cmn-latn-pinyin"
ENGLISH = (
    "en-us",
    "gmw/en",
    "gmw/en-GB-x-rp",
    "gmw/en-GB-scotland",
    "gmw/en-GB-x-gbclan",
    "gmw/en-GB-x-gbcwmd",
    "gmw/en-US-nyc",
)
SILENCE = "_"

_PHONEME_EVENT = 7
_SYNCHRONOUS = 2
_WITH_PHONEMES = 1
_UTF8 = 1
_SPEED, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
# what the library speaks at; 320/441 of it is what Whisper listens at
_UP, _DOWN = 320, 441
_LATIN = re.compile(r"[A-Za-z][A-Za-z' -]*")
_SMOOTH = sorted(2**a * 3**b * 5**c for a in range(12) for b in range(7) for c in range(5))


@dataclass(frozen=True)
class Voice:
    """One synthetic speaker: a variant of espeak-ng and how it talks."""

    variant: str
    accent: str = "en-us"
    speed: int = 170  # words a minute
    pitch: int = 50  # 0 to 99
    spread: int = 50  # of the pitch, 0 to 100
    loudness: int = 100


@dataclass(frozen=True)
class Speech:
    """What was spoken: samples at 16 kHz in -1..1 and, in order, the second at which each phoneme starts."""

    wave: NDArray[np.float32]
    phones: tuple[tuple[float, str], ...]


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", _Name),
    )


class Espeak:
    """The library, opened once a process; one sentence at a time."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open the installed library, or the one under `folder` (Debian packages unpacked there, not installed).

        Raises OSError where the library is not found.
        """
        self._wave: list[NDArray[np.int16]] = []
        self._phones: list[tuple[float, str]] = []
        data = None
        name = "libespeak-ng.so.1"
        if folder is not None:
            # what the library leans on is opened first, so that the loader does not look for it in the system
            found = {path.name: path for path in sorted(folder.rglob("*.so.*"))}
            if name not in found:
                raise OSError(f"no {name} under {folder}")
            for needed in ("libsonic.so.0", "libpcaudio.so.0"):
                if needed in found:
                    ctypes.CDLL(str(found[needed]), mode=ctypes.RTLD_GLOBAL)
            data = str(next(folder.rglob("espeak-ng-data")).parent).encode()
            name = str(found[name])
        self._library = ctypes.CDLL(name)
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _WITH_PHONEMES))
        if self.rate <= 0:
            raise OSError("espeak-ng finds none of its data")
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))
        self._callback = kind(self._heard)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, spoken: str, lang: str, voice: Voice) -> Speech:
        """Speak a sentence of `lang` (`zh` or `en`); raises ValueError for a voice that espeak-ng does not have."""
        waves: list[NDArray[np.float32]] = []
        phones: list[tuple[float, str]] = []
        at = 0.0
        runs = _runs(spoken) if lang == "zh" else [("en", spoken)]
        for number, (tongue, text) in enumerate(runs):
            wave, heard = self._run(text, tongue, voice)
            if number < len(runs) - 1:
                wave = _trimmed(wave)
            phones += [(at + second, name if name == SILENCE else tongue + name) for second, name in heard]
            waves.append(wave)
            at += len(wave) / RATE
        return Speech(np.concatenate(waves), tuple(phones))

    def _run(self, text: str, tongue: str, voice: Voice) -> tuple[NDArray[np.float32], list[tuple[float, str]]]:
        self._wave.clear()
        self._phones.clear()
        name = f"{CHINESE if tongue == 'zh' else voice.accent}+{voice.variant}"
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {name}")
        settings = {_SPEED: voice.speed, _VOLUME: voice.loudness, _PITCH: voice.pitch, _RANGE: voice.spread}
        for parameter, value in settings.items():
            self._library.espeak_SetParameter(parameter, value, 0)
        said = text.encode() + b"\0"
        self._library.espeak_Synth(said, len(said), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if not self._wave:
            return np.zeros(1, np.float32), []
        return resampled((np.concatenate(self._wave) / np.float32(32768)).astype(np.float32)), list(self._phones)

    def _heard(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._wave.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events[number].type != 0:
            event = events[number]
            if event.type == _PHONEME_EVENT:
                raw = ctypes.string_at(ctypes.addressof(event.id), 8).split(b"\0")[0].decode("utf-8", "ignore")
                self._phones.append((event.milliseconds / 1000, SILENCE if raw.startswith(SILENCE) or not raw else raw))
            number += 1
        return 0


def resampled(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same sound at 16 kHz instead of 22.05 kHz, by cutting its spectrum."""
    blocks = -(-len(wave) // _DOWN)
    blocks = next((smooth for smooth in _SMOOTH if smooth >= blocks), blocks)
    before, after = blocks * _DOWN, blocks * _UP
    spectrum = np.fft.rfft(wave, before)[: after // 2 + 1]
    length = len(wave) * _UP // _DOWN
    return (np.fft.irfft(spectrum, after)[:length] * (_UP / _DOWN)).astype(np.float32)


def _runs(spoken: str) -> list[tuple[str, str]]:
    """Chinese and Latin stretches, in order; punctuation stays with what stands before it."""
    runs: list[tuple[str, str]] = []
    at = 0
    for latin in _LATIN.finditer(spoken):
        if spoken[at : latin.start()].strip():
            runs.append(("zh", spoken[at : latin.start()]))
        runs.append(("en", latin.group().strip()))
        at = latin.end()
    if spoken[at:].strip():
        runs.append(("zh", spoken[at:]))
    return runs


def _trimmed(wave: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = np.flatnonzero(np.abs(wave) > 0.004)
    return wave[: loud[-1] + RATE // 33] if len(loud) else wave
