"""A link to a page reaches a platform only with an address that a signed callback told; nothing else teaches one."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from actions.outside.tables import MetaRow
from bot.channels import slack_render, wecom_render
from bot.channels.terminal import shown
from bot.message import Address, Button, Card, Link, Reply, reply_from_json, reply_to_json
from bot.public_address import address_of, whole
from tests.doors.house_with_doors import HouseWithDoors, direct

PATH = "/console/calls/" + "x" * 130
LINK = Link("打开报告", PATH)
CARD = Card("通话报告", ("客户说价格高",), buttons=(Button("t1", "写进CRM"), Button("t2", "全部")), view_of="transcript:R")
REPLY = Reply("通话报告", "zh", CARD, links=(LINK,))
PROXY = {"host": "inside:8000", "x-forwarded-host": "parley.example.com", "x-forwarded-proto": "https"}


def request(headers: dict[str, str], scheme: str = "http") -> Request:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": raw, "server": ("h", 1)})


async def send(doors: HouseWithDoors, to: Address, key: str, reply: Reply = REPLY) -> None:
    async with doors.house.store.write() as tx:
        target = await doors.house.outbox.put(tx, key, to, reply)
    doors.house.outbox.kick([target])
    await doors.settle()


async def kept(doors: HouseWithDoors) -> dict[str, str]:
    async with doors.house.store.read() as tx:
        rows = await tx.execute(select(MetaRow.name, MetaRow.value).where(MetaRow.name.like("public_address:%")))
        return {row.name.removeprefix("public_address:"): row.value for row in rows}


def urls(blocks: list[dict[str, Any]]) -> list[str]:
    return [one["url"] for block in blocks for one in block.get("elements", ()) if "url" in one]


# --- slack and wecom ------------------------------------------------------------------------------------------------------


async def test_slack_gets_a_button_that_opens_the_page_once_it_has_called_us_from_outside(doors: HouseWithDoors) -> None:
    await doors.bind("slack", {"E01": "U0REP"})
    await doors.slack.say("帮助")
    await doors.settle()
    await send(doors, Address("slack", "U0REP"), "first")
    assert urls(doors.slack.last_in(direct("U0REP")).blocks) == [], "a call to this machine alone tells no public address"
    doors.http.headers.update(PROXY)
    await doors.slack.say("帮助")
    await doors.settle()
    assert await kept(doors) == {"slack": "https://parley.example.com"}
    await send(doors, Address("slack", "U0REP"), "second")
    assert urls(doors.slack.last_in(direct("U0REP")).blocks) == ["https://parley.example.com" + PATH]


async def test_a_press_on_a_link_is_taken_from_slack_and_nothing_comes_of_it(doors: HouseWithDoors) -> None:
    await doors.bind("slack", {"E01": "U0REP"})
    await doors.slack.say("帮助")
    await doors.settle()
    heard, card = await doors.heard(), doors.slack.last_in(direct("U0REP"))
    press = doors.slack.pressing(card, next(iter(_labels(card.blocks))))
    action = press["actions"][0]
    action.pop("value")
    press["actions"] = [{**action, "action_id": "parley.link.0", "url": "https://parley.example.com/"}]
    delivery = await doors.slack.interact(press)
    assert delivery.is_acknowledged and await doors.heard() == heard


async def test_wecom_gets_a_button_that_opens_the_page(doors: HouseWithDoors) -> None:
    await doors.bind("wecom", {"E01": "zhang"})
    doors.http.headers.update({"host": "crm.example.cn", "x-forwarded-proto": "https"})
    assert (await doors.wecom.say("帮助")).status_code == 200
    await doors.settle()
    await send(doors, Address("wecom", "zhang"), "report")
    card = doors.wecom.api.seen_by("zhang")[-1].body
    pages = [button for button in card["button_list"] if button.get("type") == 1]
    assert [(page["text"], page["url"]) for page in pages] == [("打开报告", "https://crm.example.cn" + PATH)]
    assert [button["text"] for button in card["button_list"] if "key" in button] == ["写进CRM", "全部"]


@pytest.mark.parametrize("where", ["/slack/events", "/wecom/callback"])
async def test_who_has_no_signature_teaches_no_address(doors: HouseWithDoors, where: str) -> None:
    headers = {"host": "evil.example.com", "x-forwarded-host": "evil.example.com", "x-forwarded-proto": "https"}
    answer = await doors.http.post(
        where, content=json.dumps({"type": "url_verification", "challenge": "x"}), headers=headers
    )
    assert answer.status_code in (400, 401, 403)
    await doors.http.get("/healthz", headers=headers)
    assert await kept(doors) == {}


async def test_each_platform_keeps_its_own_address_and_a_new_one_takes_its_place(doors: HouseWithDoors) -> None:
    await doors.bind("slack", {"E01": "U0REP"})
    for host in ("a.example.com", "b.example.com:8443"):
        doors.http.headers.update({"host": host, "x-forwarded-proto": "https"})
        await doors.slack.say("帮助")
    doors.http.headers.update({"host": "c.example.cn"})
    await doors.wecom.say("帮助")
    await doors.settle()
    assert await kept(doors) == {"slack": "https://b.example.com:8443", "wecom": "https://c.example.cn"}


# --- what a request tells -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "scheme", "address"),
    [
        ({"host": "parley.example.com"}, "https", "https://parley.example.com"),
        ({"host": "10.0.0.7:8000"}, "http", "http://10.0.0.7:8000"),
        ({"host": "[2001:db8::1]:8000"}, "http", "http://[2001:db8::1]:8000"),
        (
            {"host": "a", "x-forwarded-host": "b.example.com, c", "x-forwarded-proto": "https, http"},
            "http",
            "https://b.example.com",
        ),
        ({"host": "localhost:8000"}, "http", None),
        ({"host": "127.0.0.1:8000"}, "http", None),
        ({"host": "[::1]"}, "http", None),
        ({"host": "a.example.com/../x"}, "https", None),
        ({"host": "user@a.example.com"}, "https", None),
        ({"host": "a b"}, "https", None),
        ({}, "https", None),
        ({"host": "a.example.com", "x-forwarded-proto": "javascript"}, "https", None),
    ],
)
def test_an_address_is_read_from_scheme_and_host(headers: dict[str, str], scheme: str, address: str | None) -> None:
    assert address_of(request(headers, scheme)) == address


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=300))
def test_whatever_stands_in_the_header_it_is_a_plain_address_or_none(host: str) -> None:
    address = address_of(request({"host": host}, "https"))
    assert address is None or httpx.URL(whole(address, "/x?y=1")).path == "/x"


# --- how each channel shows it --------------------------------------------------------------------------------------------


def test_a_reply_from_before_there_were_links_is_still_read() -> None:
    stored = reply_to_json(REPLY)
    assert reply_from_json(stored) == REPLY
    del stored["links"]
    assert reply_from_json(stored) == replace(REPLY, links=())


def test_without_an_address_no_channel_shows_a_link() -> None:
    for reply in (REPLY, Reply("说完了", "zh", links=(LINK,))):
        told = [slack_render.render(reply), wecom_render.render(reply, "p-1"), wecom_render.render_for_group(reply)]
        assert not any("console" in json.dumps(one) for one in told)
        assert "console" not in str(shown(reply))


@pytest.mark.parametrize("lines", [1, 40, 400])
@pytest.mark.parametrize("has_buttons", [True, False])
@pytest.mark.parametrize("has_card", [True, False])
def test_of_a_long_reply_the_last_piece_carries_the_link_whole(lines: int, has_buttons: bool, has_card: bool) -> None:
    card = Card("标题", ("客户说了一句很长的话" * 3,) * lines, buttons=CARD.buttons if has_buttons else ())
    reply = Reply("客户说了一句很长的话" * 3 * lines, "zh", card if has_card else None, links=(LINK,))
    address = "https://" + ("a" * 60 + ".") * 3 + "example.com"
    pieces = wecom_render.split(reply)
    told = [json.dumps(wecom_render.render(piece, "p-1", address), ensure_ascii=False) for piece in pieces]
    assert [whole(address, PATH) in one for one in told] == [False] * (len(told) - 1) + [True]
    for piece in pieces:
        payload = wecom_render.render(piece, "p-1", address)
        content = payload.get(payload["msgtype"], {}).get("content", "")
        assert len(content.encode()) <= 2048
    shapes = [json.dumps(slack_render.render(piece, address)) for piece in slack_render.split(reply)]
    assert [whole(address, PATH) in one for one in shapes] == [False] * (len(shapes) - 1) + [True]


def _labels(blocks: list[dict[str, Any]]) -> list[str]:
    return [one["text"]["text"] for block in blocks for one in block.get("elements", ()) if one.get("value")]
