"""PDF: the text of each page; headings are recognised by their numbers, paragraphs put together again."""

import io
import logging
import re
from collections.abc import Iterator
from unicodedata import normalize

from retrieval.formats.bad import BadDocumentError

MOST_PAGES = 3_000
_LEAST_LETTERS = 8
"""Letters under which a page counts as a picture."""
_LONGEST_HEADING = 40
_HEADING = re.compile(
    r"(?:第\s*[一二三四五六七八九十百零\d]+\s*[章节条]|[一二三四五六七八九十]+、|\d{1,2}(?:\.\d{1,2})+\s|(?:Section|Chapter|Article)\s+\d+)"
)
_ITEM = re.compile(r"(?:[-•·●▪*]|\d{1,3}[.)、]|[(（]\d{1,2}[)）])\s*\S")
_ENDS = re.compile(r"[。！？；.!?;:：]$")
_NEARLY_FULL = 0.7
# simplified radicals that Unicode itself maps to nothing (U+2E80 to U+2EF3)
_MEANT = dict(
    zip(
        "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳",
        "母民虎西见角贝车長长门雨青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟",
        strict=True,
    )
)
_BULLET = re.compile(r"^[•·●▪]\s*")


def read(content: bytes) -> str:
    """Every page that has text, behind a comment with its number. Raises BadDocumentError when none has."""
    from pypdf import PdfReader  # noqa: PLC0415 - a third of a second that few files need

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    lines: list[str] = []
    pictures = 0
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadDocumentError("it is protected by a password", "locked")
        if len(reader.pages) > MOST_PAGES:
            raise BadDocumentError(f"it has more than {MOST_PAGES:,} pages", "too_large")
        title = (reader.metadata.title or "").strip() if reader.metadata else ""
        for number, page in enumerate(reader.pages, start=1):
            text = _as_written(page.extract_text())
            if sum(map(str.isalnum, text)) < _LEAST_LETTERS:
                pictures += 1
                continue
            lines += [f"<!-- page: {number} -->", *_paragraphs(text)]
    except BadDocumentError:
        raise
    except Exception as error:  # a broken PDF makes the reader stumble in ways of its own
        raise BadDocumentError("it is broken or not what its ending says") from error
    if not lines:
        raise BadDocumentError(
            "it has no pages" if not pictures else "its pages are pictures without text (a scan); recognise the text first",
            "no_text",
        )
    return "\n".join([*([f"# {title}", ""] if title else []), *lines])


def _as_written(text: str) -> str:
    """The characters that were meant: many programs write a radical of the same shape in their place."""
    return "".join(_MEANT.get(char) or (normalize("NFKC", char) if "\u2e80" <= char <= "\u2fdf" else char) for char in text)


def _paragraphs(text: str) -> Iterator[str]:
    """The page's lines put together where the layout, not the writer, broke them: a line much shorter than the others ends
    its paragraph."""
    lines = [" ".join(raw.split()) for raw in text.splitlines()]
    full = max(map(_width, lines), default=0) * _NEARLY_FULL
    paragraph = ""
    for line in lines:
        is_heading = bool(line) and len(line) <= _LONGEST_HEADING and _HEADING.match(line) and not _ENDS.search(line)
        if paragraph and (not line or is_heading or _ITEM.match(line) or _ENDS.search(paragraph)):
            yield from _told(paragraph)
            paragraph = ""
        if is_heading:
            yield from ("", f"## {line}", "")
        elif line:
            paragraph = _joined(paragraph, line)
            if _width(line) < full:
                yield from _told(paragraph)
                paragraph = ""
    if paragraph:
        yield from _told(paragraph)


def _width(line: str) -> int:
    return sum(2 if char > "\u2e7f" else 1 for char in line)


def _told(paragraph: str) -> Iterator[str]:
    if _ITEM.match(paragraph):
        yield _BULLET.sub("- ", paragraph)
    else:
        yield paragraph
        yield ""


def _joined(before: str, line: str) -> str:
    if before.endswith("-") and line[:1].islower():
        return before[:-1] + line
    is_latin = before[-1:].isascii() and line[:1].isascii()
    return f"{before} {line}" if before and is_latin else before + line
