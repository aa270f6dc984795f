"""Downloads what came with a message (temporary media, kept by Tencent for three days), in pieces and resumed."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.channels.channel import AnswerLost, NotFetched, SendError, TryLater
from bot.channels.tencent.api import SPOILT_TOKEN, TencentApi, meaning, seconds_to_wait
from bot.message import Attachment

_TRIES = 4
_MOST_JSON = 10_000
_GONE = frozenset({40007, 40004})
_SUFFIXES = {"audio/amr": ".amr", "image/jpeg": ".jpg", "video/mp4": ".mp4"}


class _Part:
    """The beginning of a file that is still coming; at most `limit` bytes, `whole` of them in all where that was told."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self.whole: int | None = None
        self._limit = limit

    def restart(self) -> None:
        self.path.write_bytes(b"")
        self.size = 0
        self.whole = None

    def demand_room(self, more: int) -> None:
        if self.size + more > self._limit:
            raise NotFetched(f"the file is larger than {self._limit:,} bytes", "too_large")

    def append(self, piece: bytes) -> None:
        self.demand_room(len(piece))
        with self.path.open("ab") as file:
            file.write(piece)
        self.size += len(piece)

    def finish(self, target: Path) -> None:
        self.path.replace(target)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Source:
    url: str
    query: dict[str, str]


class _OtherPart(Exception):
    """The platform sent another part than the rest that was asked for, or has no such part."""


class _NoFile(Exception):
    """Instead of the file the platform sent a JSON object."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("JSON instead of a file")
        self.answer = answer


async def fetch_media(api: TencentApi, attachment: Attachment, into: Path, limit: int) -> Path:
    """Writes the file to `into` (or into it, if it is a folder) and returns where it lies.

    Raises ValueError with a plain reason (gone, over `limit` bytes), TryLater. A part is never left behind.
    """
    target = _target(attachment, into)
    part = _Part(target.with_name(target.name + ".part"), limit)
    try:
        await _download(api, attachment.ref, part)
        part.finish(target)
    finally:
        part.discard()
    return target


def _target(attachment: Attachment, into: Path) -> Path:
    if not into.is_dir():
        return into
    name = hashlib.sha256(attachment.ref.encode()).hexdigest()[:16]
    return into / (name + _SUFFIXES.get(attachment.mime, ""))


async def _download(api: TencentApi, media_id: str, part: _Part) -> None:
    source = _Source("/cgi-bin/media/get", {"access_token": await api.token(), "media_id": media_id})
    part.restart()
    was_renewed = False
    for _ in range(_TRIES):
        try:
            await _take(api, source, part)
            return
        except _NoFile as instead:
            if instead.answer.get("errcode") in SPOILT_TOKEN and not was_renewed:
                was_renewed = True
                source = _Source(source.url, {**source.query, "access_token": await api.renew(source.query["access_token"])})
            else:
                source = _elsewhere(api, instead.answer)
        except httpx.TransportError:
            continue  # the next try asks for the rest only
        except _OtherPart:
            part.restart()
    raise TryLater("the download broke off again and again")


async def _take(api: TencentApi, source: _Source, part: _Part) -> None:
    # what is packed on the way cannot be gone on with from where it broke
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={part.size}-"} if part.size else {})
    async with api.stream(source.url, source.query, headers) as response:
        if response.status_code == 429 or response.status_code >= 500:
            raise TryLater(f"status {response.status_code}", seconds_to_wait(response))
        if response.status_code == 416 and part.size:
            raise _OtherPart
        if response.status_code not in (200, 206):
            raise NotFetched("the platform does not hand the file out")
        if _is_json(response):
            raise _NoFile(await _json(response))
        length = _length(response)
        instead = await _unnamed(response) if _may_be_an_error(response) else None
        if response.status_code == 200:
            part.restart()  # it does not resume: from the beginning
            part.whole = length
        elif not _is_the_rest(response, part):
            raise _OtherPart
        part.demand_room(length or 0)
        if instead is not None:
            part.append(instead)
            return
        async for piece in response.aiter_bytes():
            part.append(piece)


def _length(response: httpx.Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() else None


def _is_the_rest(response: httpx.Response, part: _Part) -> bool:
    """Whether a 206 begins where the part ends: as it says itself, else by how much is still to come."""
    told = response.headers.get("content-range")
    if told is not None:
        return bool(told.startswith(f"bytes {part.size}-"))
    length = _length(response)
    return part.whole is None or length is None or part.size + length == part.whole


def _is_json(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return kind in ("application/json", "text/plain") and "content-disposition" not in response.headers


def _may_be_an_error(response: httpx.Response) -> bool:
    """A file comes with its name. What is small and has none may be an error that a gateway on the way calls a file."""
    length = _length(response)
    return "content-disposition" not in response.headers and length is not None and length <= _MOST_JSON


async def _unnamed(response: httpx.Response) -> bytes:
    """What came without a name, which is the file after all. Raises _NoFile where it is an error."""
    body = await response.aread()
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if isinstance(answer, dict) and "errcode" in answer:
        raise _NoFile(answer)
    return body


async def _json(response: httpx.Response) -> dict[str, Any]:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _MOST_JSON:
            break
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise NotFetched("the platform sent something that is not the file", "not_the_file")
    return answer


def _elsewhere(api: TencentApi, answer: dict[str, Any]) -> _Source:
    """Official Accounts answer with the address of a video; anything else is an error."""
    url = answer.get("video_url")
    if isinstance(url, str) and _is_tencents(api, url):
        return _Source(url, {})
    code = answer.get("errcode")
    if code in _GONE:
        raise NotFetched("the file is no longer there (the platform keeps it for three days)", "gone")
    trouble: SendError = meaning(code) if isinstance(code, int) else AnswerLost("no errcode")
    if isinstance(trouble, TryLater):
        raise trouble
    raise ValueError(f"the platform does not hand the file out ({trouble})")


def _is_tencents(api: TencentApi, url: str) -> bool:
    """Only there do we follow an address that stands in an answer."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" == api.base:
        return True
    return parts.scheme in ("http", "https") and (parts.hostname or "").endswith(".qq.com")
