"""A folder of Markdown and text files in, passages out; what cannot be read is named, the rest goes on."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from retrieval.front_matter import BadDocumentError, split
from retrieval.passage import Passage, content_hash
from retrieval.sections import pieces

LARGEST_FILE = 5_000_000  # bytes; a bigger file is an export or a mistake, not a procedure
_SUFFIXES = frozenset({".md", ".markdown", ".txt"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # all but tabulator and line ends


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder held. A problem is one sentence that begins with the file's relative path."""

    passages: tuple[Passage, ...]
    problems: tuple[str, ...]


Fingerprint = dict[str, tuple[int, int]]
"""Modification time in nanoseconds and size in bytes of each document, by relative path."""


def read_folder(folder: Path) -> Reading:
    """All passages under `folder`, in order of path and line. Raises NotADirectoryError when it is no folder."""
    if not folder.is_dir():
        raise NotADirectoryError(f"The folder of documents does not exist: {folder}")
    passages: dict[str, Passage] = {}
    problems: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for path in _files(folder):
        source = path.relative_to(folder).as_posix()
        try:
            source.encode()
            found = read_document(_bytes(path, folder), source)
            first = found[0]
            earlier = seen.setdefault((first.document, first.lang), source)
            if earlier != source:
                raise BadDocumentError(f"its id {first.document} ({first.lang}) is already that of {earlier}")
            passages |= {passage.id: passage for passage in found}
        except (BadDocumentError, OSError, UnicodeEncodeError) as error:
            problems.append(f"{_printable(source)}: skipped, {_reason(error)}.")
    return Reading(tuple(passages.values()), tuple(problems))


def _reason(error: Exception) -> str:
    match error:
        case BadDocumentError():
            return str(error)
        case UnicodeEncodeError():
            return "its file name is not valid UTF-8"
        case _:
            return f"it cannot be opened ({getattr(error, 'strerror', None)})"


def read_document(content: bytes, source: str) -> list[Passage]:
    """The passages of one document, at least one. `source` is the path it will be cited by.

    Raises BadDocumentError, whose message completes the sentence "skipped, …", when it cannot be read.
    """
    front, body, first_line = split(_text(content))
    passages = [
        Passage(
            id=content_hash(front.id, front.lang, front.version, piece.section, piece.text),
            document=front.id,
            title=front.title,
            section=piece.section or front.title,
            lang=front.lang,
            text=piece.text,
            version=front.version,
            date=front.valid_from,
            owner=front.owner,
            audience=front.audience,
            intents=piece.intents,
            source=source,
            line=piece.line,
        )
        for piece in pieces(body, first_line)
    ]
    if not passages:
        raise BadDocumentError("it has no text below its front matter")
    return passages


def fingerprint(folder: Path) -> Fingerprint:
    """What tells cheaply whether any document was added, removed or changed; empty when the folder is gone."""
    found: Fingerprint = {}
    for path in _files(folder):
        try:
            status = path.stat()
        except OSError:
            continue  # gone since it was listed, or a broken link: absent either way
        found[path.relative_to(folder).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Document files in a stable order. Hidden files and other kinds are none of ours; a linked folder is not entered
    but yielded itself, so that it is refused with a reason."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        documents = [name for name in files if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES]
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in sorted(documents + links))


def _bytes(path: Path, folder: Path) -> bytes:
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise BadDocumentError("it is a link that leads out of the folder")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadDocumentError("it is not an ordinary file")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)  # one more than allowed: the size may change while we look
    if len(content) > LARGEST_FILE:
        raise BadDocumentError(f"it is larger than {LARGEST_FILE // 1_000_000} MB")
    return content


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocumentError(f"it is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROLS.search(text):
        raise BadDocumentError("it contains control characters, so it is not plain text")
    return text


def _printable(source: str) -> str:
    """A file name may hold anything but a slash; a log line may not."""
    return "".join(character if character.isprintable() else "?" for character in source)
