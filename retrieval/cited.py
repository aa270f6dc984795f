"""The sentences of a written answer that the passages they cite bear out; whatever is not borne out is left out."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from retrieval.figures import Figure, figures, same, without_figures
from retrieval.passage import Passage
from retrieval.sentences import sentences
from retrieval.words import terms

LONGEST = 400
"""Characters of a sentence that is still checked; a longer one is a list or a runaway, not a sentence."""
BORNE_OUT = 0.6
"""Share of a sentence's words that must stand in the passages it cites."""
_CUT_AT_ONCE = 1_000  # characters

_MARK = r"[\[【［]\s{0,3}\d{1,4}(?:\s{0,3}[,，、;；]\s{0,3}\d{1,4}){0,20}\s{0,3}[\]】］](?!\()"
_MARKS = rf"{_MARK}(?:\s{{0,3}}(?:[,，、;；和与及&]|and)?\s{{0,3}}{_MARK})*"
_CITING = re.compile(rf"[(（]{_MARKS}[)）]|{_MARKS}")
_NUMBER = re.compile(r"\d+")
_READ_AS_A_WORD = re.compile(r"(?:根据|按照|依据|参见|详见|(?<!意)见|\b(?:according to|see|per|in|from|by))\s*$", re.I)
_LONGEST_READ = 16  # characters looked back at before a mark
_ENDED = re.compile(r"[。！？….!?”’」』）)\"']$")
_HEADING = re.compile(r"\s*#{1,6}\s")
_BULLET = re.compile(r"\s*(?:>\s*)?(?:[-*+•·]\s+|\d{1,2}(?:[.)](?!\d)|、)\s*)?")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")

_LETTER = "[A-Za-zÀ-ɏ]"
_WORD = re.compile(r"[A-Za-zÀ-ɏ\d]+(?:[-_.][A-Za-zÀ-ɏ\d]+)*")
_MEASURE = re.compile(rf"[\d.]+-?({_LETTER}+(?:-{_LETTER}+)*)")  # 30-day and 500GB are a number and a word, MX-200 is a name
_LATIN = r"[^\W\u3400-\u9fff]"  # any letter but a Chinese one, which stands next to an address without a space
_PATH = r"[^\s<>()\[\]\"'，。；：！？、）】》\u3400-\u9fff]"
_OUTWARD = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:[a-z][a-z0-9+.]{{1,20}}://|www\.|(?:mailto|tel|data|javascript|file):){_PATH}+",
        rf"(?<!{_LATIN}){_LATIN}++(?:[.-]{_LATIN}++){{0,9}}\.(?:(?!\d){_LATIN}){{2,}}(?!{_LATIN})(?:[/:]{_PATH}*)?",
        rf"(?:{_LATIN}|[.+-]){{0,64}}@(?:{_LATIN}|[.-])+",
        r"(?<![\d.,])\+?\d(?:[ ()-]{0,2}\d){6,}",
        r"!?\[[^\[\]]*\]\([^()]*\)?",
        r"[\[【]\s{0,3}\^?\d",  # a mark of a kind that nobody asked for
        r"<[@!#/a-z][^<>]*",  # a tag, or a mention as Slack writes it
    )
)
_NEGATED = re.compile(
    r"(?<!对)不(?!仅|但|管|过[,，]|同(?!意)|好意思)|没|无(?!论|线)|非(?!常|洲)|未(?!来)|勿|禁"
    r"|\b(?:not|no(?!\.?\s?\d)|never|cannot|without|nor|none|nobody|nothing|neither)\b|n['’]t\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that its passage bears out, without its marks, and the numbers (from 0) of the passages it rests on."""

    text: str
    rests_on: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A sentence of a passage: its words, and whether it says that something is not so."""

    words: frozenset[str]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a passage says, taken apart for checking; its step numbers and bullets say nothing."""

    said: frozenset[str]  # its sentences, word for word
    lines: tuple[_Line, ...]
    words: frozenset[str]
    figures: frozenset[Figure]
    names: frozenset[str]
    outward: frozenset[str]


def verified(answer: str, passages: Sequence[Passage]) -> list[Said]:
    """The sentences of `answer` that the passages they cite bear out, in order; never raises, whatever was written.

    A mark is the number of a passage from 1 in brackets, before or after the full stop. A sentence stands when it is one
    of a cited passage's own, or when its numbers, names and addresses are there, most of its words are, and it denies
    what the nearest sentence there denies. What is checked is what is returned: without marks and bold type.
    """
    grounds: dict[int, _Ground] = {}
    kept = []
    for text, cited in _cited(answer):
        numbers = tuple(dict.fromkeys(number - 1 for number in cited))
        if not numbers or len(text) > LONGEST or not all(0 <= number < len(passages) for number in numbers):
            continue
        for number in numbers:
            if number not in grounds:
                grounds[number] = _ground(passages[number])
        if _stands(text, [grounds[number] for number in numbers]):
            kept.append(Said(text, numbers))
    return kept


def _cited(answer: str) -> Iterator[tuple[str, list[int]]]:
    """The sentences of an answer without their marks, and the numbers in the marks of each."""
    for line in answer.splitlines():
        if _HEADING.match(line):
            continue
        plain, marks = _without_marks(_BOLD.sub(r"\1", _without_bullet(line)))
        end, next_mark = 0, 0
        for sentence in sentences(plain):
            start = plain.index(sentence, end)
            end = start + len(sentence)
            cited: list[int] = []
            while next_mark < len(marks) and marks[next_mark][0] <= end:
                at, numbers = marks[next_mark]
                cited += numbers if at > start else []  # one before the first word ends no sentence
                next_mark += 1
            yield sentence, cited


def _without_bullet(line: str) -> str:
    return line[bullet.end() :] if (bullet := _BULLET.match(line)) else line


def _without_marks(line: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """The line without its marks, and where in it each stood with its numbers; a mark that is read as a word, as in
    "according to [1]", leaves a hole in the sentence, so it cites 0, which no passage has."""
    plain, marks, length, last = [], [], 0, 0
    for mark in _CITING.finditer(line):
        before, after = line[last : mark.start()].rstrip(), line[mark.end() : mark.end() + 1]
        plain.append(before)
        length += len(before)
        is_word = _READ_AS_A_WORD.search(line[max(last, mark.start() - _LONGEST_READ) : mark.start()])
        marks.append((length, [0] if is_word else [int(number) for number in _NUMBER.findall(mark[0])]))
        last = mark.end()
        if (_ENDED.search(before) and not after.isspace()) or ((before[-1:] + after).isalnum() and after.isascii()):
            plain.append(" ")
            length += 1
    return "".join([*plain, line[last:]]), marks


def _ground(passage: Passage) -> _Ground:
    """What a passage bears out. Sentences of a document that carry marks like ours pretend to be checked, or have footnotes:
    they can be quoted, but nothing is written from them."""
    lines = [line for whole in passage.text.splitlines() if (line := _without_marked(_without_bullet(whole)))]
    said = [sentence for line in lines for sentence in sentences(line)]
    cut = tuple(_Line(_words(sentence), _is_negated(sentence)) for sentence in said)
    headed = [passage.title, passage.section, *lines]
    return _Ground(
        said=frozenset(_spaced(sentence) for sentence in said),
        lines=cut,
        words=frozenset().union(_words(passage.title), _words(passage.section), *(line.words for line in cut)),
        figures=frozenset(figure for line in headed for figure in figures(line)),
        names=frozenset(word.lower() for line in headed for word in _WORD.findall(_plain(line))),
        outward=frozenset(address for line in headed for address in _outward(line)),
    )


def _without_marked(line: str) -> str:
    if not _CITING.search(line):
        return line
    return " ".join(sentence for sentence in sentences(line) if not _CITING.search(sentence))


def _stands(text: str, grounds: list[_Ground]) -> bool:
    if any(_spaced(text) in ground.said for ground in grounds):
        return True
    checks: tuple[Callable[[str, list[_Ground]], bool], ...] = (
        _is_a_plain_sentence,
        _figures_stand,
        _names_stand,
        _addresses_stand,
        _words_stand,
        _denies_the_same,
    )
    return all(check(text, grounds) for check in checks)


def _is_a_plain_sentence(text: str, _: list[_Ground]) -> bool:
    """Not what only leads to something, and nothing in it that cannot be seen."""
    return not text.endswith((":", "：")) and all(unicodedata.category(one)[0] != "C" or one == "\t" for one in text)


def _figures_stand(text: str, grounds: list[_Ground]) -> bool:
    return all(
        any(same(figure, known) for ground in grounds for known in ground.figures)
        for figure in figures(text)
        if figure.counts
    )


def _names_stand(text: str, grounds: list[_Ground]) -> bool:
    for word in _WORD.findall(_plain(text)):
        name = word.lower()
        has_digit = any(one.isdigit() for one in word) and any(one.isalpha() for one in word)
        if not has_digit and (len(word) < 4 or word[1:] == word[1:].lower()):
            continue
        if any(name in ground.names or name.removesuffix("s") in ground.names for ground in grounds):
            continue
        measure = _MEASURE.fullmatch(word)
        if not measure or not all(any(term in ground.words for ground in grounds) for term in terms(measure[1])):
            return False
    return True


def _addresses_stand(text: str, grounds: list[_Ground]) -> bool:
    return all(any(address in ground.outward for ground in grounds) for address in _outward(text))


def _words_stand(text: str, grounds: list[_Ground]) -> bool:
    words = _words(text)
    borne_out = sum(any(word in ground.words for ground in grounds) for word in words)
    return bool(words) and borne_out >= BORNE_OUT * len(words)


def _denies_the_same(text: str, grounds: list[_Ground]) -> bool:
    """Whether the sentence says no exactly where the nearest one, with the most words in common and the fewest others,
    says no. Where two are equally near, both must agree with it."""
    words, nearest, agree = _words(text), (-1, 0), False
    is_negated = _is_negated(text)
    for line in (line for ground in grounds for line in ground.lines):
        near, agrees = (len(words & line.words), -len(line.words)), line.is_negated == is_negated
        if near > nearest:
            nearest, agree = near, agrees
        elif near == nearest:
            agree = agree and agrees
    return agree


def _words(text: str) -> frozenset[str]:
    """The words that carry what is said; numbers are compared by value instead."""
    said = without_figures(text)
    # piece by piece: the time that jieba takes grows with the square of what has no end
    return frozenset(term for at in range(0, len(said), _CUT_AT_ONCE) for term in terms(said[at : at + _CUT_AT_ONCE]))


def _is_negated(text: str) -> bool:
    return bool(_NEGATED.search(_plain(text)))


def _outward(text: str) -> Iterator[str]:
    """Whatever in a text leads elsewhere: addresses, telephone numbers, links."""
    for pattern in _OUTWARD:
        for found in pattern.finditer(_plain(text)):
            if not found[0].isdigit():  # a number without separators is compared by value
                yield found[0].rstrip(".,;:!?")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _spaced(text: str) -> str:
    return " ".join(text.split())
