"""Ten thousand and a hundred thousand passages in one library: what they cost to hold, and where a question's time goes.

Each size has a process of its own, so that its memory is told apart. The texts do not come with the project; where they
are absent it says so.
"""

import argparse
import gc
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil

from bench.table import Figure, Result, percentile
from retrieval.embed import SHIPPED, Embedder, Floats, load_embedder
from retrieval.evaluate import Judged, passages_of, read_judged
from retrieval.passage import AUDIENCES
from retrieval.search import Library
from retrieval.shelf import Shelf
from retrieval.words import know

ROOT = Path(__file__).parent.parent
SIZES = (10_000, 100_000)
_TITLE = "Many passages in one library"
_TEXTS = "pretrain_zh"
_QUESTIONS = ("dureader_demo_retrieval", "cmrc2018_retrieval")
_ASKED = 300
_WARM_UP = 20
_SHORTEST, _LONGEST = 100, 400
_STEPS: dict[str, tuple[type, str]] = {
    "embedding the question": (Library, "_vector"),
    "BM25": (Shelf, "_words"),
    "nearness": (Shelf, "_nearness"),
}
"""The steps of a question's way that are timed, and where they are taken; the rest is what is left."""
_REST = "the rest"


@dataclass(frozen=True)
class Told:
    """What one size took: seconds, megabytes, milliseconds of each question, whole and by step."""

    loaded: float
    embedded: float
    vectors: int
    before: float
    after: float
    most: float
    questions: list[float]
    steps: dict[str, list[float]]
    found: int


class StandIn:
    """Reads questions as the real one does; passages get as many vectors of the same width, pointing anywhere."""

    def __init__(self, real: Embedder) -> None:
        self.name = f"stand-in-{real.name}"
        self.questions = real.questions
        self._real = real
        self._draw = np.random.default_rng(1)
        self._stretches: dict[int, int] = {}

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        """Return for each text unit vectors (S, H), as many as the real one makes of a Chinese text of about its length."""
        width = self.questions(["宽"]).shape[1]
        return [self._anywhere(self._count(len(text) // 10 * 10), width) for text in texts]

    def _count(self, length: int) -> int:
        if length not in self._stretches:
            self._stretches[length] = len(self._real.passages(["字" * length])[0])
        return self._stretches[length]

    def _anywhere(self, count: int, width: int) -> Floats:
        drawn = self._draw.standard_normal((count, width), np.float32)
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


class _Clocked:
    """An embedder whose work on passages is timed."""

    def __init__(self, inner: Embedder) -> None:
        self.name = inner.name
        self.questions = inner.questions
        self._inner = inner
        self.seconds = 0.0
        self.made = 0

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        start = perf_counter()
        made = self._inner.passages(texts)
        self.seconds += perf_counter() - start
        self.made += sum(len(one) for one in made)
        return made


def measure(text: Path, model: str | None, real: bool = False, sizes: Sequence[int] = SIZES) -> Result:
    absent = [str(text / one) for one in (_TEXTS, *_QUESTIONS) if not (text / one).is_dir()]
    if absent:
        return Result(_TITLE, [], [f"not run: there is no {absent[0]}"])
    pool = sorted(_cut(text / _TEXTS))
    questions = _questions(text)
    told: dict[int, Told] = {}
    notes = []
    for size in sizes:
        if len(pool) < size:
            notes.append(f"{size:,} not run: {text / _TEXTS} has {len(pool):,} different passages")
            continue
        told[size] = _apart(random.Random(1).sample(pool, size), questions, model, real)
    notes += [
        f"{len(questions)} questions of {' and '.join(_QUESTIONS)}, k=3; one question at a time",
        f"every passage is for all {len(AUDIENCES)} audiences, so that it stands on as many shelves",
        "vectors: made by the embedder"
        if real
        else "vectors: drawn by chance, as many and as wide as real ones (--real makes those); each is compared "
        "wherever it points, only how many come near differs; questions are embedded as always",
        f"loaded: cut into words and indexed, vectors not counted; resident memory is read after a collection; "
        f"questions that found something: {', '.join(f'{one.found} of {len(questions)}' for one in told.values())}",
    ]
    return Result(_TITLE, [figure for size in told for figure in _figures(size, told)], notes)


def _figures(size: int, told: dict[int, Told]) -> Iterator[Figure]:
    one, least = told[size], min(told)
    small = None if size == least else told[least]

    def figure(what: str, unit: str, value: Callable[[Told], float], aim: str = "") -> Figure:
        beside = f"{least:,}" if small else ""
        return Figure(f"{size:,}: {what}", value(one), unit, beside, value(small) if small else None, aim)

    def at(share: float) -> Callable[[Told], float]:
        return lambda told: percentile(told.questions, share)

    def step(name: str, share: float) -> Callable[[Told], float]:
        return lambda told: percentile(told.steps[name], share)

    def aim(share: float, most: float) -> str:
        return f"< {2 * at(share)(small):.1f}" if small else f"≤ {most:.0f}"

    yield figure("loaded", "s", lambda told: told.loaded)
    yield figure("vectors of passages made", "s", lambda told: told.embedded)
    yield figure("vectors of passages", "", lambda told: told.vectors)
    yield figure("resident memory before", "MB", lambda told: told.before)
    yield figure("resident memory after", "MB", lambda told: told.after)
    yield figure("resident memory at most", "MB", lambda told: told.most)
    yield figure("a question, p50", "ms", at(50), aim(50, 20))
    yield figure("a question, p99", "ms", at(99), aim(99, 80))
    for name in one.steps:
        yield figure(f"of it {name}, p50", "ms", step(name, 50))
        yield figure(f"of it {name}, p99", "ms", step(name, 99))


# --- what is asked of what ------------------------------------------------------------------------------------------------


def _cut(folder: Path) -> set[str]:
    """Different passages of 100 to 400 characters: paragraphs, short ones together, long ones in pieces."""
    draw = random.Random(1)
    return {piece for file in sorted(folder.glob("*.txt.gz")) for piece in _pieces(_paragraphs(file), draw)}


def _paragraphs(file: Path) -> Iterator[str]:
    held: list[str] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                held.append(line.strip())
            elif held:
                yield "\n".join(held)
                held = []
    if held:
        yield "\n".join(held)


def _pieces(paragraphs: Iterable[str], draw: random.Random) -> Iterator[str]:
    held = ""
    for paragraph in paragraphs:
        held = f"{held}\n{paragraph}".strip()
        while len(held) >= _SHORTEST:
            end = draw.randint(_SHORTEST, _LONGEST)
            piece, held = held[:end].strip(), held[end:].strip()
            if len(piece) >= _SHORTEST:
                yield piece


def _questions(text: Path) -> list[str]:
    """As many of each set, drawn by chance and always the same."""
    draw = random.Random(1)
    asked = []
    for name in _QUESTIONS:
        at = text / name
        judged = read_judged(at / "passages.jsonl.gz", at / "queries.jsonl.gz", at / "qrels.tsv")
        every = sorted(set(judged.questions.values()))
        asked += draw.sample(every, min(len(every), _ASKED // len(_QUESTIONS)))
    return asked


# --- one size, in a process of its own ------------------------------------------------------------------------------------


def _apart(texts: Sequence[str], questions: Sequence[str], model: str | None, real: bool) -> Told:
    """Raises CalledProcessError when the process fails."""
    with tempfile.TemporaryDirectory(prefix="parley-many-") as passing:
        given = Path(passing) / "given.json"
        given.write_text(json.dumps({"texts": texts, "questions": questions}), encoding="utf-8")
        words = [sys.executable, "-m", "bench.many", str(given), *(["--embedding", model] if model else [])]
        done = subprocess.run([*words, *(["--real"] if real else [])], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return Told(**json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=_apart.__doc__)
    parser.add_argument("given", type=Path)
    parser.add_argument("--embedding")
    parser.add_argument("--real", action="store_true")
    asked = parser.parse_args()
    inner = load_embedder(asked.embedding or str(SHIPPED))
    embedder = _Clocked(inner if asked.real else StandIn(inner))
    embedder.questions(["一个问题"])
    Library(passages_of(Judged({"1": "一段话"}, {}, {}))).search("一段话", audience="rep")  # what is imported late is there
    know()
    gc.collect()
    before = _resident()
    given = json.loads(asked.given.read_text(encoding="utf-8"))
    many = Judged({str(number): text for number, text in enumerate(given.pop("texts"))}, {}, {})
    passages = [replace(one, lang="zh") for one in passages_of(many)]
    del many
    start = perf_counter()
    library = Library(passages, embedder=embedder)
    loaded = perf_counter() - start - embedder.seconds
    gc.collect()
    after = _resident()
    whole, steps, found = _ask(library, given["questions"])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    told = Told(loaded, embedder.seconds, embedder.made, before, after, most, whole, steps, found)
    print(json.dumps(asdict(told)))


def _ask(library: Library, questions: Sequence[str]) -> tuple[list[float], dict[str, list[float]], int]:
    """Milliseconds of each question, whole and by step, and how many of them found anything."""
    spent = dict.fromkeys(_STEPS, 0.0)
    for name, (owner, method) in _STEPS.items():
        setattr(owner, method, _timed(getattr(owner, method), name, spent))
    whole: list[float] = []
    steps: dict[str, list[float]] = {name: [] for name in (*_STEPS, _REST)}
    found = 0
    for question in (*questions[:_WARM_UP], *questions):
        spent.update(dict.fromkeys(_STEPS, 0.0))
        start = perf_counter()
        hits = library.search(question, audience="rep", lang="zh", k=3)
        whole.append((perf_counter() - start) * 1000)
        for name, milliseconds in spent.items():
            steps[name].append(milliseconds)
        steps[_REST].append(whole[-1] - sum(spent.values()))
        found += bool(hits) and len(whole) > _WARM_UP
    return whole[_WARM_UP:], {name: times[_WARM_UP:] for name, times in steps.items()}, found


def _timed(method: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any) -> Any:
        start = perf_counter()
        try:
            return method(*given)
        finally:
            spent[name] += (perf_counter() - start) * 1000

    return timed


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


if __name__ == "__main__":
    main()
