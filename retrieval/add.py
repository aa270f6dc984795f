"""Takes documents into the house: each version a folder of its own, whole or not at all; the same words only once."""

import fcntl
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Literal

from retrieval.formats.bad import BadDocumentError, Why
from retrieval.formats.packed import without_macros
from retrieval.formats.roster import KIN
from retrieval.front_matter import FrontMatter, written
from retrieval.in_force import rank_of
from retrieval.passage import Passage
from retrieval.pictures import keep, pictures_of
from retrieval.read import AUTHORED, Reading, Stated, content_of, files_of, parts_of, read_document, reason_of

TEXT_FILE = "text.md"
"""What the document says, with its facts at the head; the file beside it is the original."""
DIGEST = 12
"""Characters of the SHA-256 of what a version holds, at the end of its folder's name."""
_ORIGINAL = "original"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")

Outcome = Literal["added", "new version", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is to be taken in: by which name it is cited, the folder it may not lead out of, since when it is so."""

    path: Path
    source: str
    within: Path
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one file; `reason` completes the sentence "skipped, …" when it was refused, `why` is its kind.

    `place` is the version's folder, `replaces` the version that was in force before.
    `left_out` completes the sentence "… were left out" for what is not kept of the file.
    """

    source: str
    outcome: Outcome
    title: str = ""
    version: str = ""
    passages: int = 0
    reason: str = ""
    why: Why | None = None
    place: str = ""
    replaces: str = ""
    audience: tuple[str, ...] = ()
    left_out: str = ""


def find_files(paths: Iterable[Path]) -> list[Found]:
    """The documents at some paths: files, folders, and Git checkouts, of which the tracked files count.

    Raises FileNotFoundError for a path that leads nowhere.
    """
    found: list[Found] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"There is nothing at {path}")
        if path.is_dir():
            tracked = _tracked(path) if (path / ".git").exists() else None
            for file in files_of(path):
                inside = file.relative_to(path).as_posix()
                if tracked is None or inside in tracked:
                    # two folders may each have a README: the folder's name tells them apart
                    source = f"{path.resolve().name}/{inside}"
                    found.append(Found(file, source, path, tracked[inside] if tracked else None))
        else:
            found.append(Found(path, path.name, path.parent))
    return found


def add(files: Iterable[Found], into: Path, stated: Stated, today: date, *, only_look: bool = False) -> Iterator[Added]:
    """Take files in, one by one, and yield what became of each; what was taken in before is left as it is.

    A file whose document is known becomes its next version, and the one before ends where it begins. What a document
    states about itself goes before `stated`. `only_look` changes nothing and tells what would become of them. Several may
    add at once; each file is taken in by itself.
    """
    into.mkdir(parents=True, exist_ok=True)
    for one in files:
        try:
            content, changed = content_of(one.path, one.within)
            one.source.encode()  # a name that is no text cannot be written down
            since = replace(stated, valid_from=min(one.since or changed, today))
            with _alone(into):
                yield _take_in(content, one, into, since, today, only_look=only_look)
        except (BadDocumentError, OSError, UnicodeEncodeError) as error:
            source = one.source.encode(errors="replace").decode()
            why = error.why if isinstance(error, BadDocumentError) else "broken"
            yield Added(source, "refused", reason=reason_of(error), why=why)


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """One at a time, whichever process: two that add a file of one name at once would both think that they are next."""
    with (into / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # gives way when the file is closed, and when its process dies
        yield


def _take_in(content: bytes, found: Found, into: Path, stated: Stated, today: date, *, only_look: bool) -> Added:
    """Take one file in. Raises BadDocumentError, and changes nothing, when it cannot be read."""
    source = found.source
    words = {name.rpartition("-")[2]: name for name in names_of(into)}
    parts = parts_of(content, source, stated)
    front, body = replace(parts.front, by=parts.front.by or stated.by), parts.body
    original, ending, left_out = _original(content, source)
    digest = sha256(content).hexdigest()[:DIGEST]
    place = into / f"{front.id}.{front.lang}"
    versions = _versions(place)
    if digest in words:
        same = Path(words[digest])
        if same.parent.name != place.name:
            raise BadDocumentError(
                f"it is the same as {same.parent.name.rpartition('.')[0]}, which is there already", "known"
            )
        newest, known = max(versions or [(Path(), front)], key=lambda one: rank_of(one[1].valid_from, one[1].version))
        if newest.name.endswith(digest) and (known.audience, known.owner) == (front.audience, front.owner):
            return Added(source, "unchanged", known.title, known.version, place=same.as_posix())
    if front.source and (other := next((one.source for _, one in versions if one.source != source), None)):
        raise BadDocumentError(f"its name {front.id} is already that of {other}; give it another", "known")
    if versions:
        front = _next(front, [known for _, known in versions], today)
    text = (written(replace(front, source=source, first_line=parts.first_line)) + "\n".join(body)).encode()
    passages = read_document(text, TEXT_FILE)
    name = f"{_NOT_IN_NAMES.sub('_', front.version).lstrip('.')}-{digest}"
    before = max(versions, key=lambda one: rank_of(one[1].valid_from, one[1].version))[1].version if versions else ""
    told = Added(
        source,
        "new version" if versions else "added",
        front.title,
        front.version,
        len(passages),
        place=f"{place.name}/{name}",
        replaces=before,
        audience=tuple(sorted(front.audience)),
        left_out=left_out,
    )
    if only_look:
        return told
    place.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".", dir=place))
    try:
        (made / f"{_ORIGINAL}{ending}").write_bytes(original)
        (made / TEXT_FILE).write_bytes(text)
        for target, picture in pictures_of(body, found.path.parent if found.path.suffix.lower() in AUTHORED else None):
            (made / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, made / target)
        keep(parts.pictures, made)
        made.chmod(0o755)
        # there only when it cannot be read: names of versions are not taken twice
        shutil.rmtree(place / name, ignore_errors=True)
        made.rename(place / name)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return told


def _original(content: bytes, source: str) -> tuple[bytes, str, str]:
    """The file as it is kept, the ending it then has, and what was left out of it."""
    ending = Path(source).suffix.lower()
    if ending not in KIN:
        return content, ending, ""
    kept, had_macros = without_macros(content)
    return kept, KIN[ending], "macros" if had_macros else ""


def take_out(place: str, into: Path) -> bool:
    """Delete one version by its place; the one before is in force again. Whether it was there."""
    version = into / place
    if not version.is_dir() or version.resolve().parent.parent != into.resolve():
        return False
    away = into / f".gone-{version.parent.name}-{version.name}"
    shutil.rmtree(away, ignore_errors=True)
    version.rename(away)
    shutil.rmtree(away)
    if not any(version.parent.iterdir()):
        version.parent.rmdir()
    return True


def remove(document: str, into: Path) -> int:
    """Delete a document in all its languages and versions, originals included, and return how many versions there were."""
    gone = 0
    for place in sorted(into.glob(f"{document}.*")) if document else ():
        if place.name.rpartition(".")[0] == document:
            gone += sum(1 for _ in place.glob("[!.]*"))
            # out of sight at once: a deletion that is cut off brings no old version back
            away = into / f".gone-{place.name}"
            shutil.rmtree(away, ignore_errors=True)
            place.rename(away)
            shutil.rmtree(away)
    return gone


def read_added(into: Path) -> Reading:
    """The passages of every version that was taken in."""
    passages: dict[str, Passage] = {}
    problems = []
    for file in sorted(into.glob(f"[!.]*/[!.]*/{TEXT_FILE}")):
        source = file.relative_to(into).as_posix()
        try:
            passages |= {one.id: one for one in read_document(file.read_bytes(), source, folder=file.parent)}
        except (BadDocumentError, OSError) as error:
            problems.append(f"{source}: skipped, {reason_of(error)}.")
    return Reading(tuple(passages.values()), tuple(problems))


def names_of(into: Path) -> frozenset[str]:
    """What tells cheaply whether anything was taken in or removed: a version never changes."""
    return frozenset(place.relative_to(into).as_posix() for place in into.glob("[!.]*/[!.]*"))


def documents(into: Path) -> list[FrontMatter]:
    """Every version that was taken in, by document, language and time."""
    found = [front for place in sorted(into.glob("*.*")) for _, front in _versions(place)]
    return sorted(found, key=lambda one: (one.id, one.lang, one.valid_from))


def _versions(place: Path) -> list[tuple[Path, FrontMatter]]:
    found = []
    for file in sorted(place.glob(f"[!.]*/{TEXT_FILE}")):
        try:
            front = parts_of(file.read_bytes(), TEXT_FILE, Stated(date.min)).front
        except (BadDocumentError, OSError):
            continue  # the library says which it is; it answers nothing
        found.append((file.parent, front))
    return found


def _next(front: FrontMatter, versions: Sequence[FrontMatter], today: date) -> FrontMatter:
    """The same document as a version of its own: its name is not taken, and it begins no earlier than what it replaces."""
    last = max(versions, key=lambda one: rank_of(one.valid_from, one.version))
    taken = {one.version for one in versions}
    name = front.version
    count = 1
    while name in taken:
        count += 1
        name = f"{front.version}-r{count}"
    begins = front.valid_from if front.valid_from > last.valid_from else max(today, last.valid_from)
    if front.valid_to is not None and front.valid_to < begins:
        raise BadDocumentError(f"it ended on {front.valid_to} already")
    return replace(front, version=name, valid_from=begins)


def _tracked(folder: Path) -> dict[str, date] | None:
    """The tracked files of a checkout with the day of their last commit; None where Git cannot tell."""
    command = ["git", "-C", str(folder), "-c", "core.quotePath=false", "log"]
    shape = ["--format=%x00%cs", "--name-only", "--relative"]
    try:
        told = subprocess.run([*command, *shape], capture_output=True, check=True, timeout=60).stdout.decode(
            errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found: dict[str, date] = {}
    for commit in told.split("\x00")[1:]:
        day, *names = commit.split("\n")
        for name in filter(None, names):
            found.setdefault(name, date.fromisoformat(day))
    return found
