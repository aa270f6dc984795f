"""What comes in from WeChat: verified, written down once, and answered at once when the answer is ready."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wechat import WeChatChannel
from bot.memory import LocalMemory
from bot.message import Attachment, Button, Card, Reply
from tests.channels.tencent_house import AES_KEY, APP_ID, APP_SECRET, TOKEN, Answers, Kept, WeChatHouse, wechat_house
from tests.fakes import NOON, FakeClock
from tests.platforms.tencent_callbacks import WeChatServer, content_of, sign, xml_of

ACCOUNT, CUSTOMER = "gh_parley", "oCustomer1"
SENT = int(NOON.timestamp()) - 2
OK = Reply("好的,已收到", "zh")
_NONCES = itertools.count()


@pytest.fixture
async def house() -> AsyncIterator[WeChatHouse]:
    async with wechat_house() as house:
        yield house


@pytest.fixture
async def sealed() -> AsyncIterator[WeChatHouse]:
    async with wechat_house("aes", AES_KEY) as house:
        yield house


def letter(kind: str, number: int = 1, **more: object) -> str:
    head = {"ToUserName": ACCOUNT, "FromUserName": CUSTOMER, "CreateTime": SENT, "MsgType": kind}
    return xml_of(**head, **more, MsgId=number)


def event(name: str, **more: object) -> str:
    head = {"ToUserName": ACCOUNT, "FromUserName": CUSTOMER, "CreateTime": SENT, "MsgType": "event", "Event": name}
    return xml_of(**head, **more)


# the URL proves itself; the three modes


async def test_the_url_proves_itself_with_the_echo(house: WeChatHouse) -> None:
    response = await house.server.prove("8234567890")
    assert (response.status_code, response.text) == (200, "8234567890")


async def test_a_proof_signed_with_another_token_is_refused(house: WeChatHouse) -> None:
    stranger = WeChatServer(house.client, "another-token", AES_KEY, APP_ID, house.clock)
    assert (await stranger.prove("1")).status_code == 403


@pytest.mark.parametrize(
    ("mode", "aes_key"), [("plain", None), ("compatible", None), ("compatible", AES_KEY), ("aes", AES_KEY)]
)
async def test_a_text_is_read_in_every_mode(mode: str, aes_key: str | None) -> None:
    async with wechat_house(mode, aes_key) as house:
        response = await house.server.deliver(letter("text", 5, Content="我们公司换地址了 📮"))
        assert response.status_code == 200
        (message,) = house.kept.messages
        assert (message.key, message.sender, message.text) == ("wechat:5", CUSTOMER, "我们公司换地址了 📮")


async def test_a_clear_letter_is_not_believed_where_letters_come_sealed(sealed: WeChatHouse) -> None:
    sealed.server.mode = "plain"
    response = await sealed.server.deliver(letter("text", Content="x"))
    assert (response.status_code, sealed.kept.asked) == (403, 0)


async def test_a_sealed_letter_without_a_key_to_open_it_is_refused() -> None:
    async with wechat_house("aes", None) as house:
        response = await house.server.deliver(letter("text", Content="x"))
        assert (response.status_code, house.kept.asked) == (400, 0)


# what customers do


async def test_what_wechat_understood_of_a_voice_comes_along_as_unsure_words(house: WeChatHouse) -> None:
    await house.server.deliver(letter("voice", MediaId="m", Format="amr", Recognition="我要开发票"))
    heard = Attachment("voice", "m", mime="audio/amr", is_spoken=True, words="我要开发票")
    assert (house.kept.messages[0].text, house.kept.messages[0].attachments) == ("", (heard,))


@pytest.mark.parametrize(
    ("kind", "attachment"),
    [
        ("voice", Attachment("voice", "m", mime="audio/amr", is_spoken=True)),
        ("image", Attachment("image", "m", mime="image/jpeg")),
        ("video", Attachment("video", "m", mime="video/mp4")),
        ("shortvideo", Attachment("video", "m", mime="video/mp4")),
    ],
)
async def test_what_is_not_text_comes_as_an_attachment(house: WeChatHouse, kind: str, attachment: Attachment) -> None:
    await house.server.deliver(letter(kind, MediaId="m"))
    assert house.kept.messages[0].attachments == (attachment,)


@pytest.mark.parametrize("kind", ["location", "link", "miniprogrampage"])
async def test_what_carries_nothing_to_read_says_so(house: WeChatHouse, kind: str) -> None:
    await house.server.deliver(letter(kind, Title="t"))
    assert house.kept.messages[0].unreadable == kind


@pytest.mark.parametrize(
    ("name", "more", "text"),
    [
        ("subscribe", {}, "帮助"),
        ("subscribe", {"EventKey": "qrscene_INVITE-7", "Ticket": "t"}, "INVITE-7"),
        ("SCAN", {"EventKey": "INVITE-7", "Ticket": "t"}, "INVITE-7"),
        ("CLICK", {"EventKey": "我的订单"}, "我的订单"),
    ],
)
async def test_following_scanning_and_clicking_say_something(
    house: WeChatHouse, name: str, more: dict[str, str], text: str
) -> None:
    await house.server.deliver(event(name, **more))
    assert house.kept.messages[0].text == text


async def test_the_same_event_delivered_again_is_one_message(house: WeChatHouse) -> None:
    for _ in range(3):
        await house.server.deliver(event("CLICK", EventKey="我的订单"))
    assert len(house.kept.messages) == 1


async def test_who_leaves_is_told_on_and_gets_no_answer(house: WeChatHouse) -> None:
    house.answers.ready = [OK]
    response = await house.server.deliver(event("unsubscribe"))
    assert (response.text, house.kept.messages[0].unreadable) == ("success", "unsubscribe")
    assert house.answers.asked == []


@pytest.mark.parametrize("name", ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH"])
async def test_events_that_mean_nothing_are_acknowledged_and_left(house: WeChatHouse, name: str) -> None:
    response = await house.server.deliver(event(name, EventKey="http://x.test", Latitude="31.2"))
    assert (response.status_code, response.text, house.kept.asked) == (200, "success", 0)


# the answer


async def test_an_answer_that_is_ready_is_the_response(house: WeChatHouse) -> None:
    house.answers.ready = [OK]
    response = await house.server.deliver(letter("text", 9, Content="你好"))
    assert content_of(response.text) == "好的,已收到"
    assert f"<ToUserName><![CDATA[{CUSTOMER}]]></ToUserName>" in response.text
    assert house.answers.asked == [("wechat:9", 4.0)]


async def test_an_answer_that_takes_longer_is_announced_with_success(house: WeChatHouse) -> None:
    response = await house.server.deliver(letter("text", Content="你好"))
    assert response.text == "success"


async def test_a_sealed_letter_gets_a_sealed_answer(sealed: WeChatHouse) -> None:
    sealed.answers.ready = [OK]
    response = await sealed.server.deliver(letter("text", Content="你好"))
    assert "好的" not in response.text
    assert content_of(sealed.server.unseal(response)) == "好的,已收到"


async def test_options_are_numbered_where_there_are_no_buttons(house: WeChatHouse) -> None:
    buttons = (Button("t1", "确认"), Button("t2", "取消"))
    house.answers.ready = [Reply("?", "zh", Card("更新地址?", ("上海市",), buttons=buttons))]
    response = await house.server.deliver(letter("text", Content="换地址"))
    title, address, _, asking, *options = content_of(response.text).splitlines()
    assert (title, address, options) == ("更新地址?", "上海市", ["1. 确认", "2. 取消"])
    assert asking.startswith("回复数字选择")


async def test_markup_in_an_answer_cannot_break_out_of_its_element(house: WeChatHouse) -> None:
    house.answers.ready = [Reply("a]]><Content>b", "zh")]
    response = await house.server.deliver(letter("text", Content="x"))
    assert content_of(response.text) == "a]]>\uff1cContent>b"


async def test_a_redelivery_gets_the_same_answer_again(house: WeChatHouse) -> None:
    house.answers.ready = [OK]
    xml = letter("text", Content="你好")
    first = await house.server.deliver(xml, nonce="n")
    house.answers.ready = []
    again = await house.server.deliver(xml, nonce="n")
    assert content_of(again.text) == content_of(first.text)
    assert (len(house.answers.asked), len(house.kept.messages)) == (1, 1)


async def test_what_could_not_be_kept_is_not_acknowledged(house: WeChatHouse) -> None:
    house.kept.failures = 1
    response = await house.server.deliver(letter("text", Content="你好"))
    assert response.status_code == 503
    assert (await house.server.deliver(letter("text", Content="你好"))).status_code == 200


async def test_when_the_answer_fails_the_message_is_acknowledged_all_the_same(house: WeChatHouse) -> None:
    house.answers.is_broken = True
    response = await house.server.deliver(letter("text", Content="你好"))
    assert (response.status_code, response.text, len(house.kept.messages)) == (200, "success", 1)


# forged, stale, played back


async def test_a_forged_signature_is_refused(house: WeChatHouse) -> None:
    query = {"signature": "0" * 40, "timestamp": str(SENT), "nonce": "n"}
    response = await house.client.post("/wechat/callback", params=query, content=letter("text", Content="x"))
    assert (response.status_code, house.kept.asked) == (403, 0)


async def test_a_stale_letter_is_refused(house: WeChatHouse) -> None:
    response = await house.server.deliver(letter("text", Content="x"), timestamp=str(SENT - 400))
    assert (response.status_code, house.kept.asked) == (403, 0)


@pytest.mark.parametrize("number", [1, 2], ids=["same id, other words", "other id"])
async def test_a_signature_seen_on_the_way_cannot_bring_other_words(house: WeChatHouse, number: int) -> None:
    await house.server.deliver(letter("text", 1, Content="一"), nonce="n")
    response = await house.server.deliver(letter("text", number, Content="二"), nonce="n")
    assert (response.status_code, len(house.kept.messages)) == (403, 1)


async def test_a_letter_sealed_for_another_account_is_refused(sealed: WeChatHouse) -> None:
    stranger = WeChatServer(sealed.client, TOKEN, AES_KEY, "wx-somebody-else", sealed.clock, "aes")
    response = await stranger.deliver(letter("text", Content="x"))
    assert (response.status_code, sealed.kept.asked) == (403, 0)


async def test_an_entity_bomb_is_refused(house: WeChatHouse) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + letter("text", Content="x").replace("x]", "&b;]")
    response = await house.server.deliver(bomb)
    assert (response.status_code, house.kept.asked) == (400, 0)


@settings(max_examples=80)
@given(data=st.data())
async def test_no_body_ever_breaks_the_door(house: WeChatHouse, data: Any) -> None:
    whole = letter("text", Content="你好").encode()
    fields = st.dictionaries(
        st.sampled_from(["FromUserName", "MsgType", "MsgId", "Event", "EventKey", "CreateTime", "Content"]),
        st.one_of(st.sampled_from(["text", "event", "CLICK", "subscribe"]), st.text(max_size=30)),
    )
    body = data.draw(
        st.one_of(
            st.binary(max_size=400),
            st.integers(0, len(whole)).map(lambda end: whole[:end]),
            fields.map(lambda chosen: xml_of(**chosen).encode(errors="replace")),
        )
    )
    timestamp, nonce = str(SENT), str(next(_NONCES))
    query = {"signature": sign(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    before = house.kept.asked
    response = await house.client.post("/wechat/callback", params=query, content=body)
    assert response.status_code in (200, 400)
    assert house.kept.asked == before or response.status_code == 200


def test_a_wrong_aes_key_is_told_at_start() -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="WECHAT_AES_KEY must be the 43 characters"):
        WeChatChannel(Kept(), Answers(), LocalMemory(clock), APP_ID, APP_SECRET, TOKEN, "short", None, clock)
