"""The roster of outside channels: a row each says which settings it needs and how it is built from them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.channels.channel import Accept, Channel
from bot.channels.files_apart import OpenFile
from bot.channels.slack import SlackChannel
from bot.channels.wechat import WeChatChannel
from bot.channels.wecom import WeComChannel
from bot.memory import Memory
from bot.message import Address, Reply
from bot.public_address import PublicAddress

Given = Mapping[str, str | None]
"""The channel's settings by name, such as SLACK_BOT_TOKEN."""


@dataclass(frozen=True)
class Parts:
    """What the house lends its channels."""

    accept: Accept
    memory: Memory
    now: Callable[[], datetime]
    await_replies: Callable[[str, float], Awaitable[list[Reply]]]
    takes_part: Callable[[Address], Awaitable[bool]]
    open_file: OpenFile
    public: PublicAddress | None = None


@dataclass(frozen=True)
class Row:
    """`needed` settings come together or not at all; `optional` ones may stand beside them."""

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    build: Callable[[Given, Parts], Channel]


def _slack(given: Given, parts: Parts) -> Channel:
    return SlackChannel(
        parts.accept,
        _set(given, "SLACK_BOT_TOKEN"),
        _set(given, "SLACK_SIGNING_SECRET"),
        given["SLACK_APP_TOKEN"],
        given["SLACK_API_URL"],
        now=parts.now,
        takes_part=parts.takes_part,
        open_file=parts.open_file,
        public=parts.public,
    )


def _wecom(given: Given, parts: Parts) -> Channel:
    return WeComChannel(
        parts.accept,
        parts.memory,
        corp_id=_set(given, "WECOM_CORP_ID"),
        agent_id=_set(given, "WECOM_AGENT_ID"),
        secret=_set(given, "WECOM_SECRET"),
        token=_set(given, "WECOM_TOKEN"),
        aes_key=_set(given, "WECOM_AES_KEY"),
        api_url=given["WECOM_API_URL"],
        now=parts.now,
        open_file=parts.open_file,
        public=parts.public,
    )


def _wechat(given: Given, parts: Parts) -> Channel:
    return WeChatChannel(
        parts.accept,
        parts.await_replies,
        parts.memory,
        app_id=_set(given, "WECHAT_APP_ID"),
        secret=_set(given, "WECHAT_SECRET"),
        token=_set(given, "WECHAT_TOKEN"),
        aes_key=given["WECHAT_AES_KEY"],
        api_url=given["WECHAT_API_URL"],
        now=parts.now,
    )


def _set(given: Given, name: str) -> str:
    value = given[name]
    if value is None:
        raise ValueError(f"{name} is not set")
    return value


CHANNELS: dict[str, Row] = {
    "slack": Row(("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"), ("SLACK_APP_TOKEN", "SLACK_API_URL"), _slack),
    "wecom": Row(
        ("WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_TOKEN", "WECOM_AES_KEY"), ("WECOM_API_URL",), _wecom
    ),
    "wechat": Row(("WECHAT_APP_ID", "WECHAT_SECRET", "WECHAT_TOKEN"), ("WECHAT_AES_KEY", "WECHAT_API_URL"), _wechat),
}
