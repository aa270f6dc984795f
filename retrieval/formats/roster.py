"""Which endings are read, and by what; to read another format, sign here."""

from collections.abc import Callable

from retrieval.formats import letter, plain, portable, sheet, slides, web_page, word
from retrieval.formats.held import Held
from retrieval.formats.packed import without_macros

Read = Callable[[bytes], Held]
"""The content of a file as Markdown, a comment `<!-- page: 3 -->` before what stands on a page.

Raises BadDocumentError, whose message completes the sentence "skipped, …".
"""


def _worded(read: Callable[[bytes], str]) -> Read:
    """A reader of a format whose pictures, if it has any, are not taken out of it."""
    return lambda content: Held(read(content))


def _freed(read: Read) -> Read:
    return lambda content: read(without_macros(content)[0])


_MACRO_FREE: dict[str, Read] = {
    ".md": _worded(plain.read),
    ".markdown": _worded(plain.read),
    ".txt": _worded(plain.read),
    ".docx": word.read,
    ".pdf": _worded(portable.read),
    ".xlsx": _worded(sheet.read_workbook),
    ".csv": _worded(sheet.read_values),
    ".pptx": slides.read,
    ".html": _worded(web_page.read),
    ".htm": _worded(web_page.read),
    ".eml": _worded(letter.read),
}

KIN = {".docm": ".docx", ".xlsm": ".xlsx", ".pptm": ".pptx"}
"""Endings of files that may hold macros, and of what they are without them."""

FORMATS: dict[str, Read] = {**_MACRO_FREE, **{ending: _freed(_MACRO_FREE[kin]) for ending, kin in KIN.items()}}

REFUSED: dict[str, str] = {
    **dict.fromkeys((".dotm", ".xltm", ".potm", ".xlsb"), "it may hold macros; save it as a file without them"),
    **dict.fromkeys(
        (".doc", ".xls", ".ppt", ".rtf", ".wps", ".et"), "it is in an old format; save it as DOCX, XLSX, PPTX or PDF"
    ),
    ".msg": "it is an Outlook message; save it as .eml",
}
"""Endings of documents that are not read, and why: people should hear of them, and not of every picture."""
