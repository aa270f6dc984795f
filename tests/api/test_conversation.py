"""`POST /api/messages` and `/api/actions`: another front end speaks, and hears everything that waits for it."""

import base64
from asyncio import gather
from typing import Any

import pytest
from sqlalchemy import func, select

from actions.crm import own
from actions.outside.tables import InboxRow
from bot.files import LARGEST
from bot.message import Address, Reply
from tests.api.served import MANAGER, Served, button_of

SAID = "客户说再考虑一下,华康医疗那单"


def message(**more: Any) -> dict[str, Any]:
    return {"conversation": "c1", "sender": "E01", "text": SAID, **more}


async def amount_of(served: Served, deal_id: str) -> str:
    async with served.house.store.read() as tx:
        return str(own.to_json(await own.get(tx, "deal", deal_id))["amount"])  # type: ignore[arg-type]


async def heard(served: Served) -> int:
    async with served.house.store.read() as tx:
        return await tx.scalar(select(func.count()).select_from(InboxRow)) or 0


# --- the shape of an answer -------------------------------------------------------------------------------------------


async def test_a_message_is_answered_in_the_same_response(served: Served) -> None:
    (reply,) = await served.say(SAID)
    assert set(reply) == {"text", "lang", "card", "buttons", "pictures", "files", "links"}
    assert set(reply["card"]) == {"title", "lines", "facts", "quote", "source", "note"}
    assert all(set(button) == {"id", "label", "style"} for button in reply["buttons"])
    assert reply["lang"] == "zh"
    assert "华康医疗" in reply["text"]


async def test_the_text_alone_tells_what_the_card_tells(served: Served) -> None:
    (reply,) = await served.say(SAID)
    assert reply["card"]["title"] in reply["text"]
    assert all(line in reply["text"] for line in reply["card"]["lines"])


async def test_whoever_writes_english_is_answered_in_english(served: Served) -> None:
    (reply,) = await served.say("help")
    assert reply["lang"] == "en"


async def test_someone_unknown_speaks_as_the_sample_person_of_the_role_they_claim(served: Served) -> None:
    body = message(sender="me", role="manager", text="还有哪些投诉没闭环")
    assert (await served.http.post("/api/messages", json=body)).json()["replies"]


async def test_someone_unknown_who_claims_nothing_is_told_plainly(served: Served) -> None:
    (reply,) = await served.say(SAID, sender="nobody-we-know")
    assert reply["text"]
    assert "华康医疗 ICU" not in reply["text"]


async def test_conversations_are_kept_apart(served: Served) -> None:
    await served.say(SAID, conversation="c1")
    (reply,) = await served.say("把那单金额改成20万", conversation="c2")
    assert await amount_of(served, "D001") == "480000"
    assert "20万" not in reply["text"]


# --- heard once ---------------------------------------------------------------------------------------------------------


async def test_a_call_repeated_with_its_idempotency_key_is_heard_once_and_answered_again(served: Served) -> None:
    await served.say(SAID)  # then small amounts, which no rule asks about at any hour of the day
    first = await served.say("把那单金额改成9万", **{"Idempotency-Key": "k1"})
    assert await amount_of(served, "D001") == "90000"
    await served.say("把那单金额改成8万", **{"Idempotency-Key": "k2"})
    again = await served.say("把那单金额改成9万", **{"Idempotency-Key": "k1"})
    assert again == first
    assert await amount_of(served, "D001") == "80000"
    assert await heard(served) == 3


async def test_calls_repeated_side_by_side_are_heard_once(served: Served) -> None:
    answers = await gather(*(served.say("help", **{"Idempotency-Key": "k1"}) for _ in range(8)))
    assert await heard(served) == 1
    assert all(answer == answers[0] for answer in answers)


async def test_the_same_words_without_a_key_are_heard_twice(served: Served) -> None:
    await served.say("help")
    await served.say("help")
    assert await heard(served) == 2


async def test_the_same_key_in_another_conversation_is_another_message(served: Served) -> None:
    await served.say("help", conversation="c1", **{"Idempotency-Key": "k1"})
    await served.say("help", conversation="c2", **{"Idempotency-Key": "k1"})
    assert await heard(served) == 2


async def test_names_that_run_together_alike_are_still_two_messages(served: Served) -> None:
    await served.say("help", conversation="a", **{"Idempotency-Key": "b:c"})
    await served.say("help", conversation="a:b", **{"Idempotency-Key": "c"})
    assert await heard(served) == 2


# --- what waited ----------------------------------------------------------------------------------------------------------


async def test_what_was_said_in_the_meantime_comes_with_the_next_answer_once(served: Served) -> None:
    async with served.house.store.write() as tx:
        await served.house.outbox.put(tx, "meanwhile", Address("api", "c1"), Reply("该回访了", "zh"))
    first, *_ = await served.say("help")
    assert first["text"] == "该回访了"
    assert "该回访了" not in [reply["text"] for reply in await served.say("help")]


# --- buttons --------------------------------------------------------------------------------------------------------------


async def test_pressing_a_button_does_it_and_pressing_again_does_nothing_twice(served: Served) -> None:
    asked = await served.say(SAID)
    button = button_of(asked, "记到客户名下")
    (first,) = await served.press(button)
    activities = await _activities(served)
    for _ in range(2):
        await served.press(button)
    assert await _activities(served) == activities
    assert first["text"]


async def _activities(served: Served) -> int:
    async with served.house.store.read() as tx:
        return len(await own.find(tx, "activity"))


async def test_a_button_nobody_made_is_answered_with_a_sentence(served: Served) -> None:
    (reply,) = await served.press("no-such-button")
    assert reply["text"]
    assert reply["buttons"] == []


async def test_a_button_lengthened_by_someone_is_not_the_button(served: Served) -> None:
    button = button_of(await served.say(SAID), "记到客户名下")
    before = await _activities(served)
    await served.press(button + "x" * 100)
    assert await _activities(served) == before


# --- what does not fit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, where",
    [
        ({"conversation": ""}, "body.conversation"),
        ({"conversation": "c" * 129}, "body.conversation"),
        ({"sender": ""}, "body.sender"),
        ({"role": "director"}, "body.role"),
        ({"text": ["a"]}, "body.text"),
        ({"sent_at": "yesterday"}, "body.sent_at"),
        ({"attachments": [{"name": "a.txt", "data": ""}] * 11}, "body.attachments"),
    ],
)
async def test_what_does_not_fit_is_a_problem_that_says_where(served: Served, wrong: dict[str, Any], where: str) -> None:
    answer = await served.http.post("/api/messages", json=message(**wrong))
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["where"] == where


async def test_a_problem_never_repeats_what_was_written(served: Served) -> None:
    answer = await served.http.post("/api/messages", json=message(role="13800138000", text=["机密"]))
    assert "13800138000" not in answer.text
    assert "机密" not in answer.text


@pytest.mark.parametrize("sent_at", ["2026-11-25T10:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_moment_that_cannot_be_is_refused(served: Served, sent_at: str) -> None:
    answer = await served.http.post("/api/messages", json=message(sent_at=sent_at, text="明天下午三点提醒我"))
    assert answer.status_code == 422
    assert await heard(served) == 0


async def test_a_very_long_text_is_cut_and_the_person_is_told(served: Served) -> None:
    replies = await served.say("你好" * 100_000)
    assert any("太长" in reply["text"] or "20" in reply["text"] for reply in replies)


async def test_a_text_without_end_is_refused(served: Served) -> None:
    answer = await served.http.post("/api/messages", json=message(text="a" * 1_000_001))
    assert answer.status_code == 422


# --- files ----------------------------------------------------------------------------------------------------------------


async def test_a_file_is_kept_and_said_to_be_kept(served: Served) -> None:
    content = b"not a real contract"
    files = [{"name": "../合同 v2.pdf", "mime": "application/pdf", "data": base64.b64encode(content).decode()}]
    answer = await served.http.post("/api/messages", json=message(text="", attachments=files))
    assert answer.status_code == 200
    assert answer.json()["replies"]
    async with served.house.store.read() as tx:
        kept = (await tx.execute(select(InboxRow.message))).scalar_one()["attachments"][0]
    assert kept["name"] == "../合同 v2.pdf"
    assert kept["ref"].endswith("/合同_v2.pdf")
    assert kept["size"] == len(content)


async def test_a_file_that_is_not_base64_is_refused_and_nothing_is_heard(served: Served) -> None:
    answer = await served.http.post("/api/messages", json=message(attachments=[{"name": "a", "data": "机密"}]))
    assert answer.status_code == 422
    assert "attachment 1" in answer.json()["detail"]
    assert await heard(served) == 0


async def test_a_file_over_the_limit_is_refused_with_a_sentence(served: Served) -> None:
    data = "A" * (LARGEST * 4 // 3 + 8)
    answer = await served.http.post("/api/messages", json=message(attachments=[{"name": "a.bin", "data": data}]))
    assert answer.status_code == 413
    assert "50 MB" in answer.json()["detail"]
    assert await heard(served) == 0


# --- a confirmation, asked here -----------------------------------------------------------------------------------------


async def test_a_change_above_the_threshold_waits_until_a_second_person_presses(served: Served) -> None:
    await served.say(SAID)
    await served.say("把那单金额改成60万")
    assert await amount_of(served, "D001") == "480000"
    (proposal,) = await served.pending()
    await served.decide(proposal, MANAGER)
    assert await amount_of(served, "D001") == "600000"
    told = await served.house.outbox.collect(target="api:c1")
    assert any("60万" in reply.text for reply in told)


async def test_a_message_is_worked_off_by_the_time_it_is_answered(served: Served) -> None:
    await served.say("help")
    async with served.house.store.read() as tx:
        assert (await tx.execute(select(InboxRow.state))).scalar_one() == "done"


async def test_a_press_that_settles_something_is_answered_where_no_card_can_be_redrawn(served: Served) -> None:
    asked = await served.say("把华康医疗那单金额改成60万")
    replies = await served.press(button_of(asked, "撤回"))
    assert "已撤回" in replies[-1]["text"]
