"""A document's body, cut by its headings and then at paragraphs, list items and sentences, never inside one."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.formats.bad import BadDocumentError
from retrieval.pictures import MARKS
from retrieval.sentences import sentences
from retrieval.setting import FACTS

LONGEST_PIECE = 900  # characters: about two phone screens
_LONGEST_SENTENCE = 4_000  # what has no sentence end for this long is not prose
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_PAGE = re.compile(r"page: (\d{1,6})")
_ROW = re.compile(r"\|.*\|")
_CODE_FENCE = ("```", "~~~")
_INTENT = re.compile(r"[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)?")
_LIST_ITEM = re.compile(r"\s{0,3}(?:[-*+]|\d{1,3}[.)、])\s*\S")


@dataclass(frozen=True, slots=True)
class Piece:
    """One section, or a part of a long one. `section` is its heading, empty before the first heading of the body;
    `line` is the 1-based line of the file where its text begins, `page` the page that the line stands on."""

    section: str
    text: str
    intents: frozenset[str]
    line: int
    page: int | None = None
    fits: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class _Section:
    heading: str
    intents: frozenset[str]
    lines: list[tuple[int, str]]
    fits: frozenset[tuple[str, str]] = frozenset()


def pieces(lines: Iterable[str], first_line: int) -> Iterator[Piece]:
    """The pieces of a document's body in order. `first_line` is the number of the body's first line in its file.

    Raises BadDocumentError for a malformed intent marker or text that is no prose.
    """
    pages: list[tuple[int, int]] = []
    for section in list(_sections(lines, first_line, pages)):
        for line, text in _fill(_blocks(section.lines)):
            yield Piece(section.heading, text, section.intents, line, _page_of(line, pages), section.fits)


def _page_of(line: int, pages: list[tuple[int, int]]) -> int | None:
    """The page of a line, by the lines at which pages begin."""
    at = bisect_right(pages, line, key=lambda one: one[0])
    return pages[at - 1][1] if at else None


def _sections(lines: Iterable[str], first_line: int, pages: list[tuple[int, int]]) -> Iterator[_Section]:
    """Yield the sections; where pages begin is added to `pages`."""
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
            section.fits |= _marked_fits(note, number)
            if page := _PAGE.fullmatch(note):
                pages.append((number, int(page[1])))
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
        raise BadDocumentError(f"line {number} has a malformed list of intents", "form")
    return marked


def _marked_fits(note: str, number: int) -> frozenset[tuple[str, str]]:
    """What a section was written for: `fits: industry=medical, hospital; stage=negotiation`."""
    label, colon, said = note.partition(":")
    if not colon or label.strip() != "fits":
        return frozenset()
    marked = set()
    for part in said.split(";"):
        kind, equals, words = part.partition("=")
        named = [word.strip().casefold() for word in words.split(",")]
        if not equals or kind.strip() not in FACTS or not all(named):
            raise BadDocumentError(
                f"line {number} does not say what it fits, such as <!-- fits: industry=medical -->", "form"
            )
        marked |= {(kind.strip(), word) for word in named}
    return frozenset(marked)


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
    rows = body.split("\n")
    if all(map(_ROW.fullmatch, rows)):
        yield from _tables(line, rows)
        return
    where, number = 0, line
    for sentence in _uncut(body):
        at = body.index(sentence, where)
        number += body.count("\n", where, at)
        if len(MARKS.sub("", sentence)) > _LONGEST_SENTENCE:
            raise BadDocumentError(
                f"line {number} begins more than {_LONGEST_SENTENCE} characters without a sentence end", "form"
            )
        gap = body[where:at] if where else block[: len(block) - len(body)]
        yield number, gap + sentence
        number += sentence.count("\n")
        where = at + len(sentence)


def _uncut(body: str) -> Iterator[str]:
    """The sentences, of which none ends within a picture or before the pictures that belong to it."""
    marks = [mark.span() for mark in MARKS.finditer(body)]
    begun = where = 0
    for sentence in sentences(body):
        at = body.index(sentence, where)
        begun = at if begun == where else begun
        where = at + len(sentence)
        if not any(start <= where < end for start, end in marks):
            yield body[begun:where]
            begun = where


def _tables(line: int, rows: list[str]) -> Iterator[tuple[int, str]]:
    """A long table as several, each under the heading row; a row is never cut."""
    heading, body = rows[:2], rows[2:]
    width = sum(len(row) + 1 for row in heading)
    start, part, size = line, list(heading), width
    for number, row in enumerate(body, start=line + 2):
        if size + len(row) + 1 > LONGEST_PIECE and len(part) > len(heading):
            yield start, "\n\n" + "\n".join(part)
            start, part, size = number, list(heading), width
        part.append(row)
        size += len(row) + 1
    yield start, "\n\n" + "\n".join(part)
