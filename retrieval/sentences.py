"""Where a sentence ends, in Chinese and in English: used when documents are cut and when they are quoted."""

import re
from collections.abc import Iterator

_CLOSING = "”’」』）)\"'"
_ENDING = re.compile(
    rf"[。！？…]+[{_CLOSING}]*"  # the Chinese marks end a sentence wherever they stand
    rf"|(?<![.!?])[.!?]++[{_CLOSING}]*+(?=\s)"  # the Latin ones only before a space: 3.5, v4.2, sample.example
    rf"|(?<![!?])[!?]++[{_CLOSING}]*+(?=[\u4e00-\u9fff])"  # or, typed within Chinese text, before a character
)
_NOT_AN_ENDING = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|No|Mr|Ms|Dr|Ltd|Inc|Co|approx|max|min)|\b[A-Z]|^\s*\d+)\.$")
_LONGEST_ABBREVIATION = 12  # characters looked back at; keeps the search linear in the text


def sentences(text: str) -> Iterator[str]:
    """The sentences of one paragraph in order, each an exact piece of it without surrounding white space."""
    start = 0
    for ending in _ENDING.finditer(text):
        before = text[max(start, ending.end() - _LONGEST_ABBREVIATION) : ending.end()]
        if _NOT_AN_ENDING.search(before):
            continue
        if sentence := text[start : ending.end()].strip():
            yield sentence
        start = ending.end()
    if rest := text[start:].strip():
        yield rest
