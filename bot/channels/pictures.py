"""Pictures that go with a reply: looked at before they are shown, sent apart, and named in words where they cannot be."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import structlog

from bot.message import Picture, Reply
from retrieval.formats.held import LARGEST_PICTURE

_HEAD = 16

Kind = Literal["png", "jpeg", "gif", "webp"]
KINDS: frozenset[Kind] = frozenset({"png", "jpeg", "gif", "webp"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A picture's bytes, and what they are by their own first bytes, whatever the file is called."""

    content: bytes
    kind: Kind

    @property
    def mime(self) -> str:
        return f"image/{self.kind}"

    @property
    def suffix(self) -> str:
        """How a file of this kind is called, dot included."""
        return ".jpg" if self.kind == "jpeg" else f".{self.kind}"


def load(picture: Picture) -> Loaded | None:
    """The picture, or None (and a line in the log) when its file is gone, too large or no picture. Reads the disk."""
    content = _read(picture, LARGEST_PICTURE + 1)
    kind = _kind(content)
    if kind is None or len(content) > LARGEST_PICTURE:
        log.warning("picture left out", reason=_reason(content))
        return None
    return Loaded(content, kind)


def can_be_shown(picture: Picture, kinds: Collection[Kind] = KINDS) -> bool:
    """The same question without reading all of it, where only these kinds are shown; the log says why not."""
    head = _read(picture, _HEAD)
    is_small = bool(head) and Path(picture.path).stat().st_size <= LARGEST_PICTURE
    kind = _kind(head)
    if is_small and kind in kinds:
        return True
    other = f"{kind} is not shown here" if kind else _reason(head)
    log.warning("picture left out", reason=other if is_small or not head else "too large")
    return False


def named(picture: Picture, lang: Literal["zh", "en"]) -> str:
    """The line that stands where a picture cannot."""
    alt = " ".join(picture.alt.split()) or "…"
    return f"[图: {alt}]" if lang == "zh" else f"[picture: {alt}]"


def spelled_out(reply: Reply) -> Reply:
    """The reply with its pictures named in the words that are shown: the card's lines, or the text."""
    if not reply.pictures and not reply.files:
        return reply
    names = (*(named(picture, reply.lang) for picture in reply.pictures), *files_named(reply))
    card = replace(reply.card, lines=(*reply.card.lines, *names)) if reply.card else None
    text = reply.text if card else "\n".join(part for part in (reply.text, *names) if part.strip())
    return replace(reply, text=text, card=card, pictures=(), files=())


def files_named(reply: Reply) -> tuple[str, ...]:
    """The lines that stand where files cannot be opened: papers and clips by their names; what an invitation says is said
    already."""
    papers = [file.name for file in reply.files if file.paper or file.clip]
    return tuple(f"[文件: {name}]" if reply.lang == "zh" else f"[file: {name}]" for name in papers)


def apart(reply: Reply, kinds: Collection[Kind], most: int) -> tuple[Reply, ...]:
    """The first `most` pictures that a platform takes (these kinds), each as a piece of its own. Looks at their files."""
    sendable = [picture for picture in reply.pictures if can_be_shown(picture, kinds)]
    return tuple(Reply("", reply.lang, pictures=(picture,)) for picture in sendable[:most])


def picture_of(reply: Reply) -> Picture | None:
    """The picture of a piece that is nothing else."""
    is_alone = len(reply.pictures) == 1 and reply.card is None and not reply.text
    return reply.pictures[0] if is_alone else None


def _read(picture: Picture, most: int) -> bytes:
    """Nothing where there is no such file; only a plain file is opened at all."""
    path = Path(picture.path)
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(most)
    except (OSError, ValueError):
        return b""


def _kind(content: bytes) -> Kind | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _reason(content: bytes) -> str:
    if not content:
        return "gone"
    return "not a picture" if _kind(content) is None else "too large"
