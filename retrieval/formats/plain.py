"""Text and Markdown: what the bytes say, in whichever of the encodings that people here use."""

import re

from retrieval.formats.bad import BadDocumentError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all but tabulator and line ends
_GUESSED = ["gb18030", "big5"]
_LOOKED_AT = 60_000  # bytes that the encoding is guessed by


def read(content: bytes) -> str:
    """The text with plain line ends. Raises BadDocumentError when it is none."""
    text = _decoded(content).replace("\r\n", "\n").replace("\r", "\n")
    if CONTROLS.search(text):
        raise BadDocumentError("it contains control characters, so it is not plain text")
    return text


def _decoded(content: bytes) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(marked)
    except UnicodeDecodeError as error:
        wrong = error.start + 1
    guessed = _guess(content)
    if guessed is None:
        raise BadDocumentError(f"it is not UTF-8 text (byte {wrong}); save it as UTF-8")
    return guessed


def _guess(content: bytes) -> str | None:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - a tenth of a second that few files need

    best = from_bytes(content[:_LOOKED_AT], cp_isolation=_GUESSED, threshold=0.5).best()
    for encoding in (best.encoding,) if best else ():
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
