"""A document's body, cut by its headings and then at paragraphs, list items and sentences, never inside one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.front_matter import BadDocumentError
from retrieval.sentences import sentences

LONGEST_PIECE = 900  # characters: about two phone screens
_LONGEST_SENTENCE = 4_000  # what has no sentence end for this long is not prose
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_CODE_FENCE = ("```", "~~~")
_INTENT = re.compile(r"[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)?")
_LIST_ITEM = re.compile(r"\s{0,3}(?:[-*+]|\d{1,3}[.)、])\s*\S")


@dataclass(frozen=True, slots=True)
class Piece:
    """One section, or a part of a long one. `section` is its heading, empty before the first heading of the body;
    `line` is the 1-based line of the file where its text begins."""

    section: str
    text: str
    intents: frozenset[str]
    line: int


@dataclass(slots=True)
class _Section:
    heading: str
    intents: frozenset[str]
    lines: list[tuple[int, str]]


def pieces(lines: Iterable[str], first_line: int) -> Iterator[Piece]:
    """The pieces of a document's body in order. `first_line` is the number of the body's first line in its file.

    Raises BadDocumentError for a malformed intent marker or text that is no prose.
    """
    for section in _sections(lines, first_line):
        for line, text in _fill(_blocks(section.lines)):
            yield Piece(section.heading, text, section.intents, line)


def _sections(lines: Iterable[str], first_line: int) -> Iterator[_Section]:
    section = _Section("", frozenset(), [])
    in_code = False
    for number, raw in enumerate(lines, start=first_line):
        line = raw.rstrip()
        if line.lstrip().startswith(_CODE_FENCE):
            in_code = not in_code
        heading = None if in_code else _HEADING.fullmatch(line)
        if heading:
            yield section
            title_of_document = len(heading[1]) == 1
            section = _Section("" if title_of_document else heading[2].strip("# \t"), frozenset(), [])
        elif not in_code and (note := _comment(line)) is not None:
            section.intents |= _marked_intents(note, number)
        else:
            section.lines.append((number, line))
    yield section


def _comment(line: str) -> str | None:
    """What stands in a comment that fills its line; a comment is for authors and never part of the text."""
    stripped = line.strip()
    return stripped[4:-3].strip() if stripped.startswith("<!--") and stripped.endswith("-->") else None


def _marked_intents(note: str, number: int) -> frozenset[str]:
    label, colon, names = note.partition(":")
    if not colon or label.strip() != "intents":
        return frozenset()
    marked = frozenset(name.strip() for name in names.split(","))
    if not all(_INTENT.fullmatch(name) for name in marked):
        raise BadDocumentError(f"line {number} has a malformed list of intents")
    return marked


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Paragraphs and list items, each with its first line's number; a list item's block keeps its continuation lines.

    A block begins with a newline when it belongs to the paragraph or list before it, with an empty line otherwise.
    """
    start, block, gap = 0, "", False
    for number, line in lines:
        if not line:
            gap = True
            continue
        if block and (gap or _LIST_ITEM.match(line)):
            yield start, block
            block = ""
        if not block:
            start, block = number, ("\n\n" if gap else "\n") + line
        else:
            block += "\n" + line
        gap = False
    if block:
        yield start, block


def _fill(blocks: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Joins neighbouring blocks as long as they fit into one piece."""
    start, piece = 0, ""
    for line, block in blocks:
        for part_line, part in _parts(line, block):
            if piece and len(piece) + len(part) > LONGEST_PIECE:
                yield start, piece.strip()
                piece = ""
            if not piece:
                start = part_line
            piece += part
    if piece.strip():
        yield start, piece.strip()


def _parts(line: int, block: str) -> Iterator[tuple[int, str]]:
    """The block itself, or its sentences where it is longer than a piece."""
    if len(block) <= LONGEST_PIECE:
        yield line, block
        return
    body = block.lstrip("\n")
    where, number = 0, line
    for sentence in sentences(body):
        at = body.index(sentence, where)
        number += body.count("\n", where, at)
        if len(sentence) > _LONGEST_SENTENCE:
            raise BadDocumentError(f"line {number} begins more than {_LONGEST_SENTENCE} characters without a sentence end")
        gap = body[where:at] if where else block[: len(block) - len(body)]
        yield number, gap + sentence
        number += sentence.count("\n")
        where = at + len(sentence)
