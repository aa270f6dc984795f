"""The large model writes or says that it cannot: whatever its server does, a text comes back or one kind of error."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.outside.llm import LARGEST_ANSWER, PATIENCE, Llm, LlmUnavailableError, read_answer
from tests.platforms.large_model import (
    KEY,
    MODEL,
    Answers,
    Behaviour,
    Broken,
    HangsUp,
    LargeModel,
    Limited,
    Says,
    SendsElsewhere,
    Silent,
)

INSTRUCTIONS = "写一段跟进邮件，不超过三句。"
MATERIAL = "王芳，13800138000，华东制造，报价六十万。"


@dataclass
class Sleeps:
    """Takes the place of asyncio.sleep: keeps the seconds and returns at once."""

    asked: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


@dataclass
class Desk:
    """A large model and the server it is on."""

    server: LargeModel
    llm: Llm
    sleeps: Sleeps

    async def write(self, *behaves: Behaviour) -> str:
        self.server.behaves.extend(behaves)
        return await self.llm.write(INSTRUCTIONS, MATERIAL)

    async def fails(self, *behaves: Behaviour) -> str:
        """How the error is worded; it never tells the key or what was asked."""
        with pytest.raises(LlmUnavailableError) as caught:
            await self.write(*behaves)
        words = str(caught.value)
        assert not any(secret in words for secret in (KEY, MATERIAL, INSTRUCTIONS, "王芳", "13800138000", "127.0.0.1"))
        return words


@asynccontextmanager
async def a_desk(server: LargeModel, api_key: str | None = KEY, tail: str = "") -> AsyncIterator[Desk]:
    sleeps = Sleeps()
    async with server.serving() as url:
        llm = Llm(url + tail, MODEL, api_key, httpx.AsyncClient(), sleep=sleeps)
        yield Desk(server, llm, sleeps)
        await llm.close()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with a_desk(LargeModel()) as desk:
        yield desk


# --- what is asked -----------------------------------------------------------------------------------------------------


async def test_instructions_and_material_are_asked_apart_and_for_the_likeliest_words(desk: Desk) -> None:
    assert await desk.llm.write(INSTRUCTIONS, MATERIAL, longest=120) == "好的。"
    (call,) = desk.server.calls
    assert call.payload == {
        "model": MODEL,
        "messages": [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": MATERIAL}],
        "temperature": 0,
        "max_tokens": 120,
        "stream": False,
    }
    assert call.headers["Authorization"] == f"Bearer {KEY}"
    assert call.headers["Accept-Encoding"] == "identity"


async def test_four_hundred_tokens_are_asked_for_unless_told(desk: Desk) -> None:
    await desk.write()
    assert desk.server.calls[0].payload["max_tokens"] == 400


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai/v1"])
@pytest.mark.parametrize("tail", ["", "/"])
async def test_the_address_is_used_as_given(prefix: str, tail: str) -> None:
    async with a_desk(LargeModel(prefix=prefix), tail=tail) as desk:
        assert await desk.write() == "好的。"
        assert [call.path for call in desk.server.calls] == [f"{prefix}/chat/completions"]


async def test_a_bare_host_is_not_guessed_into_another_address() -> None:
    async with a_desk(LargeModel()) as desk:
        bare = replace(desk.llm, base_url=desk.server.url.removesuffix("/v1"))
        with pytest.raises(LlmUnavailableError, match="status 404"):
            await bare.write(INSTRUCTIONS, MATERIAL)
        assert [call.path for call in desk.server.calls] == ["/chat/completions"]


@pytest.mark.parametrize("api_key", [None, ""])
async def test_without_a_key_none_is_sent(api_key: str | None) -> None:
    async with a_desk(LargeModel(key=None), api_key) as desk:
        assert await desk.write() == "好的。"
        assert "Authorization" not in desk.server.calls[0].headers


async def test_half_an_emoji_can_be_asked_about(desk: Desk) -> None:
    await desk.llm.write(INSTRUCTIONS, "谢谢\ud83d")
    assert desk.server.calls[0].payload["messages"][1]["content"] == "谢谢?"


@pytest.mark.parametrize("base_url", ["", "localhost:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1", "/v1"])
async def test_an_address_that_is_none_is_said_at_once(base_url: str) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ValueError, match="http://"):
            Llm(base_url, MODEL, KEY, client)


@pytest.mark.parametrize("api_key", ["密钥", "secret-with-line-end\n", "secret with spaces"])
async def test_a_key_that_no_header_can_carry_is_said_at_once_and_not_shown(api_key: str) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ValueError, match="key") as caught:
            Llm("http://localhost/v1", MODEL, api_key, client)
    assert api_key not in str(caught.value)


# --- what it is answered -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "text"),
    [
        (Says("您好，王总。\n"), "您好，王总。"),
        (Says([{"type": "text", "text": "您好，"}, {"type": "text", "text": "王总。"}]), "您好，王总。"),
        (
            Says([{"type": "thinking", "thinking": [{"type": "text", "text": "嗯"}]}, {"type": "text", "text": "好。"}]),
            "好。",
        ),
        (Says("好。", finish_reason=None), "好。"),
        (Says("好。", finish_reason="eos_token"), "好。"),
        (Says("好。", more={"reasoning_content": "用户想要……"}), "好。"),
        (Says("<think>用户想要一封邮件。</think>\n\n您好。"), "您好。"),
        (Says("\n<think>\n\n</think>\n\n您好。"), "您好。"),
        (Says("<think>一</think><think>二</think>您好。"), "您好。"),
        (Says("用户想要一封邮件。\n</think>\n您好。"), "您好。"),
        (Says("价格 <think> 是标签"), "价格 <think> 是标签"),
        (Says("好\0的\ud83d。"), "好的?。"),
    ],
    ids=str,
)
async def test_the_text_comes_back_without_the_reasoning(desk: Desk, says: Says, text: str) -> None:
    assert await desk.write(says) == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("第一句。第二句！第三句说到一", "第一句。第二句！"),
        ("他说：“好。”然后我们", "他说：“好。”"),
        ("All is well. The price is 3.5", "All is well."),
        ("All is well. The price is 3.", "All is well."),
        ("Two steps are left.\n1. Call her", "Two steps are left."),
        ("See a.com/x?y=1 now! And see b.com/x?y", "See a.com/x?y=1 now!"),
        ('She asked "really?" and then', 'She asked "really?"'),
        ("Whole to the end.", "Whole to the end."),
        ("<think>想。</think>一。二", "一。"),
    ],
)
async def test_an_answer_at_its_limit_ends_with_its_last_whole_sentence(desk: Desk, said: str, text: str) -> None:
    assert await desk.write(Says(said, finish_reason="length")) == text


@pytest.mark.parametrize(
    "says",
    [
        Says("没有说完的第一句", finish_reason="length"),
        Says("<think>想了又想。想到没有地方回答。", finish_reason="length"),
        Says("<think>想到一半。", finish_reason="stop"),
        Says("<think>只有想法。</think>", finish_reason="stop"),
        Says("有一半。", finish_reason="content_filter"),
        Says("有一半。", finish_reason="abort"),
        Says("有一半。", finish_reason=["stop"]),
        Says(None, "tool_calls", {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}),
        Says("好。", "stop", {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}),
        Says("好。", "stop", {"function_call": {"name": "f", "arguments": "{}"}}),
        Says(None, "stop", {"refusal": "我不能帮忙：王芳"}),
        Says("好。", "stop", {"refusal": "我不能帮忙"}),
        Says([{"type": "refusal", "refusal": "不能"}]),
        Says([{"type": "text", "text": None}]),
        Says(["好。"]),
        Says(None),
        Says(""),
        Says(" \n"),
        Says([]),
        Says(12),
        Says({"text": "好。"}),
    ],
    ids=str,
)
async def test_what_is_no_whole_answer_is_none(desk: Desk, says: Says) -> None:
    await desk.fails(says)
    assert len(desk.server.calls) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Please sign in</html>",
        b'{"choices": [{"message": {"content": "\xe5\xa5\xbd',
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"error": {"message": "overloaded"}}',
        b'{"choices": null}',
        b'{"choices": []}',
        b'{"choices": {}}',
        b'{"choices": ["text"]}',
        b'{"choices": [{"text": "of another interface", "finish_reason": "stop"}]}',
        b'{"choices": [{"message": "text"}]}',
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        b'{"choices": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
async def test_what_is_no_answer_at_all_is_none(desk: Desk, body: bytes) -> None:
    await desk.fails(Answers(body))
    assert len(desk.server.calls) == 1


async def test_an_answer_is_read_up_to_its_limit_and_no_further(desk: Desk) -> None:
    answer = json.dumps(desk.server.completion(Says("好。"))).encode()
    assert await desk.write(Answers(answer.ljust(LARGEST_ANSWER))) == "好。"
    assert "larger" in await desk.fails(Answers(answer.ljust(LARGEST_ANSWER + 1)))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["text", "stop", "length", "</think>"]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "content"]), each),
)
MESSAGES = st.dictionaries(st.sampled_from(["content", "refusal", "tool_calls"]), JSON)
CHOICES = st.fixed_dictionaries({"message": MESSAGES | JSON, "finish_reason": JSON})


@given(body=st.binary(max_size=200) | (JSON | CHOICES).map(lambda choice: json.dumps({"choices": [choice]}).encode()))
def test_an_answer_of_any_shape_is_text_or_the_one_error(body: bytes) -> None:
    try:
        text = read_answer(body)
    except LlmUnavailableError:
        return
    assert text == text.strip() != ""
    assert text.encode().decode() == text


# --- when it does not answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_a_server_in_trouble_is_asked_once_more(desk: Desk, status: int) -> None:
    assert await desk.write(Broken(status)) == "好的。"
    first, second = desk.server.calls
    assert first.body == second.body
    assert desk.sleeps.asked == [0.3]


@pytest.mark.parametrize("trouble", [HangsUp(), HangsUp(midway=True)], ids=str)
async def test_a_broken_line_is_tried_once_more(desk: Desk, trouble: HangsUp) -> None:
    assert await desk.write(trouble) == "好的。"
    assert len(desk.server.calls) == 2
    assert desk.sleeps.asked == [0.3]


@pytest.mark.parametrize(
    ("after", "wait"),
    [("1", 1), ("0", 0), ("1.5", 1.5), ("30", 2), ("999999999999", 0.3), (None, 0.3), ("", 0.3)]
    + [(odd, 0.3) for odd in ("soon", "-1", "nan", "²", "Wed, 25 Nov 2026 02:00:00 GMT")],
)
async def test_a_server_under_load_says_how_long_to_wait(desk: Desk, after: str | None, wait: float) -> None:
    assert await desk.write(Limited(after)) == "好的。"
    assert desk.sleeps.asked == [wait]


async def test_two_troubles_in_a_row_are_enough(desk: Desk) -> None:
    assert "status 503" in await desk.fails(Limited(), Broken(503))
    assert "status 429" in await desk.fails(HangsUp(), Limited())
    assert "no answer" in await desk.fails(Broken(500), HangsUp())
    assert len(desk.server.calls) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 451, 501, 504])
async def test_a_refusal_is_not_asked_again(desk: Desk, status: int) -> None:
    assert f"status {status}" in await desk.fails(Answers(MATERIAL.encode(), status))
    assert len(desk.server.calls) == 1
    assert desk.sleeps.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_with_the_material(desk: Desk, status: int) -> None:
    async with LargeModel().serving() as elsewhere:
        assert f"status {status}" in await desk.fails(SendsElsewhere(f"{elsewhere}/chat/completions", status))
    assert len(desk.server.calls) == 1


async def test_a_client_that_follows_redirects_does_not_here(desk: Desk) -> None:
    async with httpx.AsyncClient(follow_redirects=True) as client:
        following = replace(desk, llm=replace(desk.llm, client=client))
        assert "status 307" in await following.fails(SendsElsewhere(f"{desk.server.url}/chat/completions"))
    assert len(desk.server.calls) == 1


async def test_a_wrong_key_is_said(desk: Desk) -> None:
    wrong = replace(desk, llm=replace(desk.llm, api_key="another"))
    assert "status 401" in await wrong.fails()


async def test_a_model_that_the_server_does_not_have_is_said(desk: Desk) -> None:
    wrong = replace(desk, llm=replace(desk.llm, model="gpt-none"))
    assert "status 404" in await wrong.fails()


async def test_material_that_is_too_long_for_the_model_is_refused_once(desk: Desk) -> None:
    with pytest.raises(LlmUnavailableError, match="status 400"):
        await desk.llm.write(INSTRUCTIONS, MATERIAL * 1000)
    assert len(desk.server.calls) == 1


async def test_nobody_at_the_address_is_tried_twice() -> None:
    sleeps = Sleeps()
    async with LargeModel().serving() as gone:
        pass
    llm = Llm(gone, MODEL, KEY, httpx.AsyncClient(), sleep=sleeps)
    with pytest.raises(LlmUnavailableError, match="no answer"):
        await llm.write(INSTRUCTIONS, MATERIAL)
    assert sleeps.asked == [0.3]
    await llm.close()


@pytest.mark.parametrize("silence", [Silent(), Silent(begins=True)], ids=str)
async def test_a_silent_server_is_not_waited_for_longer_than_told(desk: Desk, silence: Silent) -> None:
    impatient = replace(desk, llm=replace(desk.llm, timeout=0.2))
    assert await impatient.fails(silence) == "no answer within 0.2 s"


async def test_waiting_for_the_second_try_is_part_of_the_time_there_is(desk: Desk) -> None:
    async def forever(seconds: float) -> None:
        await asyncio.Event().wait()

    sleepy = replace(desk, llm=replace(desk.llm, timeout=0.5, sleep=forever))
    assert await sleepy.fails(Limited()) == "no answer within 0.5 s"


async def test_the_server_has_all_the_time_there_is_whatever_the_client_was_made_for() -> None:
    asked: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=LargeModel().completion(Says()))

    client = httpx.AsyncClient(transport=httpx.MockTransport(keep), timeout=0.001)
    llm = Llm("http://localhost/v1", MODEL, KEY, client)
    await llm.write(INSTRUCTIONS, MATERIAL)
    assert asked[0].extensions["timeout"]["read"] == PATIENCE
    assert asked[0].extensions["timeout"]["connect"] < PATIENCE
    await llm.close()


async def test_who_no_longer_wants_the_answer_can_leave(desk: Desk) -> None:
    desk.server.behaves.append(Silent())
    writing = asyncio.create_task(desk.llm.write(INSTRUCTIONS, MATERIAL))
    await _until(lambda: bool(desk.server.calls))
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await desk.write() == "好的。"


async def test_many_can_write_at_once(desk: Desk) -> None:
    writings: list[Awaitable[str]] = [desk.llm.write(INSTRUCTIONS, f"第{number}份") for number in range(12)]
    assert set(await asyncio.gather(*writings)) == {"好的。"}


# --- what nobody gets to see -------------------------------------------------------------------------------------------


async def test_neither_material_nor_key_nor_answer_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await desk.write(Limited())
        await desk.fails(Broken(), HangsUp())
    assert not any(secret in caplog.text for secret in (KEY, "王芳", "13800138000", INSTRUCTIONS, "好的"))


async def test_a_large_model_that_is_shown_does_not_show_its_key(desk: Desk) -> None:
    assert KEY not in repr(desk.llm)


async def test_an_error_that_is_shown_does_not_lead_to_what_was_asked(desk: Desk) -> None:
    with pytest.raises(LlmUnavailableError) as caught:
        await desk.write(HangsUp(), HangsUp())
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# --- that the stand-in is as strict as the servers it stands for --------------------------------------------------------

GOOD = {"model": MODEL, "messages": [{"role": "user", "content": "好吗"}], "max_tokens": 5}


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({}, 200),
        ({"model": None}, 400),
        ({"model": "other"}, 404),
        ({"messages": None}, 400),
        ({"messages": []}, 400),
        ({"messages": [{"role": "system", "content": "好吗"}]}, 400),
        ({"messages": [{"role": "human", "content": "好吗"}]}, 422),
        ({"messages": [{"role": "user", "content": None}]}, 422),
        ({"max_tokens": 0}, 422),
        ({"max_tokens": 30_000}, 400),
        ({"temperature": 3}, 422),
        ({"temperature": "0"}, 422),
        ({"stream": True}, 422),
        ({"prompt": "好吗"}, 422),
    ],
    ids=str,
)
async def test_the_stand_in_refuses_what_servers_refuse(wrong: dict[str, Any], status: int) -> None:
    async with LargeModel().serving() as url, httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        answer = await client.post(f"{url}/chat/completions", json=GOOD | wrong)
    assert answer.status_code == status


async def test_the_stand_in_looks_at_key_path_method_and_kind() -> None:
    async with LargeModel().serving() as url, httpx.AsyncClient() as client:
        key = {"Authorization": f"Bearer {KEY}"}
        assert (await client.post(f"{url}/completions", json=GOOD)).status_code == 401
        assert (await client.post(f"{url}/completions", json=GOOD, headers=key)).status_code == 404
        assert (await client.get(f"{url}/chat/completions", headers=key)).status_code == 405
        assert (await client.post(f"{url}/chat/completions", content=b"{}", headers=key)).status_code == 415
        as_json = key | {"Content-Type": "application/json"}
        assert (await client.post(f"{url}/chat/completions", content=b"{", headers=as_json)).status_code == 400
        assert (await client.post(f"{url}/chat/completions", content=b"[]", headers=as_json)).status_code == 422


async def _until(happened: Callable[[], bool]) -> None:
    while not happened():
        await asyncio.sleep(0)
