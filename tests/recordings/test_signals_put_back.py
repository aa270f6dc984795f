"""What a call had lifted counts again once the words are put right, unless somebody has decided about that signal since."""

from datetime import timedelta
from typing import Any

import pytest

from actions.crm import people
from actions.proposal import Outcome
from bot.call_corrections import Wish
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import button, only_recording, tapped

OVER = "销售: 感谢致电\n客户: 我们的预算批下来了\n客户: 那先发一份正式报价"
RIGHT = "我们的预算还没定下来"


async def written(house: HouseUnderTest, words: str = OVER, without: str | None = None) -> str:
    """A frozen budget was on record, and a call that says it is over was written down; its id."""
    await house.say("E01", "华康医疗说今年预算冻结了")
    await house.send_recording("E01", words, "call.m4a")
    await tapped(house, "E01", "客户在通话里同意了")
    await house.press("E01", button(house, "E01", "写进 CRM"))
    if without is not None:
        await house.press("E01", button(house, "E01", without))
    await house.press("E01", button(house, "E01", "写进去"))
    found: str = (await only_recording(house))["id"]
    return found


async def put_right(house: HouseUnderTest, recording: str, value: str = RIGHT, place: int = 1) -> Outcome:
    async with house.store.read() as tx:
        person = await people.speaker_of(tx, "E01")
    assert person is not None
    house.clock.move(timedelta(minutes=1))
    wish, cause = Wish("text", value, place), f"right:{value}"
    outcome = await house.house.corrections.correct(recording, wish, person, cause, "web:E01")
    assert outcome is not None and outcome.kind == "done"
    return outcome


async def frozen(house: HouseUnderTest) -> dict[str, Any]:
    """The signal that the conversation began with."""
    (found,) = [one for one in (await house.records("signal")).values() if one["source"] == "report"]
    return found


async def test_the_signal_counts_again_as_if_it_had_not_been_lifted(house: HouseUnderTest) -> None:
    recording = await written(house)
    lifted = await frozen(house)
    assert (lifted["state"], lifted["lifted_by"]) == ("lifted", "E01")
    outcome = await put_right(house, recording)
    back = await frozen(house)
    assert (back["state"], back["lifted_by"], back["lifted_at"], back["lifted_words"]) == ("open", None, None, None)
    assert outcome.proposal.plan.data["signals_back"] == ["budget_freeze"]
    await house.say("E01", "撤销")
    assert await frozen(house) == lifted
    assert await house.chain_is_sound()


@pytest.mark.parametrize("since", [{"lifted_by": "E11", "lifted_words": "客户亲口说批了"}, {"state": "withdrawn"}])
async def test_who_decided_about_it_since_keeps_the_last_word(house: HouseUnderTest, since: dict[str, str]) -> None:
    recording = await written(house)
    await house.change("signal", (await frozen(house))["id"], since)
    theirs = await frozen(house)
    outcome = await put_right(house, recording)
    assert await frozen(house) == theirs and "signals_back" not in outcome.proposal.plan.data


async def test_another_call_gives_back_nothing_that_it_had_not_lifted(house: HouseUnderTest) -> None:
    await written(house)
    lifted = await frozen(house)
    before = set(await house.records("recording"))
    await house.send_recording("E01", "销售: 您好\n客户: 我们的预算批下来了\n客户: 请发合同", "other.m4a")
    await tapped(house, "E01", "客户在通话里同意了")
    await house.press("E01", button(house, "E01", "写进 CRM"))
    await house.press("E01", button(house, "E01", "写进去"))
    (other,) = set(await house.records("recording")) - before
    await put_right(house, other)
    assert await frozen(house) == lifted


async def test_other_words_that_end_it_too_are_its_evidence_now(house: HouseUnderTest) -> None:
    recording = await written(house)
    await put_right(house, recording, "我们的预算昨天批下来了")
    said = await frozen(house)
    assert (said["state"], said["lifted_words"]) == ("lifted", "我们的预算昨天批下来了 (call.m4a 0:10)")
    await put_right(house, recording)
    assert (await frozen(house))["state"] == "open", "and they are put right in their turn"


async def test_what_was_left_standing_when_it_was_written_down_stays_so(house: HouseUnderTest) -> None:
    recording = await written(house, without="不解除预算冻结信号")
    await put_right(house, recording, "我们的预算昨天批下来了")
    assert (await frozen(house))["state"] == "open"


async def test_words_that_end_a_signal_only_now_lift_it(house: HouseUnderTest) -> None:
    recording = await written(house, OVER.replace("我们的预算批下来了", "我们看一下再说"))
    assert (await frozen(house))["state"] == "open"
    outcome = await put_right(house, recording, "我们的预算批下来了")
    assert outcome.proposal.plan.data["signals_lifted"] == ["budget_freeze"]
    assert (await frozen(house))["lifted_words"] == "我们的预算批下来了 (call.m4a 0:10)"
