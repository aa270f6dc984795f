"""The customer's mood in a call: the last step of listening, told in a line with a picture, kept, judged anew, forgotten."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select, update

from actions.commands.corrections import CorrectCall
from actions.commands.recordings import HOUSE
from actions.outside.tables import CallMoodRow, ListeningRow
from bot.app import Minds
from bot.kept_moods import HeardMood, mood_of
from bot.message import Picture
from bot.mood_words import words_of
from bot.settings import Settings
from tests.fakes import FakeListener, FakeMoods
from tests.house_under_test import Arrived, HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import button, entries, only_recording, tapped, text_of
from tests.recordings.test_queue import eventually, parts, sent
from tests.voice.encoding import RATE, fixture, truth, wav
from tests.voice.parrot import Parrot
from voice.listener import WhisperListener
from voice.sentences import Sentence

CALL = "乙: 您好，很高兴为您服务\n甲: 我想了解一下专业版\n乙: 专业版五千元，给您优惠\n甲: 这也太贵了"
UNCLEAR = "乙: 嗯\n甲: 嗯\n乙: 好\n甲: 贵了吧"
SHIPPED_LOUDNESS = Path(__file__).parents[1] / "voice" / "files" / "loudness"


@pytest.fixture
def moods() -> FakeMoods:
    return FakeMoods()


@pytest.fixture
async def house(
    settings: Settings, minds: Minds, sample_sqlite_url: str, listener: FakeListener, moods: FakeMoods
) -> AsyncIterator[HouseUnderTest]:
    async with open_house(settings, minds, sample_sqlite_url, listener, moods) as house:
        yield house


async def kept(house: HouseUnderTest, customer: str = "甲") -> HeardMood | None:
    recording = await only_recording(house)
    async with house.store.read() as tx:
        return await mood_of(tx, recording["id"], customer)


def pictures_in(news: list[Arrived]) -> list[Picture]:
    return [picture for one in news for picture in one.reply.pictures]


def on_disk(house: HouseUnderTest) -> list[str]:
    return sorted(path.name for path in (house.home / "recordings" / "moods").glob("*"))


async def tapped_news(house: HouseUnderTest, who: str = "E01") -> list[Arrived]:
    return [*await house.press(who, button(house, who, "客户在通话里同意了")), *await house.listened()]


async def test_the_report_tells_it_in_a_line_and_shows_it(house: HouseUnderTest, moods: FakeMoods) -> None:
    await house.send_recording("E01", CALL)
    news = await tapped_news(house)

    assert "客户语气（估计）：大多平静，0:35 明显生气（“这也太贵了”）" in text_of(news)
    (picture,) = pictures_in(news)
    with Image.open(picture.path) as drawn:
        assert drawn.size == (1170, 570)
    assert "语气曲线（估计）" in picture.alt
    assert moods.asked == [("甲", 4)]
    heard = await kept(house)
    assert heard is not None and [one.emotion for one in heard.mood.felt] == ["neutral", "angry"]
    assert "fake-mood" in text_of(await house.press("E01", button(house, "E01", "更多")))


async def test_whoever_reads_english_is_told_in_english(house: HouseUnderTest) -> None:
    await house.say("E02", "which deals do I have?")
    await house.send_recording("E02", CALL)
    news = [*await house.press("E02", button(house, "E02", "Customer agreed on the call")), *await house.listened()]

    assert "Customer's mood (estimate)" in text_of(news)
    (picture,) = pictures_in(news)
    assert picture.path.endswith(".en.png") and "mood" in picture.alt


async def test_while_it_is_doubtful_who_the_customer_is_nobody_is_judged(house: HouseUnderTest, moods: FakeMoods) -> None:
    await house.send_recording("E01", UNCLEAR)
    news = await tapped_news(house)

    assert "语气" not in text_of(news) and pictures_in(news) == []
    assert moods.asked == [] and on_disk(house) == []


async def test_a_voice_message_is_never_judged(house: HouseUnderTest, moods: FakeMoods) -> None:
    await house.send_recording("E01", CALL, "voice.amr", is_spoken=True)
    await house.send_recording("K001", CALL + "。", "voice.amr", is_spoken=True)
    await house.listened()

    assert {one["is_message"] for one in (await house.records("recording")).values()} == {True}
    assert moods.asked == []


@pytest.mark.parametrize("fault", [ValueError("no emotion model can be loaded from here"), RuntimeError("of any kind")])
async def test_a_report_does_not_wait_for_a_mood_that_cannot_be_had(
    house: HouseUnderTest, moods: FakeMoods, fault: Exception
) -> None:
    moods.fails = fault
    await house.send_recording("E01", CALL)
    news = await tapped_news(house)

    assert "4 段话" in text_of(news) and "语气" not in text_of(news)
    assert (await only_recording(house))["state"] == "done"
    assert len(moods.asked) == 1


async def test_what_takes_the_process_down_each_time_is_left_out_of_the_report(
    house: HouseUnderTest, moods: FakeMoods
) -> None:
    moods.gate = Semaphore(0)
    await sent(house, "E01", CALL, "call.m4a")
    await eventually(lambda: bool(moods.asked))
    async with house.store.write() as tx:  # as three processes that died would have left it
        await tx.execute(update(ListeningRow).values(owner="dead", lease_until=house.clock(), attempts=3))
    moods.gate.release(10)
    await house.listened()
    await house.pass_time(timedelta(minutes=1))
    news = await house.listened()

    assert (await only_recording(house))["state"] == "done"
    assert await kept(house) is None
    assert len(moods.asked) == 1
    assert "语气" not in text_of(news)


async def test_after_a_restart_it_is_judged_and_nothing_is_heard_twice(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    first, second = FakeMoods(gate=Semaphore(0)), FakeMoods()
    listener = FakeListener()
    async with open_house(settings, minds, sample_sqlite_url, FakeListener(), first) as house:
        await sent(house, "E01", CALL, "call.m4a")
        await eventually(lambda: bool(first.asked))
        await house.house.listening.stop()
        assert await parts(house) == [0]
        assert await kept(house) is None
    async with open_house(settings, minds, sample_sqlite_url, listener, second) as house:
        house.clock.move(timedelta(hours=1))
        news = [*await house.pass_time(timedelta(minutes=1)), *await house.listened()]
        assert "明显生气" in text_of(news)
        assert listener.heard == [] and len(second.asked) == 1
        assert await kept(house) is not None


async def test_cancel_stops_it_and_going_on_judges_it(house: HouseUnderTest, moods: FakeMoods) -> None:
    moods.gate = Semaphore(0)
    await sent(house, "E01", CALL, "call.m4a")
    await eventually(lambda: bool(moods.asked))
    assert "已停下" in text_of(await house.say("E01", "取消"))
    await house.listened()
    assert (await only_recording(house))["state"] == "cancelled"
    assert await kept(house) is None and on_disk(house) == []

    moods.gate.release(10)
    assert "明显生气" in await tapped(house, "E01", "接着听")
    assert await kept(house) is not None


async def test_two_workers_keep_one_mood_and_tell_one_report(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    one, other = FakeMoods(gate=Semaphore(0)), FakeMoods()
    async with (
        open_house(settings, minds, sample_sqlite_url, FakeListener(), one) as house,
        open_house(settings, minds, sample_sqlite_url, FakeListener(), other) as second,
    ):
        await sent(house, "E01", CALL, "call.m4a")
        await eventually(lambda: bool(one.asked))
        second.clock.at = house.clock.at + timedelta(hours=1)  # the lease has run out: the second takes it over
        second.house.listening.kick()
        await second.listened()
        assert one.gate is not None
        one.gate.release(10)
        news = [*await house.listened(), *await second.listened()]

        assert len(other.asked) == 1
        assert (await only_recording(house))["state"] == "done"
        async with house.store.read() as tx:
            assert len((await tx.execute(select(CallMoodRow.recording_id))).all()) == 1
        assert len([one for one in news if "通话报告" in one.reply.text]) <= 1


async def told(house: HouseUnderTest) -> str:
    """A call that was heard and told; its recording's id."""
    await sent(house, "E01", CALL, "call.m4a")
    await house.listened()
    return str((await only_recording(house))["id"])


async def test_when_somebody_else_is_the_customer_the_mood_is_judged_anew(house: HouseUnderTest, moods: FakeMoods) -> None:
    recording = await told(house)
    moods.gate = Semaphore(0)
    await house.change("recording", recording, {"customer_speaker": "乙"})

    assert await house.house.listening.judge_again(recording)

    await eventually(lambda: len(moods.asked) == 2)
    assert await kept(house, "甲") is None and on_disk(house) == [], "what was made of one of ours is gone at once"
    moods.gate.release(10)
    news = await house.listened()
    assert moods.asked[1] == ("乙", 4)
    heard = await kept(house, "乙")
    assert heard is not None and {one.emotion for one in heard.mood.felt} == {"neutral"}
    assert "按更正后的客户重新听了语气" in text_of(news) and "大多平静" in text_of(news)
    assert len(pictures_in(news)) == 1
    assert (await only_recording(house))["state"] == "done"
    assert not await house.house.listening.judge_again(recording), "it is judged by now"


async def put_right(house: HouseUnderTest, *corrections: CorrectCall) -> list[Arrived]:
    for number, one in enumerate(corrections):
        async with house.store.write() as tx:
            outcome = await house.house.recordings.order(tx, one, HOUSE, f"right:{number}", "web:E01")
        assert outcome.kind == "done"
    return [*await house.pass_time(timedelta(minutes=1)), *await house.listened()]


async def test_putting_the_customer_right_has_the_mood_judged_anew(house: HouseUnderTest, moods: FakeMoods) -> None:
    recording = await told(house)

    news = await put_right(house, CorrectCall(recording, "customer", "乙"))

    assert [customer for customer, _ in moods.asked] == ["甲", "乙"]
    assert "按更正后的客户重新听了语气" in text_of(news)


async def test_what_was_said_by_somebody_else_is_no_longer_judged(house: HouseUnderTest, moods: FakeMoods) -> None:
    recording = await told(house)

    news = await put_right(house, CorrectCall(recording, "speaker", "乙", 3))

    heard = await kept(house)
    assert heard is not None and [one.emotion for one in heard.mood.felt] == ["neutral"]
    assert "生气" not in text_of(news)


async def test_other_words_are_no_reason_to_judge_anew(house: HouseUnderTest, moods: FakeMoods) -> None:
    recording = await told(house)

    await put_right(house, CorrectCall(recording, "text", "这也太贵了吧", 3))

    assert len(moods.asked) == 1 and await kept(house) is not None


async def test_a_judgement_anew_survives_a_restart(settings: Settings, minds: Minds, sample_sqlite_url: str) -> None:
    first, second = FakeMoods(), FakeMoods()
    async with open_house(settings, minds, sample_sqlite_url, FakeListener(), first) as house:
        recording = await told(house)
        await house.change("recording", recording, {"customer_speaker": "乙"})
        first.gate = Semaphore(0)
        await house.house.listening.judge_again(recording)
        await eventually(lambda: len(first.asked) == 2)
    async with open_house(settings, minds, sample_sqlite_url, FakeListener(), second) as house:
        house.clock.move(timedelta(hours=1))
        await house.pass_time(timedelta(minutes=1))
        await house.listened()
        assert second.asked == [("乙", 4)]
        assert await kept(house, "乙") is not None


async def test_when_nobody_is_the_customer_any_more_the_mood_is_gone(house: HouseUnderTest, moods: FakeMoods) -> None:
    recording = await told(house)
    await house.change("recording", recording, {"customer_speaker": None})

    assert not await house.house.listening.judge_again(recording)

    assert await kept(house) is None and on_disk(house) == []
    assert len(moods.asked) == 1


async def test_it_goes_with_the_words_and_the_proof_counts_it(house: HouseUnderTest) -> None:
    await told(house)
    assert len(on_disk(house)) == 2
    await house.press("E01", button(house, "E01", "更多"))
    await house.press("E01", button(house, "E01", "删除录音"))

    (proof,) = await entries(house, "erasure")
    assert (proof["moods"], proof["pictures"]) == (1, 2)
    assert await kept(house) is None and on_disk(house) == []
    assert await house.chain_is_sound()


async def test_it_stays_as_long_as_the_words_do(house: HouseUnderTest) -> None:
    await told(house)
    await house.pass_time(timedelta(days=181))

    (proof,) = await entries(house, "erasure")
    assert (proof["words_are_gone"], proof["moods"], proof["pictures"]) == (False, 0, 0)
    assert await kept(house) is not None and len(on_disk(house)) == 2


def angry_call() -> bytes:
    """The synthetic call, each side on its own channel, each hearing a little of the other; in the middle the customer is
    loud."""
    samples = fixture("call_zh.ogg")
    channels = np.random.default_rng(0).normal(0, 0.0005, (2, len(samples))).astype(np.float32)
    strengths = iter((0.4, 3.0, 3.0, 0.4))
    for line in truth("call_zh"):
        part = slice(round(line["start"] * RATE), round(line["end"] * RATE))
        said = samples[part] * np.float32(next(strengths) if line["voice"] == 1 else 1.0)
        channels[line["voice"], part] += said
        channels[1 - line["voice"], part] += said * np.float32(0.02)
    return wav(np.clip(channels, -1, 1)).getvalue()


@asynccontextmanager
async def real_house(
    settings: Settings, minds: Minds, url: str, said: Sequence[str] | None = None
) -> AsyncIterator[HouseUnderTest]:
    """Everything is real but the words, which are those of the call where no others are `said`."""
    parrot = Parrot(said or [line["text"] for line in truth("call_zh")])
    listener = WhisperListener("parrot", load=lambda _: parrot, known=lambda _: (parrot.name, parrot.profile))
    async with open_house(settings, minds, url, listener) as house:
        yield house


async def test_an_angry_customer_is_heard_from_the_file_itself(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    """With a model in the home that knows nothing but loudness, so that it is known what must come out."""
    settings.home.mkdir()
    (settings.home / "emotion-model").symlink_to(SHIPPED_LOUDNESS)
    async with real_house(settings, minds, sample_sqlite_url) as house:
        await house.send_recording("E01", angry_call(), "call.wav")
        news = await tapped_news(house)

        assert "客户语气（估计）：大多生气，0:27 最明显（“我需要先跟老板商量一下。”）" in text_of(news)
        heard = await kept(house, "B")
        assert heard is not None and heard.mood.model == "loudness"
        customers = [(line["start"], line["end"]) for line in truth("call_zh") if line["voice"] == 1]
        for one in heard.mood.felt:  # as far as one can hear, nothing is from when only the other side speaks
            spoken = [min(one.end, end) - max(one.start, start) for start, end in customers]
            assert max(spoken) > 0.6 * (one.end - one.start)
        assert {one.emotion for one in heard.mood.felt if 14 < one.middle < 30} == {"angry"}
        assert "angry" not in {one.emotion for one in heard.mood.felt if not 14 < one.middle < 30}
        assert max(heard.outline) == 1 and len(heard.outline) > 100


async def test_the_shipped_model_has_its_say_of_the_same_call(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    async with real_house(settings, minds, sample_sqlite_url) as house:
        await house.send_recording("E01", angry_call(), "call.wav")
        news = await tapped_news(house)

        heard = await kept(house, "B")
        assert heard is not None and heard.mood.model.startswith("parley-emotion")
        assert len(heard.mood.felt) >= 4
        assert "客户语气" in text_of(news)


def test_what_the_words_carry_counts_at_their_seconds_as_far_as_it_is_sure_that_they_were_said(minds: Minds) -> None:
    feelings = minds.reader.feelings
    assert feelings is not None
    said = ("你们这样做太过分了，我非常生气！", "好的。")
    sentences = [Sentence(text, "zh", "B", "customer", at, at + 3, 0.5) for at, text in enumerate(said)]

    furious, nothing = words_of(feelings, sentences)

    assert (furious.start, furious.end, furious.scores.likeliest) == (0, 3, "angry")
    assert 0.1 < furious.confidence <= 0.5
    assert nothing.confidence < furious.confidence / 2


async def test_words_have_their_say_in_a_call(settings: Settings, minds: Minds, sample_sqlite_url: str) -> None:
    said = [line["text"] for line in truth("call_zh")]
    last = max(at for at, line in enumerate(truth("call_zh")) if line["voice"] == 1)
    said[last] = "你们怎么搞的，三天了还没人来修，我要投诉！"
    async with real_house(settings, minds, sample_sqlite_url, said) as house:
        await house.send_recording("E01", angry_call(), "call.wav")
        await tapped_news(house)

        heard = await kept(house, "B")
        assert heard is not None and any(one.uses_words for one in heard.mood.felt)
