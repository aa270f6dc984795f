"""How well passages are found: recall, nDCG and reciprocal rank of questions whose right passages are known."""

import gzip
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from retrieval.passage import Passage

DEPTH = 10
"""Passages of each answer that are looked at."""
SHALLOW = 5

Judgements = Mapping[str, Mapping[str, int]]
"""For each question the passages that are right, and how right they are."""


@dataclass(frozen=True)
class Judged:
    """Passages and questions by their ids, and what is right."""

    passages: Mapping[str, str]
    questions: Mapping[str, str]
    right: Judgements


def read_judged(passages: Path, queries: Path, qrels: Path) -> Judged:
    """Read JSON lines with `id` and `text` (gzipped or not) and judgements as TREC writes them: question, 0, passage, grade.

    Questions that nothing is right for are left out. Raise ValueError naming the file and line that cannot be used.
    """
    texts, asked = _texts(passages), _texts(queries)
    right: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(qrels), start=1):
        match line.split():
            case [question, _, passage, grade] if grade.lstrip("-").isdigit():
                if int(grade) > 0:
                    right.setdefault(question, {})[passage] = int(grade)
            case []:
                pass
            case _:
                raise ValueError(f"{qrels}:{number}: not a judgement (question, 0, passage, grade)")
    judged = {question: asked[question] for question in right if question in asked}
    if not judged:
        raise ValueError(f"{qrels}: none of its questions is in {queries}")
    return Judged(texts, judged, right)


def evaluate(judged: Judged, find: Callable[[str], Sequence[str]]) -> dict[str, float]:
    """Return the means over all questions; `find` gives the ids of at least `DEPTH` passages, best first."""
    totals = {"recall@5": 0.0, "recall@10": 0.0, "ndcg@10": 0.0, "mrr": 0.0}
    for question, text in judged.questions.items():
        for name, value in _of_one(find(text)[:DEPTH], judged.right[question]).items():
            totals[name] += value
    return {name: round(total / len(judged.questions), 4) for name, total in totals.items()}


def passages_of(judged: Judged) -> list[Passage]:
    """The judged texts as passages that anyone may read, their ids in `source`."""
    everyone = frozenset({"rep", "manager", "customer"})
    return [
        Passage(one, one, "", "", "", text, "", date.min, "", everyone, frozenset(), one, 1)
        for one, text in judged.passages.items()
    ]


def _of_one(found: Sequence[str], right: Mapping[str, int]) -> dict[str, float]:
    gains = [right.get(one, 0) for one in found]
    ideal = sorted(right.values(), reverse=True)[:DEPTH]
    return {
        "recall@5": _recall(found[:SHALLOW], right.keys()),
        "recall@10": _recall(found, right.keys()),
        "ndcg@10": _discounted(gains) / _discounted(ideal),
        "mrr": next((1 / place for place, gain in enumerate(gains, start=1) if gain), 0.0),
    }


def _recall(found: Sequence[str], right: Set[str]) -> float:
    return len(right & set(found)) / len(right)


def _discounted(gains: Sequence[int]) -> float:
    """Järvelin and Kekäläinen 2002, with the gain itself as TREC's own program has it."""
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def _texts(file: Path) -> dict[str, str]:
    found = {}
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            found[str(entry["id"])] = str(entry["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file}:{number}: not a line of JSON with `id` and `text`") from error
    return found


def _lines(file: Path) -> Iterator[str]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: it cannot be read ({type(error).__name__})") from error
