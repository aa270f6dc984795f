"""Speech into words: Whisper through faster-whisper (CTranslate2), from a folder or by name, never from the network."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from voice.cannot_hear import CannotHear
from voice.doubt import Hearing, is_in_doubt, most_tokens
from voice.profile import SETTING, SHIPPED, Profile, profile_of
from voice.slower import DOUBTFUL, SPEED, likelihood, slower
from voice.transcript import RATE, Word

_LEAST_LEFT = 100
"""Frames (10 ms each): a rest of a clip under a second is the padding behind its last word, and not worth a pass."""
_MOST_WINDOWS = 4
_FRAMES = 100
"""Frames of features in a second."""
_LONGEST = 30
"""Seconds of a window: what would be longer when it is played slower is heard once."""
_WORTH_IT = 2400
"""Frames of a window above which nothing is won by its being shorter than 30 s."""
_BIAS_LENGTH = 400
"""Characters of names that are given as bias; Whisper takes 224 tokens before what it hears."""


@dataclass(frozen=True)
class Heard:
    """What the model heard in a part of a clip, in seconds of the clip; the figures say how doubtful it is."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    lang: str
    average_log_probability: float
    no_speech: float
    compression: float


class Recogniser(Protocol):
    """Whoever turns a clip into words. `name` stands on every transcript."""

    @property
    def name(self) -> str:
        """What the model is called."""

    @property
    def profile(self) -> Profile:
        """What it can take."""

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> list[Heard]:
        """Listen to one clip of 16 kHz sound.

        `bias` are names that are likely to come up, `before` is what was said before it, `lang` is set where it is known.
        """


def _likely(heard: Sequence[Heard]) -> float:
    return likelihood((one.text, one.average_log_probability) for one in heard)


def _at_speed(one: Heard, speed: float) -> Heard:
    """In seconds of the clip as it was, of what was heard in the slower one."""
    words = tuple(replace(word, start=word.start * speed, end=word.end * speed) for word in one.words)
    return replace(one, start=one.start * speed, end=one.end * speed, words=words)


class Whisper:
    """A Whisper model. One clip at a time, also where several threads ask."""

    def __init__(self, model: Any, name: str, profile: Profile) -> None:
        self._model, self._name, self._profile = model, name, profile
        self._one = threading.Lock()

    @property
    def name(self) -> str:
        """The name, or that of the folder."""
        return self._name

    @property
    def profile(self) -> Profile:
        """How it is asked."""
        return self._profile

    @classmethod
    def load(
        cls, model: str | Path = SHIPPED, threads: int = 0, device: str = "auto", profile: Profile | None = None
    ) -> "Whisper":
        """Load a folder, or a name whose files are in the hub's cache on this machine; see `compute_type`.

        `profile` says how it is asked, where that is not as its own does.
        Raises CannotHear (`model_missing`, `model_broken`); nothing is ever fetched.
        """
        folder = _folder(str(model))
        name, its_own = known_as(model)
        try:
            import ctranslate2  # noqa: PLC0415 - a second to load

            if device == "auto":
                device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
            loaded = _once()(
                str(folder),
                device=device,
                compute_type=compute_type(device, ctranslate2.get_supported_compute_types(device)),
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError):
            raise CannotHear("model_broken", setting=SETTING, model=str(model)) from None
        return cls(loaded, name, profile or its_own)

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> list[Heard]:
        """See Recogniser."""
        heard = self._in_a_window(samples, bias, before, lang)
        likely = _likely(heard)
        is_doubtful = self._profile.second_listening and heard and likely < DOUBTFUL
        if not is_doubtful or len(samples) / SPEED > _LONGEST * RATE:
            return heard
        again = self._in_a_window(slower(samples), bias, before, lang)
        return [_at_speed(one, SPEED) for one in again] if _likely(again) > likely else heard

    def _in_a_window(self, samples: NDArray[np.float32], bias: Sequence[str], before: str, lang: str | None) -> list[Heard]:
        """In a short window where the profile has one, and again in 30 s where that is doubtful."""
        try:
            return self._once(samples, bias, before, lang, self._profile.window_padding)
        except _Doubtful:
            return self._once(samples, bias, before, lang, None)

    def _once(
        self, samples: NDArray[np.float32], bias: Sequence[str], before: str, lang: str | None, padding: float | None
    ) -> list[Heard]:
        profile = self._profile
        with self._one:
            self._model.begin(
                profile.languages if lang is None else (lang,), padding, is_checked=not profile.knows_short_windows
            )
            segments, _ = self._model.transcribe(
                samples,
                language="en",  # the first guess; each window's own is found while it is heard
                beam_size=profile.beam,
                temperature=list(profile.temperatures),
                condition_on_previous_text=profile.condition_on_previous_text,
                initial_prompt=before[-200:] if before and profile.condition_on_previous_text else None,
                hotwords=_hotwords(bias) if bias and profile.hotwords else None,
                word_timestamps=profile.word_times,
                no_speech_threshold=profile.no_speech_threshold,
                log_prob_threshold=profile.log_prob_threshold,
                compression_ratio_threshold=profile.compression_ratio_threshold,
                clip_timestamps=[0.0, len(samples) / RATE],
            )
            heard = []
            try:
                for segment in segments:
                    words = tuple(
                        Word(one.word, float(one.start), float(one.end), round(float(one.probability), 3))
                        for one in segment.words or ()
                    )
                    heard.append(
                        Heard(
                            float(segment.start),
                            float(segment.end),
                            segment.text,
                            words,
                            self._model.language,
                            float(segment.avg_logprob),
                            float(segment.no_speech_prob),
                            float(segment.compression_ratio),
                        )
                    )
            except _NothingLeft:
                pass
        return heard


def compute_type(device: str, supported: Collection[str]) -> str:
    """In which numbers a device computes: float16 on a GPU, int8 on a CPU, else the best of what it can.

    GPUs before NVIDIA's Volta have no fast float16, and CTranslate2 refuses what a device is not good at.
    """
    wanted = ("float16", "int8_float32") if device == "cuda" else ("int8",)
    return next((one for one in wanted if one in supported), "float32")


def known_as(model: str | Path) -> tuple[str, Profile]:
    """The name and the profile of a model, without loading it. Raises CannotHear as `Whisper.load` does."""
    folder = _folder(str(model))
    is_shipped = folder.resolve() == SHIPPED.resolve()
    name = "parley-whisper" if is_shipped else folder.resolve().name if Path(model).is_dir() else str(model)
    return name, profile_of(str(model), folder)


class _NothingLeft(Exception):
    """What is left of a clip is padding."""


class _Doubtful(Exception):
    """What was heard in a short window is not to be trusted."""


def _folder(model: str) -> Path:
    """Where the files of a model are; what is no folder is looked for in the hub's cache on this machine."""
    path = Path(model)
    if not path.is_dir():
        if path.is_absolute() or model.startswith((".", "~")) or path == SHIPPED:
            raise CannotHear("model_missing", setting=SETTING, model=model)
        from faster_whisper.utils import download_model  # noqa: PLC0415 - as above

        try:
            path = Path(download_model(model, local_files_only=True))
        except Exception:  # the hub's library has a dozen ways to say that it is not there
            raise CannotHear("model_missing", setting=SETTING, model=model) from None
    if not (path / "model.bin").is_file():
        raise CannotHear("model_missing", setting=SETTING, model=model)
    if not (path / "tokenizer.json").is_file():  # without it, it would be fetched from the hub
        raise CannotHear("model_broken", setting=SETTING, model=model)
    return path


def _hotwords(bias: Sequence[str]) -> str:
    """As many names as there is room for, the first first."""
    text = ""
    for name in bias:
        if len(text) + len(name) > _BIAS_LENGTH:
            break
        text += f"{name}, "
    return text.removesuffix(", ")


@cache
def _once() -> Any:
    """Return the class of models that encode a clip once, find its language among those allowed, and leave out its tail.

    Asked in the usual way, faster-whisper encodes a clip twice when its language is not known, and again for each rest of
    padding behind the last word; each time costs a whole window of 30 s. A model that knows short windows is given one that
    is no longer than the clip needs. One that does not is given such a window filled up with silence (with faster-whisper's
    zeros, which are a faint noise, it repeats its last word), one try, and so many tokens as can be said in that time; where
    what comes of it is doubtful, _Doubtful is raised.
    """
    from faster_whisper import WhisperModel  # noqa: PLC0415 - a second to load

    class Once(WhisperModel):  # type: ignore[misc,unused-ignore]
        language = "en"
        _allowed: tuple[str, ...] = ()
        _windows = 0
        _padding: float | None = None
        _is_checked = False
        _most: int | None = None

        def begin(self, allowed: tuple[str, ...], padding: float | None, *, is_checked: bool = False) -> None:
            self._allowed, self._windows, self._padding, self.language = allowed, 0, padding, "en"
            self._is_checked = is_checked

        def encode(self, features: Any) -> Any:
            self._windows += 1
            filled = int(np.flatnonzero(np.abs(features).sum(0))[-1]) + 1 if np.any(features) else 0
            if self._windows > 1 and (filled < _LEAST_LEFT or self._windows > _MOST_WINDOWS):
                raise _NothingLeft
            self._most = None
            if self._padding is not None:
                # the encoder halves the frames, so they are even
                size = max(_LEAST_LEFT, (filled + round(self._padding * _FRAMES)) // 2 * 2)
                if not self._is_checked:
                    features = features[:, :size]
                elif filled and size <= _WORTH_IT:
                    features = features[:, :size].copy()
                    features[:, filled:] = features[:, :filled].min()
                    self._most = most_tokens(filled / _FRAMES)
            return super().encode(features)

        def generate_with_fallback(self, encoder_output: Any, prompt: list[int], tokenizer: Any, options: Any) -> Any:
            if self.model.is_multilingual:
                known = tokenizer.language
                self.language = self._language(encoder_output)
                tokenizer.language = tokenizer.tokenizer.token_to_id(f"<|{self.language}|>")
                tokenizer.language_code = self.language
                at = len(prompt) - 1 - prompt[::-1].index(tokenizer.sot) + 1
                if prompt[at] == known:
                    prompt[at] = tokenizer.language
            if self._most is None:
                return super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
            # CTranslate2 stops at half of the length it is given, or where prompt and text together are as long
            longest = min(self.max_length, max(2 * self._most, self._most + len(prompt)))
            options = replace(
                options, temperatures=list(options.temperatures[:1]), max_new_tokens=max(0, longest - len(prompt))
            )
            result = super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
            found, average, _, compression = result
            tokens, most = found.sequences_ids[0], min(longest // 2, longest - len(prompt))
            heard = Hearing(tokenizer.decode(tokens), len(tokens), most, average, found.no_speech_prob, compression)
            if is_in_doubt(heard, options.no_speech_threshold):
                raise _Doubtful
            return result

        def _language(self, encoder_output: Any) -> str:
            if len(self._allowed) == 1:
                return self._allowed[0]
            found = [token[2:-2] for token, _ in self.model.detect_language(encoder_output)[0]]
            return next((code for code in found if not self._allowed or code in self._allowed), "en")

    return Once
