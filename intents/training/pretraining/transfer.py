"""What the new encoder takes over: the teacher's layers, its English pieces, and a first meaning for each Chinese character.

A Chinese character begins as the mean of the English words of its gloss (`glosses.txt`, written for this project), after
the idea of WECHSEL (Minixhofer et al. 2022); one without a gloss begins as what it most often stands beside.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from intents.training.pretraining.vocabulary import HAN

Floats = npt.NDArray[np.float32]
_GLOSSES = Path(__file__).parent / "glosses.txt"
_NEIGHBOURS = 12


def glosses() -> dict[str, str]:
    """Return the English words of each Chinese character that has a gloss, separated by commas."""
    words = " ".join(line for line in _GLOSSES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")).split()
    return dict(zip(words[::2], words[1::2], strict=True))


def first_embeddings(
    tokenizer: Tokenizer, teacher_tokenizer: Tokenizer, teacher: Floats, lines: Sequence[str], seed: int
) -> Floats:
    """Return the embeddings (V, H) that pretraining begins with; `teacher` (V', H) are the teacher's."""
    vocabulary, known = tokenizer.get_vocab(), teacher_tokenizer.get_vocab()
    noise = np.random.default_rng(seed).normal(0, 1, (len(vocabulary), teacher.shape[1])) * teacher.std(axis=0)
    found = np.asarray(teacher.mean(axis=0) + 0.5 * noise, np.float32)
    glossed = glosses()
    settled = set()
    for token, number in vocabulary.items():
        if token in glossed:
            pieces = [
                n for word in glossed[token].split(",") for n in teacher_tokenizer.encode(word, add_special_tokens=False).ids
            ]
            found[number] = teacher[pieces].mean(axis=0) + 0.15 * noise[number]
        elif token in known and not (len(token) == 1 and ord(token) in HAN):
            found[number] = teacher[known[token]]
        else:
            continue
        settled.add(number)
    _from_neighbours(found, settled, tokenizer, lines)
    return found


def _from_neighbours(found: Floats, settled: set[int], tokenizer: Tokenizer, lines: Sequence[str]) -> None:
    """Give what is not settled the mean of what it most often stands beside, and half of its own noise."""
    beside: dict[int, Counter[int]] = defaultdict(Counter)
    for encoding in tokenizer.encode_batch(list(lines), add_special_tokens=False):
        numbers = encoding.ids
        for at, number in enumerate(numbers):
            if number not in settled:
                beside[number].update(n for n in numbers[max(0, at - 2) : at + 3] if n in settled)
    for number, counts in beside.items():
        if near := counts.most_common(_NEIGHBOURS):
            mean = sum(count * found[n] for n, count in near) / sum(count for _, count in near)
            found[number] = 0.5 * mean + 0.5 * found[number]


def copy_traditional(embeddings: Floats, vocabulary: Mapping[str, int], simple_of: Mapping[str, str]) -> None:
    """Give each traditional character the row of its simplified form."""
    for traditional, simple in simple_of.items():
        if traditional in vocabulary and simple in vocabulary:
            embeddings[vocabulary[traditional]] = embeddings[vocabulary[simple]]
