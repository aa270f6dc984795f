"""What the stand-ins of qyapi and api.weixin share: a server on 127.0.0.1, tokens, media, and misbehaviour on demand."""

import asyncio
import mimetypes
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import BodyPartReader, web

Json = dict[str, Any]
Fault = Literal[
    "429",
    "500",
    "500 after the deed",
    "503",
    "busy",
    "too often",
    "token expired",
    "slow",
    "lost",
    "lost on the way",
    "not JSON",
    "cut off",
]
TOKEN_LIVES = timedelta(hours=2)
MEDIA_LIVES = timedelta(days=3)
MOST_IMAGE_BYTES = 10 * 1024 * 1024
MOST_FILE_BYTES = 20 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class No(Exception):
    """The platform's refusal, answered with status 200 as Tencent does."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code} {words}")
        self.code = code
        self.words = words


def demand(is_right: bool, code: int, words: str) -> None:
    if not is_right:
        raise No(code, words)


@dataclass(frozen=True)
class Uploaded:
    """A picture or a file that lies at the platform for three days; `robot` is whose it is, "" for the application's own."""

    name: str
    content: bytes
    since: datetime
    sort: str = "image"
    robot: str = ""


@dataclass
class TencentPlatform:
    """`faults` are used up one a call (None: all is well), except by the token's call and by checks of settings.

    `calls` are the paths asked; `token_answer` takes the place of every answer to the question for a token. `uploaded` are
    the pictures and files that were sent up, by media id; `shows` are the kinds of pictures and `takes` the sorts of media
    that this platform takes.
    """

    shows = frozenset({"png", "jpeg"})
    takes = frozenset({"image", "file"})

    identity: str
    secret: str
    now: Callable[[], datetime]
    faults: deque[Fault | None] = field(default_factory=deque)
    token_faults: deque[Fault | None] = field(default_factory=deque)
    media: dict[str, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    is_trusted: bool = True
    token_answer: Json | None = None
    uploaded: dict[str, Uploaded] = field(default_factory=dict)
    url: str = ""
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=30_000_000)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            self._closing.set()
            await runner.cleanup()

    def expire_tokens(self) -> None:
        self._tokens = dict.fromkeys(self._tokens, self.now() - timedelta(seconds=1))

    def demand_token(self, request: web.Request) -> None:
        token = request.query.get("access_token", "")
        demand(bool(token), 41001, "access_token missing")
        demand(token in self._tokens, 40014, "invalid access_token")
        demand(self._tokens[token] > self.now(), 42001, "access_token expired")

    def give_token(self, identity: str, secret: str, wrong_identity: int, wrong_secret: int, not_trusted: int) -> Json:
        demand(identity == self.identity, wrong_identity, "invalid id")
        demand(secret == self.secret, wrong_secret, "invalid secret")
        demand(self.is_trusted, not_trusted, "not allow to access from your ip")
        if self.token_answer is not None:
            return self.token_answer
        token = f"token-{len(self._tokens) + 1}"
        self._tokens[token] = self.now() + TOKEN_LIVES
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": int(TOKEN_LIVES.total_seconds())}

    def answering(self, act: Callable[[web.Request], Awaitable[Json]], faults: deque[Fault | None] | None = None) -> Handler:
        """Wraps a call so that it misbehaves when asked to, and refuses as Tencent does."""
        asked = self.faults if faults is None else faults

        async def handle(request: web.Request) -> web.StreamResponse:
            self.calls.append(request.path)
            fault = asked.popleft() if asked else None
            if early := await self._early_fault(request, fault):
                return early
            try:
                if fault == "token expired":
                    self.expire_tokens()
                answer = await act(request)
            except No as no:
                answer = {"errcode": no.code, "errmsg": no.words}
            if fault == "lost":
                return _hang_up(request)
            if fault == "500 after the deed":
                return web.Response(status=500)
            return web.Response(text="<html>") if fault == "not JSON" else web.json_response(answer)

        return handle

    def forget_media(self) -> None:
        """Every media id that was given out is invalid from now on."""
        self.uploaded.clear()

    def image_of(self, media: object) -> bytes:
        """The picture with this id, if its three days are not over."""
        return self.media_of(media, "image").content

    def media_of(self, media: object, sort: str, robot: str = "") -> Uploaded:
        """What lies under this id for the application, or for this robot; of another sort it cannot be shown."""
        kept = self.uploaded.get(media) if isinstance(media, str) else None
        if kept is None or self.now() - kept.since >= MEDIA_LIVES or kept.robot != robot:
            raise No(40007, "invalid media_id")
        demand(kept.sort == sort, 40004, "invalid media type")
        return kept

    async def upload(self, request: web.Request) -> Json:
        """Temporary media of the application."""
        self.demand_token(request)
        demand(set(request.query) == {"access_token", "type"}, 40035, "invalid parameter")
        return await self.taken_up(request, self.takes)

    async def taken_up(self, request: web.Request, takes: frozenset[str], robot: str = "") -> Json:
        """One form field `media`, with a file name; a picture's is ASCII and fits what it is."""
        sort = request.query["type"]
        demand(sort in takes, 40004, "invalid media type")
        demand(request.content_type == "multipart/form-data", 41005, "media data missing")
        form = await request.multipart()
        part = await form.next()
        demand(isinstance(part, BodyPartReader) and part.name == "media", 41005, "media data missing")
        assert isinstance(part, BodyPartReader)
        name, told, content = part.filename or "", part.headers.get("Content-Type", ""), bytes(await part.read())
        demand(await form.next() is None, 40035, "one field only")
        demand(bool(name), 44001, "file name missing")
        if sort == "image":
            demand(name.isascii(), 44001, "file name not ASCII")
            kind = kind_of(content)
            demand(5 < len(content) <= MOST_IMAGE_BYTES, 40009, "invalid image size")
            demand(kind in self.shows, 40005, "invalid file type")
            demand(told == f"image/{kind}" == mimetypes.guess_type(name)[0], 40005, "the name belies the file")
        else:
            demand(5 < len(content) <= MOST_FILE_BYTES, 40006, "invalid file size")
            demand("." in name and not set(name) & set('/\\\r\n"'), 40005, "invalid file name")
            is_called_sound = name.endswith(".mp3"), told == "audio/mpeg"
            demand(set(is_called_sound) == {is_mp3(content)}, 40005, "the name belies the file")
        media = f"media-{len(self.calls)}"
        self.uploaded[media] = Uploaded(name, content, self.now(), sort, robot)
        return {"type": sort, "media_id": media, "created_at": int(self.now().timestamp())}

    async def send_media(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(request.path)
        fault = self.faults.popleft() if self.faults else None
        if early := await self._early_fault(request, fault):
            return early
        if fault == "token expired":
            self.expire_tokens()
        try:
            self.demand_token(request)
            demand(request.query.get("media_id", "") in self.media, 40007, "invalid media_id")
        except No as no:
            return web.json_response({"errcode": no.code, "errmsg": no.words})
        return await self._stream(request, self.media[request.query["media_id"]], is_cut_off=fault == "cut off")

    async def _stream(self, request: web.Request, content: bytes, is_cut_off: bool) -> web.StreamResponse:
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        part = content[begin:]
        response = web.StreamResponse(status=206 if asked else 200)
        response.content_type = "application/octet-stream"
        response.headers["Content-Disposition"] = 'attachment; filename="media"'
        response.content_length = len(part)
        await response.prepare(request)
        await response.write(part[: len(part) // 2] if is_cut_off else part)
        if is_cut_off:
            return _hang_up(request, response)
        await response.write_eof()
        return response

    async def _early_fault(self, request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        match fault:
            case "429" | "503":
                return web.Response(status=int(fault), headers={"Retry-After": "7"})
            case "500":
                return web.Response(status=500)
            case "busy":
                return web.json_response({"errcode": -1, "errmsg": "system busy"})
            case "lost on the way":
                return _hang_up(request)
            case "too often":
                return web.json_response({"errcode": 45009, "errmsg": "reach max api daily quota limit"})
            case "slow":
                await self._closing.wait()
                return web.Response(status=500)
            case _:
                return None


def is_mp3(content: bytes) -> bool:
    """Whether it is MP3 by its first bytes: a tag, or a frame of layer III."""
    return content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] in (b"\xfa", b"\xfb", b"\xf2", b"\xf3"))


def kind_of(content: bytes) -> str:
    """What a picture is by its first bytes."""
    heads = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
    return next((kind for head, kind in heads.items() if content.startswith(head)), "")


def _hang_up(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response()
