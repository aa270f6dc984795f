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
    """The beginning of a file that is still coming; at most `limit` bytes."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.size = 0
        self._limit = limit

    def restart(self) -> None:
        self.path.write_bytes(b"")
        self.size = 0

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
    raise TryLater("the download broke off again and again")


async def _take(api: TencentApi, source: _Source, part: _Part) -> None:
    headers = {"Range": f"bytes={part.size}-"} if part.size else {}
    async with api.stream(source.url, source.query, headers) as response:
        if response.status_code == 429 or response.status_code >= 500:
            raise TryLater(f"status {response.status_code}", seconds_to_wait(response))
        if response.status_code not in (200, 206):
            raise NotFetched("the platform does not hand the file out")
        if _is_json(response):
            raise _NoFile(await _json(response))
        if response.status_code == 200:
            part.restart()  # it does not resume: from the beginning
        part.demand_room(int(response.headers.get("content-length", 0)))
        async for piece in response.aiter_bytes():
            part.append(piece)


def _is_json(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return kind in ("application/json", "text/plain") and "content-disposition" not in response.headers


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
