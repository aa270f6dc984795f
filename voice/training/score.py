"""The exported model judged as it is used: through faster-whisper, on voices it has never heard and calls of two of them."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from voice.slower import DOUBTFUL, likelihood, slower
from voice.training.calls import SIDES, call, on_telephone
from voice.training.disturb import Disturb
from voice.training.free_run import character_error, counted, edits
from voice.training.render import spoken
from voice.training.sentences import Sentence, Talk
from voice.training.speak import RATE, Espeak, Voice
from voice.training.voices import UNSEEN, unseen_voice

# what the model was not trained to do is off; silence is told by its own token alone; the language is that of each clip,
# found without a second pass of the encoder
OPTIONS = {
    "language": "en",
    "multilingual": True,
    "temperature": 0.0,
    "condition_on_previous_text": False,
    "no_speech_threshold": 0.6,
    "log_prob_threshold": None,
    "compression_ratio_threshold": None,
    "max_new_tokens": 120,
}
_CALL_S = 600.0
# breathy synthetic voices behind a telephone line begin before the usual 0.5 finds them, and lose whole words
_SPEECH = VadOptions(
    threshold=0.15, neg_threshold=0.05, min_silence_duration_ms=300, speech_pad_ms=300, max_speech_duration_s=20
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Heard:
    """One utterance of the score: what was said, and what was written after one listening and in the end."""

    said: Sentence
    once: str
    text: str


def score(
    model: Path, talk: Talk, espeak: Path | None, each: int, seed: int, beams: Sequence[int] = (1, 5)
) -> Iterator[str]:
    """Lines of a table, one after the other: utterances by kind, line and beam, then a ten-minute call a language."""
    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)
    library = Espeak(espeak)
    yield f"multilingual {whisper.model.is_multilingual}"
    for kind, sentences in _sentences(talk, each, seed).items():
        for line in ("clean", "telephone and noise"):
            waves = disturbed(sentences, library, line, seed)
            for beam in beams:
                yield _row(whisper, f"{kind}, {line}, beam {beam}", sentences, waves, beam)
    for lang in talk.domains:
        yield _call_row(whisper, talk, library, lang, seed)


def _sentences(talk: Talk, each: int, seed: int) -> dict[str, list[Sentence]]:
    rng = random.Random(seed)  # noqa: S311
    kinds: dict[str, list[Sentence]] = {"trained patterns": [], "scrambled clauses": [], "patterns held out": []}
    if all(talk.sayings.values()):
        kinds["sayings"] = []
    for lang, domain in talk.domains.items():
        for _ in range(each):
            kinds["trained patterns"].append(domain.sentence(rng))
        for _ in range(each // 2):
            kinds["scrambled clauses"].append(domain.scrambled(rng))
            kinds["patterns held out"].append(domain.sentence(rng, held_out=True))
        if "sayings" in kinds:
            kinds["sayings"] += [Sentence(lang, text, text) for text in rng.sample(talk.sayings[lang], each // 2)]
    return kinds


def disturbed(sentences: Sequence[Sentence], library: Espeak, line: str, seed: int) -> list[NDArray[np.float32]]:
    """The sentences by voices that were never trained on, over a line: `clean`, or `telephone and noise`."""
    rng = random.Random(seed)  # noqa: S311
    disturb = Disturb(torch.device("cpu"), seed)
    share = 0.0 if line == "clean" else 1.0
    waves = []
    for sentence in sentences:
        wave = spoken(library, sentence, unseen_voice(rng, sentence.lang)).wave
        wave = np.concatenate((np.zeros(RATE // 4, np.float32), wave, np.zeros(RATE // 4, np.float32)))
        if share:
            heard = disturb(torch.from_numpy(wave)[None], torch.tensor([len(wave)]), telephone=share, noisy=share)
            wave = heard[0].numpy()
        waves.append(wave)
    return waves


def _row(whisper: WhisperModel, name: str, sentences: list[Sentence], waves: list[NDArray[np.float32]], beam: int) -> str:
    began = time.perf_counter()
    heard = [Heard(sentence, *_listened(whisper, wave, beam)) for sentence, wave in zip(sentences, waves, strict=True)]
    took = time.perf_counter() - began
    errors = " ".join(
        f"{lang} {character_error((each.said.written, each.text) for each in heard if each.said.lang == lang):.4f}"
        f" (once {character_error((each.said.written, each.once) for each in heard if each.said.lang == lang):.4f})"
        for lang in dict.fromkeys(each.said.lang for each in heard)
    )
    exact = sum(counted(each.said.written) == counted(each.text) for each in heard) / len(heard)
    right = sum((each.said.lang == "zh") == bool(_CHINESE.search(each.text)) for each in heard) / len(heard)
    sound = sum(len(wave) for wave in waves) / RATE
    return f"{name}: error {errors}, exact {exact:.2f}, language {right:.3f}, {took / sound:.3f} of real time"


def _listened(whisper: WhisperModel, wave: NDArray[np.float32], beam: int) -> tuple[str, str]:
    """What one listening gives, and what is kept after a second one where the first is doubtful."""
    once, how_likely = _once(whisper, wave, beam)
    # where nothing was heard, nothing is looked for
    if not once or how_likely >= DOUBTFUL:
        return once, once
    again, how_likely_again = _once(whisper, slower(wave), beam)
    return once, again if how_likely_again > how_likely else once


def _once(whisper: WhisperModel, wave: NDArray[np.float32], beam: int) -> tuple[str, float]:
    segments = list(whisper.transcribe(wave, beam_size=beam, **OPTIONS)[0])
    return "".join(each.text for each in segments), likelihood((each.text, each.avg_logprob) for each in segments)


def _call_row(whisper: WhisperModel, talk: Talk, library: Espeak, lang: str, seed: int) -> str:
    rng = random.Random(seed)  # noqa: S311
    domain = talk.domains[lang]
    voices = {
        side: Voice(variant, speed=rng.randint(155, 190), pitch=rng.randint(35, 65))
        for side, variant in zip(SIDES, UNSEEN[2:4], strict=True)
    }
    made = call(domain, library, voices, list(domain.calls), _CALL_S, rng)
    track = on_telephone(made.mono() * 0.5, np.random.default_rng(seed))
    began = time.perf_counter()
    spans = get_speech_timestamps(track, _SPEECH)
    texts = [_listened(whisper, track[span["start"] : span["end"]], 5) for span in spans]
    took = time.perf_counter() - began
    said = counted("".join(turn.text for turn in made.turns))
    once, error = (edits(said, counted("".join(text))) / len(said) for text in zip(*texts, strict=True))
    return (
        f"ten-minute call, {lang}: error {error:.4f} (once {once:.4f}), {len(made.turns)} turns in {len(spans)} pieces, "
        f"{took / (len(track) / RATE):.3f} of real time"
    )
