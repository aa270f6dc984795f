"""A strict stand-in of an OpenAI-compatible server on 127.0.0.1, which refuses what such servers refuse.

It asks for the key before it looks at anything else, as vLLM does; it knows one model (404 for others, as vLLM and Ollama);
it wants messages (400, as Ollama and llama.cpp) and takes no fields or values it does not know (422, as Mistral's).
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]

MODEL = "qwen3:8b"
KEY = "key-never-shown"
_FIELDS = {"model", "messages", "temperature", "max_tokens", "stream"}


# ---- what it can be told to do


@dataclass(frozen=True)
class Says:
    """A proper answer with this in it; `more` are further fields of the message."""

    content: Any = "好的。"
    finish_reason: Any = "stop"
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """These bytes, whatever they are."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True)
class Limited:
    """HTTP 429; `after` is the header as it stands, None for no header."""

    after: str | None = "1"
    status: int = 429


@dataclass(frozen=True)
class Broken:
    """The error page of a proxy in front."""

    status: int = 503


@dataclass(frozen=True)
class Silent:
    """No answer until the server is stopped; with `begins`, its head and some of it come first."""

    begins: bool = False


@dataclass(frozen=True)
class HangsUp:
    """The connection ends; with `midway`, after half of the answer."""

    midway: bool = False


@dataclass(frozen=True)
class SendsElsewhere:
    """A redirect."""

    to: str
    status: int = 307


Behaviour = Says | Answers | Limited | Broken | Silent | HangsUp | SendsElsewhere


# ---- the server


class Refusal(Exception):
    """An HTTP error with the body that OpenAI-compatible servers give it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Call:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def payload(self) -> Json:
        payload: Json = json.loads(self.body)
        return payload


@dataclass
class LargeModel:
    """`behaves` is used up one a call, and a proper answer is given once it is empty; `key` None asks for none.

    `context` is how many characters fit into question and answer, one a token.
    """

    model: str = MODEL
    key: str | None = KEY
    context: int = 20_000
    prefix: str = "/v1"
    behaves: deque[Behaviour] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address that comes before `/chat/completions`."""
        app = web.Application(client_max_size=2_000_000)
        app.add_routes([web.route("*", "/{path:.*}", self._handle)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}{self.prefix}"
        try:
            yield self.url
        finally:
            self._closing.set()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.method, request.path, dict(request.headers), await request.read())
        self.calls.append(call)
        try:
            self._demand_key(call)
            self._demand_path(call)
            self._check(_payload(call))
        except Refusal as no:
            return _error(no.status, str(no))
        return await self._behave(request, self.behaves.popleft() if self.behaves else Says())

    def _demand_key(self, call: Call) -> None:
        if self.key is not None and call.headers.get("Authorization") != f"Bearer {self.key}":
            raise Refusal(401, "Unauthorized")

    def _demand_path(self, call: Call) -> None:
        if call.path != f"{self.prefix}/chat/completions":
            raise Refusal(404, "Not Found")
        if call.method != "POST":
            raise Refusal(405, "Method Not Allowed")

    def _check(self, payload: Json) -> None:
        _demand(isinstance(payload.get("model"), str) and payload["model"] != "", 400, "you must provide a model parameter")
        _demand(payload["model"] == self.model, 404, f"The model `{payload['model']}` does not exist.")
        _demand(isinstance(payload.get("messages"), list) and payload["messages"] != [], 400, "'messages' is required")
        _demand(set(payload) <= _FIELDS, 422, "Extra inputs are not permitted")
        for message in payload["messages"]:
            _check_message(message)
        _demand(payload["messages"][-1]["role"] == "user", 400, "the last message must be of the user")
        _demand(_is_number(payload.get("temperature", 1), 0, 2), 422, "temperature must be in [0, 2]")
        tokens = payload.get("max_tokens", 16)
        _demand(isinstance(tokens, int) and _is_number(tokens, 1, 1_000_000), 422, "max_tokens must be at least 1")
        _demand(payload.get("stream", False) is False, 422, "this stand-in does not stream")
        size = sum(len(message["content"]) for message in payload["messages"])
        _demand(size + tokens <= self.context, 400, f"maximum context length is {self.context} tokens")

    async def _behave(self, request: web.Request, behaviour: Behaviour) -> web.StreamResponse:
        match behaviour:
            case Says():
                return web.json_response(self.completion(behaviour))
            case Answers(body, status, content_type):
                return web.Response(body=body, status=status, content_type=content_type)
            case Limited(after, status):
                answer = _error(status, "Too Many Requests")
                answer.headers.update({} if after is None else {"Retry-After": after})
                return answer
            case Broken(status):
                return web.Response(text="<html>Server Error</html>", content_type="text/html", status=status)
            case SendsElsewhere(to, status):
                return web.Response(status=status, headers={"Location": to})
            case Silent(begins):
                response = await self._begin(request) if begins else web.Response()
                await self._closing.wait()
                return response
            case HangsUp(midway):
                response = await self._begin(request) if midway else web.Response()
                assert request.transport is not None
                request.transport.abort()
                return response

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        whole = json.dumps(self.completion(Says())).encode()
        response = web.StreamResponse()
        response.content_type, response.content_length = "application/json", len(whole)
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2])
        return response

    def completion(self, says: Says) -> Json:
        message = {"role": "assistant", "content": says.content, "refusal": None, "tool_calls": [], **says.more}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": says.finish_reason}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
        }


def _payload(call: Call) -> Json:
    if call.headers.get("Content-Type", "").split(";")[0] != "application/json":
        raise Refusal(415, "Unsupported Media Type: Only 'application/json' is allowed")
    try:
        payload = json.loads(call.body.decode())
    except ValueError:
        raise Refusal(400, "JSON decode error") from None
    if not isinstance(payload, dict):
        raise Refusal(422, "Input should be a valid dictionary")
    return payload


def _check_message(message: object) -> None:
    _demand(isinstance(message, dict), 422, "a message must be an object")
    assert isinstance(message, dict)
    _demand(set(message) == {"role", "content"}, 422, "a message has a role and content")
    _demand(message["role"] in ("system", "user", "assistant"), 422, "unknown role")
    _demand(isinstance(message["content"], str), 422, "content must be text")


def _is_number(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _demand(is_right: bool, status: int, words: str) -> None:
    if not is_right:
        raise Refusal(status, words)


def _error(status: int, words: str) -> web.Response:
    return web.json_response({"error": {"message": words, "type": "error", "param": None, "code": status}}, status=status)
