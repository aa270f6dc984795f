"""Word documents: headings, numbered and other lists, tables and pictures, in their order."""

import re
from collections.abc import Iterator
from typing import Any

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.counted import Numbers
from retrieval.formats.grid import table
from retrieval.formats.held import Held, Shown, finished, plain_alt, shown
from retrieval.formats.packed import checked

_DEEPEST = 6
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_PIC = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_V = "{urn:schemas-microsoft-com:vml}"
_STRUCK = frozenset({f"{_W}del", f"{_W}moveFrom"})
_NOT_READ = _STRUCK | {f"{_W}rt"}  # what was struck out, and how a character is pronounced
_NOT_SHOWN = _STRUCK | {"{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
_MOST_CUT = 2_000  # of a hundred thousand parts of a side
_CAPTION = re.compile(r"(?:图|Fig(?:ure|\.)?)\s*\d.{0,120}", re.IGNORECASE)


def read(content: bytes) -> Held:
    """The body of the document as it is when its tracked changes are accepted; what stands in headers, footers and comments
    is not part of it."""
    import docx  # noqa: PLC0415 - a quarter of a second that few files need
    from docx.table import Table  # noqa: PLC0415

    file = checked(content)
    try:
        document = docx.Document(file)
        body = _Body(document.part)
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                body.add_table(block)
            else:
                body.add_paragraph(block)
        return finished(body.lines, body.sections)
    except Exception as error:  # python-docx and lxml raise whatever the broken part made them stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error


class _Body:
    """The lines so far, with what later ones need to know of them."""

    def __init__(self, part: Any) -> None:
        self.lines: list[str | Shown] = []
        self.sections = 1
        self._part = part
        self._numbers = Numbers(_numbering(part))
        self._heading = ""
        self._unnamed: list[Shown] = []  # just shown, and said to be nothing in particular
        self._caption = ""
        self._by_style = 0  # the running number of a list that only its style's name tells of

    def add_table(self, block: Any) -> None:
        rows = [["\n".join(_text(one) for one in cell.paragraphs) for cell in row.cells] for row in block.rows]
        self._put(["", *table(rows), ""])
        self._show(block._tbl)

    def add_paragraph(self, block: Any) -> None:
        text = " ".join(_text(block).split())
        kind, level, name = self._kind(block)
        if text and (_is_caption(block) or _CAPTION.fullmatch(text)):
            for one in self._unnamed:
                one.alt = plain_alt(text)
            was_awaited = bool(self._unnamed)
            self._put(_line("paragraph", 0, "", text))
            self._caption = "" if was_awaited else text
            self._show(block._p)
            return
        mark = ""
        is_gone = not text and any(True for _ in block._p.iter(*_STRUCK))
        if kind == "numbered" and not is_gone:
            mark = self._mark(name, level)
        pictures = list(self._pictures(block._p))
        if text:
            self._put(_line(kind, level, mark, text))
            if kind == "heading":
                self._heading, self._by_style = text, 0
                self.sections += 1
                for one in pictures:
                    one.section = self.sections
        elif mark and pictures:
            # a step that is nothing but a picture has its number all the same
            self._put([f"{mark} {pictures[0].alt or '…'}"])
        self._hang(pictures)

    def _put(self, lines: list[str]) -> None:
        self.lines += lines
        if any(lines):
            self._named()
            self._caption = ""

    def _named(self) -> None:
        """No caption came: what nobody described is called by the heading that it stands under."""
        for one in self._unnamed:
            one.alt = one.alt or plain_alt(self._heading)
        self._unnamed = []

    def _show(self, element: Any) -> None:
        self._hang(list(self._pictures(element)))

    def _hang(self, pictures: list[Shown]) -> None:
        """Put pictures directly below what they stand under; below a heading or a table with a line between."""
        if not pictures:
            return
        end = len(self.lines)
        while end and self.lines[end - 1] == "":
            end -= 1
        above = self.lines[end - 1] if end else "#"
        if isinstance(above, str) and above.startswith(("#", "|")):
            self.lines[end:] = ["", *pictures, ""]
        else:
            self.lines[end:end] = pictures
        for one in pictures:
            if not one.alt and self._caption:
                one.alt = plain_alt(self._caption)
            elif not one.alt:
                self._unnamed.append(one)
                one.alt = plain_alt(self._heading)

    def _pictures(self, element: Any) -> Iterator[Shown]:
        for reference, alts, size in (*_drawings(element), *_old_drawings(element)):
            try:
                content = self._part.related_parts[reference].blob
            except (KeyError, AttributeError):
                continue  # it is elsewhere, or nowhere
            if (one := shown(content, alts, self.sections, size)) is not None:
                yield one

    def _kind(self, paragraph: Any) -> tuple[str, int, str]:
        """Whether it is a heading (and how deep), an item of a list (of which, how deep), or a paragraph."""
        style = paragraph.style
        name = (style.name or "").lower() if style is not None else ""
        outline = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
        if name == "title":
            return "heading", 1, ""
        if name.startswith("heading") or outline:
            digits = "".join(filter(str.isdigit, name)) or (str(int(outline[0]) + 1) if outline else "1")
            return "heading", min(int(digits) + 1, _DEEPEST), ""
        list_name, level = _list_of(paragraph)
        if list_name and self._numbers.is_counted(list_name, level):
            return "numbered", level, list_name
        if name.startswith("list number") and list_name != "0":
            return "numbered", 0, ""
        is_listed = list_name not in ("", "0") or (name.startswith("list") and list_name != "0")
        return ("listed" if is_listed else "paragraph"), 0, ""

    def _mark(self, name: str, level: int) -> str:
        if name:
            return self._numbers.next(name, level)
        self._by_style += 1
        return f"{self._by_style}."


def _numbering(part: Any) -> Any | None:
    """What defines the lists; a document without lists has none."""
    try:
        return part.numbering_part.element
    except (KeyError, NotImplementedError):
        return None


def _list_of(paragraph: Any) -> tuple[str, int]:
    """The list that a paragraph is an item of, by itself or by its style, and the level; "0" where it was taken out."""
    name, level = "", ""
    properties = [paragraph._p]
    style = paragraph.style
    while style is not None and len(properties) < 12:  # a style may name itself as what it is based on
        properties.append(style.element)
        style = style.base_style
    for one in properties:
        level = level or next(iter(one.xpath("./w:pPr/w:numPr/w:ilvl/@w:val")), "")
        if name := next(iter(one.xpath("./w:pPr/w:numPr/w:numId/@w:val")), ""):
            break
    return str(name), int(level) if level.isdecimal() else 0


def _is_caption(paragraph: Any) -> bool:
    style = paragraph.style
    return style is not None and (style.name or "").lower() == "caption"


def _text(paragraph: Any) -> str:
    """What a paragraph says, with what was inserted and without what was struck out; not what is in boxes beside it."""
    said = []
    for run in paragraph._p.iter(f"{_W}r"):
        for above in run.iterancestors():
            if above is paragraph._p:
                said.append(run.text)
                break
            if above.tag in _NOT_READ or above.tag == f"{_W}p":
                break
    return "".join(said)


_Found = tuple[str, list[str], tuple[int, int] | None]
"""A picture's reference, what may say what it shows, and its size where it stands."""


def _drawings(element: Any) -> Iterator[_Found]:
    for blip in element.iter(f"{_A}blip"):
        fill, reference = blip.getparent(), blip.get(f"{_R}embed")
        if fill.tag != f"{_PIC}blipFill" or not reference or not _is_shown(blip) or _is_cut(fill):
            continue
        frame = next(blip.iterancestors(f"{_WP}inline", f"{_WP}anchor"), None)
        whole = None if frame is None else frame.find(f"{_WP}docPr")
        own = fill.getparent().find(f"{_PIC}nvPicPr/{_PIC}cNvPr")
        told = [one for one in (whole, own) if one is not None]
        if any(one.get("hidden") in ("1", "true") for one in told):
            continue
        extent = None if frame is None else frame.find(f"{_WP}extent")
        is_alone = frame is not None and len(list(frame.iter(f"{_PIC}pic"))) == 1
        size = (int(extent.get("cx", 0)), int(extent.get("cy", 0))) if is_alone and extent is not None else None
        yield reference, [one.get(key, "") for one in told for key in ("descr", "title")], size


def _old_drawings(element: Any) -> Iterator[_Found]:
    """Pictures as Word wrote them before 2007, and still does in files that it converted."""
    for picture in element.iter(f"{_V}imagedata"):
        reference, shape = picture.get(f"{_R}id"), picture.getparent()
        if reference and _is_shown(picture) and not any(key.startswith("crop") for key in picture.attrib):
            title = picture.get("{urn:schemas-microsoft-com:office:office}title", "")
            yield reference, [shape.get("alt", ""), title], None


def _is_shown(element: Any) -> bool:
    return not any(above.tag in _NOT_SHOWN for above in element.iterancestors())


def _is_cut(fill: Any) -> bool:
    """Whether the document shows only a part of the picture: the file has the rest, which its author took away."""
    part = fill.find(f"{_A}srcRect")
    return part is not None and any(_parts_cut(part.get(side, "0")) > _MOST_CUT for side in "ltrb")


def _parts_cut(said: str) -> float:
    """How much of a side is cut away; the strict form of the format writes it in per cent."""
    return abs(float(said[:-1]) * 1_000 if said.endswith("%") else float(said))


def _line(kind: str, level: int, mark: str, text: str) -> list[str]:
    match kind:
        case "heading":
            return ["", f"{'#' * level} {text}", ""]
        case "numbered":
            return [f"{mark} {text}"]
        case "listed":
            return [f"- {text}"]
    return [text, ""]
