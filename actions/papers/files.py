"""A paper's files in the home: PDF, DOCX, and pictures of its pages, in a folder named by the digest of what they say."""

import os
from collections.abc import Mapping
from pathlib import Path

from actions.papers.lay_out import A4, PHONE, lay_out
from actions.papers.picture import picture
from actions.papers.portable import portable
from actions.papers.sheet import Sheet
from actions.papers.word import word

FOLDER = "papers"
PDF, DOCX = "paper.pdf", "paper.docx"
MOST_PICTURES = 6
"""Pages that are made pictures of: what somebody still reads in a chat. The files hold them all."""


def folder_of(digest: str) -> str:
    """Where the files of a paper lie, relative to the home."""
    return f"{FOLDER}/{digest[:40]}"


def picture_names(sheet: Sheet) -> tuple[str, ...]:
    """The pictures of a paper, in order: made for a phone where it is a comparison, else its pages as they are printed."""
    pages = lay_out(sheet, PHONE if sheet.kind == "comparison" else A4)
    return tuple(f"page-{number}.png" for number in range(1, min(len(pages), MOST_PICTURES) + 1))


def print_paper(home: Path, sheet: Sheet) -> list[Path]:
    """Write what is not there yet; the folder if it is new. Each file appears under its name only when complete.

    Raises OSError where it cannot be written.
    """
    folder = home / folder_of(sheet.digest)
    is_new = not folder.exists()
    names = (PDF, DOCX, *picture_names(sheet))
    if not is_new and all((folder / name).is_file() for name in names):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in _contents(sheet).items():
        unfinished = folder / f".{name}.part"
        unfinished.write_bytes(content)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(folder / name)
    return [folder] if is_new else []


def _contents(sheet: Sheet) -> Mapping[str, bytes]:
    pages = lay_out(sheet)
    pictured = lay_out(sheet, PHONE) if sheet.kind == "comparison" else pages
    pictures = {name: picture(page) for name, page in zip(picture_names(sheet), pictured, strict=False)}
    return {PDF: portable(sheet, pages), DOCX: word(sheet), **pictures}
