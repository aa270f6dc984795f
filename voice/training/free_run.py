"""Judging by what is written freely: greedy text of the torch model for utterances of voices it has never heard.

The loss with the right words given is no measure: a model that has only learnt the language of the patterns has a fine one.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from voice.training.disturb import Disturb
from voice.training.features import HOP, Features
from voice.training.network import Whisper
from voice.training.render import spoken
from voice.training.sentences import Sentence, Talk
from voice.training.speak import RATE, Espeak
from voice.training.tokens import Tokens
from voice.training.voices import unseen_voice

_NOT_COUNTED = re.compile(r"[\s，。？！、,.?!'’-]")


@dataclass(frozen=True)
class Trial:
    """Utterances to be judged by: features of each, [80, frames], on the training device, and the kind of sentence."""

    sentences: Sequence[Sentence]
    kinds: Sequence[str]
    mels: Sequence[Tensor]


def counted(text: str) -> str:
    """What a character error counts: no spaces, no marks, no capitals."""
    return _NOT_COUNTED.sub("", text.lower())


def edits(one: str, other: str) -> int:
    """Levenshtein distance in characters."""
    row = list(range(len(other) + 1))
    for at, sign in enumerate(one, 1):
        above, row[0] = row[0], at
        for column, against in enumerate(other, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (sign != against))
    return row[-1]


def character_error(pairs: Iterable[tuple[str, str]]) -> float:
    """Edits for each character that was said, over (said, written) pairs."""
    wrong = total = 0
    for said, written in pairs:
        wrong += edits(counted(said), counted(written))
        total += len(counted(said))
    return wrong / max(1, total)


def trial(talk: Talk, espeak: Path | None, each: int, device: torch.device, seed: int) -> Trial:
    """`each` utterances a language of trained patterns, half as many held out and sayings; half on a noisy line."""
    rng = random.Random(seed)  # noqa: S311
    library = Espeak(espeak)
    disturb, features = Disturb(device, seed), Features(device)
    sentences: list[Sentence] = []
    kinds: list[str] = []
    mels: list[Tensor] = []
    for lang, domain in talk.domains.items():
        chosen = [("known", domain.sentence(rng)) for _ in range(each)]
        chosen += [("new", domain.sentence(rng, held_out=True)) for _ in range(each // 2)]
        if talk.sayings[lang]:
            chosen += [("saying", Sentence(lang, text, text)) for text in rng.sample(talk.sayings[lang], each // 2)]
        for kind, sentence in chosen:
            wave = spoken(library, sentence, unseen_voice(rng, lang)).wave
            silence = np.zeros(int(rng.uniform(0.05, 0.4) * RATE), np.float32)
            wave = np.concatenate((silence, wave, silence))[: 30 * RATE]
            line = torch.from_numpy(wave).to(device)[None]
            noisy = float(len(mels) % 2)
            line = disturb(line, torch.tensor([len(wave)], device=device), telephone=noisy, noisy=noisy)
            sentences.append(sentence)
            kinds.append(kind)
            mels.append(features(line)[0, :, : len(wave) // HOP // 2 * 2])
    return Trial(sentences, kinds, mels)


@torch.no_grad()
def write(
    model: Whisper, mels: Sequence[Tensor], langs: Sequence[str], tokens: Tokens, frames: int, bias: Tensor
) -> list[str]:
    """The model's own text for each of the features, padded with zeros to `frames`, greedily and without timestamps."""
    device = bias.device
    padded = torch.zeros(len(mels), mels[0].shape[0], frames, device=device)
    for at, mel in enumerate(mels):
        padded[at, :, : mel.shape[1]] = mel[:, :frames]
    memory = model.memory(model.hear(padded))
    head = [[tokens.start, tokens.languages[lang], tokens.transcribe, tokens.no_times] for lang in langs]
    ids = torch.tensor(head, device=device)
    done = torch.zeros(len(mels), dtype=torch.bool, device=device)
    for _ in range(72):
        states, _ = model.states(ids, memory)
        following = (model.scores(states[:, -1]).float() + bias)[:, : tokens.time_zero].argmax(-1)
        following = torch.where(done, tokens.end, following)
        ids = torch.cat((ids, following[:, None]), 1)
        done |= following == tokens.end
        if bool(done.all()):
            break
    return [tokens.decode(row[4:]) for row in ids.tolist()]


def judged(model: Whisper, trial: Trial, tokens: Tokens, bias: Tensor, *, window: bool, rows: int) -> tuple[str, list[str]]:
    """A line with the character error of each kind and language, and what was written for each utterance."""
    model.eval()
    written: list[str] = []
    for at in range(0, len(trial.mels), rows):
        mels = trial.mels[at : at + rows]
        frames = 3000 if window else max(mel.shape[1] for mel in mels)
        written += write(model, mels, [each.lang for each in trial.sentences[at : at + rows]], tokens, frames, bias)
    model.train()
    parts = []
    for kind in dict.fromkeys(trial.kinds):
        for lang in dict.fromkeys(each.lang for each in trial.sentences):
            pairs = [
                (each.written, text)
                for each, text, its in zip(trial.sentences, written, trial.kinds, strict=True)
                if its == kind and each.lang == lang
            ]
            parts.append(f"{kind}-{lang} {character_error(pairs):.3f}")
    return " ".join(parts), written
