"""The Slack channel: what bot.channels.channel.Channel asks, over Slack's Web API; it hears through slack_door.

The pieces: slack_door (in), slack_decode and slack_render (the two pure translations), slack_calls (how a call ended),
slack_threads, slack_files (down) and slack_uploads (up).
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, Request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.channels.channel import Accept, CannotTell, Pace, Refused, SendError, Sent, TryLater
from bot.channels.files_apart import OpenFile, file_of, files_apart, is_for_one, load_file, open_text, told_of
from bot.channels.pictures import apart, load, named, picture_of
from bot.channels.slack_calls import PATIENCE, SlackCalls, SlackRefused, sdk_log
from bot.channels.slack_door import SlackDoor
from bot.channels.slack_files import download, is_slacks
from bot.channels.slack_render import disowning, render, split
from bot.channels.slack_threads import TakesPart, Threads
from bot.channels.slack_uploads import MOST, MOST_FILE_BYTES, SHOWN, demand_unshared, file_in, share, stem_of
from bot.kept_papers import mime_of
from bot.may_hear import Closed
from bot.message import Address, Attachment, File, Picture, Reply
from bot.public_address import PublicAddress

log = structlog.get_logger(__name__)

SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "im:history",
        "im:write",
        "mpim:history",
    }
)
"""What the bot token must be allowed; the manifest in deploy/ asks for the same."""

_EVENT_TYPE = "parley_send"
_TRIED = 10_000
_SEARCH_BACK = timedelta(days=1)
"""How far find() looks when this process did not make the send itself."""
_CLOCKS_DIFFER = timedelta(minutes=5)
_PAGE = 200
_PAGES = 25
_TOO_BIG = {"msg_blocks_too_long", "msg_too_long", "invalid_blocks", "invalid_blocks_format"}
_CANNOT_REDRAW = {"message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_inactive"}
_NOT_A_MEMBER = {"channel_not_found", "not_in_channel", "user_not_in_channel"}


class SlackChannel:
    """Slack, as an app that a company installs for itself.

    `takes_part` tells from the record whether Parley is part of a thread; without it the channel knows only the threads of
    this process's life and those that Parley began. `patience` is how long an outgoing call may take. `open_file` opens what
    goes with a reply; `public` knows under which address we are reached.
    """

    name = "slack"
    pace = Pace(every=timedelta(seconds=1), burst=3)
    collects = False
    groups_can_press = True
    edits_freely = True

    def __init__(
        self,
        accept: Accept,
        bot_token: str,
        signing_secret: str,
        app_token: str | None = None,
        api_url: str | None = None,
        *,
        now: Callable[[], datetime],
        takes_part: TakesPart | None = None,
        patience: timedelta = PATIENCE,
        open_file: OpenFile = open_text,
        public: PublicAddress | None = None,
    ) -> None:
        self._open_file = open_file
        self._public = public
        self._bot_token = bot_token
        self._app_token = app_token
        self._now = now
        self._threads = Threads(takes_part)
        self._calls = SlackCalls(bot_token, api_url, patience)
        self._direct: dict[str, str] = {}
        self._door = SlackDoor(
            accept, signing_secret, self._calls.client, self._threads, self._direct, now, learn=self._learn
        )
        self._socket: AsyncSocketModeHandler | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tried: OrderedDict[str, datetime] = OrderedDict()

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/slack/events", self._door.answer, methods=["POST"], include_in_schema=False)
        return router

    async def start(self) -> None:
        await self._calls.open()
        if self._app_token:
            client = self._calls.client
            self._socket = AsyncSocketModeHandler(self._door.bolt, self._app_token, logger=sdk_log(), web_client=client)
            # it tries until Slack is there, and Parley's other doors must not wait for that
            self._connecting = asyncio.create_task(self._socket.client.connect())  # type: ignore[no-untyped-call]

    async def stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        if self._socket is not None:
            await self._socket.client.close()  # type: ignore[no-untyped-call]
        await self._calls.close()

    def split(self, reply: Reply) -> tuple[Reply, ...]:
        pictures = apart(reply, SHOWN, MOST)
        shown = [picture for piece in pictures for picture in piece.pictures]
        rest = tuple(picture for picture in reply.pictures if picture not in shown)
        words, files = files_apart(replace(reply, pictures=rest), MOST)
        return (*split(words), *pictures, *files)

    async def send(self, key: str, to: Address, reply: Reply) -> Sent:
        self._note(key)
        picture = picture_of(reply)
        if picture is not None:
            sent = await self._share(key, to, picture)
            if sent is not None:
                return sent
            reply = Reply(named(picture, reply.lang), reply.lang)
        file = file_of(reply)
        if file is not None:
            handed = await self._hand_over(key, to, file)
            if isinstance(handed, Sent):
                return handed
            reply = Reply(told_of(file, reply.lang, handed), reply.lang)
        if to.private_to is not None:
            return await self._whisper(key, to, reply)
        sent = await self._post(key, await self._channel(to.conversation), to.thread, reply)
        self._threads.join(to)
        return sent

    async def redraw(self, key: str, to: Address, ref: str, reply: Reply) -> Sent:
        """`ref` is what send() returned, or the `handle` of a press (Slack's response_url, good for half an hour).

        Without one, what only one person saw stays as it is: the road tells them how it ended.
        """
        if to.private_to is not None and not ref:
            return Sent()
        shape = await self._shape(reply)
        try:
            if "://" in ref:
                return await self._redraw_by_answer(ref, shape)
            channel, _, ts = ref.partition(":")
            if not ts:
                raise SlackRefused("chat.update", "cant_update_message")
            await self._calls.repeat("chat.update", channel=channel, ts=ts, **shape)
            return Sent(ref)
        except SlackRefused as refused:
            if refused.error in _TOO_BIG and shape["blocks"]:
                log.warning("slack.card_refused", key=key, error=refused.error)
                return await self.redraw(key, to, ref, Reply(reply.text, reply.lang, links=reply.links))
            if refused.error not in _CANNOT_REDRAW:
                raise
        return await self._replace(key, to, disowning(reply))

    async def find(self, key: str, to: Address, reply: Reply) -> Sent | None:
        if to.private_to is not None:
            raise CannotTell("Slack keeps no history of what only one person saw")
        channel = await self._channel(to.conversation)
        since = self._tried.get(key, self._now() - _SEARCH_BACK) - _CLOCKS_DIFFER
        where: dict[str, Any] = {"channel": channel, "oldest": f"{since.timestamp():.6f}", "limit": _PAGE}
        method = "conversations.history" if to.thread is None else "conversations.replies"
        if to.thread is not None:
            where["ts"] = to.thread
        file_sent = file_of(reply)
        text = (await self._shape(reply))["text"] if file_sent is None else told_of(file_sent, reply.lang)
        stem = stem_of(key) if picture_of(reply) or file_sent else None
        for _ in range(_PAGES):
            page = await self._page(method, where)
            for message in page.get("messages") or ():
                if _key_of(message) == key:
                    return Sent(f"{channel}:{message['ts']}")
                if stem and isinstance(message, dict) and (file := file_in(message, stem)) is not None:
                    return Sent(file)
                if _may_be(message, text):
                    raise CannotTell(f"{method}: the same words from an app, without the metadata that would tell")
            where["cursor"] = (page.get("response_metadata") or {}).get("next_cursor")
            if not where["cursor"]:
                if stem:
                    await demand_unshared(self._calls, stem, int(since.timestamp()))
                return None
        raise CannotTell(f"{method}: not within the last {_PAGE * _PAGES} messages")

    async def fetch(self, attachment: Attachment, into: Path, limit: int) -> Path:
        return await download(self._calls.session, self._bot_token, self._calls.api_url, attachment, into, limit)

    async def check(self) -> str | None:
        try:
            answer = await self._calls.repeat("auth.test")
        except SlackRefused as refused:
            return f"Slack refuses SLACK_BOT_TOKEN ({refused.error}): copy the bot token from “OAuth & Permissions”."
        except SendError as error:
            return f"Slack cannot be reached ({error}): check the network and SLACK_API_URL."
        missing = sorted(SCOPES - answer.scopes)
        if missing:
            return f"The Slack app lacks {', '.join(missing)}: add them under “OAuth & Permissions” and reinstall the app."
        return await self._check_app_token()

    async def _check_app_token(self) -> str | None:
        if not self._app_token:
            return None
        try:
            await self._calls.as_app("apps.connections.open", self._app_token)
        except SlackRefused as refused:
            return (
                f"Slack refuses SLACK_APP_TOKEN ({refused.error}): switch Socket Mode on and make an app-level token"
                " with connections:write under “Basic Information”."
            )
        except SendError as error:
            return f"Socket Mode cannot be reached ({error})."
        return None

    async def _shape(self, reply: Reply) -> dict[str, Any]:
        """The reply with the whole address of its links, where ours is known."""
        address = await self._public.known(self.name) if reply.links and self._public else None
        return render(reply, address)

    async def _learn(self, request: Request) -> None:
        if self._public is not None:
            await self._public.learn(self.name, request)

    def _note(self, key: str) -> None:
        """Remember when a send was first tried: find() need not look further back."""
        self._tried.setdefault(key, self._now())
        while len(self._tried) > _TRIED:
            self._tried.popitem(last=False)

    async def _share(self, key: str, to: Address, picture: Picture) -> Sent | None:
        """None where the picture cannot be shown: Slack shows nobody a file alone, its file is gone, Slack refuses it."""
        loaded = None if to.private_to else await asyncio.to_thread(load, picture)
        if loaded is None:
            return None
        channel = await self._channel(to.conversation)
        try:
            sent = Sent(await share(self._calls, key, channel, to.thread, picture.alt, loaded))
        except SlackRefused as refused:
            log.warning("slack.picture_refused", key=key, error=refused.error)
            return None
        self._threads.join(to)
        return sent

    async def _hand_over(self, key: str, to: Address, file: File) -> Sent | Closed | None:
        """None where the file does not go out: Slack shows nobody a file alone, what is for one person is not for a
        channel, its reader may not have it any more, Slack refuses it. Closed where it is sound that stays inside."""
        is_direct = to.conversation.startswith(("D", "U", "W"))
        if to.private_to or (is_for_one(file) and not is_direct):
            return None
        loaded = await load_file(self._open_file, file, mime_of(file), 1, MOST_FILE_BYTES)
        if loaded is None or isinstance(loaded, Closed):
            return loaded
        channel = await self._channel(to.conversation)
        try:
            sent = Sent(await share(self._calls, key, channel, to.thread, loaded.name, loaded))
        except SlackRefused as refused:
            log.warning("slack.file_refused", key=key, error=refused.error)
            return None
        self._threads.join(to)
        return sent

    async def _post(self, key: str, channel: str, thread: str | None, reply: Reply) -> Sent:
        shape = await self._shape(reply)
        how: dict[str, Any] = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        how["metadata"] = {"event_type": _EVENT_TYPE, "event_payload": {"key": key}}
        if thread:
            how["thread_ts"] = thread
        try:
            answer = await self._calls.write("chat.postMessage", **how, **shape)
        except SlackRefused as refused:
            if refused.error in _TOO_BIG and shape["blocks"]:
                log.warning("slack.card_refused", key=key, error=refused.error)
                return await self._post(key, channel, thread, Reply(reply.text, reply.lang, links=reply.links))
            raise
        return Sent(f"{answer.body.get('channel') or channel}:{answer.body['ts']}" if answer.body.get("ts") else None)

    async def _whisper(self, key: str, to: Address, reply: Reply) -> Sent:
        """A message only one person sees; a direct one where Parley is not in the room (slash commands work everywhere)."""
        how: dict[str, Any] = {"channel": to.conversation, "user": to.private_to}
        if to.thread:
            how["thread_ts"] = to.thread
        try:
            await self._calls.write("chat.postEphemeral", **how, **await self._shape(reply))
        except SlackRefused as refused:
            if refused.error not in _NOT_A_MEMBER:
                raise
            return await self._post(key, await self._channel(to.private_to or ""), None, reply)
        return Sent()

    async def _replace(self, key: str, to: Address, reply: Reply) -> Sent:
        """A new card in place of one that cannot be redrawn. A redraw may be repeated at will, so it looks first."""
        try:
            found = None if to.private_to else await self.find(key, to, reply)
        except CannotTell as unknown:
            raise Refused(f"no second card: {unknown}") from unknown
        return found or await self.send(key, to, reply)

    async def _redraw_by_answer(self, url: str, shape: dict[str, Any]) -> Sent:
        if not is_slacks(url, self._calls.api_url):
            raise Refused("response_url: not Slack's")
        try:
            await self._calls.post_to(url, {"replace_original": True, **shape})
        except SlackRefused as refused:
            raise SlackRefused("response_url", "cant_update_message") from refused
        return Sent()

    async def _channel(self, conversation: str) -> str:
        """The channel to write to: a person's id (U…, W…) stands for the direct conversation with them."""
        if not conversation.startswith(("U", "W")):
            return conversation
        if conversation not in self._direct:
            answer = await self._calls.repeat("conversations.open", users=conversation)
            opened = answer.body.get("channel")
            if not isinstance(opened, dict) or not isinstance(opened.get("id"), str):
                raise TryLater("conversations.open: no channel in the answer")
            self._direct[conversation] = opened["id"]
        return self._direct[conversation]

    async def _page(self, method: str, where: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._calls.read(method, include_all_metadata=True, **where)
        except SlackRefused as refused:
            if refused.error == "thread_not_found":
                return {}
            raise CannotTell(str(refused)) from refused
        return dict(answer.body)


def _key_of(message: Any) -> str | None:
    """The ledger's key that a message in the history carries."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != _EVENT_TYPE or not isinstance(message.get("ts"), str):
        return None
    payload = metadata.get("event_payload")
    return payload.get("key") if isinstance(payload, dict) else None


def _may_be(message: Any, text: str) -> bool:
    """Whether a message could be ours although Slack shows no metadata with it."""
    return (
        isinstance(message, dict)
        and bool(message.get("bot_id"))
        and not message.get("metadata")
        and message.get("text") == text
    )
