"""Presentations: each slide a section with its number as the page, its notes behind it."""

from typing import Any

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.grid import table
from retrieval.formats.packed import checked


def read(content: bytes) -> str:
    """All slides in order."""
    import pptx  # noqa: PLC0415 - a quarter of a second that few files need

    file = checked(content)
    try:
        lines: list[str] = []
        for number, slide in enumerate(pptx.Presentation(file).slides, start=1):
            title = slide.shapes.title
            heading = " ".join(title.text_frame.text.split()) if title is not None else ""
            body = [line for shape in slide.shapes if shape != title for line in _lines(shape)]
            notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
            said = " ".join(notes.text.split()) if notes is not None else ""
            if heading or body or said:
                lines += [
                    f"<!-- page: {number} -->",
                    f"## {heading or number}",
                    "",
                    *body,
                    "",
                    *([said, ""] if said else []),
                ]
    except Exception as error:  # python-pptx and lxml raise whatever the broken part made them stumble on
        raise BadDocumentError("it is broken or not what its ending says") from error
    return "\n".join(lines)


def _lines(shape: Any) -> list[str]:
    if getattr(shape, "shapes", None) is not None:  # a group
        return [line for part in shape.shapes for line in _lines(part)]
    if shape.has_table:
        return ["", *table([[cell.text for cell in row.cells] for row in shape.table.rows]), ""]
    if shape.has_text_frame:
        texts = [" ".join(paragraph.text.split()) for paragraph in shape.text_frame.paragraphs]
        return [f"- {text}" for text in texts if text]
    return []
