"""The strict stand-ins of Slack, WeCom and WeChat in a process of their own, which tells every arrival as a line of JSON.

Started by bench/road.py. The first line of standard input says who is there; the first line of output, at which addresses
the stand-ins listen; every further line is a message that arrived: where, when (the machine's monotonic clock), and what
could be pressed. It ends when its input does.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, TypeVar

from tests.platforms.qyapi import QyApi, Shown
from tests.platforms.slack import BOT, Posted, Room, SlackPlatform
from tests.platforms.weixin import Weixin

CORP_ID, AGENT_ID, CORP_SECRET = "ww0000000000000001", 1000002, "sample-app-secret"
APP_ID, APP_SECRET = "wx0000000000000001", "sample-account-secret"
CALLBACK_TOKEN = "sample-callback-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

Item = TypeVar("Item")


class Arrivals(list[Item]):
    """What a stand-in keeps of what it got; each is told the moment it is kept."""

    def __init__(self, tell: Callable[[Item], dict[str, Any]]) -> None:
        super().__init__()
        self._tell = tell

    def append(self, item: Item) -> None:
        at = monotonic()
        super().append(item)
        _say({**self._tell(item), "at": at})


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _in_slack(message: Posted) -> dict[str, Any]:
    buttons = [element["value"] for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
    key = (message.metadata or {}).get("event_payload", {}).get("key")
    return {"channel": "slack", "to": message.channel, "key": key, "card": message.ts, "buttons": buttons}


def _in_wecom(message: Shown) -> dict[str, Any]:
    buttons = [button["key"] for button in message.body.get("button_list", ())]
    return {"channel": "wecom", "to": message.to, "card": message.body.get("task_id"), "buttons": buttons}


def _in_wechat(said: tuple[str, str]) -> dict[str, Any]:
    return {"channel": "wechat", "to": said[0]}


def _now() -> datetime:
    return datetime.now(UTC)


async def _serve(people: dict[str, list[str]]) -> None:
    slack = SlackPlatform(_now)
    slack.users |= set(people["slack"])
    for user in people["slack"]:
        slack.rooms[f"D{user[1:]}"] = Room(f"D{user[1:]}", {BOT, user})
    slack.posted = Arrivals(_in_slack)
    wecom = QyApi(CORP_ID, CORP_SECRET, _now, agent_id=AGENT_ID, members=frozenset(people["wecom"]))
    wecom.shown = Arrivals(_in_wecom)
    wechat = Weixin(APP_ID, APP_SECRET, _now, followers=set(people["wechat"]))
    wechat.said = Arrivals(_in_wechat)
    for openid in people["wechat"]:
        wechat.hears(openid)
    async with slack.serving(), wecom.serving() as qyapi, wechat.serving() as weixin:
        _say({"slack": slack.api_url, "wecom": qyapi, "wechat": weixin})
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(json.loads(sys.stdin.readline())))
