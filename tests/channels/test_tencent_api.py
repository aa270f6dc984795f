"""The way to Tencent's APIs: one token for everyone, and an answer of any shape is told as what it is."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import SendError, TryLater
from bot.channels.tencent.api import read_answer
from bot.message import Address, Reply
from tests.channels.tencent_house import AGENT_ID, CORP_ID, WeComHouse, wecom_house
from tests.platforms.tencent import TOKEN_LIVES

ZHANG = Address("wecom", "zhang")
TOKEN_KEY = f"wecom:token:{CORP_ID}:{AGENT_ID}"


@pytest.fixture
async def house() -> AsyncIterator[WeComHouse]:
    async with wecom_house() as house:
        yield house


async def test_many_sends_at_once_ask_for_one_token(house: WeComHouse) -> None:
    sends = (house.channel.send(f"k{number}", ZHANG, Reply(f"第{number}条", "zh")) for number in range(8))
    await asyncio.gather(*sends)
    assert house.api.calls.count("/cgi-bin/gettoken") == 1
    assert len(house.api.seen_by("zhang")) == 8


async def test_many_sends_with_one_spoilt_token_renew_it_once(house: WeComHouse) -> None:
    await house.channel.send("k", ZHANG, Reply("先", "zh"))
    house.api.expire_tokens()
    sends = (house.channel.send(f"k{number}", ZHANG, Reply(f"第{number}条", "zh")) for number in range(8))
    await asyncio.gather(*sends)
    assert house.api.calls.count("/cgi-bin/gettoken") == 2


async def test_a_token_that_another_process_renewed_is_used(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, Reply("一", "zh"))
    good = await house.memory.get(TOKEN_KEY)
    await house.memory.set(TOKEN_KEY, "spoilt", None)

    async def renewed_elsewhere() -> None:
        await house.memory.set(TOKEN_KEY, good, None)

    await asyncio.gather(house.channel.send("k2", ZHANG, Reply("二", "zh")), renewed_elsewhere())
    assert house.api.calls.count("/cgi-bin/gettoken") == 1


async def test_a_token_is_given_up_before_it_ends(house: WeComHouse) -> None:
    await house.channel.send("k1", ZHANG, Reply("一", "zh"))
    house.clock.move(TOKEN_LIVES - timedelta(minutes=4))
    await house.channel.send("k2", ZHANG, Reply("二", "zh"))
    assert house.api.calls.count("/cgi-bin/gettoken") == 2


async def test_a_token_spoilt_twice_in_a_row_is_no_endless_loop(house: WeComHouse) -> None:
    house.api.faults.extend(["token expired", "token expired"])
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, Reply("一", "zh"))
    assert house.api.calls.count("/cgi-bin/message/send") == 2


@pytest.mark.parametrize("life", ["7200", None, 0, -1, 10**30], ids=str)
async def test_a_token_without_a_sensible_life_is_not_kept(house: WeComHouse, life: object) -> None:
    house.api.token_answer = {"errcode": 0, "access_token": "t", "expires_in": life}
    with pytest.raises(TryLater):
        await house.channel.send("k1", ZHANG, Reply("一", "zh"))
    assert await house.memory.get(TOKEN_KEY) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda each: st.lists(each, max_size=3)
)


@given(
    status=st.integers(200, 599),
    body=st.one_of(
        st.binary(max_size=200),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.dictionaries(st.sampled_from(["errcode", "errmsg"]), JSON).map(lambda value: json.dumps(value).encode()),
    ),
    wait=st.text("0123456789-. abc", max_size=12),
)
def test_an_answer_is_an_object_or_a_plain_word_about_the_send(status: int, body: bytes, wait: str) -> None:
    response = httpx.Response(status, content=body, headers={"Retry-After": wait})
    try:
        assert isinstance(read_answer(response), dict)
    except SendError as told:
        assert str(told)
