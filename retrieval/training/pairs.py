"""What the embedding model learns from: questions with what answers them, and sayings with the same in other words."""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SHORTEST = 6
"""Characters; what is shorter asks nothing and answers nothing."""
_LONGEST = 600
_SENTENCE_END = re.compile(r"(?<=[。!?！？；])|(?<=[.!?;])\s+|\n")
_FEWEST_SENTENCES = 4
"""Of a text that one sentence is asked of: what is left must still be about something."""


@dataclass(frozen=True)
class Pair:
    """A question or saying, what belongs to it, and where both are from: only pairs from one place stand in one batch."""

    asked: str
    passage: str
    source: str


@dataclass(frozen=True)
class Source:
    """One file of public text, how its documents are read, and how many pairs of it are taken at most."""

    name: str
    read: Callable[[Sequence[str]], Iterator[tuple[str, str]]]
    most: int


def _consultation(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A title, the question in full, the answer."""
    if len(lines) == 3:
        title, question, answer = lines
        yield title, answer
        yield question, answer
        yield title, question


def _first_turns(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Who asks begins, and the first two questions are about something; later ones lean on what was said."""
    yield from list(zip(lines[::2], lines[1::2], strict=False))[:2]


def _one_of_many(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A sentence of a text, and the text without it (Lee et al. 2019, inverse cloze task)."""
    for line in lines:
        sentences = [part for part in _SENTENCE_END.split(line) if part and len(part.strip()) >= SHORTEST]
        if len(sentences) >= _FEWEST_SENTENCES:
            at = len(line) % len(sentences)
            yield sentences[at], "".join(sentences[:at] + sentences[at + 1 :])


CHINESE = (
    Source("A_medical_consult", _consultation, 24_000),
    Source("A_smile_counselling", _first_turns, 30_000),
    Source("A_smile_counselling", _one_of_many, 24_000),
    Source("A_medical_consult", _one_of_many, 8_000),
    Source("A_emollm_dialogues", _first_turns, 6_000),
)
"""Files of `pretrain_zh`; those made from the sets that judge retrieval (A_sales_qa, A_dureader_demo) are left out.

Nor are the dialogues in which one turn follows another: what answers what is chance there, and was not learned."""

ENGLISH = ("banking77", "clinc150")
"""Sets whose training lines of one label are sayings of the same thing."""


def chinese_pairs(folder: Path, seed: int) -> list[Pair]:
    """Read the files of `CHINESE` in a folder of gzipped text, a blank line between documents."""
    found = []
    for number, source in enumerate(CHINESE):
        draw = random.Random(f"{seed} {number}")  # noqa: S311 - a reproducible sample
        pairs = [pair for document in _documents(folder / f"{source.name}.txt.gz") for pair in source.read(document)]
        kept = [Pair(asked, passage, f"{source.name} {number}") for asked, passage in pairs if _is_worth(asked, passage)]
        draw.shuffle(kept)
        found += kept[: source.most]
    return found


def english_pairs(folder: Path, seed: int) -> list[Pair]:
    """Pair training lines of one label with each other, each line once."""
    found = []
    for name in ENGLISH:
        by_label: dict[str, list[str]] = {}
        for file in sorted((folder / name).glob("*train*.jsonl.gz")):
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for line in map(json.loads, lines):
                    by_label.setdefault(str(line.get("label", line.get("intent"))), []).append(str(line["text"]))
        for label in sorted(by_label):
            sayings = by_label[label]
            random.Random(f"{seed} {label}").shuffle(sayings)  # noqa: S311 - as above
            found += [Pair(one, other, name) for one, other in zip(sayings[::2], sayings[1::2], strict=False)]
    return found


def own_pairs(file: Path) -> list[Pair]:
    """Read pairs that were written for this project: JSON lines with `asked` and `passage`.

    Raise ValueError naming the line that is none.
    """
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            found.append(Pair(str(entry["asked"]), str(entry["passage"]), file.stem))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file}:{number}: not a line with `asked` and `passage`") from error
    return found


def retold_pairs(folder: Path, held_out: frozenset[str]) -> list[Pair]:
    """Pair the sayings of a folder of labelled utterances with their counterparts in the other language."""
    found = []
    for file in sorted(folder.glob("retold_*.jsonl")):
        for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            if line.get("of") and line.get("voice") not in held_out:
                found.append(Pair(line["text"], line["of"], "retold"))
    return found


def _documents(file: Path) -> Iterator[list[str]]:
    document: list[str] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if text := line.strip():
                document.append(text[:_LONGEST])
            elif document:
                yield document
                document = []
    if document:
        yield document


def _is_worth(asked: str, passage: str) -> bool:
    return len(asked) >= SHORTEST and len(passage) >= SHORTEST and asked != passage
