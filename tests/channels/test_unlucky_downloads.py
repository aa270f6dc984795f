"""Downloads from a platform that misbehaves: other parts than asked for, errors as files, half a file as all of it."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.channels.channel import NotFetched, TryLater
from bot.channels.slack_files import download
from bot.channels.tencent.api import TencentApi
from bot.channels.tencent.media import fetch_media
from bot.channels.tencent.steady import SteadyMemory
from bot.memory import LocalMemory
from bot.message import Attachment
from tests.fakes import FakeClock

CONTENT = bytes(range(250)) * 800
LIMIT = 1_000_000
HALF = len(CONTENT) // 2
MINE = "attachment; filename=media"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Unlucky:
    """A server that answers each download as the next of `answers` says, and notes what was asked for."""

    answers: list[Answer]
    ranges: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def token(self, request: web.Request) -> web.Response:
        return web.json_response({"errcode": 0, "access_token": f"t{len(self.tokens)}", "expires_in": 7200})

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers.get("Range", ""))
        self.tokens.append(request.query.get("access_token", ""))
        return await self.answers.pop(0)(request)


def breaks_off(content: bytes, told: int | None = len(CONTENT), status: int = 200, content_range: str = "") -> Answer:
    """It hangs up after `content`, having promised `told` bytes (None: it does not say how many)."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await _begun(request, status, told, content_range)
        await response.write(content)
        if request.transport is not None:
            request.transport.close()
        return response

    return answer


def gives(content: bytes, status: int = 200, content_range: str = "") -> Answer:
    """All of `content`, and that it is all."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await _begun(request, status, len(content), content_range)
        await response.write(content)
        await response.write_eof()
        return response

    return answer


async def the_rest(request: web.Request) -> web.StreamResponse:
    """What was asked for, from wherever that begins."""
    begin = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    return await gives(CONTENT[begin:], 206, f"bytes {begin}-{len(CONTENT) - 1}/{len(CONTENT)}")(request)


def says(body: str, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    """Something else than the file."""

    async def answer(request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=body, status=status, content_type=kind, headers=named)

    return answer


async def _begun(request: web.Request, status: int, told: int | None, content_range: str) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"Content-Disposition": MINE})
    response.content_type = "audio/mpeg"
    if told is not None:
        response.content_length = told
    else:
        response.headers["Connection"] = "close"
        response.force_close()
    if content_range:
        response.headers["Content-Range"] = content_range
    await response.prepare(request)
    return response


@asynccontextmanager
async def _served(server: Unlucky) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/cgi-bin/gettoken", server.token), web.get("/{path:.*}", server.file)])
    async with TestServer(app) as running:
        yield str(running.make_url("")).rstrip("/")


async def from_tencent(server: Unlucky, into: Path) -> Path:
    async with _served(server) as url:
        memory = SteadyMemory(LocalMemory(FakeClock()))
        api = TencentApi(url, "/cgi-bin/gettoken", {"corpid": "c"}, memory, "token", timedelta(seconds=10))
        try:
            return await fetch_media(api, Attachment("file", "m1", "call.mp3"), into, LIMIT)
        finally:
            await api.close()


async def from_slack(server: Unlucky, into: Path, size: int | None = len(CONTENT)) -> Path:
    async with _served(server) as url, ClientSession() as session:
        attachment = Attachment("voice", f"{url}/files/f1", "call.mp3", "audio/mpeg", size)
        return await download(session, "xoxb-sample", f"{url}/api/", attachment, into, LIMIT)


Fetched = Callable[[Unlucky, Path], Awaitable[Path]]
both = pytest.mark.parametrize("fetched", [from_tencent, from_slack])


@both
async def test_a_range_that_begins_elsewhere_is_not_taken_for_the_rest(fetched: Fetched, tmp_path: Path) -> None:
    from_the_beginning = gives(CONTENT, status=206, content_range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
    server = Unlucky([breaks_off(CONTENT[:HALF]), from_the_beginning, gives(CONTENT)])
    assert (await fetched(server, tmp_path)).read_bytes() == CONTENT


@both
async def test_the_whole_in_answer_to_a_range_replaces_what_there_was(fetched: Fetched, tmp_path: Path) -> None:
    server = Unlucky([breaks_off(CONTENT[:HALF]), gives(CONTENT)])
    assert (await fetched(server, tmp_path)).read_bytes() == CONTENT
    assert server.ranges[1].startswith("bytes=")


@both
async def test_a_range_that_is_refused_is_no_end_the_file_is_asked_for_anew(fetched: Fetched, tmp_path: Path) -> None:
    server = Unlucky([breaks_off(CONTENT[:HALF]), says("", status=416, kind="text/plain"), gives(CONTENT)])
    assert (await fetched(server, tmp_path)).read_bytes() == CONTENT
    assert server.ranges[2] == ""


@both
async def test_a_link_that_expires_half_way_is_told_as_gone_and_nothing_is_left(fetched: Fetched, tmp_path: Path) -> None:
    expired = says('{"errcode": 40007, "errmsg": "invalid media_id"}') if fetched is from_tencent else says("", status=410)
    with pytest.raises(NotFetched) as refusal:
        await fetched(Unlucky([breaks_off(CONTENT[:HALF]), expired]), tmp_path)
    assert refusal.value.why == "gone"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "audio/amr", "application/octet-stream"])
async def test_an_error_that_comes_as_a_file_is_not_kept_as_the_recording(kind: str, tmp_path: Path) -> None:
    """WeCom answers 200 with an object; not every gateway on the way calls it JSON."""
    with pytest.raises(NotFetched) as refusal:
        await from_tencent(Unlucky([says('{"errcode":40007,"errmsg":"invalid media_id"}', kind=kind)]), tmp_path)
    assert refusal.value.why == "gone"
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_looks_like_an_object_is_a_file(tmp_path: Path) -> None:
    content = b'{"errcode": 0, "a": "file of somebody"}'
    assert (await from_tencent(Unlucky([gives(content)]), tmp_path)).read_bytes() == content


async def test_a_token_that_ends_half_way_is_renewed_and_the_rest_asked_for(tmp_path: Path) -> None:
    spoilt = says('{"errcode": 42001, "errmsg": "access_token expired"}')
    server = Unlucky([breaks_off(CONTENT[:HALF]), spoilt, the_rest])
    assert (await from_tencent(server, tmp_path)).read_bytes() == CONTENT
    assert server.tokens[2] != server.tokens[1]


async def test_a_range_without_its_place_is_taken_where_it_is_as_long_as_what_is_missing(tmp_path: Path) -> None:
    async def unplaced(request: web.Request) -> web.StreamResponse:
        begin = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        return await gives(CONTENT[begin:], 206)(request)

    server = Unlucky([breaks_off(CONTENT[:HALF]), unplaced])
    assert (await from_tencent(server, tmp_path)).read_bytes() == CONTENT
    server = Unlucky([breaks_off(CONTENT[:HALF]), gives(CONTENT, 206), gives(CONTENT)])
    assert (await from_tencent(server, tmp_path)).read_bytes() == CONTENT


async def test_half_a_file_whose_line_just_ended_is_gone_on_with(tmp_path: Path) -> None:
    """Where no length is told, a line that breaks looks like a file that is complete; Slack has said how long it is."""
    server = Unlucky([breaks_off(CONTENT[:HALF], told=None), the_rest])
    assert (await from_slack(server, tmp_path)).read_bytes() == CONTENT


async def test_a_file_that_is_whole_is_taken_whatever_size_slack_has_told_before(tmp_path: Path) -> None:
    server = Unlucky([gives(CONTENT)])
    assert (await from_slack(server, tmp_path, size=len(CONTENT) + 1)).read_bytes() == CONTENT


@both
async def test_what_is_packed_is_not_taken_apart_into_more_than_the_limit(fetched: Fetched, tmp_path: Path) -> None:
    async def packed(request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=gzip.compress(b"\0" * (LIMIT * 3)),
            headers={"Content-Encoding": "gzip", "Content-Disposition": MINE},
            content_type="audio/mpeg",
        )

    with pytest.raises((NotFetched, TryLater)):
        await fetched(Unlucky([packed] * 9), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_tencent_is_asked_for_the_bytes_as_they_are(tmp_path: Path) -> None:
    """Bytes that are packed on the way cannot be gone on with from where they broke."""
    asked: list[str] = []

    async def notes(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Accept-Encoding", ""))
        return await gives(CONTENT)(request)

    await from_tencent(Unlucky([notes]), tmp_path)
    assert asked == ["identity"]
