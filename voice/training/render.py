"""Hours of synthetic speech on many processes: each speaks into a file of its own, and all together are one corpus."""

import json
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice.training.sentences import Sentence, Talk, read_talk
from voice.training.speak import RATE, SILENCE, Espeak, Speech, Voice
from voice.training.voices import learnt_voice

# a label every 20 ms, where the encoder has its states
LABEL = RATE // 50
LONGEST_S = 12.0


@dataclass(frozen=True)
class Corpus:
    """Utterances end to end: samples (16-bit), a phoneme every 20 ms (0 is silence), and what was said."""

    audio: NDArray[np.int16]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    labels: NDArray[np.int16]
    label_starts: NDArray[np.int64]
    label_lengths: NDArray[np.int64]
    sentences: Sequence[Sentence]
    phones: Sequence[str]

    def hours(self) -> float:
        """How much speech it holds."""
        return len(self.audio) / RATE / 3600

    def wave(self, number: int) -> NDArray[np.float32]:
        """One utterance in -1..1."""
        start = self.starts[number]
        return (self.audio[start : start + self.lengths[number]] / 32768).astype(np.float32)


@dataclass(frozen=True)
class Order:
    """What one process is to speak: sentences until `hours` are full or `seconds` have passed."""

    folder: Path
    number: int
    seed: int
    hours: float
    seconds: float
    sayings: Path | None
    espeak: Path | None


def render(
    folder: Path, *, hours: float, seconds: float, processes: int, seed: int, sayings: Path | None, espeak: Path | None
) -> Corpus:
    """Speak `hours` of training sentences on so many processes, at most for `seconds`; `folder` holds their files."""
    folder.mkdir(parents=True, exist_ok=True)
    orders = [
        Order(folder, number, seed * 1000 + number, hours / processes, seconds, sayings, espeak)
        for number in range(processes)
    ]
    if processes == 1:
        _speak(orders[0])
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            pool.map(_speak, orders, chunksize=1)
    return gathered(folder, processes)


def gathered(folder: Path, processes: int) -> Corpus:
    """The processes' files as one corpus."""
    waves, labels, sentences, lengths, label_lengths = [], [], [], [], []
    numbers = {SILENCE: 0}
    for number in range(processes):
        said = json.loads((folder / f"said_{number}.json").read_text("utf-8"))
        waves.append(np.load(folder / f"audio_{number}.npy", mmap_mode="r"))
        own = np.load(folder / f"labels_{number}.npy")
        mapping = np.array([numbers.setdefault(phone, len(numbers)) for phone in said["phones"]], np.int16)
        labels.append(mapping[own])
        sentences += [Sentence(*each) for each in said["sentences"]]
        lengths += said["lengths"]
        label_lengths += said["label_lengths"]
    sizes, label_sizes = np.array(lengths, np.int64), np.array(label_lengths, np.int64)
    return Corpus(
        audio=np.concatenate(waves),
        starts=np.cumsum(sizes) - sizes,
        lengths=sizes,
        labels=np.concatenate(labels),
        label_starts=np.cumsum(label_sizes) - label_sizes,
        label_lengths=label_sizes,
        sentences=sentences,
        phones=tuple(numbers),
    )


def spoken(library: Espeak, sentence: Sentence, voice: Voice) -> Speech:
    """The sentence without the silence around it."""
    speech = library.say(sentence.spoken, sentence.lang, voice)
    loud = np.flatnonzero(np.abs(speech.wave) > 0.004)
    if not len(loud):
        return Speech(speech.wave[:0], ())
    first, last = max(0, int(loud[0]) - RATE // 50), min(len(speech.wave), int(loud[-1]) + RATE // 20)
    return Speech(speech.wave[first:last], tuple((second - first / RATE, phone) for second, phone in speech.phones))


def frame_labels(speech: Speech, numbers: dict[str, int]) -> NDArray[np.int16]:
    """Which phoneme sounds in the middle of each 20 ms; new phonemes are added to `numbers`."""
    middles = (np.arange(-(-len(speech.wave) // LABEL)) + 0.5) * LABEL / RATE
    starts = np.array([second for second, _ in speech.phones])
    ids = np.array([0, *(numbers.setdefault(phone, len(numbers)) for _, phone in speech.phones)], np.int16)
    return ids[np.searchsorted(starts, middles, side="right")]


def _speak(order: Order) -> None:
    began = time.perf_counter()
    talk: Talk = read_talk(order.sayings)
    rng = random.Random(order.seed)  # noqa: S311
    library = Espeak(order.espeak)
    _record(order, lambda: talk.sentence(rng), rng, library, began)


def _record(order: Order, next_sentence: Callable[[], Sentence], rng: random.Random, library: Espeak, began: float) -> None:
    numbers = {SILENCE: 0}
    waves: list[NDArray[np.int16]] = []
    labels: list[NDArray[np.int16]] = []
    sentences: list[tuple[str, str, str]] = []
    samples = 0
    while samples < order.hours * 3600 * RATE and time.perf_counter() - began < order.seconds:
        sentence = next_sentence()
        speech = spoken(library, sentence, learnt_voice(rng, sentence.lang))
        if not RATE // 5 < len(speech.wave) < LONGEST_S * RATE:
            continue
        waves.append((speech.wave * 32767).clip(-32768, 32767).astype(np.int16))
        labels.append(frame_labels(speech, numbers))
        sentences.append((sentence.lang, sentence.written, sentence.spoken))
        samples += len(speech.wave)
    np.save(order.folder / f"audio_{order.number}.npy", np.concatenate(waves))
    np.save(order.folder / f"labels_{order.number}.npy", np.concatenate(labels))
    said = {
        "phones": list(numbers),
        "sentences": sentences,
        "lengths": [len(wave) for wave in waves],
        "label_lengths": [len(label) for label in labels],
    }
    (order.folder / f"said_{order.number}.json").write_text(json.dumps(said, ensure_ascii=False), "utf-8")
