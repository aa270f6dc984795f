"""How well and how fast passages are found: words, meaning, both, and llama-index as it comes, on the same sets in one run.

The sets do not come with the project; those that are absent are named.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import bm25s
import numpy as np
import psutil

from bench.table import Figure, Result, spread
from retrieval.embed import SHIPPED, Embedder, load_embedder
from retrieval.evaluate import DEPTH, Judged, evaluate, passages_of, read_judged
from retrieval.search import Library
from retrieval.words import terms

_SETS = {"cmrc2018": "cmrc2018_retrieval", "dureader": "dureader_demo_retrieval"}
_RANKS = 60
"""What reciprocal ranks are added to (Cormack et al. 2009)."""
_POINTS = 8.0
_LARGE = 10_000
_ASKED = 300
_MOST_ASKED = 300
"""Questions of one set: llama-index's default store takes a tenth of a second for each."""

Find = Callable[[str], Sequence[str]]


def measure(text: Path, model: str | None) -> Result:
    embedder = load_embedder(model or str(SHIPPED))
    figures: list[Figure] = []
    notes = [f"embedding model {embedder.name}"]
    for name, whole in _sets(text, notes):
        judged = _some(whole)
        ways = _ways(judged, embedder)
        told = {way: evaluate(judged, find) for way, find in ways.items()}
        plain = told["BM25"]
        for way, found in told.items():
            figures += [
                Figure(f"{name}: {way}, {figure}", found[figure] * 100, "", "BM25", plain[figure] * 100, aim)
                for figure in ("ndcg@10", "recall@5")
                for aim in [_aim(name, plain[figure] * 100) if way == "ours" else ""]
            ]
    figures += _speed(text, embedder, notes)
    return Result("Passages found by questions, in hundredths", figures, notes)


def _some(judged: Judged) -> Judged:
    """The set with at most so many of its questions, drawn by chance and always the same."""
    draw = random.Random(1)
    asked = draw.sample(sorted(judged.questions), min(len(judged.questions), _MOST_ASKED))
    return Judged(judged.passages, {one: judged.questions[one] for one in asked}, judged.right)


def _aim(name: str, plain: float) -> str:
    return f"≥ {plain if name == 'cmrc2018' else plain + _POINTS:.1f}"


def _sets(text: Path, notes: list[str]) -> Iterator[tuple[str, Judged]]:
    for name, folder in _SETS.items():
        at = text / folder
        if at.is_dir():
            yield name, read_judged(at / "passages.jsonl.gz", at / "queries.jsonl.gz", at / "qrels.tsv")
        else:
            notes.append(f"{name} not run: there is no {at}")
    file = text / "sales_qa_zh" / "train.jsonl"
    if file.exists():
        yield "sales_qa_zh", _sales(file)
    else:
        notes.append(f"sales_qa_zh not run: there is no {file}")


def _sales(file: Path) -> Judged:
    """What customers ask as the questions, what was answered as the passages."""
    passages: dict[str, str] = {}
    right: dict[str, dict[str, int]] = {}
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        answer = passages.setdefault(line["sales"], f"a{len(passages)}")
        right.setdefault(line["customer"], {})[answer] = 1
    return Judged({one: text for text, one in passages.items()}, {one: one for one in right}, right)


def _ways(judged: Judged, embedder: Embedder) -> dict[str, Find]:
    texts = passages_of(judged)
    ids = list(judged.passages)
    cut = [terms(one.text) for one in texts]
    known = frozenset(term for line in cut for term in line)
    plain = bm25s.BM25()
    plain.index(cut, show_progress=False)
    ours, words = Library(texts, embedder=embedder), Library(texts)

    def by_words(question: str) -> np.ndarray:
        asked = [term for term in dict.fromkeys(terms(question)) if term in known]
        return np.asarray(plain.get_scores(asked)) if asked else np.zeros(len(ids))

    found = embedder.passages([one.text for one in texts])
    rows, starts = np.concatenate(found), np.cumsum([0, *(len(one) for one in found[:-1])])

    def by_meaning(question: str) -> np.ndarray:
        return np.asarray(np.maximum.reduceat(rows @ embedder.questions([question])[0], starts))

    def by_ranks(question: str) -> np.ndarray:
        ranks = (np.argsort(np.argsort(-scores)) for scores in (by_words(question), by_meaning(question)))
        return np.asarray(sum(1 / (_RANKS + rank) for rank in ranks))

    def best(scores: Callable[[str], np.ndarray]) -> Find:
        return lambda question: [ids[at] for at in np.argsort(-scores(question), kind="stable")[:DEPTH].tolist()]

    def through(library: Library) -> Find:
        return lambda question: [hit.passage.source for hit in library.ranked(question, audience="rep", k=DEPTH)]

    return {
        "BM25": best(by_words),
        "our words": through(words),
        "our meaning": best(by_meaning),
        "reciprocal ranks of both": best(by_ranks),
        "llama-index as it comes": _llama_index(judged, embedder),
        "ours": through(ours),
    }


def _llama_index(judged: Judged, embedder: Embedder) -> Find:
    """Its vector index and retriever with their defaults, over the same embedding model."""
    from llama_index.core import Document, VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding

    class Same(BaseEmbedding):  # type: ignore[misc]
        def _get_query_embedding(self, query: str) -> list[float]:
            return list(map(float, embedder.questions([query])[0]))

        def _get_text_embedding(self, text: str) -> list[float]:
            return list(map(float, embedder.passages([text])[0][0]))

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [list(map(float, one[0])) for one in embedder.passages(texts)]

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    documents = [Document(text=text, doc_id=one) for one, text in judged.passages.items()]
    index = VectorStoreIndex.from_documents(documents, embed_model=Same(embed_batch_size=64))
    retriever = index.as_retriever(similarity_top_k=DEPTH)
    return lambda question: [str(node.node.ref_doc_id) for node in retriever.retrieve(question)]


def _speed(text: Path, embedder: Embedder, notes: list[str]) -> list[Figure]:
    """Ten thousand passages: the time to make them findable, and a question's time beside BM25's in the same library."""
    at = text / _SETS["dureader"] / "passages.jsonl.gz"
    if not at.exists():
        return []
    folder = at.parent
    judged = read_judged(at, folder / "queries.jsonl.gz", folder / "qrels.tsv")
    texts = list(judged.passages.values())
    draw = random.Random(1)
    many = {str(number): texts[number] if number < len(texts) else _mixed(texts, draw) for number in range(_LARGE)}
    before = _resident()
    start = perf_counter()
    library = Library(passages_of(Judged(many, {}, {})), embedder=embedder)
    made = perf_counter() - start
    notes.append(f"{_LARGE:,} passages take {_resident() - before:.0f} MB more than none")
    words = Library(passages_of(Judged(many, {}, {})))
    asked = (list(judged.questions.values()) * 2)[:_ASKED]
    times = {way: _times(asked, one) for way, one in (("ours", library), ("words", words))}
    return [
        Figure(f"{_LARGE:,} passages made findable", made, "s", aim="≤ 300"),
        *spread("a question", times["ours"], times["words"], "words alone", p50="≤ 20", p99="≤ 80"),
    ]


def _times(asked: Sequence[str], library: Library) -> list[float]:
    times = []
    for question in asked:
        start = perf_counter()
        library.search(question, audience="rep", lang="zh", k=3)
        times.append((perf_counter() - start) * 1000)
    return times


def _mixed(texts: Sequence[str], draw: random.Random) -> str:
    one, other = draw.sample(texts, 2)
    return one[: len(one) // 2] + other[len(other) // 2 :]


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
