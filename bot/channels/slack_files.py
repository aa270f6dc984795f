"""Downloads of what people attach in Slack: the token goes to Slack's own hosts only, and a broken download goes on."""

import asyncio
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.channels.channel import NotFetched, TryLater
from bot.message import Attachment

_PIECE = 64 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=20)
"""Seconds. A large file may take long, a silent line may not."""
_ATTEMPTS = 5
_REDIRECTS = 2


class _BrokenOff(Exception):
    """The connection ended before the file did."""


def is_slacks(url: str, api_url: str) -> bool:
    """Whether an address belongs to Slack, or to the host that stands in for it (a gateway)."""
    try:
        asked, api = urlsplit(url), urlsplit(api_url)
        is_gateway = (asked.scheme, asked.hostname, asked.port) == (api.scheme, api.hostname, api.port)
        is_slack = asked.scheme == "https" and asked.port in (None, 443) and (asked.hostname or "").endswith(".slack.com")
    except ValueError:  # no address at all
        return False
    return asked.username is None and (is_gateway or is_slack)


async def download(
    session: aiohttp.ClientSession, token: str, api_url: str, attachment: Attachment, into: Path, limit: int
) -> Path:
    """Write the file to `into` (inside it, under a name of its own, where `into` is a folder), or leave nothing behind.

    Raises ValueError with a plain reason (too large, not Slack's, not allowed), TryLater when Slack cannot be reached.
    """
    if not is_slacks(attachment.ref, api_url):
        raise ValueError("The file does not lie at Slack, so Parley does not fetch it.")
    if attachment.size is not None and attachment.size > limit:
        raise _too_large(limit)
    target = into / _file_name(attachment) if await asyncio.to_thread(into.is_dir) else into
    part = target.with_name(target.name + ".part")
    try:
        file = await asyncio.to_thread(part.open, "wb")
        try:
            await _fill(session, token, api_url, attachment, file, limit)
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(part.replace, target)
    except BaseException:
        await asyncio.to_thread(part.unlink, missing_ok=True)
        raise
    return target


def _file_name(attachment: Attachment) -> str:
    """The name it came with, if it is harmless as a file name here."""
    name = Path(attachment.name.replace("\\", "/")).name.lstrip(".")
    return name.encode("utf-8")[:180].decode("utf-8", "ignore") or "attachment"


async def _fill(
    session: aiohttp.ClientSession, token: str, api_url: str, attachment: Attachment, file: IO[bytes], limit: int
) -> None:
    for _ in range(_ATTEMPTS):
        try:
            await _go_on(session, token, api_url, attachment, file, limit)
        except (_BrokenOff, aiohttp.ClientError, TimeoutError, ConnectionError):
            continue
        return
    raise TryLater("file: the connection broke again and again")


async def _go_on(
    session: aiohttp.ClientSession, token: str, api_url: str, attachment: Attachment, file: IO[bytes], limit: int
) -> None:
    """One request, from where the file stands now to its end."""
    have = file.tell()
    url = attachment.ref
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    for _ in range(_REDIRECTS + 1):
        async with session.get(url, headers=headers, allow_redirects=False, timeout=_PATIENCE) as answer:
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.headers.get("Location", ""))
                if not is_slacks(url, api_url):
                    raise ValueError("Slack sends the download to a foreign host, so Parley does not follow.")
                continue
            await _take(answer, attachment, file, have, limit)
            return
    raise ValueError("Slack sends the download in circles.")


async def _take(answer: aiohttp.ClientResponse, attachment: Attachment, file: IO[bytes], have: int, limit: int) -> None:
    is_other_part = answer.status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if have and (answer.status == 416 or is_other_part):  # whatever it has, it is not the rest of this: start again
        _empty(file)
        raise _BrokenOff
    _judge(answer, attachment)
    if answer.status == 200 and have:  # the server does not know ranges: start again
        _empty(file)
        have = 0
    elif is_other_part:
        raise _BrokenOff
    if answer.content_length is not None and have + answer.content_length > limit:
        raise _too_large(limit)
    async for piece in answer.content.iter_chunked(_PIECE):
        have += len(piece)
        if have > limit:
            raise _too_large(limit)
        await asyncio.to_thread(file.write, piece)
    # where nobody said how long it is, the end of the line looks like the end of the file
    if not _tells_its_end(answer) and attachment.size is not None and have < attachment.size:
        raise _BrokenOff


def _tells_its_end(answer: aiohttp.ClientResponse) -> bool:
    return answer.content_length is not None or "chunked" in answer.headers.get("Transfer-Encoding", "").lower()


def _empty(file: IO[bytes]) -> None:
    file.seek(0)
    file.truncate()


def _judge(answer: aiohttp.ClientResponse, attachment: Attachment) -> None:
    if answer.status == 429 or answer.status >= 500:
        raise TryLater(f"file: HTTP {answer.status}")
    if answer.status in (404, 410):
        raise NotFetched(f"The file is not at Slack any more (HTTP {answer.status}).", "gone")
    if answer.status not in (200, 206):
        raise NotFetched(f"Slack does not hand out the file (HTTP {answer.status}).")
    # without `files:read` Slack shows its sign-in page instead of the file
    if answer.content_type == "text/html" and attachment.mime != "text/html":
        raise NotFetched("Slack does not hand out the file: the app needs the scope files:read.", "not_the_file")


def _too_large(limit: int) -> NotFetched:
    return NotFetched(f"The file is larger than {max(1, limit // 1_000_000)} MB.", "too_large")
