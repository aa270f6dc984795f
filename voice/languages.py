"""In which language something was said: Chinese, English, both in one breath, another, or none that anybody knows."""

import re

_HAN = re.compile(r"[㐀-鿿]")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_CHARACTERS_TO_A_WORD = 1.7
_MIXED = 0.2

READ = frozenset({"zh", "en", "mixed"})
"""What the house reads, and may act upon."""
UNKNOWN = "und"
"""What was not understood: music, or a language that nobody here knows (undetermined, by ISO 639-2)."""


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return _HAN.search(text) is not None


def language(text: str, found: str) -> str:
    """The language of a text: what the model found, mixed where Chinese and English both make up a fifth and more."""
    if found not in ("zh", "en"):
        return found
    chinese = len(_HAN.findall(text)) / _CHARACTERS_TO_A_WORD
    english = len(_LATIN.findall(text))
    if not chinese or not english:
        return "zh" if chinese else "en" if english else found
    share = english / (chinese + english)
    return "mixed" if english >= 2 and _MIXED <= share <= 1 - _MIXED else "en" if share > 0.5 else "zh"
