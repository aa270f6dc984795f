"""Pictures in a document: out of its words, beside them, and only from the folder that the document stands in."""

import re
from collections.abc import Iterable
from pathlib import Path

from retrieval.passage import Picture

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\(\s*<?([^()<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_STEP = re.compile(r"\s{0,3}(\d{1,3})[.)、]\s*\S")


def taken_out(text: str, folder: Path | None) -> tuple[str, tuple[Picture, ...]]:
    """The words of a passage without its pictures, and those pictures that are files in the document's own folder.

    Without a folder, as for a document that only its bytes are known of, no picture is a file.
    """
    lines, found = [], []
    step: int | None = None
    for line in text.split("\n"):
        if begun := _STEP.match(line):
            step = int(begun[1])
        for alt, target in _PICTURE.findall(line):
            if (path := _file(target, folder)) is not None:
                found.append(Picture(" ".join(alt.split()), str(path), step))
        words = _PICTURE.sub("", line)
        if words.strip() or words == line:
            lines.append(words.rstrip() if words != line else line)
    return "\n".join(lines), tuple(found)


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
