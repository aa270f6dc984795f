"""The features the linear model sees of a text; the same code runs in training and at run time."""

import re
import unicodedata
from collections import Counter
from itertools import pairwise

LONGEST_READ = 4_000
"""Characters of a text that the model reads; a longer text is cut."""

_LONGEST_GRAM = 4
_WORD = re.compile(r"[a-z0-9']+")
_DIGIT = re.compile(r"\d")
_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufe0f\ud800-\udfff\s]+")


def normalise(text: str) -> str:
    """Return the text folded by width and case (NFKC), one blank between words, at most LONGEST_READ long.

    Control characters and lone surrogates count as blanks.
    """
    folded = unicodedata.normalize("NFKC", _UNREADABLE.sub(" ", text[:LONGEST_READ])).lower()
    return _UNREADABLE.sub(" ", folded)[:LONGEST_READ].strip()


def features(text: str, role: str | None = None) -> Counter[str]:
    """Count character 1- to 4-grams, words, two and three in a row, two around a third, first and last characters.

    Digits are all alike. What stands around a word tells "they signed with us" from "they signed, not with us".
    A known `role` of the speaker is a feature as well.
    """
    plain = _DIGIT.sub("0", normalise(text))
    counts: Counter[str] = Counter()
    if role is not None:
        counts[role_feature(role)] = 1
    if not plain:
        return counts
    padded = f" {plain} "
    for size in range(1, _LONGEST_GRAM + 1):
        counts.update(padded[start : start + size] for start in range(len(padded) - size + 1))
    words = _WORD.findall(plain)
    counts.update(f"\tw {word}" for word in words)
    counts.update(f"\tp {first} {second}" for first, second in pairwise(words))
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        counts[f"\tt {first} {second} {third}"] += 1
        counts[f"\ts {first} {third}"] += 1
    counts.update(f"\t^{plain[:size]}" for size in (2, 4))
    counts.update(f"\t${plain[-size:]}" for size in (2, 4))
    return counts


def role_feature(role: str) -> str:
    """Return the name of the feature that says who speaks; a blank-led name no text can produce."""
    return f"\trole {role}"
