"""Calls of Slack's Web API, and honest words for how each ended; where the road leaves the house towards Slack.

Slack has no idempotency key, so the client's own retries are off: the ledger of sends decides what is tried again.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.channel import AnswerLost, Refused, SendError, TryLater

API_URL = "https://slack.com/api/"
PATIENCE = timedelta(seconds=10)
"""How long one call may take before its answer counts as lost."""

_NOT_TAKEN = {"ratelimited", "rate_limited", "service_unavailable", "request_timeout", "team_added_to_org"}
_MAYBE_TAKEN = {"internal_error", "fatal_error"}
"""Slack says of these that part of the operation may have succeeded: docs.slack.dev/reference/methods/chat.postMessage."""
_SECRETS = re.compile(r"(xox[a-z]|xapp|xwfp)-[\w-]+|ticket=[\w-]+")


class SlackRefused(Refused):
    """Slack said no; `error` is its word for why."""

    def __init__(self, method: str, error: str) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


@dataclass(frozen=True)
class Answered:
    """Slack's yes: the body, and the scopes its `x-oauth-scopes` header grants the token."""

    body: Mapping[str, Any]
    scopes: frozenset[str] = frozenset()


class SlackCalls:
    """One client for all calls. Raises only SendError's kinds; none of their texts holds a token or a message."""

    def __init__(self, token: str, api_url: str | None, patience: timedelta = PATIENCE) -> None:
        self.client = AsyncWebClient(token=token, base_url=api_url or API_URL, retry_handlers=[], logger=sdk_log())
        self._patience = patience

    @property
    def api_url(self) -> str:
        return str(self.client.base_url)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session. Raises RuntimeError before open()."""
        if self.client.session is None:
            raise RuntimeError("the Slack channel has not been started")
        return self.client.session

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._patience.total_seconds(), connect=self._patience.total_seconds() / 2)
        self.client.session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        if self.client.session is not None:
            await self.client.session.close()
            self.client.session = None

    async def write(self, method: str, **arguments: Any) -> Answered:
        """A call that must not happen twice. Raises TryLater, AnswerLost, SlackRefused."""
        return await self._call(method, "POST", json=arguments)

    async def repeat(self, method: str, **arguments: Any) -> Answered:
        """A call that may be repeated without harm, so that a lost answer is TryLater. Raises TryLater, SlackRefused."""
        with _harmless():
            return await self._call(method, "POST", json=arguments)

    async def read(self, method: str, **arguments: Any) -> Answered:
        """A call of the reading methods, which take no JSON. Raises TryLater, SlackRefused."""
        with _harmless():
            return await self._call(method, "GET", params=arguments)

    async def as_app(self, method: str, app_token: str) -> Answered:
        """A call with the app's own token instead of the bot's. Raises TryLater, SlackRefused."""
        with _harmless():
            return await self._call(method, "POST", params={"token": app_token})

    async def post_to(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a `response_url`, which needs no token. Raises TryLater, SlackRefused (used up, expired)."""
        try:
            async with self.session.post(url, json=dict(body), allow_redirects=False) as answer:
                status, told = answer.status, (await answer.content.read(200)).decode("utf-8", "replace")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TryLater(f"response_url: no answer ({type(error).__name__})") from error
        if status == 429 or status >= 500:
            raise TryLater(f"response_url: HTTP {status}", _wait(answer.headers))
        # Slack answers the plain word "ok", or JSON that holds `"ok":false`
        if status >= 300 or '"ok":false' in told.replace(" ", ""):
            raise SlackRefused("response_url", f"http_{status}")

    async def upload_to(self, url: str, content: bytes, mime: str) -> None:
        """Bytes to a place that Slack named for them, which needs no token. Raises TryLater, SlackRefused."""
        headers = {"Content-Type": mime}
        try:
            async with self.session.post(url, data=content, headers=headers, allow_redirects=False) as answer:
                status = answer.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TryLater(f"upload: no answer ({type(error).__name__})") from error
        if status == 429 or status >= 500:
            raise TryLater(f"upload: HTTP {status}", _wait(answer.headers))
        if status != 200:
            raise SlackRefused("upload", f"http_{status}")

    async def _call(self, method: str, verb: str, **how: Any) -> Answered:
        try:
            answer = await self.client.api_call(method, http_verb=verb, **how)
        except SlackApiError as error:
            raise _told(method, error) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TryLater(f"{method}: no connection ({type(error).__name__})") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise AnswerLost(f"{method}: no answer ({type(error).__name__})") from error
        return Answered(answer.data if isinstance(answer.data, dict) else {}, _scopes(answer.headers))


@contextmanager
def _harmless() -> Iterator[None]:
    try:
        yield
    except AnswerLost as lost:
        raise TryLater(str(lost)) from lost


def _told(method: str, error: SlackApiError) -> SendError:
    """What Slack's no, or its failure to answer properly, means for the send."""
    answer = error.response
    status = int(getattr(answer, "status_code", None) or getattr(answer, "status", None) or 0)
    data = getattr(answer, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    if status == 429 or word in _NOT_TAKEN or (status == 503 and not isinstance(word, str)):
        return TryLater(f"{method}: {word or f'HTTP {status}'}", _wait(answer.headers))
    if status >= 500 or word in _MAYBE_TAKEN or not isinstance(word, str):
        return AnswerLost(f"{method}: {word or f'HTTP {status} without an answer'}")
    return SlackRefused(method, word)


def _wait(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After`, in whole seconds."""
    seconds = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return timedelta(seconds=int(seconds)) if seconds.isascii() and seconds.isdigit() and len(seconds) < 6 else None


def _scopes(headers: Mapping[str, str]) -> frozenset[str]:
    granted = {name.lower(): value for name, value in headers.items()}.get("x-oauth-scopes", "")
    return frozenset(scope.strip() for scope in granted.split(",") if scope.strip())


def sdk_log() -> logging.Logger:
    """Where the SDK and Bolt log: warnings only, without their payloads, stack traces or tokens."""
    log = logging.getLogger("parley.slack.sdk")
    log.setLevel(logging.WARNING)
    if not log.filters:
        log.addFilter(_redact)
    return log


def _redact(record: logging.LogRecord) -> bool:
    record.msg, record.args = _SECRETS.sub("(secret)", record.getMessage()), None
    record.exc_info, record.exc_text = None, None
    return True
