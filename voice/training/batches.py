"""What goes into a training step: which utterances lie where in which row, and what the decoder is to write for them.

Plans are made on the processor, by several processes if wanted; the sound itself lies on the training device and is put
together there (`Mixer`), so that only numbers travel.
"""

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from voice.training.disturb import Disturb
from voice.training.features import HOP, Features
from voice.training.render import LABEL, Corpus
from voice.training.speak import RATE
from voice.training.tokens import Tokens

WINDOW = 30 * RATE
IGNORED = -100
# short rows end on half a second, so that few different lengths occur
_GRAIN = RATE // 2
_MARKS = "，。？！、,.?!"


@dataclass(frozen=True)
class Style:
    """How rows are made."""

    seconds: float  # of sound in a step, silence included
    windows: float  # the share of steps with true 30 s windows and their zero tail
    window_rows: int
    token_noise: float  # the share of the decoder's inputs that are replaced at random, so that it has to listen
    prompts: float = 0.12  # the share of rows with words before them: a dictionary or the sentence before
    silent: float = 0.05  # the share of rows without any speech


@dataclass(frozen=True)
class Plan:
    """One step as tensors; `pieces` are utterances in rows."""

    source: Tensor  # [pieces] first sample in the corpus
    length: Tensor  # [pieces] samples there
    rate: Tensor  # [pieces] how much faster they are played
    gain: Tensor  # [pieces]
    row: Tensor  # [pieces]
    place: Tensor  # [pieces] first sample in the row
    longest: int  # samples of the longest piece as it is played
    samples: int  # of each row, padding included
    lengths: Tensor  # [rows] samples that are not padding
    labels: Tensor  # [rows, positions] phonemes, IGNORED in the padding
    inputs: Tensor  # [rows, tokens]
    targets: Tensor  # [rows, tokens], IGNORED where nothing is to be learnt
    guides: Tensor  # [rows, tokens] the encoder position where the target is spoken, -1 where there is none

    def to(self, device: torch.device) -> "Plan":
        """The same plan on another device."""
        moved = {
            name: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value
            for name, value in self.__dict__.items()
        }
        return Plan(**moved)

    def pin_memory(self) -> "Plan":
        """The same plan where a graphics card can fetch it."""
        return Plan(
            **{name: value.pin_memory() if isinstance(value, Tensor) else value for name, value in self.__dict__.items()}
        )


@dataclass
class _Row:
    lang: str
    pieces: list[tuple[int, float, int]] = field(default_factory=list)  # utterance, rate, first sample
    length: int = 0


class Plans(IterableDataset[Plan]):
    """Endless plans over a corpus; each worker process draws its own."""

    def __init__(self, corpus: Corpus, tokens: Tokens, style: Style, seed: int, names: Sequence[str]) -> None:
        self._corpus = corpus
        self._tokens = tokens
        self._style = style
        self._seed = seed
        self._names = {lang: [name for name in names if name.isascii() == (lang == "en")] for lang in ("zh", "en")}
        texts = [tokens.encode((" " if each.lang == "en" else "") + each.written) for each in corpus.sentences]
        self._text_starts = np.cumsum([0, *map(len, texts)])
        self._texts = np.array([number for text in texts for number in text], np.int32)
        self._langs = np.array([each.lang == "en" for each in corpus.sentences])
        self._by_lang = {"zh": np.flatnonzero(~self._langs), "en": np.flatnonzero(self._langs)}
        self._weights = _token_weights(tokens)

    def styled(self, style: Style, seed: int) -> "Plans":
        """The same over the same corpus, made in another way."""
        other = copy.copy(self)
        other._style, other._seed = style, seed
        return other

    def __iter__(self) -> Iterator[Plan]:
        """Plans without end."""
        worker = get_worker_info()
        rng = random.Random(self._seed * 100 + (worker.id if worker else 0))  # noqa: S311
        while True:
            short = self._short(rng)
            windows = (
                round(len(short) * self._style.windows / max(1e-6, 1 - self._style.windows)) if self._style.windows else 0
            )
            plans = [(rows, False) for rows in short] + [(self._window_rows(rng), True) for _ in range(windows)]
            rng.shuffle(plans)
            for rows, window in plans:
                yield self._plan(rows, rng, window=window)

    def _short(self, rng: random.Random) -> list[list[_Row]]:
        """Rows of one to three utterances, with others of about the same length in one step."""
        many = max(64, int(self._style.seconds * 6))
        rows = sorted((self._short_row(rng) for _ in range(many)), key=lambda row: row.length)
        steps, at = [], 0
        while at < len(rows):
            fit = max(1, int(self._style.seconds * RATE / max(1, rows[min(at + 8, len(rows) - 1)].length)))
            fit = max(8, fit // 8 * 8) if fit >= 8 else fit
            steps.append(rows[at : at + fit])
            at += fit
        return [step for step in steps if len(step) >= 4]

    def _short_row(self, rng: random.Random) -> _Row:
        row = _Row("zh" if rng.random() < 0.55 else "en")
        if rng.random() < self._style.silent:
            row.length = _grained(rng.uniform(0.5, 8) * RATE)
            return row
        self._fill(row, rng, utterances=rng.choice((1, 1, 1, 1, 2, 2, 3)), longest=13 * RATE)
        return row

    def _window_rows(self, rng: random.Random) -> list[_Row]:
        rows = []
        for _ in range(self._style.window_rows):
            row = _Row("zh" if rng.random() < 0.55 else "en")
            kind = rng.random()
            if kind < self._style.silent:
                row.length = _grained(rng.uniform(0.5, 28) * RATE)
            elif kind < 0.65:
                self._fill(row, rng, utterances=rng.choice((1, 1, 1, 2, 3)), longest=15 * RATE)
            else:
                self._fill(row, rng, utterances=rng.randint(2, 9), longest=29 * RATE)
            rows.append(row)
        return rows

    def _fill(self, row: _Row, rng: random.Random, *, utterances: int, longest: int) -> None:
        at = int(rng.uniform(0, 0.45) * RATE)
        candidates = self._by_lang[row.lang]
        for _ in range(utterances):
            number = int(candidates[rng.randrange(len(candidates))])
            rate = rng.uniform(0.9, 1.12) if rng.random() < 0.5 else 1.0
            size = int(self._corpus.lengths[number] / rate)
            if row.pieces and at + size > longest:
                break
            row.pieces.append((number, rate, at))
            at += size
            row.length = at
            at += int(rng.uniform(0.12, 0.9) * RATE)
        # sometimes the cut comes right behind the voice, mostly it leaves some room
        row.length = min(WINDOW, row.length + int(rng.choice((0.0, rng.uniform(0, 0.5))) * RATE))
        row.length = -(-row.length // LABEL) * LABEL

    def _plan(self, rows: list[_Row], rng: random.Random, *, window: bool) -> Plan:
        samples = (
            WINDOW if window else _grained(max(row.length for row in rows) + rng.choice((0, 0, rng.uniform(0, 2) * RATE)))
        )
        labels = np.full((len(rows), samples // LABEL), IGNORED, np.int64)
        texts = []
        pieces = [(number, rate, place, at) for at, row in enumerate(rows) for number, rate, place in row.pieces]
        for at, row in enumerate(rows):
            # a little of the padding is silence to be learnt too
            labels[at, : row.length // LABEL + 25] = 0
            for number, rate, place in row.pieces:
                own = self._labels(number, rate)
                first = place // LABEL
                own = own[: labels.shape[1] - first]
                labels[at, first : first + len(own)] = own
            texts.append(self._text(row, rng))
        longest = max(len(ids) for ids, _, _ in texts)
        inputs = np.full((len(rows), longest), self._tokens.end, np.int64)
        targets = np.full((len(rows), longest), IGNORED, np.int64)
        guides = np.full((len(rows), longest), -1, np.float32)
        for at, (ids, wanted, guide) in enumerate(texts):
            inputs[at, : len(ids)], targets[at, : len(ids)], guides[at, : len(ids)] = ids, wanted, guide
        numbers = np.array([number for number, *_ in pieces], np.int64)
        return Plan(
            source=torch.from_numpy(self._corpus.starts[numbers]),
            length=torch.from_numpy(self._corpus.lengths[numbers]),
            rate=torch.tensor([rate for _, rate, _, _ in pieces]),
            gain=torch.tensor([10 ** (rng.uniform(-8, 2) / 20) for _ in pieces]),
            row=torch.tensor([at for *_, at in pieces], dtype=torch.int64),
            place=torch.tensor([place for _, _, place, _ in pieces], dtype=torch.int64),
            longest=max((int(self._corpus.lengths[number] / rate) for number, rate, _, _ in pieces), default=0),
            samples=samples,
            lengths=torch.tensor([row.length for row in rows]),
            labels=torch.from_numpy(labels),
            inputs=torch.from_numpy(inputs),
            targets=torch.from_numpy(targets),
            guides=torch.from_numpy(guides),
        )

    def _labels(self, number: int, rate: float) -> NDArray[np.int16]:
        start, size = self._corpus.label_starts[number], self._corpus.label_lengths[number]
        played = np.minimum((np.arange(int(size / rate)) * rate).astype(np.int64), size - 1)
        return self._corpus.labels[start + played]

    def _text(self, row: _Row, rng: random.Random) -> tuple[list[int], list[int], list[float]]:
        """The decoder's inputs, its targets, and where each target is spoken."""
        tokens = self._tokens
        head = [tokens.start, tokens.languages[row.lang], tokens.transcribe]
        if not row.pieces:
            if rng.random() < 0.5:
                return [*head, tokens.no_times], [tokens.no_speech, IGNORED, IGNORED, tokens.end], [-1.0] * 4
            return [*head, tokens.time_zero], [tokens.no_speech, IGNORED, tokens.time_zero, tokens.end], [-1.0] * 4
        timed = rng.random() < 0.6
        before = self._prompt(row, rng) if rng.random() < self._style.prompts else []
        ids: list[int] = []
        guides: list[float] = []
        for number, rate, place in row.pieces:
            text = self._texts[self._text_starts[number] : self._text_starts[number + 1]].tolist()
            spoken = self._spoken(number, rate, text, place)
            end = place + self._corpus.lengths[number] / rate
            ids += [tokens.time(place / RATE), *text, tokens.time(end / RATE)] if timed else text
            guides += [-1.0, *spoken, -1.0] if timed else spoken
        full = [*before, *head, *([] if timed else [tokens.no_times]), *ids, tokens.end]
        targets = full[1:]
        # nothing is learnt from the prompt, nor the task and the wish for no times, which are given
        first = len(before)
        for at in (*range(first), first + 1, *(() if timed else (first + 2,))):
            targets[at] = IGNORED
        noise = self._style.token_noise
        inputs = [
            rng.randrange(256, tokens.text_size)
            if number < tokens.text_size and at > first and rng.random() < noise
            else number
            for at, number in enumerate(full[:-1])
        ]
        return inputs, targets, [-1.0] * (len(full) - 2 - len(ids)) + guides + [-1.0]

    def _spoken(self, number: int, rate: float, text: list[int], place: int) -> list[float]:
        """The encoder positions of the tokens' middles: by their weights, over the frames that are not silent."""
        voiced = np.flatnonzero(self._labels(number, rate))
        if not len(voiced):
            return [-1.0] * len(text)
        weights = self._weights[text]
        middles = (np.cumsum(weights) - weights / 2) / weights.sum()
        return (place / LABEL + voiced[(middles * len(voiced)).astype(np.int64)]).tolist()

    def _prompt(self, row: _Row, rng: random.Random) -> list[int]:
        """Words before: names of which some are said, or another sentence."""
        tokens = self._tokens
        said = " ".join(self._corpus.sentences[number].written for number, _, _ in row.pieces)
        if rng.random() < 0.3:
            candidates = self._by_lang[row.lang]
            text = self._corpus.sentences[int(candidates[rng.randrange(len(candidates))])].written
        else:
            names = self._names[row.lang]
            chosen = rng.sample(names, min(len(names), rng.randint(2, 14))) + [name for name in names if name in said]
            rng.shuffle(chosen)
            text = rng.choice(("、", "，") if row.lang == "zh" else (", ", " ")).join(dict.fromkeys(chosen))
        return [tokens.previous, *tokens.encode(" " + text)[:100]]


class Mixer:
    """Plans to features, on the training device."""

    def __init__(self, corpus: Corpus, device: torch.device, seed: int) -> None:
        self._audio = torch.from_numpy(corpus.audio).to(device)
        self._device = device
        self._disturb = Disturb(device, seed)
        self._features = Features(device)
        self._draw = torch.Generator(device=device)
        self._draw.manual_seed(seed + 1)

    def __call__(self, plan: Plan) -> Tensor:
        """[rows, 80, frames] of disturbed speech; the padding is zero, as faster-whisper pads features."""
        rows = plan.lengths.shape[0]
        waves = torch.zeros(rows * plan.samples, device=self._device)
        if plan.source.shape[0]:
            waves = self._placed(plan, waves)
        waves = self._disturb(waves.view(rows, plan.samples), plan.lengths)
        louder = self._chance(rows) * 1.2 * (self._chance(rows) < 0.5)
        mel = self._masked(self._features(waves, louder)[..., : plan.samples // HOP])
        inside = torch.arange(mel.shape[2], device=self._device)[None] < (plan.lengths // HOP)[:, None]
        return mel * inside[:, None]

    def _placed(self, plan: Plan, waves: Tensor) -> Tensor:
        steps = torch.arange(plan.longest, device=self._device)[None]
        at = steps * plan.rate[:, None]
        whole = at.long()
        inside = whole < plan.length[:, None] - 1
        source = (plan.source[:, None] + whole).clamp(max=self._audio.shape[0] - 2)
        part = at - whole
        sound = self._audio[source] * (1 - part) + self._audio[source + 1] * part
        sound = sound * inside * (plan.gain[:, None] / 32768)
        target = plan.row[:, None] * plan.samples + (plan.place[:, None] + steps).clamp(max=plan.samples - 1)
        return waves.index_add(0, target.flatten(), sound.flatten())

    def _masked(self, mel: Tensor) -> Tensor:
        """Some bands and moments taken away (Park et al. 2019, SpecAugment), lightly."""
        rows, bands, frames = mel.shape
        mean = mel.mean((1, 2), keepdim=True)
        for size, widest, shape in ((bands, 9, (1, bands, 1)), (frames, 12, (1, 1, frames))):
            for _ in range(2):
                first = (self._chance(rows) * size).long().view(rows, 1, 1)
                width = (self._chance(rows) * widest * (self._chance(rows) < 0.7)).long().view(rows, 1, 1)
                line = torch.arange(size, device=self._device).view(shape)
                mel = torch.where((line >= first) & (line < first + width), mean, mel)
        return mel

    def _chance(self, rows: int) -> Tensor:
        return torch.rand(rows, generator=self._draw, device=self._device)


def _token_weights(tokens: Tokens) -> NDArray[np.float64]:
    """How long a token is about: a character one, a letter a third, a mark its pause."""
    weights = np.full(tokens.size, 0.3)
    for number in range(tokens.text_size):
        text = tokens.decode([number]).strip()
        if text in _MARKS:
            weights[number] = 0.15
        elif len(text) == 1 and text > "\u3000":
            weights[number] = 1.0
        else:
            weights[number] = 0.33 * max(1, len(text))
    return weights


def _grained(samples: float) -> int:
    return min(WINDOW, max(_GRAIN, -(-int(samples) // _GRAIN) * _GRAIN))
