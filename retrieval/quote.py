"""The sentences of a passage that answer a query, word for word, for a phone's screen."""

import re
from collections.abc import Iterator

from retrieval.passage import Passage
from retrieval.sentences import sentences
from retrieval.words import terms

_BULLET = re.compile(r"\s*[-*+]\s+")
_STEP = re.compile(r"\s*\d{1,3}[.)、]")
_TABLE_RULE = re.compile(r"[\s|:-]+")
_CLAUSE_END = re.compile(r"[，；：、]|[,;:](?=[\s\u4e00-\u9fff])|\s")  # but not within 500,000 or 9:30
_CUT = "…"
_ASKS_FOR_STEPS = re.compile(
    r"流程|步骤|(?:怎么|如何|怎样)(?:才能)?(?:申请|办|走|操作|做|弄|借|处理|走流程)|怎么.{0,6}出去|一步"
    r"|\bsteps?\b|\bprocess\b|\bprocedure\b|\bhow (?:do|can|should|to)\b",
    re.IGNORECASE,
)


def best_sentences(passage: Passage, query: str, limit_chars: int) -> str:
    """The sentences and steps that answer the query, in the passage's order, one a line; all of them when they fit.

    Each line stands in the passage exactly so, except that a best line longer than `limit_chars` is cut after a
    word or clause and ends in an ellipsis. When no line holds a word of the query, the passage is quoted from its
    beginning. Raises ValueError when `limit_chars` is not positive.
    """
    if limit_chars < 1:
        raise ValueError("limit_chars must be positive")
    lines = list(_lines(passage.text))
    if not lines or len("\n".join(lines)) <= limit_chars:
        return "\n".join(lines)
    if _ASKS_FOR_STEPS.search(query) and _STEP.match(lines[0]):
        return _from_the_beginning(lines, limit_chars)
    wanted = frozenset(terms(query))
    held = [len(wanted.intersection(terms(line))) for line in lines]
    best = max(range(len(lines)), key=lambda number: (held[number], -number))
    if len(lines[best]) > limit_chars:
        return _cut(lines[best], limit_chars)
    chosen, left = {best}, limit_chars - len(lines[best])
    for number in sorted(range(len(lines)), key=lambda number: (-held[number], number)):
        cost = len(lines[number]) + 1
        if number in chosen:
            continue
        if cost > left or held[number] < min(held[best], 1):
            break  # not a later, shorter line instead: a quotation with holes misleads
        chosen.add(number)
        left -= cost
    return "\n".join(lines[number] for number in sorted(chosen))


def _from_the_beginning(lines: list[str], limit: int) -> str:
    """As many of the first lines as fit: of a procedure that is asked for, its first step comes first."""
    kept = [lines[0] if len(lines[0]) <= limit else _cut(lines[0], limit)]
    for line in lines[1:]:
        if len("\n".join([*kept, line])) > limit:
            break
        kept.append(line)
    return "\n".join(kept)


def _lines(text: str) -> Iterator[str]:
    """What can be quoted by itself: a step with its number, a table's row, or a sentence; never a bullet's mark."""
    for line in text.split("\n"):
        if _TABLE_RULE.fullmatch(line):
            continue
        if _STEP.match(line):
            yield line.strip()
        else:
            yield from sentences(line[bullet.end() :] if (bullet := _BULLET.match(line)) else line)


def _cut(sentence: str, limit: int) -> str:
    room = limit - len(_CUT)
    ends = [end.start() for end in _CLAUSE_END.finditer(sentence, 0, room + 1)]
    # half a number would be a wrong one
    shown = sentence[: max(ends)] if ends else sentence[:room].rstrip("0123456789.,:")
    return shown.rstrip() + _CUT
