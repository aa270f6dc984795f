"""What people said of passages, weighed for a question that asks much the same."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.words import terms

ALIKE = 0.5
"""Share of their words that two questions have in common, from which what helped with one speaks for the other."""
EACH = 1.25
"""What one person's word multiplies a passage's evidence by, or divides it by, in the order of answers."""
MOST = 2.0
"""However many say so: what helps most goes before what has twice its evidence, and no further."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's word: whether a passage (by id, so by its very words) helped with a question."""

    question: str
    passage_id: str
    is_helpful: bool


class Judged:
    """Everybody's judgements, indexed by the words of the questions; it is only read once built."""

    def __init__(self, judgements: Iterable[Judgement] = ()) -> None:
        self._judgements: list[tuple[Judgement, int]] = []
        self._holding: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(judgements):
            cut = frozenset(terms(one.question))
            self._judgements.append((one, len(cut)))
            for term in cut:
                self._holding[term].append(number)

    def factors(self, question: str) -> dict[str, float]:
        """What the evidence of passages counts for, by passage id; only those that somebody spoke of."""
        asked = frozenset(terms(question))
        shared = Counter(number for term in asked for number in self._holding.get(term, ()))
        said: dict[str, int] = defaultdict(int)
        for number, common in shared.items():
            one, size = self._judgements[number]
            if common >= ALIKE * (len(asked) + size - common):
                said[one.passage_id] += 1 if one.is_helpful else -1
        return {passage_id: min(MOST, max(1 / MOST, EACH**sum_)) for passage_id, sum_ in said.items()}
