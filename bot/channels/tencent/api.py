"""Calls Tencent's APIs: fetches and keeps the access token, and says honestly how each call ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from bot.channels.channel import AnswerLost, Refused, SendError, TryLater, WaitForPerson
from bot.channels.tencent.steady import SteadyMemory

Answer = dict[str, Any]

# Numbers: developer.work.weixin.qq.com/document/path/90313 and developers.weixin.qq.com "全局返回码"
SPOILT_TOKEN = frozenset({40001, 40014, 42001})
BUSY = frozenset({-1, 45009, 45011, 45033, 130101})
NOT_TRUSTED_IP = frozenset({60020, 40164})
UNTIL_PERSON_WRITES = frozenset({45015, 45047})
A_MINUTE = timedelta(minutes=1)
_LONGEST_LIFE = 7 * 24 * 3600
TOKEN_MARGIN = timedelta(minutes=5)
"""A token is given up this long before it ends, so that no call goes out with one that ends on the way."""


class Declined(Refused):
    """The platform answered no, with its number; `words` are the platform's own and stay out of logs."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(f"errcode {code}")
        self.code = code
        self.words = words


class TencentApi:
    """One application's way to its platform. `base` without a trailing slash; `credentials` go into the token's query."""

    def __init__(
        self,
        base: str,
        token_path: str,
        credentials: Mapping[str, str],
        memory: SteadyMemory,
        memory_key: str,
        patience: timedelta,
    ) -> None:
        self.base = base.rstrip("/")
        self._token_path = token_path
        self._credentials = dict(credentials)
        self._memory = memory
        self._memory_key = memory_key
        self._patience = patience
        self._fetching = asyncio.Lock()
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def post(self, path: str, payload: Mapping[str, Any]) -> Answer:
        """A call with the token; an expired token is renewed once. Raises any SendError."""
        return await self._with_token(path, {}, {"json": payload})

    async def upload(self, path: str, query: Mapping[str, str], name: str, content: bytes, mime: str) -> Answer:
        """A file as the form's field `media`, with the token; its name goes as UTF-8. Raises any SendError."""
        return await self._with_token(path, query, {"files": {"media": (name, content, mime)}})

    async def upload_open(self, path: str, query: Mapping[str, str], name: str, content: bytes, mime: str) -> Answer:
        """The same without a token (a group robot's: its key stands in the query). Raises any SendError."""
        return _settle(await self._ask("POST", path, query, {"files": {"media": (name, content, mime)}}))

    async def _with_token(self, path: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        token = await self.token()
        answer = await self._ask("POST", path, {**query, "access_token": token}, body)
        if _code(answer) in SPOILT_TOKEN:
            answer = await self._ask("POST", path, {**query, "access_token": await self.renew(token)}, body)
            if _code(answer) in SPOILT_TOKEN:
                # a wrong secret shows when a token is fetched; here another process keeps renewing it
                raise TryLater("a new token is refused as well")
        return _settle(answer)

    async def post_open(self, path: str, query: Mapping[str, str], payload: Mapping[str, Any]) -> Answer:
        """A call that needs no token (a group robot's webhook: its key stands in the query)."""
        return _settle(await self._ask("POST", path, query, {"json": payload}))

    async def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """A question with the token. Raises any SendError."""
        return _settle(await self._ask("GET", path, {**query, "access_token": await self.token()}))

    async def token(self) -> str:
        """The kept token or a new one. Raises TryLater, Declined (wrong id or secret)."""
        async with self._fetching:
            kept = await self._memory.get(self._memory_key)
            return kept if isinstance(kept, str) else await self._fetch_token()

    async def prove(self) -> None:
        """Fetches a new token even if one is kept, to see that id and secret are right. Raises TryLater, Declined."""
        async with self._fetching:
            await self._fetch_token()

    async def renew(self, spoilt: str) -> str:
        """A token other than `spoilt`; somebody else may have renewed it already."""
        async with self._fetching:
            kept = await self._memory.get(self._memory_key)
            return kept if isinstance(kept, str) and kept != spoilt else await self._fetch_token()

    @asynccontextmanager
    async def stream(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """A download; raises httpx.TransportError from inside the block when the line breaks."""
        address = url if url.startswith("http") else self.base + url
        async with self._http().stream("GET", address, params=dict(query), headers=dict(headers)) as response:
            yield response

    async def _fetch_token(self) -> str:
        try:
            answer = _settle(await self._ask("GET", self._token_path, self._credentials))
        except AnswerLost as lost:
            raise TryLater(f"no answer to the question for a token: {lost}") from None
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int) or not 0 < seconds < _LONGEST_LIFE:
            raise TryLater("the answer to the question for a token holds none")
        ttl = max(timedelta(seconds=seconds) - TOKEN_MARGIN, timedelta(seconds=seconds) / 2)
        await self._memory.set(self._memory_key, token, ttl)
        return token

    async def _ask(self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None) -> Answer:
        try:
            response = await self._http().request(method, self.base + path, params=dict(query), **(body or {}))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TryLater("no connection") from None
        except httpx.TransportError as trouble:
            # "from None": the exception carries the request, and the request's URL carries secrets
            raise AnswerLost(type(trouble).__name__) from None
        return read_answer(response)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            keep_queries_out_of_logs()
            self._client = httpx.AsyncClient(timeout=httpx.Timeout(self._patience.total_seconds(), connect=5.0))
        return self._client


def keep_queries_out_of_logs() -> None:
    """httpx logs each URL; here the query holds tokens, secrets and robot keys."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(each, _WithoutQuery) for each in logger.filters):
        logger.addFilter(_WithoutQuery())


class _WithoutQuery(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(each.copy_with(query=None) if isinstance(each, httpx.URL) else each for each in record.args)
        return True


def seconds_to_wait(response: httpx.Response) -> timedelta | None:
    told = response.headers.get("retry-after", "")
    return timedelta(seconds=int(told)) if told.isascii() and told.isdigit() and len(told) < 7 else None


def meaning(code: int, words: str = "") -> SendError:
    """What an errcode other than 0 says about a message."""
    if code in BUSY:
        return TryLater(f"errcode {code}", None if code == -1 else A_MINUTE)
    if code in NOT_TRUSTED_IP:
        # a person can put this right while the message waits
        return TryLater(f"errcode {code}: this machine's address is not on the platform's trusted list", A_MINUTE)
    if code in UNTIL_PERSON_WRITES:
        return WaitForPerson(f"errcode {code}")
    return Declined(code, words)


def read_answer(response: httpx.Response) -> Answer:
    """The object in an answer, whatever its errcode. Raises TryLater, AnswerLost, Refused."""
    if response.status_code in (429, 503):
        raise TryLater(f"status {response.status_code}", seconds_to_wait(response))
    if response.status_code >= 500:
        raise AnswerLost(f"status {response.status_code}")  # a gateway may say so after the platform has taken it
    if response.status_code >= 300:
        raise Refused(f"status {response.status_code}")
    try:
        answer = response.json()
    except ValueError:
        raise AnswerLost("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise AnswerLost("the answer is not an object")
    return answer


def _settle(answer: Answer) -> Answer:
    code = _code(answer)
    if code:
        raise meaning(code, str(answer.get("errmsg", "")))
    return answer


def _code(answer: Answer) -> int:
    code = answer.get("errcode", 0)
    return code if isinstance(code, int) else -1
