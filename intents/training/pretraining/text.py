"""What the encoder is pretrained on: unlabelled lines in both languages, and sayings with their counterparts."""

import gzip
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.training.corpus import Utterance

LONGEST_LINE = 100
"""Characters of a Chinese line, and a quarter of those of an English one; longer lines are cut at sentence ends."""
_FILLED = 0.05
"""Share of the template-filled lines that is read: they say the same things over and over."""
SHARES = {"A_smile_counselling": 0.5, "A_crosswoz_train_templates_filled": _FILLED}
"""Files of which only a share is read, so that counselling does not drown ordinary talk; the data set advises it."""
ENGLISH_SETS = ("banking77", "clinc150", "casino_negotiation", "persuasion_for_good", "goemotions")
_SENTENCE_END = re.compile(r"(?<=[。!?!?;;])|(?<=[.!?;])\s+|\n")


@dataclass(frozen=True)
class Pair:
    """One saying in both languages."""

    chinese: str
    english: str


def chinese_lines(folder: Path, seed: int) -> list[str]:
    """Read the gzipped text files of `pretrain_zh`, one line an utterance, in the shares of `SHARES`."""
    draw = random.Random(seed)  # noqa: S311 - a reproducible sample, no secret
    found = []
    for file in sorted(folder.glob("*.txt.gz")):
        share = SHARES.get(file.name.removesuffix(".txt.gz"), 1.0)
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            found += [piece for line in lines if draw.random() < share for piece in _pieces(line, LONGEST_LINE)]
    return found


def english_lines(folder: Path) -> list[str]:
    """Read the training parts of the English sets under `folder`."""
    found = []
    for name in ENGLISH_SETS:
        for file in sorted((folder / name).glob("*train*.jsonl.gz")):
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                texts = (text for line in lines for text in _texts(json.loads(line)))
                found += [piece for text in texts for piece in _pieces(text, 4 * LONGEST_LINE)]
    return found


def written_lines(folder: Path) -> list[str]:
    """Read questions and passages written for this project: JSON lines with `asked` and `passage`; passages three times."""
    entries = [
        json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [*sorted({one["passage"] for one in entries}) * 3, *sorted({one["asked"] for one in entries})]


def pairs_of(utterances: Sequence[Utterance]) -> list[Pair]:
    """Return the sayings that were said again in the other language, each with its counterpart."""
    return [
        Pair(one.text, one.of) if one.lang != "en" else Pair(one.of, one.text) for one in utterances if one.of is not None
    ]


def _texts(entry: dict[str, object]) -> Iterator[str]:
    text, turns = entry.get("text"), entry.get("turns")
    if isinstance(text, str):
        yield text
    if isinstance(turns, list):
        for turn in turns:
            said = turn.get("text") if isinstance(turn, dict) else turn[1] if isinstance(turn, list) else None
            if isinstance(said, str):
                yield said


def _pieces(line: str, longest: int) -> Iterator[str]:
    """Yield the line in pieces of whole sentences, none much longer than `longest`."""
    piece = ""
    for sentence in _SENTENCE_END.split(line.strip()):
        if piece and len(piece) + len(sentence) > longest:
            yield piece.strip()
            piece = ""
        piece = (piece + " " + sentence if piece and piece.isascii() else piece + sentence)[: 2 * longest]
    if len(piece.strip()) > 1:
        yield piece.strip()
