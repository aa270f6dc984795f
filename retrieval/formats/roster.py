"""Which endings are read, and by what; to read another format, sign here."""

from collections.abc import Callable

from retrieval.formats import letter, plain, portable, sheet, slides, web_page, word

Read = Callable[[bytes], str]
"""The content of a file as Markdown, a comment `<!-- page: 3 -->` before what stands on a page.

Raises BadDocumentError, whose message completes the sentence "skipped, …".
"""

FORMATS: dict[str, Read] = {
    ".md": plain.read,
    ".markdown": plain.read,
    ".txt": plain.read,
    ".docx": word.read,
    ".pdf": portable.read,
    ".xlsx": sheet.read_workbook,
    ".csv": sheet.read_values,
    ".pptx": slides.read,
    ".html": web_page.read,
    ".htm": web_page.read,
    ".eml": letter.read,
}

REFUSED: dict[str, str] = {
    **dict.fromkeys((".docm", ".xlsm", ".pptm", ".dotm"), "it may hold macros; save it as a file without them"),
    **dict.fromkeys(
        (".doc", ".xls", ".ppt", ".rtf", ".wps", ".et"), "it is in an old format; save it as DOCX, XLSX, PPTX or PDF"
    ),
    ".msg": "it is an Outlook message; save it as .eml",
}
"""Endings of documents that are not read, and why: people should hear of them, and not of every picture."""
