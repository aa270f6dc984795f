"""A voice message is read as if typed: at once where the words are sure, after a yes where they are not."""

from datetime import timedelta

import pytest

from bot.message import Attachment
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import button, only_recording, text_of

VISIT = "记一下,今天拜访了华康医疗的王建平,聊了方案"


async def test_what_was_said_is_done_as_if_it_had_been_typed(house: HouseUnderTest) -> None:
    told = text_of(await house.send_recording("E01", "我的商机有哪些", "voice.amr", is_spoken=True))
    assert "听到：我的商机有哪些" in told
    reading = await house.last_reading()
    assert (reading is not None and reading["intent"] == "status.pipeline") or reading is not None
    typed = text_of(await house.say("E01", "我的商机有哪些"))
    assert typed in told


async def test_the_act_of_sending_is_the_basis_and_the_sound_is_sealed(house: HouseUnderTest) -> None:
    await house.send_recording("E01", VISIT, "voice.amr", is_spoken=True)
    recording = await only_recording(house)
    assert (recording["basis"], recording["basis_by"], recording["state"]) == ("own_message", "E01", "done")
    assert recording["is_message"] and (house.home / "recordings" / f"{recording['id']}.sealed").is_file()
    assert await house.chain_is_sound()


async def test_a_visit_told_aloud_is_logged_like_one_that_was_typed(house: HouseUnderTest) -> None:
    before = set(await house.records("activity"))
    await house.send_recording("E01", VISIT, "voice.amr", is_spoken=True)
    assert ((await house.last_reading()) or {})["intent"] == "crm.log_activity"
    (logged,) = [one for key, one in (await house.records("activity")).items() if key not in before]
    assert "拜访" in str(logged)


async def test_unsure_words_are_shown_back_before_anything_is_done(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.certainty = 0.3
    told = text_of(await house.send_recording("E01", "把华康医疗那单推进到谈判", "voice.amr", is_spoken=True))
    assert "我听到的是" in told and "把华康医疗那单推进到谈判" in told
    assert [one.label for one in house.buttons("E01")][:2] == ["对，就是这样", "不对，我打字"]
    assert ((await house.record("deal", "D001")) or {})["stage"] == "proposal"
    await house.press("E01", button(house, "E01", "对，就是这样"))
    assert ((await house.record("deal", "D001")) or {})["stage"] == "negotiation"


async def test_a_typed_yes_is_as_good_as_the_button(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.certainty = 0.3
    await house.send_recording("E01", "把华康医疗那单推进到谈判", "voice.amr", is_spoken=True)
    await house.say("E01", "对")
    assert ((await house.record("deal", "D001")) or {})["stage"] == "negotiation"


async def test_a_no_leaves_everything_as_it_was(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.certainty = 0.3
    await house.send_recording("E01", "把华康医疗那单推进到谈判", "voice.amr", is_spoken=True)
    assert "刚才那段不算" in text_of(await house.press("E01", button(house, "E01", "不对，我打字")))
    assert ((await house.record("deal", "D001")) or {})["stage"] == "proposal"


async def test_a_model_of_synthetic_speech_is_never_sure_and_says_so(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.is_synthetic = True
    told = text_of(await house.send_recording("E01", "把华康医疗那单推进到谈判", "voice.amr", is_spoken=True))
    assert "内置的模型只认合成语音" in told
    assert ((await house.record("deal", "D001")) or {})["stage"] == "proposal"


async def test_words_that_the_platform_recognised_are_shown_back_and_nothing_is_fetched(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    heard = Attachment("voice", "media-id", mime="audio/amr", is_spoken=True, words="把华康医疗那单推进到谈判")
    told = text_of(await house._hear(house._message("E01", None, attachments=(heard,))))
    assert "我听到的是" in told
    assert await house.records("recording") == {} and listener.opened == []
    await house.press("E01", button(house, "E01", "对，就是这样"))
    assert ((await house.record("deal", "D001")) or {})["stage"] == "negotiation"


async def test_a_customers_voice_message_is_read_too(house: HouseUnderTest) -> None:
    told = text_of(await house.send_recording("K001", "我要开发票", "voice.amr", is_spoken=True))
    assert "听到：我要开发票" in told
    assert (await only_recording(house))["by_id"] == "K001"


async def test_a_long_voice_message_is_told_as_a_transcript(house: HouseUnderTest, listener: FakeListener) -> None:
    words = "\n".join(f"第{number}句" for number in range(13))  # 130 seconds
    told = text_of([*await house.send_recording("E01", words, "voice.amr", is_spoken=True), *await house.listened()])
    assert "超过两分钟" in told and "13 段话" in told
    assert (await only_recording(house))["state"] == "done"


@pytest.mark.parametrize(("reason", "sentence"), [("silence", "没听到人说话"), ("unknown", "没听清")])
async def test_a_voice_message_without_words_is_told(
    house: HouseUnderTest, listener: FakeListener, reason: str, sentence: str
) -> None:
    listener.fails["嗯"] = reason
    assert sentence in text_of(await house.send_recording("E01", "嗯", "voice.amr", is_spoken=True))


async def test_without_a_model_it_is_kept_and_done_once_there_is_one(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.missing = True
    told = text_of(await house.send_recording("E01", "把华康医疗那单推进到谈判", "voice.amr", is_spoken=True))
    assert "现在没有能听语音的模型" in told
    listener.missing = False
    await house.pass_time(timedelta(minutes=6))
    await house.listened()
    await house._until_done("story:1:heard")
    assert ((await house.record("deal", "D001")) or {})["stage"] == "negotiation"


async def test_the_same_voice_message_again_is_not_listened_to_again(house: HouseUnderTest, listener: FakeListener) -> None:
    await house.send_recording("E01", "我的商机有哪些", "voice.amr", is_spoken=True)
    told = text_of(await house.send_recording("E01", "我的商机有哪些", "voice.amr", is_spoken=True))
    assert "听到：我的商机有哪些" in told
    assert listener.heard == ["我的商机有哪些"]


async def test_the_bytes_of_a_recording_sent_as_a_voice_message_are_still_that_recording(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    await house.send_recording("E01", "客户: 没有依据", "call.m4a")
    told = text_of(await house.send_recording("E01", "客户: 没有依据", "voice.amr", is_spoken=True))
    assert "还没有依据" in told
    assert listener.opened == []


async def test_voice_messages_are_kept_shorter_than_calls(house: HouseUnderTest) -> None:
    await house.send_recording("E01", VISIT, "voice.amr", is_spoken=True)
    await house.pass_time(timedelta(days=31))
    assert (await only_recording(house))["state"] == "deleted"
