"""Finds utterances of one intent that say nearly the same: they teach nothing twice and flatter a score across voices."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intents.training.corpus import Utterance
from intents.training.saying import saying

ALIKE = 0.85
"""Jaccard similarity of character trigrams above which two sayings count as nearly the same, a letter or so apart."""
_GRAM = 3


@dataclass(frozen=True)
class NearPair:
    """Two utterances of one intent and how alike they are, 0 to 1; `second` came later."""

    first: Utterance
    second: Utterance
    likeness: float


def near_duplicates(utterances: Iterable[Utterance]) -> list[NearPair]:
    """Return the pairs within one intent that are more alike than `ALIKE`, the most alike first."""
    by_intent: defaultdict[str, list[Utterance]] = defaultdict(list)
    for utterance in utterances:
        by_intent[utterance.intent].append(utterance)
    found = [pair for same in by_intent.values() for pair in _near_pairs(same)]
    return sorted(found, key=lambda pair: -pair.likeness)


def _near_pairs(utterances: Sequence[Utterance]) -> Iterable[NearPair]:
    """Compare only those that share a trigram, through an index of who has which."""
    grams = [_grams(utterance.text) for utterance in utterances]
    having: defaultdict[str, list[int]] = defaultdict(list)
    for place, mine in enumerate(grams):
        shared = Counter(other for gram in mine for other in having[gram])
        for other, common in shared.items():
            likeness = common / (len(mine) + len(grams[other]) - common)
            if likeness > ALIKE:
                yield NearPair(utterances[other], utterances[place], likeness)
        for gram in mine:
            having[gram].append(place)


def _grams(text: str) -> frozenset[str]:
    padded = f" {saying(text)} "
    return frozenset(padded[start : start + _GRAM] for start in range(max(1, len(padded) - _GRAM + 1)))
