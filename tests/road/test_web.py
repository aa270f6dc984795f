"""The chat page's transcript: every line once and in order, cards redrawn in place, and open pages told at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actions.outside.store import Store
from bot.channels.web import HISTORY, Line, WebChannel
from bot.message import Address, Button, Card, Reply
from tests.fakes import FakeClock

REP = Address("web", "E01")
MANAGERS = Address("web", "managers")


def reply(text: str, *buttons: str) -> Reply:
    return Reply(text, "zh", Card(title=text, buttons=tuple(Button(label, label) for label in buttons)))


@pytest.fixture
def web(store: Store, clock: FakeClock) -> WebChannel:
    return WebChannel(store, clock)


async def next_of(lines: AsyncIterator[Line], count: int = 1) -> list[str]:
    """The words of the next lines that a page gets to see."""
    seen = [await asyncio.wait_for(anext(lines), 30) for _ in range(count)]
    return [line.text or (line.reply.text if line.reply else "") for line in seen]


# --- what stands there ----------------------------------------------------------------------------------------------------


async def test_a_page_opens_on_what_was_said_and_answered_in_order(web: WebChannel, clock: FakeClock) -> None:
    await web.say("E01", "k1:said", "E01", "帮我看看", ["合同.pdf"])
    clock.move(timedelta(seconds=1))
    await web.send("k1", REP, reply("好的", "为什么"))
    said, answered = await web.history(["E01"])
    assert (said.sender, said.text, said.files, said.reply) == ("E01", "帮我看看", ("合同.pdf",), None)
    assert (answered.sender, answered.reply, answered.replaces) == (None, reply("好的", "为什么"), None)
    assert answered.at - said.at == timedelta(seconds=1)


async def test_a_page_shows_its_own_conversations_only(web: WebChannel) -> None:
    await web.send("k1", REP, reply("for the rep"))
    await web.send("k2", MANAGERS, reply("for the managers"))
    assert [line.key for line in await web.history(["E01"])] == ["k1"]
    assert [line.key for line in await web.history(["E01", "managers"])] == ["k1", "k2"]
    assert await web.history([]) == []


async def test_the_same_send_twice_is_one_line(web: WebChannel) -> None:
    first = await web.send("k1", REP, reply("once"))
    assert await web.send("k1", REP, reply("twice")) == first
    (line,) = await web.history(["E01"])
    assert line.reply == reply("once")


async def test_a_send_whose_answer_was_lost_can_be_found(web: WebChannel) -> None:
    await web.send("k1", REP, reply("arrived"))
    found = await web.find("k1", REP, reply("arrived"))
    assert found is not None and found.ref == "k1"
    assert await web.find("k2", REP, reply("never sent")) is None


async def test_a_redrawn_card_takes_the_place_of_the_old_one(web: WebChannel) -> None:
    await web.send("card", REP, reply("等确认", "确认"))
    await web.send("later", REP, reply("另一件事"))
    await web.redraw("card:2", REP, "card", reply("已确认"))
    card, later = await web.history(["E01"])
    assert (card.key, card.reply) == ("card", reply("已确认"))
    assert later.key == "later"


async def test_a_card_redrawn_twice_shows_its_last_state(web: WebChannel) -> None:
    await web.send("card", REP, reply("等确认"))
    await web.redraw("card:2", REP, "card", reply("已确认"))
    await web.redraw("card:3", REP, "card", reply("已撤销"))
    (card,) = await web.history(["E01"])
    assert card.reply == reply("已撤销")


async def test_a_card_too_far_up_to_be_shown_is_not_brought_back_by_a_redraw(web: WebChannel) -> None:
    await web.send("card", REP, reply("等确认"))
    for number in range(HISTORY):
        await web.send(f"k{number}", REP, reply("其他"))
    await web.redraw("card:2", REP, "card", reply("已确认"))
    lines = await web.history(["E01"])
    assert "card" not in [line.key for line in lines]
    assert len(lines) == HISTORY - 1


async def test_only_the_last_lines_are_shown(web: WebChannel) -> None:
    for number in range(HISTORY + 3):
        await web.send(f"k{number}", REP, reply("x"))
    assert [line.key for line in await web.history(["E01"])] == [f"k{number}" for number in range(3, HISTORY + 3)]


async def test_half_a_character_does_not_break_the_page(web: WebChannel) -> None:
    await web.say("E01", "k1", "E01", "half \ud83d")
    await web.send("k2", REP, reply("half \ud83d"))
    assert len(await web.history(["E01"])) == 2


# --- what comes in the meantime -------------------------------------------------------------------------------------------


async def test_an_open_page_sees_new_lines_in_order(web: WebChannel) -> None:
    lines = web.follow(["E01"], await web.last_id())
    for text in ("一", "二", "三"):
        await web.send(text, REP, reply(text))
    assert await next_of(lines, 3) == ["一", "二", "三"]


async def test_an_open_page_that_waits_is_told_at_once(web: WebChannel) -> None:
    lines = web.follow(["E01"], 0)
    waiting = asyncio.create_task(next_of(lines))
    await web.send("k1", REP, reply("来了"))
    assert await waiting == ["来了"]


async def test_an_open_page_sees_nothing_that_was_there_before_it_opened(web: WebChannel) -> None:
    await web.send("before", REP, reply("以前"))
    lines = web.follow(["E01"], await web.last_id())
    await web.send("after", REP, reply("之后"))
    assert await next_of(lines) == ["之后"]


async def test_a_page_catches_up_from_where_it_was(web: WebChannel) -> None:
    await web.send("k1", REP, reply("看过"))
    seen = await web.last_id()
    await web.send("k2", REP, reply("没看过"))
    assert await next_of(web.follow(["E01"], seen)) == ["没看过"]


async def test_an_open_page_sees_no_line_twice_and_none_of_another_conversation(web: WebChannel) -> None:
    lines = web.follow(["E01"], 0)
    for number in range(120):  # more than it looks back for late ones
        await web.send(f"m{number}", MANAGERS, reply("other"))
        await web.send(f"k{number}", REP, reply(str(number)))
        if number % 3 == 0:
            assert await next_of(lines) == [str(number // 3)]
    assert await next_of(lines, 80) == [str(number) for number in range(40, 120)]


async def test_an_open_page_sees_a_card_change(web: WebChannel) -> None:
    await web.send("card", REP, reply("等确认"))
    lines = web.follow(["E01"], await web.last_id())
    await web.redraw("card:2", REP, "card", reply("已确认"))
    line = await asyncio.wait_for(anext(lines), 30)
    assert (line.replaces, line.reply) == ("card", reply("已确认"))


async def test_lines_of_another_process_are_seen_too(web: WebChannel, store: Store, clock: FakeClock) -> None:
    lines = web.follow(["E01"], 0)
    waiting = asyncio.create_task(next_of(lines))
    await WebChannel(store, clock).send("k1", REP, reply("从别处来"))
    assert await waiting == ["从别处来"]


async def test_two_open_pages_both_see_everything(web: WebChannel) -> None:
    pages = [web.follow(["E01"], 0), web.follow(["E01", "managers"], 0)]
    waiting = [asyncio.create_task(next_of(page)) for page in pages]
    await web.send("k1", REP, reply("来了"))
    assert await asyncio.gather(*waiting) == [["来了"], ["来了"]]


async def test_an_empty_transcript_ends_at_nothing(web: WebChannel) -> None:
    assert await web.last_id() == 0
