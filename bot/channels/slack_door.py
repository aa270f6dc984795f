"""Slack's door in: one HTTP route and one middleware for events, commands and presses; checked, written down, acknowledged.

Bolt brings the protocols. Parley's middleware stands in front of Bolt's authorisation, because Bolt acknowledges events by
itself and asks Slack who it is on the way: here a message is written down first, and no network call lies between.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from fastapi import Request, Response
from slack_bolt import BoltResponse
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import ClientDisconnect

from bot.channels.channel import Accept
from bot.channels.slack_calls import sdk_log
from bot.channels.slack_decode import Heard, decode
from bot.channels.slack_threads import Threads

log = structlog.get_logger(__name__)

ACCEPT_WITHIN = timedelta(seconds=2.5)
"""Slack waits 3 s for an answer (docs.slack.dev/tools/bolt-python/concepts/acknowledge); the rest is for the way."""
BODY_LIMIT = 1_000_000
"""Bytes of a request body. Slack's own messages end at 40,000 characters, six bytes each when escaped, given twice."""


class SlackDoor:
    """Verifies, decodes and accepts. A message that could not be kept is answered 503, so that Slack delivers it again.

    `direct_channels` is where it notes which channel a person's direct conversation is; `learn` is told of each request that
    Slack has signed.
    """

    def __init__(
        self,
        accept: Accept,
        signing_secret: str,
        client: AsyncWebClient,
        threads: Threads,
        direct_channels: MutableMapping[str, str],
        now: Callable[[], datetime],
        within: timedelta = ACCEPT_WITHIN,
        learn: Callable[[Request], Awaitable[None]] | None = None,
    ) -> None:
        self._accept = accept
        self._learn = learn
        self._within = within
        self._threads = threads
        self._direct_channels = direct_channels
        self._now = now
        self._verifier = SignatureVerifier(signing_secret, clock=_Clock(now))
        self.bolt = AsyncApp(
            name="parley.slack",
            logger=sdk_log(),
            client=client,
            signing_secret=signing_secret,
            before_authorize=_Before(self._keep),
            # both are settled at the door, before Bolt parses anything
            request_verification_enabled=False,
            ssl_check_enabled=False,
        )

    async def answer(self, request: Request) -> Response:
        body = await _read(request)
        if body is None:
            log.warning("slack.refused", why="body too large or broken off")
            return Response(status_code=413, headers={"X-Slack-No-Retry": "1"})
        if not self._is_signed(request, body):
            log.warning("slack.refused", why="signature", hint="wrong SLACK_SIGNING_SECRET, or clock 5 minutes off")
            return Response("invalid signature", status_code=401)
        try:
            asked = to_async_bolt_request(request, body)
        except Exception as error:  # Bolt's readers raise whatever the shape of the payload makes them raise
            log.warning("slack.refused", why="unreadable payload", error=type(error).__name__)
            return Response("unreadable payload", status_code=400, headers={"X-Slack-No-Retry": "1"})
        answer = to_starlette_response(await self.bolt.async_dispatch(asked))
        if self._learn is not None:
            await self._learn(request)
        return answer

    def _is_signed(self, request: Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16 and signature.isascii()):
            return False
        try:
            return bool(self._verifier.is_valid(body, timestamp, signature))
        except UnicodeDecodeError:  # Slack signs text
            return False

    async def _keep(self, body: dict[str, Any]) -> BoltResponse:
        """Answer one payload, from HTTP and Socket Mode alike: write down, then acknowledge."""
        if body.get("type") == "url_verification":
            challenge = body.get("challenge")
            is_asked = isinstance(challenge, str)
            return BoltResponse(status=200, body={"challenge": challenge}) if is_asked else BoltResponse(status=400)
        if body.get("type") == "app_rate_limited":
            log.warning("slack.rate_limited", minute=str(body.get("minute_rate_limited"))[:20])
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                await self._hear(decode(body, self._now()))
        except Exception as error:  # whatever kept it from being written down: Slack must deliver it again
            log.error("slack.not_kept", error=type(error).__name__)
            return BoltResponse(status=503, body="")
        return BoltResponse(status=200, body="")

    async def _hear(self, heard: Heard | None) -> None:
        if heard is None or not (heard.is_for_us or await self._threads.is_ours(heard.message.address)):
            return
        message = heard.message
        if heard.direct_channel is not None:
            self._direct_channels[message.sender] = heard.direct_channel
        is_new = await self._accept(message)
        self._threads.join(message.address)
        log.info("slack.accepted", key=message.key, is_new=is_new, is_press=message.press is not None)


class _Before(AsyncMiddleware):
    """Stands in front of Bolt's authorisation and lets nothing through: every payload is answered here.

    A class, because Bolt prepares the arguments of a function from parts of the payload that may not be there.
    """

    def __init__(self, keep: Callable[[dict[str, Any]], Awaitable[BoltResponse]]) -> None:
        self._keep = keep

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        return await self._keep(req.body)


class _Clock(Clock):
    """The verifier's clock, set by whoever builds the channel."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now().timestamp()


async def _read(request: Request) -> bytes | None:
    """The body, or None where it is too large or the sender went away."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_LIMIT:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)
