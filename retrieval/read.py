"""A folder of documents in, passages out; what cannot be read is named, the rest goes on."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath

from retrieval.formats.bad import BadDocumentError
from retrieval.formats.plain import CONTROLS
from retrieval.formats.roster import FORMATS, REFUSED
from retrieval.front_matter import FrontMatter, split
from retrieval.passage import Passage, content_hash
from retrieval.pictures import drop_others, keep, place_of, said_to_show, taken_out
from retrieval.sections import pieces

LARGEST_FILE = 50_000_000  # bytes; a bigger file is an export or a mistake, not a procedure
LARGEST_TEXT = 5_000_000  # characters of what a file says
_DOCUMENTS = FORMATS.keys() | REFUSED.keys()
AUTHORED = frozenset({".md", ".markdown", ".txt"})
"""Formats whose authors write front matter and comments. In any other, as a letter or page from outside may be, such lines
are words like all others: nobody can say so who may read a document, or what it was written for."""
_COMMENT = re.compile(r"\s*<!--.*-->\s*")
_PAGE = re.compile(r"<!-- page: \d+ -->")
_HEADING = re.compile(r"#\s+(\S.*)")
_NOT_IN_ID = re.compile(r"[^a-z0-9]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTERS_A_CHARACTER = 3  # Latin letters that say what one Chinese character says


COLLEAGUES = frozenset({"rep", "manager"})
"""Who may read what does not say so: a customer sees only what somebody meant for customers."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What is true of a document that says nothing about itself: who answers for it, who may read it, since when, and who
    takes it in."""

    valid_from: date
    owner: str = ""
    audience: frozenset[str] = COLLEAGUES
    version: str = "1"
    by: str = ""


UNDATED = Stated(date(1970, 1, 1))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder held. A problem is one sentence that begins with the file's relative path."""

    passages: tuple[Passage, ...]
    problems: tuple[str, ...]


Fingerprint = dict[str, tuple[int, int]]
"""Modification time in nanoseconds and size in bytes of each document, by relative path."""


Keep = Callable[[Mapping[str, bytes]], Path | None]
"""Writes down the pictures that were taken out of a file, and says in which folder; None where it cannot."""


def read_folder(folder: Path, on: date = date.max, pictures: Path | None = None) -> Reading:
    """All passages under `folder`, in order of path and line. Raises NotADirectoryError when it is no folder.

    A file that does not say since when it is in force has been since it was changed, at the latest since the day `on`.
    What is shown within a file is written down at `pictures`, and deleted there when the file is gone or another; without
    it such pictures are left out.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"The folder of documents does not exist: {folder}")
    passages: dict[str, Passage] = {}
    problems: list[str] = []
    seen: dict[object, str] = {}
    places: list[Path] = []
    for path in files_of(folder):
        source = path.relative_to(folder).as_posix()
        try:
            source.encode()
            content, changed = content_of(path, folder)
            kept = _keeper(place_of(content, pictures), places, source, problems) if pictures else None
            found = read_document(content, source, Stated(min(changed, on)), path.parent, kept)
            _refuse_twice(content, found[0], source, seen)
            passages |= {passage.id: passage for passage in found}
        except (BadDocumentError, OSError, UnicodeEncodeError) as error:
            problems.append(f"{_printable(source)}: skipped, {reason_of(error)}.")
    if pictures is not None:
        drop_others(places, pictures)
    return Reading(tuple(passages.values()), tuple(problems))


def _keeper(place: Path, places: list[Path], source: str, problems: list[str]) -> Keep:
    def kept(pictures: Mapping[str, bytes]) -> Path | None:
        places.append(place)
        try:
            keep(pictures, place)
        except OSError as error:
            problems.append(f"{_printable(source)}: read without its pictures, which cannot be kept ({error.strerror}).")
            return None
        return place

    return kept


def _refuse_twice(content: bytes, first: Passage, source: str, seen: dict[object, str]) -> None:
    """Raise BadDocumentError for the same words under another name, and for another document of the same name."""
    same = seen.setdefault(sha256(content).digest(), source)
    if same != source:
        raise BadDocumentError(f"it is the same as {same}")
    earlier = seen.setdefault((first.document, first.lang, first.version), source)
    if earlier != source:
        raise BadDocumentError(
            f"its id {first.document} ({first.lang}), version {first.version}, is already that of {earlier}"
        )


def reason_of(error: Exception) -> str:
    match error:
        case BadDocumentError():
            return str(error)
        case UnicodeEncodeError():
            return "its file name is not valid UTF-8"
        case _:
            return f"it cannot be opened ({getattr(error, 'strerror', None)})"


def read_document(
    content: bytes, source: str, stated: Stated = UNDATED, folder: Path | None = None, kept: Keep | None = None
) -> list[Passage]:
    """The passages of one document, at least one. `source` is the path it will be cited by; its ending tells the format.
    `folder` is where it stands, and its pictures with it; `kept` takes those that it has within it.

    Raises BadDocumentError, whose message completes the sentence "skipped, …", when it cannot be read.
    """
    parts = parts_of(content, source, stated)
    front = parts.front
    # a page or letter from outside shows nothing that happens to lie beside it
    beside = folder if PurePosixPath(source).suffix.lower() in AUTHORED else None
    if parts.pictures and kept is not None:
        beside = kept(parts.pictures)
    passages = [
        Passage(
            id=content_hash(front.id, front.lang, front.version, piece.section, words),
            document=front.id,
            title=front.title,
            section=piece.section or front.title,
            lang=front.lang,
            text=words,
            version=front.version,
            date=front.valid_from,
            owner=front.owner,
            audience=front.audience,
            intents=piece.intents,
            source=front.source or source,
            line=piece.line,
            page=piece.page,
            valid_to=front.valid_to,
            by=front.by,
            teams=front.teams,
            customer=front.customer,
            purpose=front.purpose,
            fits=front.fits | piece.fits,
            pictures=pictures,
        )
        for piece in pieces(parts.body, parts.first_line)
        for text, pictures in [taken_out(piece.text, beside)]
        if (words := text if text.strip() else said_to_show(piece.text))
    ]
    if not passages:
        raise BadDocumentError("it has no text", "no_text")
    return passages


@dataclass(frozen=True, slots=True)
class Parts:
    """What a document states about itself, the lines of its body as Markdown, the number of the first of them, and the
    pictures that the file has within it, by the name that the lines show them by."""

    front: FrontMatter
    body: list[str]
    first_line: int
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def parts_of(content: bytes, source: str, stated: Stated) -> Parts:
    """A document in its parts.

    Raises BadDocumentError as `read_document` does.
    """
    suffix = PurePosixPath(source).suffix.lower()
    if suffix in REFUSED:
        raise BadDocumentError(REFUSED[suffix], "macros" if "macros" in REFUSED[suffix] else "format")
    if suffix not in FORMATS:
        raise BadDocumentError(f"files ending in {suffix or 'nothing'} are not read", "format")
    if not content:
        raise BadDocumentError("it is empty", "no_text")
    held = FORMATS[suffix](content)
    text = held.text
    if len(text) > LARGEST_TEXT:
        raise BadDocumentError(f"it says more than {LARGEST_TEXT:,} characters; cut it into documents", "too_large")
    if suffix not in AUTHORED:
        text = CONTROLS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")).encode("utf-8", "replace").decode()
        lines = [line for line in text.split("\n") if not _COMMENT.fullmatch(line) or _PAGE.fullmatch(line)]
        return Parts(_front_matter(lines, source, stated), lines, 1, held.pictures)
    front, body, first_line = split(text)
    if front and front.first_line:
        first_line = front.first_line
    return Parts(front or _front_matter(body, source, stated), body, first_line)


def _front_matter(lines: Sequence[str], source: str, stated: Stated) -> FrontMatter:
    """What a document is called that says nothing about itself: by its first heading, or by its file."""
    path = PurePosixPath(source)
    heading = next((found[1] for line in lines if (found := _HEADING.fullmatch(line.strip()))), path.stem)
    slug = _NOT_IN_ID.sub("-", path.with_suffix("").as_posix().lower()).strip("-")
    is_plain = path.with_suffix("").as_posix().isascii() and slug
    text = "".join(lines)
    han = len(_HAN.findall(text))
    return FrontMatter(
        id=slug if is_plain else f"document-{sha256(source.encode()).hexdigest()[:12]}",
        title=" ".join(heading.split()),
        lang="zh" if han * _LETTERS_A_CHARACTER > sum(map(str.isalpha, text)) - han else "en",
        owner=stated.owner,
        version=stated.version,
        valid_from=stated.valid_from,
        audience=stated.audience,
        source=source,
        by=stated.by,
    )


def fingerprint(folder: Path) -> Fingerprint:
    """What tells cheaply whether any document was added, removed or changed; empty when the folder is gone."""
    found: Fingerprint = {}
    for path in files_of(folder):
        try:
            status = path.stat()
        except OSError:
            continue  # gone since it was listed, or a broken link: absent either way
        found[path.relative_to(folder).as_posix()] = (status.st_mtime_ns, status.st_size)
    return found


def files_of(folder: Path) -> Iterator[Path]:
    """Document files in a stable order. Hidden files and other kinds are none of ours; a linked folder is not entered
    but yielded itself, so that it is refused with a reason."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        documents = [name for name in files if not name.startswith((".", "~$")) and Path(name).suffix.lower() in _DOCUMENTS]
        links = [name for name in folders if Path(parent, name).is_symlink()]
        yield from (Path(parent, name) for name in sorted(documents + links))


def content_of(path: Path, folder: Path) -> tuple[bytes, date]:
    """The content and the day it was last changed."""
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise BadDocumentError("it is a link that leads out of the folder")
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadDocumentError("it is not an ordinary file")
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)  # one more than allowed: the size may change while we look
    if len(content) > LARGEST_FILE:
        raise BadDocumentError(f"it is larger than {LARGEST_FILE // 1_000_000} MB", "too_large")
    return content, datetime.fromtimestamp(status.st_mtime, UTC).date()


def _printable(source: str) -> str:
    """A file name may hold anything but a slash; a log line may not."""
    return "".join(character if character.isprintable() else "?" for character in source)
