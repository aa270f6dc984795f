"""Word documents: headings, numbered and other lists, and tables, in their order."""

from typing import Any

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.grid import table
from retrieval.formats.packed import checked

_DEEPEST = 6


def read(content: bytes) -> str:
    """The body of the document; what stands in headers, footers and comments is not part of it."""
    import docx  # noqa: PLC0415 - a quarter of a second that few files need
    from docx.table import Table  # noqa: PLC0415

    file = checked(content)
    try:
        lines: list[str] = []
        step = 0
        for block in docx.Document(file).iter_inner_content():
            if isinstance(block, Table):
                lines += ["", *table([[cell.text for cell in row.cells] for row in block.rows]), ""]
                step = 0
            elif text := " ".join(block.text.split()):
                kind, level = _kind(block)
                step = step + 1 if kind == "numbered" else 0
                lines += _line(kind, level, step, text)
    except Exception as error:  # python-docx and lxml raise whatever the broken part made them stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error
    return "\n".join(lines)


def _kind(paragraph: Any) -> tuple[str, int]:
    """Whether it is a heading (and how deep), an item of a list, or a paragraph."""
    style = paragraph.style
    name = (style.name or "").lower() if style is not None else ""
    outline = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
    if name == "title":
        return "heading", 1
    if name.startswith("heading") or outline:
        digits = "".join(filter(str.isdigit, name)) or (str(int(outline[0]) + 1) if outline else "1")
        return "heading", min(int(digits) + 1, _DEEPEST)
    if name.startswith("list number"):
        return "numbered", 0
    is_listed = bool(paragraph._p.xpath("./w:pPr/w:numPr")) or name.startswith("list")
    return ("numbered" if is_listed and _is_counted(paragraph) else "listed" if is_listed else "paragraph"), 0


def _is_counted(paragraph: Any) -> bool:
    """Whether Word numbers the items of this list; it says so far away, in the part that defines lists."""
    found = paragraph._p.xpath("./w:pPr/w:numPr/w:numId/@w:val")
    try:
        numbering = paragraph.part.numbering_part.element
    except (KeyError, NotImplementedError):
        return False
    if not found:
        return False
    abstract = numbering.xpath(f'./w:num[@w:numId="{found[0]}"]/w:abstractNumId/@w:val')
    shapes = (
        numbering.xpath(f'./w:abstractNum[@w:abstractNumId="{abstract[0]}"]/w:lvl[1]/w:numFmt/@w:val') if abstract else []
    )
    return bool(shapes) and shapes[0] not in ("bullet", "none")


def _line(kind: str, level: int, step: int, text: str) -> list[str]:
    match kind:
        case "heading":
            return ["", f"{'#' * level} {text}", ""]
        case "numbered":
            return [f"{step}. {text}"]
        case "listed":
            return [f"- {text}"]
    return [text, ""]
