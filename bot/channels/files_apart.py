"""Files that go with a reply: opened for their reader, sent apart behind the words, and told of where they cannot be.

Pictures (pictures.py) are looked at before; a file is opened only when it is sent, as its reader may have lost sight of it.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bot.channels.pictures import picture_of
from bot.may_hear import Closed
from bot.message import File, Reply
from bot.phrase_clips import told_closed

OpenFile = Callable[[File], Awaitable[bytes | Closed | None]]
"""What a file holds; Closed where it is sound that stays inside, None where there is none, or it is not for its reader any
more."""
_LONGEST_NAME = 80
_TIME = re.compile(r"(?<=[0-9]):(?=[0-9])")
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f"\\/:*?<>|]+')


@dataclass(frozen=True)
class LoadedFile:
    """A file's bytes with the name under which people see it."""

    content: bytes
    name: str
    mime: str

    @property
    def suffix(self) -> str:
        """The end of its name, dot included."""
        return Path(self.name).suffix

    @property
    def stem(self) -> str:
        return Path(self.name).stem


async def open_text(file: File) -> bytes | Closed | None:
    """What can be opened without a house: a small text, which is kept with the reply itself."""
    return None if file.paper or file.clip else file.text.encode()


async def load_file(opens: OpenFile, file: File, mime: str, fewest: int, most: int) -> LoadedFile | Closed | None:
    """The file, where there is one of `fewest` to `most` bytes that its reader may have; why not, where that is known."""
    content = await opens(file)
    if isinstance(content, Closed):
        return content
    if content is None or not fewest <= len(content) <= most:
        return None
    return LoadedFile(content, name_for(file), mime)


def is_for_one(file: File) -> bool:
    """Whether it is for one person alone, so that a room of several does not get it."""
    return bool(file.paper) or (bool(file.clip) and not file.reader.startswith("group:"))


def name_for(file: File) -> str:
    """Its name without anything that a file system or a form would stumble over, its ending kept."""
    times = _TIME.sub("\N{RATIO}", file.name)  # a time of day, or of a recording, stays readable
    name = Path(_NOT_IN_A_NAME.sub(" ", times))
    stem = " ".join(name.stem.split())[:_LONGEST_NAME].strip(". ") or "file"
    return stem + name.suffix


def file_of(reply: Reply) -> File | None:
    """The file of a piece that is nothing else."""
    is_alone = len(reply.files) == 1 and reply.card is None and not reply.text and not reply.pictures
    return reply.files[0] if is_alone else None


def files_apart(reply: Reply, most: int) -> tuple[Reply, tuple[Reply, ...]]:
    """The reply without its first `most` files, and each of those as a piece of its own."""
    pieces = tuple(Reply("", reply.lang, files=(file,)) for file in reply.files[:most])
    return replace(reply, files=reply.files[most:]), pieces


def sort_of(reply: Reply) -> Literal["picture", "file"] | None:
    """What a piece is that goes apart from the words; None for words."""
    if picture_of(reply) is not None:
        return "picture"
    return "file" if file_of(reply) is not None else None


def told_of(file: File, lang: Literal["zh", "en"], closed: Closed | None = None) -> str:
    """The line in place of a file that does not go out here, and why where that is known."""
    if closed is not None:
        return told_closed(file.name, closed.reason, lang)
    return f"[文件没有发到这里: {file.name}]" if lang == "zh" else f"[file not sent here: {file.name}]"
