"""Parley's listening beside openai-whisper: the same weights, the same clips, the same options, turn about in one process.

openai-whisper computes in float32, Parley in int8, as either does on a CPU. openai-whisper is no part of Parley; where it is
not installed, the benchmark says how to get it.
"""

import csv
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.table import Figure, Result
from bench.whisper_weights import weights
from voice.profile import SHIPPED

if TYPE_CHECKING:
    from voice.transcribe import Whisper

ROOT = Path(__file__).parent.parent
GET_IT = "not run: openai-whisper is not installed (`pip install openai-whisper`, which brings torch)"
EACH = 8
"""Synthetic sentences a language for a model that knows no other speech."""
RUNS = 3
THREADS = (1, 2)
_RATE = 16_000
_UNCOUNTED = "\"'.,!?;:，。？！、；：“”‘’…-—·()"


@dataclass(frozen=True)
class Clip:
    """Sound at 16 kHz, in what language, and what is said in it."""

    lang: str
    said: str
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Way:
    """One way to ask: both sides get the same, but for what only Parley has, which stands alone.

    `again` is its second listening, `whole` its windows of 30 s where it would first try one as short as the clip.
    """

    name: str
    beam: int
    word_times: bool
    temperatures: tuple[float, ...]
    again: bool = False
    whole: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether openai-whisper has nothing like it."""
        return self.again or self.whole


@dataclass(frozen=True)
class Measured:
    """Seconds of each run over all clips, and the texts of the last, by side and way."""

    way: str
    sound: float
    ours: Sequence[float]
    theirs: Sequence[float]
    our_texts: Sequence[str]
    their_texts: Sequence[str]
    said: Sequence[str]
    langs: Sequence[str]


def measure(speech: Path, model: Path = SHIPPED, runs: int = RUNS) -> Result:
    """Compare both on `model`, a folder in CTranslate2's form; the shipped one hears synthetic speech, others hear people.

    Each number of threads has a process of its own. One thread's time is that of the processor, so that others on the
    machine do not count; with more threads it is the clock's.
    """
    model = model.resolve()
    title = f"Against openai-whisper, {model.name}"
    if find_spec("whisper") is None or find_spec("torch") is None:
        return Result(title, [], [GET_IT])
    if model != SHIPPED and not sorted(speech.glob("*.flac")):
        return Result(title, [], [f"not run: there is no real speech at {speech} (say where with --speech)"])
    figures = []
    sound = count = 0.0
    for threads in THREADS:
        for one in _in_a_process(model, speech, threads, runs):
            figures += figures_of(one, threads)
            sound, count = one.sound, len(one.said)
    return Result(
        title,
        figures,
        [
            f"{count:.0f} clips, {sound:.0f} s: {'synthetic speech, telephone, noise' if model == SHIPPED else 'people'}.",
            f"The median of {runs} runs, both sides turn about in one process; language given.",
            "Ours in windows as short as the profile says; what is heard again in 30 s counts in time and text.",
            "Ours in int8, theirs in float32. One thread: seconds of the processor; more: of the clock.",
        ],
    )


def figures_of(one: Measured, threads: int) -> list[Figure]:
    """Rows of a table: how long either took, and how much of what was said was wrong."""
    name = f"{one.way}, {threads} thread{'s' if threads > 1 else ''}"
    ours = statistics.median(one.ours) / one.sound
    figures = []
    if one.theirs:
        theirs = statistics.median(one.theirs) / one.sound
        figures.append(Figure(f"{name}, time", ours, "x real time", "openai-whisper", theirs))
        figures.append(Figure(f"{name}, times faster", theirs / ours, "", aim=">= 3"))
    else:
        figures.append(Figure(f"{name}, time", ours, "x real time"))
    if threads == 1:
        for lang in sorted(set(one.langs)):
            at = [number for number, known in enumerate(one.langs) if known == lang]
            said = [one.said[number] for number in at]
            wrong = error(lang, zip(said, (one.our_texts[number] for number in at), strict=True))
            unit = "% of characters" if lang == "zh" else "% of words"
            if one.theirs:
                beside = error(lang, zip(said, (one.their_texts[number] for number in at), strict=True))
                figures.append(Figure(f"{name}, wrong in {lang}", wrong, unit, "openai-whisper", beside, "<= theirs + 1"))
            else:
                figures.append(Figure(f"{name}, wrong in {lang}", wrong, unit))
    return figures


def error(lang: str, pairs: Iterable[tuple[str, str]]) -> float:
    """Edits over what was said, in per cent, of (said, written): words, or characters in Chinese; no marks, no capitals."""
    wrong = total = 0
    for said, written in pairs:
        one, other = _units(lang, said), _units(lang, written)
        wrong += edits(one, other)
        total += len(one)
    return 100 * wrong / max(1, total)


def edits(one: Sequence[str], other: Sequence[str]) -> int:
    """Levenshtein's distance."""
    row = list(range(len(other) + 1))
    for at, unit in enumerate(one, 1):
        above, row[0] = row[0], at
        for column, against in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (unit != against))
    return row[-1]


def _units(lang: str, text: str) -> list[str]:
    from voice.characters import written

    plain = "".join(" " if sign in _UNCOUNTED and sign != "'" else sign for sign in text.lower()).replace("'", "")
    return list(written(plain.replace(" ", ""), "simplified")) if lang == "zh" else plain.split()


def real_clips(speech: Path, longest: float = 28.0) -> list[Clip]:
    """What people say in the folder's recordings of up to a window, as its manifest has it."""
    from voice.decode import decode

    found = []
    with (speech / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        for row in csv.DictReader(manifest):
            if row["text"]:
                samples = decode(speech / row["path"]).mono
                if len(samples) <= longest * _RATE:
                    found.append(Clip(row["language"], row["text"], samples))
    return found


def synthetic_clips(each: int, seed: int = 5) -> list[Clip]:
    """Sentences of the shipped model's domain from voices that it never heard, over a telephone line with noise.

    Raises OSError where espeak-ng is not installed.
    """
    from voice.training.score import disturbed
    from voice.training.sentences import read_talk
    from voice.training.speak import Espeak

    draws = random.Random(seed)
    sentences = [domain.sentence(draws) for domain in read_talk(None).domains.values() for _ in range(each)]
    waves = disturbed(sentences, Espeak(None), "telephone and noise", seed)
    return [Clip(one.lang, one.written, wave) for one, wave in zip(sentences, waves, strict=True)]


def _in_a_process(model: Path, speech: Path, threads: int, runs: int) -> list[Measured]:
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.against_whisper", str(model), str(speech), str(threads), str(runs)],
        cwd=ROOT,
        env={**os.environ, **limits},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [Measured(**one) for one in json.loads(done.stdout.splitlines()[-1])]


def _compared(model: Path, speech: Path, threads: int, runs: int) -> list[Measured]:
    from voice.transcribe import Whisper, known_as

    clips = synthetic_clips(EACH) if model == SHIPPED else real_clips(speech)
    theirs = as_openai(model, threads)
    _, profile = known_as(model)
    ways = [
        Way("greedy", 1, False, (0.0,)),
        Way(f"beam {profile.beam}, word times", profile.beam, profile.word_times, profile.temperatures),
    ]
    if profile.second_listening:
        ways.append(replace(ways[-1], name=f"{ways[-1].name}, the doubtful twice", again=True))
    if profile.window_padding is not None:
        ways.append(replace(ways[0], name="greedy, windows of 30 s", whole=True))
    now = time.process_time if threads == 1 else time.perf_counter
    measured = []
    for way in ways:
        asked = replace(
            profile,
            beam=way.beam,
            word_times=way.word_times,
            temperatures=way.temperatures,
            second_listening=way.again,
            window_padding=None if way.whole else profile.window_padding,
        )
        measured.append(_one_way(way, clips, Whisper.load(model, threads, "cpu", asked), theirs, runs, now))
    return measured


def _one_way(way: Way, clips: Sequence[Clip], ours: "Whisper", theirs: Any, runs: int, now: Callable[[], float]) -> Measured:
    profile = ours.profile

    def hear_ours(clip: Clip) -> str:
        return "".join(one.text for one in ours.hear(clip.samples, lang=clip.lang))

    def hear_theirs(clip: Clip) -> str:
        text: str = theirs.transcribe(
            clip.samples,
            language=clip.lang,
            beam_size=way.beam if way.beam > 1 else None,
            temperature=way.temperatures,
            word_timestamps=way.word_times,
            condition_on_previous_text=False,
            no_speech_threshold=profile.no_speech_threshold,
            logprob_threshold=profile.log_prob_threshold,
            compression_ratio_threshold=profile.compression_ratio_threshold,
            fp16=False,
        )["text"]
        return text

    sides = [hear_ours] if way.is_alone else [hear_ours, hear_theirs]
    for hear in sides:  # what is compiled or read at the first call is not counted
        hear(clips[0])
    spent: list[list[float]] = [[], []]
    texts: list[list[str]] = [[], []]
    for _ in range(runs):
        taken, texts = [0.0, 0.0], [[], []]
        for clip in clips:
            for side, hear in enumerate(sides):
                began = now()
                texts[side].append(hear(clip))
                taken[side] += now() - began
        for side in range(len(sides)):
            spent[side].append(taken[side])
    sound = sum(len(clip.samples) for clip in clips) / _RATE
    said, langs = [clip.said for clip in clips], [clip.lang for clip in clips]
    return Measured(way.name, sound, spent[0], spent[1], texts[0], texts[1], said, langs)


def as_openai(model: Path, threads: int) -> Any:
    """The weights of a folder in openai-whisper's own class, with its own decoding."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.set_num_threads(threads)
    state, encoder_heads, decoder_heads = weights(model / "model.bin")
    width, mels, _ = state["encoder.conv1.weight"].shape
    vocabulary = state["decoder.token_embedding.weight"].shape[0]
    dimensions = ModelDimensions(
        mels,
        len(state["encoder.positional_embedding"]),
        width,
        encoder_heads,
        _layers(state, "encoder"),
        vocabulary,
        len(state["decoder.positional_embedding"]),
        width,
        decoder_heads,
        _layers(state, "decoder"),
    )
    tokens = json.loads((model / "tokenizer.json").read_text("utf-8"))
    languages = _languages(tokens)

    class Own(Whisper):  # type: ignore[misc,unused-ignore]
        """Which languages there are it tells from the size of OpenAI's vocabulary; this one may have another."""

        is_multilingual = len(languages) > 1
        num_languages = len(languages)

    loaded = Own(dimensions)
    loaded.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()}, strict=True)
    heads = torch.zeros(dimensions.n_text_layer, dimensions.n_text_head, dtype=torch.bool)
    for layer, head in json.loads((model / "config.json").read_text("utf-8"))["alignment_heads"]:
        heads[layer, head] = True
    loaded.register_buffer("alignment_heads", heads.to_sparse(), persistent=False)
    _speaks(tokens, len(languages))
    return loaded.eval()


def _layers(state: Iterable[str], side: str) -> int:
    return 1 + max(int(name.split(".")[2]) for name in state if name.startswith(f"{side}.blocks."))


def _languages(tokens: dict[str, Any]) -> list[str]:
    """The codes between the start and the first task."""
    names = [one["content"] for one in sorted(tokens["added_tokens"], key=lambda one: int(one["id"]))]
    return [name[2:-2] for name in names[names.index("<|startoftranscript|>") + 1 : names.index("<|translate|>")]]


def _speaks(tokens: dict[str, Any], languages: int) -> None:
    """Give openai-whisper the vocabulary that the checkpoint came with; it would read that of OpenAI's models."""
    import tiktoken
    from whisper.tokenizer import Tokenizer

    from voice.training.tokens import BYTE_OF

    known = {bytes(BYTE_OF[sign] for sign in piece): number for piece, number in tokens["model"]["vocab"].items() if piece}
    special = {one["content"]: int(one["id"]) for one in tokens["added_tokens"]}
    for step in range(1501):  # some leave the timestamps out
        special.setdefault(f"<|{step * 0.02:.2f}|>", special["<|notimestamps|>"] + 1 + step)
    if "<|nospeech|>" not in special:
        special["<|nospeech|>"] = special.pop("<|nocaptions|>")
    encoding = tiktoken.Encoding("checkpoint", pat_str=r"\s?\S+|\s+", mergeable_ranks=known, special_tokens=special)

    def its_own(*_: object, language: str | None = None, task: str | None = None, **__: object) -> Any:
        return Tokenizer(encoding, languages, language or "en", task or "transcribe")

    for module in ("whisper.decoding", "whisper.transcribe"):
        importlib.import_module(module).get_tokenizer = its_own  # type: ignore[attr-defined]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    found = _compared(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps([asdict(one) for one in found]))
