"""Presentations: each slide a section with its number as the page, its pictures and its notes."""

from collections.abc import Iterator
from typing import Any

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.grid import table
from retrieval.formats.held import Held, Shown, finished, shown
from retrieval.formats.packed import checked

_MOST_CUT = 0.02  # of a side


def read(content: bytes) -> Held:
    """All slides in order; what stands on their master or layout is on none of them."""
    import pptx  # noqa: PLC0415 - a quarter of a second that few files need

    file = checked(content)
    try:
        lines: list[str | Shown] = []
        number = 0
        for number, slide in enumerate(pptx.Presentation(file).slides, start=1):
            title = slide.shapes.title
            heading = " ".join(title.text_frame.text.split()) if title is not None else ""
            body = [line for shape in slide.shapes if shape != title for line in _lines(shape)]
            pictures = [one for shape in slide.shapes for one in _pictures(shape, heading, number)]
            notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
            said = " ".join(notes.text.split()) if notes is not None else ""
            if heading or body or said or pictures:
                shown_first: list[str | Shown] = [*pictures, ""] if pictures else []
                lines += [
                    f"<!-- page: {number} -->",
                    f"## {heading or number}",
                    "",
                    *shown_first,
                    *body,
                    "",
                    *([said, ""] if said else []),
                ]
        return finished(lines, number)
    except Exception as error:  # python-pptx and lxml raise whatever the broken part made them stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error


def _lines(shape: Any) -> list[str]:
    if getattr(shape, "shapes", None) is not None:  # a group
        return [line for part in shape.shapes for line in _lines(part)]
    if shape.has_table:
        return ["", *table([[cell.text for cell in row.cells] for row in shape.table.rows]), ""]
    if shape.has_text_frame:
        texts = [" ".join(paragraph.text.split()) for paragraph in shape.text_frame.paragraphs]
        return [f"- {text}" for text in texts if text]
    return []


def _pictures(shape: Any, heading: str, number: int, *, is_grouped: bool = False) -> Iterator[Shown]:
    if getattr(shape, "shapes", None) is not None:
        for part in shape.shapes:
            yield from _pictures(part, heading, number, is_grouped=True)
        return
    references = shape._element.xpath("./p:blipFill/a:blip/@r:embed")
    told = next(iter(shape._element.xpath("./p:nvPicPr/p:cNvPr")), None)
    if not references or told is None or told.get("hidden") in ("1", "true") or _is_cut(shape):
        return
    try:
        content = shape.part.related_part(references[0]).blob
    except (KeyError, AttributeError):
        return  # it is elsewhere, or nowhere
    # a group has a measure of its own, in which the size of its parts says nothing
    is_measured = not is_grouped and shape.width and shape.height
    size = (int(shape.width), int(shape.height)) if is_measured else None
    one = shown(content, [told.get("descr", ""), told.get("title", ""), heading], number, size)
    if one is not None:
        yield one


def _is_cut(shape: Any) -> bool:
    """Whether the slide shows only a part of the picture: the file has the rest, which its author took away."""
    cuts = (getattr(shape, f"crop_{side}", 0) for side in ("left", "top", "right", "bottom"))
    return any(abs(cut) > _MOST_CUT for cut in cuts)
