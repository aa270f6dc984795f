"""Pictures in a document: out of its words, beside them, and only from its own folder or its own file."""

import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from retrieval.passage import Picture

_DIGEST = 16
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\(\s*<?([^()<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_STEP = re.compile(r"\s{0,3}(\d{1,3})[.)、]\s*\S")


MARKS = re.compile(rf"(?:\s*{_PICTURE.pattern})+")
"""Pictures and the space before them: where a text is cut, they stay with what they stand behind."""


def taken_out(text: str, folder: Path | None) -> tuple[str, tuple[Picture, ...]]:
    """The words of a passage without its pictures, and those pictures that are files in the document's own folder.

    Without a folder, as for a document that only its bytes are known of, no picture is a file.
    """
    lines: list[str] = []
    found: list[Picture] = []
    step: int | None = None
    is_out = False
    for line in text.split("\n"):
        if begun := _STEP.match(line):
            step = int(begun[1])
        for alt, target in _PICTURE.findall(line):
            if (path := _file(target, folder)) is not None:
                found.append(Picture(" ".join(alt.split()), str(path), step))
        words = _PICTURE.sub("", line)
        if words == line and not line and is_out and lines[-1:] in ([], [""]):
            continue  # the empty line on the other side of a picture is there already
        is_out = words != line
        if words.strip() or not is_out:
            lines.append(words.rstrip() if is_out else line)
    if is_out and lines[-1:] == [""]:
        lines.pop()
    return "\n".join(lines), tuple(found)


def said_to_show(text: str) -> str:
    """What the pictures of a passage show: all the words there are where it is nothing but pictures."""
    said = (" ".join(alt.split()) for alt, _ in _PICTURE.findall(text))
    return "\n".join(dict.fromkeys(filter(None, said)))


def pictures_of(lines: Iterable[str], folder: Path | None) -> list[tuple[str, Path]]:
    """The pictures that a document's lines point at, each once: how it stands there, and the file."""
    named = dict.fromkeys(target for line in lines for _, target in _PICTURE.findall(line))
    return [(target, path) for target in named if (path := _file(target, folder)) is not None]


def _file(target: str, folder: Path | None) -> Path | None:
    if folder is None or Path(target).suffix.lower() not in SUFFIXES:
        return None
    path = folder / target
    try:
        is_ours = path.resolve().is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):
        return None
    return path.resolve() if is_ours else None


def place_of(content: bytes, home: Path) -> Path:
    """The folder for the pictures of a file, by what it holds: a changed file has another."""
    return home / sha256(content).hexdigest()[:_DIGEST]


def keep(pictures: Mapping[str, bytes], place: Path) -> None:
    """Write a file's pictures down, each whole or not at all; those that are there are left. Raises OSError."""
    for name, content in pictures.items():
        if (place / name).is_file():
            continue
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".", delete=False) as file:
            made = Path(file.name)
            file.write(content)
        made.chmod(0o644)
        made.replace(place / name)


def drop_others(places: Collection[Path], home: Path) -> None:
    """Delete the pictures of files that are no longer there."""
    kept = {place.name for place in places}
    for place in sorted(home.iterdir()) if home.is_dir() else ():
        if place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)
