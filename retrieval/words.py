"""From text to search terms: Chinese words through jieba, English words lower-cased and without plural endings."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z0-9]+(?:[.\-'’][a-z0-9]+)*")

_EMPTY = frozenset(
    word
    for line in Path(__file__).with_name("empty_words.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
    for word in line.split()
)
_AT_ONCE = 1_000  # characters
_LONGEST_WORD = 12  # characters; what is longer is a sentence, and nobody asks for it in one piece
_PLURAL_EXCEPTIONS = ("ss", "us", "is")


def terms(text: str) -> list[str]:
    """The search terms of `text` in reading order, repeats kept; empty when the text says nothing searchable.

    Documents and queries must pass through the same function: an index only finds words cut the same way.
    """
    return list(_terms(unicodedata.normalize("NFKC", text).lower()))


def _terms(text: str) -> Iterator[str]:
    for run in _RUN.findall(text):
        if run[0] > "\u33ff":
            yield from (word for word in _chinese_terms(run) if word not in _EMPTY)
        elif (word := run.replace("’", "'")) not in _EMPTY:
            yield _singular(word.removesuffix("'s"))


def _chinese_terms(run: str) -> Iterator[str]:
    """The words of a run of Chinese characters, long ones with the words inside them. A word that jieba's dictionary
    lacks was guessed, so its characters follow by themselves: 嫌贵 is also found by 贵."""
    cutter = _chinese()
    # jieba's work grows with the square of a run: what has no mark for a thousand characters is cut anywhere
    pieces = (run[at : at + _AT_ONCE] for at in range(0, len(run), _AT_ONCE))
    for word in (word for piece in pieces for word in cutter.cut_for_search(piece)):
        yield word
        if len(word) > 1 and not cutter.FREQ.get(word):
            yield from word


def _singular(word: str) -> str:
    """Drops an English plural ending, the only inflection that matters for finding nouns."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(_PLURAL_EXCEPTIONS):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


class _Cutter(Protocol):
    FREQ: dict[str, int]

    def add_word(self, word: str) -> None: ...

    def cut_for_search(self, sentence: str) -> Iterator[str]: ...


@cache
def _chinese() -> _Cutter:
    """jieba with its own dictionary, loaded once a process (about a second).

    jieba would otherwise log to standard error and read a marshalled cache from the shared temporary folder, where
    any user of the machine could have put it. A filled tokenizer is only read, so threads may share it.
    """
    import jieba  # noqa: PLC0415 - loading it is slow; nobody who does not search should wait for it

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter  # type: ignore[no-any-return]


def know(names: Iterable[str] = ()) -> None:
    """Load the Chinese dictionary now, so that the first query does not wait for it, with the house's own words beside it.

    What was indexed before must be indexed again: a word that is now cut as one was not there then. A word stays known
    until the process ends.
    """
    cutter = _chinese()
    for run in (run for name in sorted(names) for run in _RUN.findall(name) if run[0] > "\u33ff"):
        if 1 < len(run) <= _LONGEST_WORD and not cutter.FREQ.get(run):
            cutter.add_word(run)
