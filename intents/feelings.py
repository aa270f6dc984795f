"""What feeling the words of one sentence carry, by a small head on the encoder: angry, happy, neutral, sad, and how sure."""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from intents.encoder import Encoder
from intents.features import features, normalise
from intents.grams import Floats, Head, softmax, weigh

FEELINGS = ("angry", "happy", "neutral", "sad")
"""The order in which probabilities stand everywhere here."""
FEELINGS_FILE = "feelings.npz"
ROLE = "customer"
"""The role that sentences are read in; nobody else's feelings are asked about."""

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_UNIT = re.compile(_HAN.pattern + r"|(?:(?!" + _HAN.pattern + r")[^\W\d_])+")
"""A character of Chinese, or a word of another script."""
_WORD_IS_WORTH = 2
"""Chinese characters that a word of another script says as much as."""
_ENOUGH = 6
"""Characters' worth of words from which a sentence is believed as far as it goes; of fewer, in proportion."""
_SIGNS = re.compile(r"[^\w'’]+")
_KNOWN_LEAST, _KNOWN_MOST = 0.3, 0.7
"""Share of a sentence's words that must have been met for it to be believed at all, and fully: another language has few."""
_BY_CHANCE = 1 / len(FEELINGS)


@dataclass(frozen=True)
class Feeling:
    """Probabilities of one sentence, which sum to 1, and how much its words say about it at all.

    `confidence`, 0 … 1, is high where the words themselves carry anger, joy or sadness. Plain facts, however surely they
    are neutral, have nearly none: they can be said in any mood, so they leave it to the voice. So have "好的" and "okay".
    """

    angry: float
    happy: float
    neutral: float
    sad: float
    confidence: float


NOTHING_SAID = Feeling(_BY_CHANCE, _BY_CHANCE, _BY_CHANCE, _BY_CHANCE, 0.0)
"""What is made of a text without a word."""


@dataclass(frozen=True)
class FeelingsHead:
    """What training found, for one encoder and no other.

    `digest`: of that encoder; `meaning` (H, 4) and `bias` (4): logits of its unit vector; `vocabulary` and `rarity` (V): the
    n-grams that are known, `words`: their logits. Both count as `votes` say, chosen on voices that they had not heard.
    `met`: all words and characters that it ever saw.
    """

    digest: str
    meaning: Floats
    bias: Floats
    vocabulary: Mapping[str, int]
    rarity: Floats
    words: Head
    votes: tuple[float, float]
    met: frozenset[str]

    def logits(self, text: str, vector: Floats) -> tuple[Floats, Floats]:
        """Return what the meaning and what the words of a bare text say, (4) each, before the votes are counted."""
        counts = features(text)
        known = {row: count for name, count in counts.items() if (row := self.vocabulary.get(name)) is not None}
        rows = np.fromiter(known, np.int64, len(known))
        values = weigh(np.fromiter(known.values(), np.float32, len(known)), self.rarity[rows])
        words = (values @ self.words.steps[rows].astype(np.float32)) * self.words.scale + self.words.bias
        return np.asarray(vector @ self.meaning + self.bias, np.float32), np.asarray(words, np.float32)

    def probabilities(self, text: str, vector: Floats) -> Floats:
        """Return the calibrated probability (4) of each feeling."""
        meaning, words = self.logits(text, vector)
        return softmax(self.votes[0] * meaning + self.votes[1] * words)


class Feelings:
    """Reads feelings from words with an encoder that is loaded already; holds nothing that changes."""

    def __init__(self, head: FeelingsHead, encoder: Encoder) -> None:
        self._head = head
        self._encoder = encoder

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None = None) -> "Feelings | None":
        """Return the reader of feelings that lies in a model's folder; None where there is none for this encoder.

        `encoder`: the one that was loaded from there, so that it is not loaded twice. Raise ValueError with one clear
        sentence when the file is there and broken.
        """
        if not (folder / FEELINGS_FILE).exists():
            return None
        encoder = encoder or Encoder.load(folder)
        head = load_head(folder / FEELINGS_FILE)
        return cls(head, encoder) if head.digest == encoder.digest else None

    def of(self, texts: Sequence[str]) -> list[Feeling]:
        """Return what each text's words carry, in their order; takes any text, empty ones too."""
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Feeling:
        units = units_of(text)
        if not units:
            return NOTHING_SAID
        read = bare(text)
        # one by one, as the shipped weights are rounded anew for each batch: so a sentence reads the same in any company
        told = self._head.probabilities(read, self._encoder.read(read, ROLE).vector).astype(np.float64)
        angry, happy, neutral, sad = (float(one) for one in told / told.sum())
        carried = max(max(angry, happy, sad) - _BY_CHANCE, 0.0) / (1 - _BY_CHANCE)
        length = min(sum(_worth(unit) for unit in units) / _ENOUGH, 1.0)
        met = sum(_worth(unit) for unit in units if unit in self._head.met) / sum(_worth(unit) for unit in units)
        familiar = min(max((met - _KNOWN_LEAST) / (_KNOWN_MOST - _KNOWN_LEAST), 0.0), 1.0)
        return Feeling(angry, happy, neutral, sad, carried * length * familiar)


def bare(text: str) -> str:
    """Return the text as it is read here: without punctuation, as recognisers set it as they please or not at all."""
    return _SIGNS.sub(" ", normalise(text)).strip()


def units_of(text: str) -> list[str]:
    """Return the characters of Chinese and the words of other scripts in a text."""
    return _UNIT.findall(normalise(text))


def _worth(unit: str) -> int:
    return 1 if _HAN.match(unit) else _WORD_IS_WORTH


def save_head(head: FeelingsHead, file: Path) -> None:
    """Write the head into one compact file."""
    names = sorted(head.vocabulary, key=head.vocabulary.__getitem__)
    with file.open("wb") as out:
        np.savez_compressed(
            out,
            allow_pickle=False,
            digest=np.frombuffer(head.digest.encode("ascii"), np.uint8),
            meaning=head.meaning.astype(np.float32),
            bias=head.bias.astype(np.float32),
            vocabulary=np.frombuffer("\n".join(names).encode("utf-8"), np.uint8),
            rarity=head.rarity.astype(np.float16),
            steps=head.words.steps,
            scale=head.words.scale,
            words_bias=head.words.bias,
            votes=np.array(head.votes, np.float32),
            met=np.frombuffer("\n".join(sorted(head.met)).encode("utf-8"), np.uint8),
        )


def load_head(file: Path) -> FeelingsHead:
    """Raise ValueError with one clear sentence where the file is no whole head."""
    try:
        with file.open("rb") as content, np.load(content, allow_pickle=False) as held:
            names = held["vocabulary"].tobytes().decode("utf-8").split("\n")
            head = FeelingsHead(
                held["digest"].tobytes().decode("ascii"),
                np.asarray(held["meaning"], np.float32),
                np.asarray(held["bias"], np.float32),
                {name: row for row, name in enumerate(names)},
                np.asarray(held["rarity"], np.float32),
                Head(
                    np.asarray(held["steps"], np.int8),
                    np.asarray(held["scale"], np.float32),
                    np.asarray(held["words_bias"], np.float32),
                ),
                (float(held["votes"][0]), float(held["votes"][1])),
                frozenset(held["met"].tobytes().decode("utf-8").split("\n")),
            )
            shapes = (head.meaning.shape[1:], head.bias.shape, head.rarity.shape, head.words.steps.shape)
            if shapes != ((len(FEELINGS),), (len(FEELINGS),), (len(names),), (len(names), len(FEELINGS))):
                raise ValueError("its parts are not of one size")
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{file}: no feelings can be read with this: {error}") from error
    return head
