"""What comes in from WeCom: decrypted, verified, written down once, and only then acknowledged."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom import WeComChannel
from bot.memory import LocalMemory
from bot.message import Address, Attachment
from tests.channels.tencent_house import (
    AES_KEY,
    AGENT_ID,
    CORP_ID,
    SECRET,
    TOKEN,
    BrokenMemory,
    Kept,
    WeComHouse,
    wecom_house,
)
from tests.fakes import NOON, FakeClock
from tests.platforms.tencent_callbacks import WeComServer, xml_of

SENT = int(NOON.timestamp()) - 2
BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<xml><FromUserName>zhang</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId><Content>&c;</Content></xml>"
)
OUTSIDE = (
    '<!DOCTYPE xml [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
    "<xml><FromUserName>zhang</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId><Content>&file;</Content></xml>"
)
FOREIGN = (
    '<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd">'
    "<xml><FromUserName>zhang</FromUserName><MsgType>text</MsgType><MsgId>1</MsgId><Content>x</Content></xml>"
)


@pytest.fixture
async def house() -> AsyncIterator[WeComHouse]:
    async with wecom_house() as house:
        yield house


def letter(kind: str, number: int = 1, **more: object) -> str:
    head = {"ToUserName": CORP_ID, "FromUserName": "zhang", "CreateTime": SENT, "MsgType": kind}
    return xml_of(**head, **more, MsgId=number, AgentID=int(AGENT_ID))


def event(name: str, **more: object) -> str:
    head = {"ToUserName": CORP_ID, "FromUserName": "zhang", "CreateTime": SENT, "MsgType": "event", "Event": name}
    return xml_of(**head, **more, AgentID=int(AGENT_ID))


# the URL proves itself


async def test_the_url_proves_itself_with_the_clear_echo_and_nothing_else(house: WeComHouse) -> None:
    response = await house.server.prove("echo-证明-123")
    assert (response.status_code, response.text) == (200, "echo-证明-123")


async def test_an_echo_sealed_with_another_key_is_refused(house: WeComHouse) -> None:
    response = await house.server.prove("echo", aes_key="z" * 42 + "A")
    assert response.status_code == 403


# what people do


async def test_a_text_is_accepted_with_its_sender_time_and_key_and_acknowledged_with_nothing(house: WeComHouse) -> None:
    response = await house.server.deliver(letter("text", 77, Content="华康医疗那单,客户说再考虑一下 🤝"))
    assert (response.status_code, response.content) == (200, b"")
    (message,) = house.kept.messages
    assert message.key == "wecom:77"
    assert message.address == Address("wecom", "zhang")
    assert (message.sender, message.text) == ("zhang", "华康医疗那单,客户说再考虑一下 🤝")
    assert message.sent_at == datetime.fromtimestamp(SENT, UTC)


async def test_markup_in_a_text_is_only_text(house: WeComHouse) -> None:
    await house.server.deliver(letter("text", Content="<!DOCTYPE html> &lt; ]]> <b>"))
    assert house.kept.messages[0].text == "<!DOCTYPE html> &lt; ]]> <b>"


async def test_what_wecom_understood_of_a_voice_comes_along_as_unsure_words(house: WeComHouse) -> None:
    await house.server.deliver(letter("voice", MediaId="m1", Format="amr", Recognition="把金额改成六十万"))
    heard = Attachment("voice", "m1", mime="audio/amr", is_spoken=True, words="把金额改成六十万")
    assert (house.kept.messages[0].text, house.kept.messages[0].attachments) == ("", (heard,))


@pytest.mark.parametrize(
    ("kind", "more", "attachment"),
    [
        ("voice", {"Format": "amr"}, Attachment("voice", "m1", mime="audio/amr", is_spoken=True)),
        ("image", {"PicUrl": "http://pic.test/1"}, Attachment("image", "m1", mime="image/jpeg")),
        ("video", {"ThumbMediaId": "t1"}, Attachment("video", "m1", mime="video/mp4")),
        ("file", {"FileName": "报价.xlsx"}, Attachment("file", "m1", name="报价.xlsx")),
    ],
)
async def test_what_is_not_text_comes_as_an_attachment(
    house: WeComHouse, kind: str, more: dict[str, str], attachment: Attachment
) -> None:
    await house.server.deliver(letter(kind, 1, MediaId="m1", **more))
    assert house.kept.messages[0].attachments == (attachment,)


@pytest.mark.parametrize("kind", ["location", "link", "sticker"])
async def test_what_carries_nothing_to_read_says_so(house: WeComHouse, kind: str) -> None:
    await house.server.deliver(letter(kind, Title="t", Url="http://x.test", Label="上海"))
    assert (house.kept.messages[0].unreadable, house.kept.messages[0].text) == (kind, "")


async def test_a_press_brings_the_token_of_the_button_and_the_code_to_redraw_with(house: WeComHouse) -> None:
    await house.server.deliver(
        event("template_card_event", EventKey="tok-1", TaskId="p-1", CardType="button_interaction", ResponseCode="rc")
    )
    (message,) = house.kept.messages
    assert (message.press, message.handle, message.text) == ("tok-1", "rc", "")


async def test_pressing_three_times_in_a_second_is_one_message_another_button_is_another(house: WeComHouse) -> None:
    for code in ("rc1", "rc2", "rc3"):
        await house.server.deliver(event("template_card_event", EventKey="yes", TaskId="p-1", ResponseCode=code))
    await house.server.deliver(event("template_card_event", EventKey="no", TaskId="p-1", ResponseCode="rc4"))
    assert [message.press for message in house.kept.messages] == ["yes", "no"]


@pytest.mark.parametrize(
    ("name", "more", "text", "unreadable"),
    [
        ("subscribe", {}, "帮助", None),
        ("click", {"EventKey": "我的任务"}, "我的任务", None),
        ("unsubscribe", {}, "", "unsubscribe"),
    ],
)
async def test_events_that_mean_something_are_messages(
    house: WeComHouse, name: str, more: dict[str, str], text: str, unreadable: str | None
) -> None:
    await house.server.deliver(event(name, **more))
    assert (house.kept.messages[0].text, house.kept.messages[0].unreadable) == (text, unreadable)


@pytest.mark.parametrize("name", ["enter_agent", "view", "location", "change_contact", "something_new"])
async def test_events_that_mean_nothing_are_acknowledged_and_left(house: WeComHouse, name: str) -> None:
    response = await house.server.deliver(event(name, EventKey="http://x.test"))
    assert (response.status_code, house.kept.asked) == (200, 0)


async def test_a_very_long_text_is_cut_and_says_so(house: WeComHouse) -> None:
    response = await house.server.deliver(letter("text", Content="长" * 66_000))
    assert response.status_code == 200
    assert (len(house.kept.messages[0].text), house.kept.messages[0].was_cut) == (20_000, True)


# once, and only when kept


async def test_a_redelivery_is_acknowledged_and_is_the_same_message(house: WeComHouse) -> None:
    xml = letter("text", Content="你好")
    first = await house.server.deliver(xml, nonce="n1")
    again = await house.server.deliver(xml, nonce="n1")
    assert (first.status_code, again.status_code, len(house.kept.messages)) == (200, 200, 1)


async def test_what_could_not_be_kept_is_not_acknowledged_so_wecom_brings_it_again(house: WeComHouse) -> None:
    house.kept.failures = 2
    responses = await house.server.deliver_until_taken(letter("text", Content="你好"))
    assert [response.status_code for response in responses] == [503, 503, 200]
    assert len(house.kept.messages) == 1


async def test_without_its_memory_nothing_is_acknowledged(house: WeComHouse) -> None:
    house.channel._memory._memory = BrokenMemory()
    response = await house.server.deliver(letter("text", Content="你好"))
    assert (response.status_code, house.kept.asked) == (503, 0)


# forged, stale, played back


async def test_a_forged_signature_is_refused(house: WeComHouse) -> None:
    query, body = house.server.sealed(letter("text", Content="x"), str(SENT), "n")
    response = await house.client.post("/wecom/callback", params={**query, "msg_signature": "0" * 40}, content=body)
    assert (response.status_code, house.kept.asked) == (403, 0)


async def test_a_changed_timestamp_breaks_the_signature(house: WeComHouse) -> None:
    query, body = house.server.sealed(letter("text", Content="x"), str(SENT), "n")
    response = await house.client.post("/wecom/callback", params={**query, "timestamp": str(SENT + 1)}, content=body)
    assert (response.status_code, house.kept.asked) == (403, 0)


@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(minutes=-6)])
async def test_a_rightly_signed_letter_of_another_time_is_refused(house: WeComHouse, off: timedelta) -> None:
    stale = str(int((NOON + off).timestamp()))
    response = await house.server.deliver(letter("text", Content="x"), timestamp=stale)
    assert (response.status_code, house.kept.asked) == (403, 0)


async def test_a_nonce_used_before_may_not_bring_another_message(house: WeComHouse) -> None:
    await house.server.deliver(letter("text", 1, Content="一"), nonce="n")
    response = await house.server.deliver(letter("text", 2, Content="二"), nonce="n")
    assert (response.status_code, len(house.kept.messages)) == (403, 1)


@pytest.mark.parametrize(
    ("key", "corp"), [("z" * 42 + "A", CORP_ID), (AES_KEY, "ww-somebody-else")], ids=["another key", "another company"]
)
async def test_a_letter_sealed_for_somebody_else_is_refused(house: WeComHouse, key: str, corp: str) -> None:
    stranger = WeComServer(house.client, TOKEN, key, corp, house.clock)
    response = await stranger.deliver(letter("text", Content="x"))
    assert (response.status_code, house.kept.asked) == (403, 0)


async def test_a_letter_for_another_application_is_refused(house: WeComHouse) -> None:
    response = await house.server.deliver(letter("text", Content="x").replace(AGENT_ID, "1000009"))
    assert (response.status_code, house.kept.asked) == (403, 0)


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE, FOREIGN], ids=["entity bomb", "external entity", "foreign document type"])
async def test_document_types_are_refused_inside_and_outside_the_seal(house: WeComHouse, xml: str) -> None:
    inside = await house.server.deliver(xml)
    query, _ = house.server.sealed(xml, str(SENT), "n")
    outside = await house.client.post("/wecom/callback", params=query, content=xml)
    assert (inside.status_code, outside.status_code, house.kept.asked) == (400, 400, 0)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "no xml",
        "<xml>",
        "<xml/>",
        "<a>1</a>",
        "<xml><MsgType>text</MsgType></xml>",
        "<xml><MsgType>text</MsgType><MsgType>text</MsgType><FromUserName>zhang</FromUserName></xml>",
        "<xml><FromUserName>zhang</FromUserName><MsgType>event</MsgType></xml>",
        "<xml><FromUserName>zhang</FromUserName><MsgType>text</MsgType><Content>no id</Content></xml>",
        "<xml>" + "<a>" * 50 + "</a>" * 50 + "</xml>",
        "<xml>" + "<a/>" * 1000 + "</xml>",
    ],
)
async def test_a_rightly_sealed_letter_that_is_no_message_is_refused(house: WeComHouse, xml: str) -> None:
    response = await house.server.deliver(xml)
    assert (response.status_code, house.kept.asked) == (400, 0)


async def test_a_body_above_a_megabyte_is_refused_unread(house: WeComHouse) -> None:
    query, _ = house.server.sealed("<xml/>", str(SENT), "n")
    response = await house.client.post("/wecom/callback", params=query, content=b"<xml>" + b"a" * 1_100_000)
    assert (response.status_code, house.kept.asked) == (413, 0)


@settings(max_examples=60)
@given(data=st.data())
async def test_no_body_and_no_query_ever_breaks_the_door(house: WeComHouse, data: Any) -> None:
    query, body = house.server.sealed(letter("text", Content="x"), str(SENT), "n")
    hostile = data.draw(
        st.one_of(
            st.binary(max_size=400),
            st.integers(0, len(body) - 1).map(lambda end: body[:end].encode()),
            st.text(max_size=200).map(lambda text: f"<xml><Encrypt>{text}</Encrypt></xml>".encode()),
        )
    )
    asked = {**query, **data.draw(st.dictionaries(st.sampled_from(sorted(query)), st.text(max_size=50), max_size=2))}
    response = await house.client.post("/wecom/callback", params=asked, content=hostile)
    assert response.status_code in (400, 403)
    assert house.kept.asked == 0


@settings(max_examples=60)
@given(
    inner=st.one_of(
        st.text(max_size=200),
        st.dictionaries(
            st.sampled_from(["FromUserName", "MsgType", "MsgId", "Event", "EventKey", "CreateTime", "Content", "MediaId"]),
            st.one_of(st.sampled_from(["text", "event", "voice", "template_card_event", "click"]), st.text(max_size=30)),
        ).map(lambda fields: xml_of(**fields)),
    )
)
async def test_whatever_stands_inside_a_right_seal_is_kept_whole_or_not_at_all(house: WeComHouse, inner: str) -> None:
    before = house.kept.asked
    response = await house.server.deliver(inner)
    assert response.status_code in (200, 400)
    assert house.kept.asked == before or response.status_code == 200
    assert all(message.sender and message.key for message in house.kept.messages)


# settings


@pytest.mark.parametrize("key", ["", "short", "#" * 43, "a" * 44])
def test_a_wrong_aes_key_is_told_at_start(key: str) -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="WECOM_AES_KEY must be the 43 characters"):
        WeComChannel(Kept(), LocalMemory(clock), CORP_ID, AGENT_ID, SECRET, TOKEN, key, None, clock)


def test_an_agent_id_that_is_no_number_is_told_at_start() -> None:
    clock = FakeClock()
    with pytest.raises(ValueError, match="WECOM_AGENT_ID must be the number"):
        WeComChannel(Kept(), LocalMemory(clock), CORP_ID, "parley", SECRET, TOKEN, AES_KEY, None, clock)
