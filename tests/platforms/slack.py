"""A strict stand-in of Slack on 127.0.0.1: Web API, files, response_url and Socket Mode; it delivers events as Slack does.

It refuses what Slack refuses (wrong token, unknown or missing arguments, blocks over a limit, unknown channels), keeps what
it has taken, and misbehaves when told to: see the faults below. Its ids and tokens are plainly invented.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from aiohttp import WSMsgType, web
from slack_sdk.signature import Clock, SignatureVerifier

from tests.platforms.tencent import is_mp3

TEAM = "T0SAMPLE"
BOT = "U0PARLEY"
BOT_TOKEN = "xoxb-sample-bot"
APP_TOKEN = "xapp-sample-app"
SIGNING_SECRET = "sample-signing-secret"
SCOPES = (
    "app_mentions:read,channels:history,chat:write,commands,files:read,files:write,groups:history,im:history,im:write,"
    "mpim:history"
)
MAX_REDELIVERIES = 3
MAX_BLOCK_CHARACTERS = 13_200

JSON = dict[str, Any]


# ---- what can go wrong


@dataclass(frozen=True)
class Limited:
    """HTTP 429."""

    after: int = 7


@dataclass(frozen=True)
class Broken:
    """An HTTP error of the servers in front; the call is not carried out."""

    status: int = 503


@dataclass(frozen=True)
class BrokenAfter:
    """The call is carried out, and then the servers in front fail."""

    status: int = 500


@dataclass(frozen=True)
class Says:
    """`ok: false` with this word; the call is not carried out."""

    error: str


@dataclass(frozen=True)
class AnswerCut:
    """The call is carried out, the connection ends before the answer."""


@dataclass(frozen=True)
class Silent:
    """The call is carried out, and no answer comes until the platform is stopped."""


Fault = Limited | Broken | BrokenAfter | Says | AnswerCut | Silent


# ---- what it holds


@dataclass
class Room:
    """A channel, group or direct conversation, and who is in it."""

    id: str
    members: set[str]
    is_archived: bool = False


@dataclass
class Posted:
    """A message the platform has taken. `seen_by` names the one person who sees an ephemeral one."""

    channel: str
    ts: str
    text: str
    blocks: list[JSON]
    user: str = BOT
    thread_ts: str | None = None
    metadata: JSON | None = None
    seen_by: str | None = None
    versions: list[str] = field(default_factory=list)
    picture: "Upload | None" = None


@dataclass
class File:
    """A shared file; `breaks` are the numbers of bytes after which the coming downloads break off."""

    content: bytes
    mime: str = "application/octet-stream"
    breaks: deque[int] = field(default_factory=deque)
    knows_ranges: bool = True
    tells_size: bool = True
    redirect: str | None = None
    asked: list[str | None] = field(default_factory=list)


@dataclass
class Upload:
    """A file that the app sends up: a place first, then the bytes, then the share."""

    id: str
    name: str
    length: int
    alt: str
    since: datetime
    content: bytes | None = None
    title: str = ""
    is_complete: bool = False


@dataclass(frozen=True)
class Delivery:
    """How one event went: the status of each attempt, first to last."""

    statuses: tuple[int, ...]
    bodies: tuple[str, ...]

    @property
    def is_acknowledged(self) -> bool:
        return 200 <= self.statuses[-1] < 300


class Refusal(Exception):
    """`ok: false`."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class SlackPlatform:
    """One workspace with one app installed. `now` dates messages and signatures; `quota` a second and channel, if given.

    While `shares_at_once` is off, files that are shared are shown only after finish_sharing(), as on a busy day.
    `names_files` is off where Slack shows no more of a file than its id (a channel shared with another company).
    """

    def __init__(self, now: Callable[[], datetime], quota: int | None = None) -> None:
        self.now = now
        self.quota = quota
        self.scopes = SCOPES
        self.rooms = {
            "C0GENERAL": Room("C0GENERAL", {BOT, "U0REP", "U0BOSS"}),
            "C0PRIVATE": Room("C0PRIVATE", {"U0REP"}),
            "C0ARCHIVE": Room("C0ARCHIVE", {BOT, "U0REP"}, is_archived=True),
            "D0REP": Room("D0REP", {BOT, "U0REP"}),
        }
        self.users = {"U0REP", "U0BOSS"}
        self.posted: list[Posted] = []
        self.files: dict[str, File] = {}
        self.calls: list[tuple[str, JSON]] = []
        self.answers_by_url: dict[str, list[JSON]] = defaultdict(list)
        self.url_uses = 5
        self.shows_metadata = True
        self.shares_at_once = True
        self.names_files = True
        self.uploads: dict[str, Upload] = {}
        self.url = ""
        self.acks: dict[str, asyncio.Future[JSON]] = {}
        self.connected = asyncio.Event()
        self._socket: web.WebSocketResponse | None = None
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._recent: dict[str, deque[datetime]] = defaultdict(deque)
        self._stopping = asyncio.Event()
        self._count = 0
        self._unshown: list[Posted] = []
        self._methods: dict[str, Callable[[JSON], JSON]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.update": self._update,
            "conversations.open": self._open,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "files.completeUploadExternal": self._complete_upload,
            "files.getUploadURLExternal": self._place_for_upload,
            "files.list": self._list_files,
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["SlackPlatform"]:
        app = web.Application(client_max_size=4_000_000)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_post("/upload/{name}", self._upload)
        app.router.add_post("/response/{name}", self._response_url)
        app.router.add_get("/socket", self._socket_mode)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._stopping.set()
            await runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def fail(self, method: str, *faults: Fault) -> None:
        """The coming calls of a method fail so, one after the other."""
        self._faults[method].extend(faults)

    def share(self, name: str, file: File) -> str:
        """Keep a file; returns its private address."""
        self.files[name] = file
        return f"{self.url}/files/{name}"

    def shown_in(self, channel: str) -> list[Posted]:
        return [message for message in self.posted if message.channel == channel and message.seen_by is None]

    # ---- delivering

    def signed(self, body: bytes, at: datetime | None = None, secret: str = SIGNING_SECRET) -> dict[str, str]:
        """The headers Slack signs a body with."""
        timestamp = str(int((at or self.now()).timestamp()))
        verifier = SignatureVerifier(secret, clock=Clock())
        signature = verifier.generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature or ""}

    async def deliver(self, client: httpx.AsyncClient, event: JSON) -> Delivery:
        """Send an event as Slack does: again after every refusal, three more times, unless told not to."""
        return await self._deliver(client, json.dumps(event).encode(), "application/json", MAX_REDELIVERIES)

    async def interact(self, client: httpx.AsyncClient, payload: JSON) -> Delivery:
        """Send a press; Slack sends these once."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self._deliver(client, body, "application/x-www-form-urlencoded", 0)

    async def command(self, client: httpx.AsyncClient, form: Mapping[str, str]) -> Delivery:
        """Send a slash command; Slack sends these once."""
        return await self._deliver(client, urlencode(form).encode(), "application/x-www-form-urlencoded", 0)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes, kind: str, repeats: int) -> Delivery:
        statuses: list[int] = []
        bodies: list[str] = []
        for number in range(repeats + 1):
            headers = {"Content-Type": kind, **self.signed(body)}
            if number:
                headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_error"}
            answer = await client.post("/slack/events", content=body, headers=headers)
            statuses.append(answer.status_code)
            bodies.append(answer.text)
            if answer.is_success or answer.headers.get("X-Slack-No-Retry") == "1":
                break
        return Delivery(tuple(statuses), tuple(bodies))

    async def end_connection(self) -> None:
        """Tell the app to come back over a new connection, as Slack does every few hours."""
        await self.connected.wait()
        assert self._socket is not None
        self.connected.clear()
        await self._socket.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def send_envelope(self, envelope: str, payload: JSON, kind: str = "events_api", attempt: int = 0) -> None:
        """Deliver over the socket; `acks[envelope]` is done when the app acknowledges."""
        await self.connected.wait()
        self.acks[envelope] = asyncio.get_running_loop().create_future()
        assert self._socket is not None
        await self._socket.send_json(
            {
                "envelope_id": envelope,
                "type": kind,
                "payload": payload,
                "accepts_response_payload": kind != "events_api",
                "retry_attempt": attempt,
                "retry_reason": "timeout" if attempt else "",
            }
        )

    # ---- the Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await self._arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.pop("token", "")
        self.calls.append((method, arguments))
        if method == "apps.connections.open":
            return self._connections_open(token)
        if token != BOT_TOKEN:
            return _no("invalid_auth" if token else "not_authed")
        if method not in self._methods:
            return _no("unknown_method")
        fault = self._faults[method].popleft() if self._faults[method] else None
        if early := _before_the_deed(fault):
            return early
        try:
            answer = self._methods[method](arguments)
        except Refusal as refusal:
            if refusal.error == "ratelimited":
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
            return _no(refusal.error)
        if late := await self._after_the_deed(request, fault):
            return late
        return web.json_response({"ok": True, **answer}, headers={"X-OAuth-Scopes": self.scopes})

    async def _after_the_deed(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        if isinstance(fault, AnswerCut):
            _cut(request)
        if isinstance(fault, Silent):
            await self._stopping.wait()
        return _server_error(fault.status) if isinstance(fault, BrokenAfter) else None

    async def _arguments(self, request: web.Request) -> JSON:
        if request.content_type == "application/json":
            data = await request.json()
            return data if isinstance(data, dict) else {}
        return {**request.query, **dict(await request.post())}

    def _auth_test(self, arguments: JSON) -> JSON:
        _only(arguments)
        return {"team_id": TEAM, "user_id": BOT, "bot_id": "B0PARLEY"}

    def _post_message(self, arguments: JSON) -> JSON:
        _only(arguments, "channel", "text", "blocks", "metadata", "thread_ts", "unfurl_links", "unfurl_media")
        room = self._room(arguments)
        _check_content(arguments)
        _check_metadata(arguments.get("metadata"))
        if not isinstance(arguments.get("thread_ts", ""), str):
            raise Refusal("invalid_arguments")
        self._spend(room.id)
        message = self._keep(arguments)
        return {"channel": room.id, "ts": message.ts, "message": {"text": message.text, "user": BOT}}

    def _post_ephemeral(self, arguments: JSON) -> JSON:
        _only(arguments, "channel", "user", "text", "blocks", "thread_ts")
        room = self._room(arguments)
        if arguments.get("user") not in room.members:
            raise Refusal("user_not_in_channel")
        _check_content(arguments)
        self._spend(room.id)
        return {"message_ts": self._keep(arguments, seen_by=arguments["user"]).ts}

    def _update(self, arguments: JSON) -> JSON:
        _only(arguments, "channel", "ts", "text", "blocks")
        room = self._room(arguments)
        _check_content(arguments)
        for message in self.shown_in(room.id):
            if message.ts == arguments.get("ts") and message.user == BOT:
                message.versions.append(message.text)
                message.text, message.blocks = arguments.get("text", ""), arguments.get("blocks", message.blocks)
                return {"channel": room.id, "ts": message.ts, "text": message.text}
        raise Refusal("message_not_found")

    def _open(self, arguments: JSON) -> JSON:
        _only(arguments, "users")
        user = arguments.get("users")
        if user not in self.users:
            raise Refusal("user_not_found")
        for room in self.rooms.values():
            if room.id.startswith("D") and room.members == {BOT, user}:
                return {"channel": {"id": room.id}}
        room = Room("D0" + str(user)[2:], {BOT, str(user)})
        self.rooms[room.id] = room
        return {"channel": {"id": room.id}}

    def _history(self, arguments: JSON) -> JSON:
        _only(arguments, "channel", "oldest", "limit", "cursor", "include_all_metadata")
        room = self._room(arguments, to_write=False)
        found = [message for message in self.shown_in(room.id) if message.thread_ts is None]
        return self._pages(found[::-1], arguments)

    def _replies(self, arguments: JSON) -> JSON:
        _only(arguments, "channel", "ts", "oldest", "limit", "cursor", "include_all_metadata")
        room = self._room(arguments, to_write=False)
        found = [message for message in self.shown_in(room.id) if arguments.get("ts") in (message.ts, message.thread_ts)]
        if not found:
            raise Refusal("thread_not_found")
        return self._pages(found, arguments)

    def _pages(self, messages: list[Posted], arguments: JSON) -> JSON:
        limit, start = int(arguments.get("limit", 100)), int(arguments.get("cursor") or 0)
        if not 1 <= limit <= 999:
            raise Refusal("invalid_limit")
        kept = [message for message in messages if float(message.ts) > float(arguments.get("oldest", 0))]
        has_metadata = self.shows_metadata and str(arguments.get("include_all_metadata")).lower() in ("1", "true")
        shown: list[JSON] = []
        for message in kept[start : start + limit]:
            row: JSON = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
            if message.user == BOT:
                row["bot_id"] = "B0PARLEY"
            if has_metadata and message.metadata:
                row["metadata"] = message.metadata
            if message.picture:
                row |= {"subtype": "file_share", "upload": False, "files": [self._file_row(message.picture)]}
            shown.append(row)
        has_more = len(kept) > start + limit
        answer: JSON = {"messages": shown, "has_more": has_more}
        if has_more:
            answer["response_metadata"] = {"next_cursor": str(start + limit)}
        return answer

    def _room(self, arguments: JSON, *, to_write: bool = True) -> Room:
        room = self.rooms.get(str(arguments.get("channel")))
        if room is None or (BOT not in room.members and room.id.startswith("D")):
            raise Refusal("channel_not_found")
        if BOT not in room.members:
            raise Refusal("not_in_channel")
        if to_write and room.is_archived:
            raise Refusal("is_archived")
        return room

    def _spend(self, channel: str) -> None:
        """The quota: so many messages in any second and channel."""
        if self.quota is None:
            return
        recent, now = self._recent[channel], self.now()
        while recent and recent[0] <= now - timedelta(seconds=1):
            recent.popleft()
        if len(recent) >= self.quota:
            raise Refusal("ratelimited")
        recent.append(now)

    def next_ts(self) -> str:
        self._count += 1
        return f"{int(self.now().timestamp())}.{self._count:06d}"

    def _keep(self, arguments: JSON, seen_by: str | None = None) -> Posted:
        message = Posted(
            channel=arguments["channel"],
            ts=self.next_ts(),
            text=arguments.get("text", ""),
            blocks=arguments.get("blocks") or [],
            thread_ts=arguments.get("thread_ts"),
            metadata=arguments.get("metadata"),
            seen_by=seen_by,
        )
        self.posted.append(message)
        return message

    # ---- files up

    def _place_for_upload(self, arguments: JSON) -> JSON:
        _only(arguments, "filename", "length", "alt_txt", "snippet_type")
        self._demand_scope("files:write")
        name, length = arguments.get("filename"), str(arguments.get("length", ""))
        if not name or not length.isdigit() or not int(length):
            raise Refusal("missing_argument")
        upload = Upload(f"F0{len(self.uploads):08}", name, int(length), arguments.get("alt_txt", ""), self.now())
        self.uploads[upload.id] = upload
        return {"upload_url": f"{self.url}/upload/{upload.id}", "file_id": upload.id}

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        upload = self.uploads.get(request.match_info["name"])
        assert "Authorization" not in request.headers, "the place is secret enough: the token has no business there"
        fault = self._faults["upload"].popleft() if self._faults["upload"] else None
        if early := _before_the_deed(fault):
            return early
        content = await request.read()
        if upload is None or upload.content is not None or len(content) != upload.length:
            return web.Response(status=400)
        upload.content = content
        return await self._after_the_deed(request, fault) or web.Response(text=f"OK - {len(content)}")

    def _complete_upload(self, arguments: JSON) -> JSON:
        _only(arguments, "files", "channel_id", "thread_ts")
        self._demand_scope("files:write")
        files = arguments.get("files")
        if not isinstance(files, list) or len(files) != 1 or not set(files[0]) <= {"id", "title"}:
            raise Refusal("invalid_arguments")
        upload = self.uploads.get(files[0].get("id"))
        if upload is None or upload.content is None or upload.is_complete:
            raise Refusal("file_not_found")
        if upload.name.endswith(".mp3") != is_mp3(upload.content):
            raise Refusal("invalid_arguments")  # Slack would take it, and show a player that plays nothing
        room = self._room({"channel": arguments.get("channel_id")})
        upload.is_complete, upload.title = True, files[0].get("title", upload.name)
        share = Posted(room.id, self.next_ts(), "", [], thread_ts=arguments.get("thread_ts"), picture=upload)
        if not upload.alt:  # with a description Slack says yes and never shares it (slackapi/python-slack-sdk#1818)
            (self.posted if self.shares_at_once else self._unshown).append(share)
        return {"files": [{"id": upload.id, "title": upload.title, "shares": {}, "channels": []}]}

    def finish_sharing(self) -> None:
        """What was shared and not shown is shown now."""
        self.posted += self._unshown
        self._unshown = []

    def _list_files(self, arguments: JSON) -> JSON:
        _only(arguments, "ts_from", "types", "count", "page")
        self._demand_scope("files:read")
        since, count, page = int(arguments.get("ts_from", 0)), int(arguments["count"]), int(arguments["page"])
        complete = [file for file in self.uploads.values() if file.is_complete and file.since.timestamp() >= since]
        pages = max(1, -(-len(complete) // count))
        rows = [self._file_row(file) for file in complete[::-1][(page - 1) * count : page * count]]
        return {"files": rows, "paging": {"count": count, "total": len(complete), "page": page, "pages": pages}}

    def _file_row(self, upload: Upload) -> JSON:
        if not self.names_files:
            return {"id": upload.id, "file_access": "check_file_info"}
        return {"id": upload.id, "name": upload.name, "title": upload.title, "size": upload.length}

    def _demand_scope(self, scope: str) -> None:
        if scope not in self.scopes.split(","):
            raise Refusal("missing_scope")

    # ---- files down, response_url, Socket Mode

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self.files.get(request.match_info["name"])
        if file is None:
            return web.Response(status=404)
        file.asked.append(request.headers.get("Range"))
        if file.redirect is not None:
            return web.Response(status=302, headers={"Location": file.redirect})
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}" or "files:read" not in self.scopes:
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        start = int((request.headers.get("Range") or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        start = start if file.knows_ranges else 0
        answer = web.StreamResponse(status=206 if start else 200)
        answer.content_type = file.mime
        if file.tells_size:
            answer.content_length = len(file.content) - start
        if start:
            answer.headers["Content-Range"] = f"bytes {start}-{len(file.content) - 1}/{len(file.content)}"
        await answer.prepare(request)
        if file.breaks:
            await answer.write(file.content[start : start + file.breaks.popleft()])
            _cut(request)
            return answer
        await answer.write(file.content[start:])
        await answer.write_eof()
        return answer

    async def _response_url(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        body = await request.json()
        if len(self.answers_by_url[name]) >= self.url_uses:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        problem = blocks_problem(body.get("blocks") or [])
        if problem:
            return web.json_response({"ok": False, "error": problem}, status=400)
        self.answers_by_url[name].append(body)
        return web.Response(text="ok")

    def _connections_open(self, token: str) -> web.Response:
        if token != APP_TOKEN:
            return _no("invalid_auth")
        return web.json_response({"ok": True, "url": f"{self.url.replace('http', 'ws')}/socket?ticket=sample"})

    async def _socket_mode(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._socket = socket
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0SAMPLE"}})
        self.connected.set()
        async for frame in socket:
            if frame.type == WSMsgType.TEXT:
                ack = json.loads(frame.data)
                assert set(ack) <= {"envelope_id", "payload"}, "an acknowledgement holds the envelope's id and a payload"
                self.acks[ack["envelope_id"]].set_result(ack)
        return socket


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


def _before_the_deed(fault: Fault | None) -> web.Response | None:
    match fault:
        case Limited(after):
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(after)})
        case Broken(status):
            return _server_error(status)
        case Says(error):
            return _no(error)
    return None


def _server_error(status: int) -> web.Response:
    return web.Response(text="<html>Server Error</html>", content_type="text/html", status=status)


def _no(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


def _only(arguments: JSON, *allowed: str) -> None:
    if set(arguments) - set(allowed):
        raise Refusal("invalid_arguments")


# ---- limits of messages and blocks


def _check_content(arguments: JSON) -> None:
    text, blocks = arguments.get("text"), arguments.get("blocks") or []
    if not isinstance(text, str) or not isinstance(blocks, list):
        raise Refusal("invalid_arguments")
    if not text.strip() and not blocks:
        raise Refusal("no_text")
    if len(text) > 40_000:
        raise Refusal("msg_too_long")
    problem = blocks_problem(blocks)
    if problem:
        raise Refusal(problem)


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if set(metadata) != {"event_type", "event_payload"} or not isinstance(metadata["event_payload"], dict):
        raise Refusal("metadata_must_be_sent_as_object")


def blocks_problem(blocks: list[JSON]) -> str | None:
    """Slack's word for what is wrong with the blocks, or None."""
    if len(blocks) > 50:
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > MAX_BLOCK_CHARACTERS:
        return "msg_blocks_too_long"
    ids = [
        element.get("action_id") for block in blocks for element in block.get("elements", ()) if element["type"] == "button"
    ]
    if len(ids) != len(set(ids)):
        return "invalid_blocks"
    return None if all(_is_block(block) for block in blocks) else "invalid_blocks"


def _is_block(block: JSON) -> bool:
    match block:
        case {"type": "header", "text": text, **rest}:
            return not rest and _is_text(text, 150, "plain_text")
        case {"type": "section", "text": text, **rest}:
            return not rest and _is_text(text, 3000)
        case {"type": "section", "fields": fields, **rest}:
            return not rest and 1 <= len(fields) <= 10 and all(_is_text(each, 2000) for each in fields)
        case {"type": "context", "elements": elements, **rest}:
            return not rest and 1 <= len(elements) <= 10 and all(_is_text(each, 3000) for each in elements)
        case {"type": "actions", "elements": elements, **rest}:
            return not rest and 1 <= len(elements) <= 25 and all(_is_button(each) for each in elements)
    return False


def _is_text(text: JSON, limit: int, *kinds: str) -> bool:
    if text.get("type") not in (kinds or ("plain_text", "mrkdwn")):
        return False
    if set(text) - {"type", "text"} - ({"emoji"} if text["type"] == "plain_text" else {"verbatim"}):
        return False
    return isinstance(text.get("text"), str) and bool(text["text"].strip()) and len(text["text"]) <= limit


def _is_button(button: JSON) -> bool:
    if "url" in button:  # opens a page; a press is told to the app all the same
        is_plain = set(button) <= {"type", "action_id", "text", "url", "style"} and button["type"] == "button"
        is_page = button["url"].startswith(("http://", "https://")) and len(button["url"]) <= 3000
        return is_plain and is_page and _is_text(button["text"], 75, "plain_text")
    return (
        set(button) <= {"type", "action_id", "text", "value", "style"}
        and button["type"] == "button"
        and 1 <= len(button["action_id"]) <= 255
        and _is_text(button["text"], 75, "plain_text")
        and 1 <= len(button["value"]) <= 2000
        and button.get("style", "primary") in ("primary", "danger")
    )


# ---- events as Slack writes them


def message_event(
    text: str, channel: str = "D0REP", ts: str = "1790000000.000100", user: str = "U0REP", **more: Any
) -> JSON:
    """`message.im`, `message.channels` and their kin, after the channel's letter."""
    kind = "im" if channel.startswith("D") else "channel"
    event = {"type": "message", "channel": channel, "channel_type": kind, "user": user, "text": text, "ts": ts, **more}
    return envelope(event)


def mention_event(
    text: str, channel: str = "C0GENERAL", ts: str = "1790000000.000100", user: str = "U0REP", **more: Any
) -> JSON:
    """`app_mention`, which carries no channel type."""
    return envelope({"type": "app_mention", "channel": channel, "user": user, "text": text, "ts": ts, **more})


def envelope(event: JSON) -> JSON:
    return {
        "type": "event_callback",
        "team_id": TEAM,
        "api_app_id": "A0SAMPLE",
        "event_id": "Ev0SAMPLE",
        "event_time": 1790000000,
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True, "is_enterprise_install": False}],
        "event": event,
    }


def press_payload(
    token: str, channel: str = "C0GENERAL", card_ts: str = "1790000000.000100", user: str = "U0REP", **more: Any
) -> JSON:
    """`block_actions` of one of Parley's buttons."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "sample"},
        "user": {"id": user, "username": "sample.rep", "name": "sample.rep", "team_id": TEAM},
        "channel": {"id": channel, "name": "general"},
        "container": {"type": "message", "message_ts": card_ts, "channel_id": channel, "is_ephemeral": False},
        "message": {"ts": card_ts, "user": BOT, "text": "card"},
        "trigger_id": "12345.98765.abcd2358fdea",
        "response_url": "https://hooks.slack.com/actions/T0SAMPLE/1/sample",
        "actions": [
            {
                "type": "button",
                "action_id": "parley.0",
                "block_id": "x1Y2",
                "text": {"type": "plain_text", "text": "OK"},
                "value": token,
                "action_ts": "1790000001.000200",
            }
        ],
        **more,
    }


def command_form(text: str, channel: str = "C0GENERAL", user: str = "U0REP") -> dict[str, str]:
    """`/parley …`."""
    return {
        "token": "sample-verification",
        "team_id": TEAM,
        "team_domain": "sample",
        "channel_id": channel,
        "channel_name": "general",
        "user_id": user,
        "user_name": "sample.rep",
        "command": "/parley",
        "text": text,
        "api_app_id": "A0SAMPLE",
        "response_url": "https://hooks.slack.com/commands/T0SAMPLE/1/sample",
        "trigger_id": "12345.98765.slashcommand",
    }
