"""While a long recording is opened its card says how far that is, and the first words before anybody knows who speaks."""

import asyncio
import io
from pathlib import Path
from threading import Semaphore

import numpy as np

from bot.app import Minds
from bot.kept_recordings import turns_of
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import button, only_recording, text_of
from tests.recordings.test_listened_to import house_with
from tests.recordings.test_queue import LONG, eventually, sent
from tests.voice.encoding import fixture, wav
from tests.voice.parrot import Parrot
from voice.listener import WhisperListener
from voice.plan import Opening
from voice.transcript import Turn

_A_WHILE = 30.0
WORDS = Turn(3.0, 5.0, "您好我是客服", (), "zh", "", 0.0, True, 0.9)


def long_call(times: int = 4) -> io.BytesIO:
    return wav(np.tile(fixture("call_en.ogg"), times)[None])


def listener_with(parrot: Parrot) -> WhisperListener:
    return WhisperListener("parrot", load=lambda _: parrot, known=lambda _: (parrot.name, parrot.profile))


async def shown(house: HouseUnderTest, words: str) -> str:
    """The card with these words, once it is there."""
    news: list[str] = []

    async def look() -> bool:
        news.extend(text_of([one]) for one in await house.seen_meanwhile() if one.redraws)
        return any(words in one for one in news)

    async with asyncio.timeout(_A_WHILE):
        while not await look():
            await asyncio.sleep(0.02)
    return next(one for one in news if words in one)


async def test_the_first_words_are_on_the_card_before_it_is_opened(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    listener.openings = (Opening(0.1, 3600.0), Opening(0.2, 3600.0, (WORDS,)), Opening(0.8, 3600.0))
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(1)
    card = await shown(house, "您好我是客服")
    assert "正在打开：call.m4a（共 1:00:00）· 20%" in card
    assert "0:03 您好我是客服" in card and "取消" in card
    assert listener.heard == [] and (await only_recording(house))["state"] == "queued"
    listener.gate.release(100)
    await house.listened()
    assert (await only_recording(house))["state"] == "done"


async def test_they_give_way_to_the_words_with_their_speakers(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    listener.openings = (Opening(0.2, 80.0, (WORDS,)),)
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(2)
    card = await shown(house, "第0段第一句")
    assert "在听：call.m4a" in card and "客户" in card and "您好我是客服" not in card
    listener.gate.release(100)
    await house.listened()


async def test_cancel_stops_it_while_it_is_opened(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.gate = Semaphore(0)
    listener.openings = (Opening(0.1, 80.0), Opening(0.2, 80.0, (WORDS,)), Opening(0.3, 80.0))
    await sent(house, "E01", LONG, "call.m4a")
    listener.gate.release(1)
    await shown(house, "您好我是客服")
    assert "已停下" in text_of(await house.say("E01", "取消"))
    await house.listened()
    assert (await only_recording(house))["state"] == "cancelled" and listener.heard == []


def test_the_first_words_are_heard_as_soon_as_the_first_minute_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(long_call().getvalue())
    seen: list[Opening] = []
    plan = listener_with(Parrot()).plan(tmp_path / "call.wav", lambda: False, seen.append)
    first = next(at for at, one in enumerate(seen) if one.turns)
    assert seen[first].turns[0].speaker == "" and seen[first].turns[0].end < 60
    assert sum(one.share > seen[first].share for one in seen) > 3, "most of the work comes after them"
    assert [one.share for one in seen] == sorted(one.share for one in seen) and seen[-1].share < 1
    assert plan.duration > 100


def test_where_nobody_speaks_at_first_the_next_minutes_are_looked_through(tmp_path: Path) -> None:
    silence = np.zeros((1, 16_000 * 150), np.float32)
    speech = np.tile(fixture("call_en.ogg"), 3)[None]
    (tmp_path / "call.wav").write_bytes(wav(np.concatenate([silence, speech], axis=1)).getvalue())
    seen: list[Opening] = []
    listener_with(Parrot()).plan(tmp_path / "call.wav", lambda: False, seen.append)
    turns = [turn for one in seen for turn in one.turns]
    assert turns and all(150 <= turn.start < 180 for turn in turns)


def test_nothing_is_heard_of_a_voice_message_before_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(long_call().getvalue())
    parrot = Parrot()
    listener_with(parrot).plan(tmp_path / "call.wav", lambda: False)
    assert parrot.clips == []


def test_once_cancelled_no_more_of_them_is_heard(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(long_call().getvalue())
    parrot, seen = Parrot(), list[Opening]()
    plan = listener_with(parrot).plan(tmp_path / "call.wav", lambda: bool(parrot.clips), seen.append)
    assert len(parrot.clips) == 1 and plan.pieces == ()


async def test_a_real_file_says_its_first_words_and_then_all_of_them_once(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    parrot = Parrot()
    async with house_with(settings, minds, sample_sqlite_url, parrot) as house:
        await house.send_recording("E01", long_call(3).getvalue(), "call.wav")
        await house.press("E01", button(house, "E01", "客户在通话里同意了"))
        await eventually(lambda: bool(parrot.clips))
        await house.listened()
        recording = await only_recording(house)
        async with house.store.read() as tx:
            turns = await turns_of(tx, recording["id"])
    assert recording["state"] == "done" and len(turns) == 24
    assert len(parrot.clips) > 24, "the first words were heard twice"
