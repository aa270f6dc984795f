"""Real files through the real queue: decoded, told apart and cut by the voice room; only the words come from a parrot."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest
from numpy.typing import NDArray

from actions.crm.own import get
from actions.crm.records import Recording
from actions.policy.files import SHIPPED_POLICY
from actions.policy.recordings import SHIPPED_RECORDINGS
from bot.app import Minds
from bot.kept_recordings import turns_of
from bot.settings import Settings
from tests.house_under_test import HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import button, only_recording, tapped, text_of
from tests.recordings.test_queue import eventually, parts
from tests.voice.encoding import FIXTURES, fixture, truth, wav
from tests.voice.parrot import Parrot, stereo_call
from voice.cannot_hear import CannotHear
from voice.listen import Wishes, listen
from voice.listener import WhisperListener
from voice.profile import LARGE, Profile
from voice.transcribe import Heard
from voice.transcript import Transcript, Turn


@asynccontextmanager
async def house_with(
    settings: Settings, minds: Minds, url: str, parrot: Parrot, wishes: Wishes | None = None
) -> AsyncIterator[HouseUnderTest]:
    listener = WhisperListener("parrot", wishes, load=lambda _: parrot, known=lambda _: (parrot.name, parrot.profile))
    async with open_house(settings, minds, url, listener) as house:
        yield house


async def heard_of(house: HouseUnderTest) -> tuple[Recording, tuple[Turn, ...]]:
    kept = await only_recording(house)
    async with house.store.read() as tx:
        recording = await get(tx, "recording", kept["id"])
        assert isinstance(recording, Recording)
        return recording, await turns_of(tx, recording.id)


def at_once(file: Path | io.BytesIO, parrot: Parrot, wishes: Wishes | None = None) -> Transcript:
    """The same file, listened to in one go."""
    transcript = list(listen(file, parrot, wishes))[-1].transcript
    assert transcript is not None
    return transcript


async def test_a_call_on_two_channels_becomes_a_transcript_with_both_sides(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    lines = truth("call_zh")
    said = [line["text"] for line in lines]
    async with house_with(settings, minds, sample_sqlite_url, Parrot(said)) as house:
        await house.send_recording("E01", stereo_call().getvalue(), "call.wav")
        told = await tapped(house, "E01", "客户在通话里同意了")
        recording, turns = await heard_of(house)
    assert [turn.text for turn in turns] == said
    assert [turn.speaker for turn in turns] == ["AB"[line["voice"]] for line in lines]
    assert not any(turn.speaker_is_estimated for turn in turns)
    assert (recording.two_channels, recording.customer_speaker, recording.model) == (True, "B", "parrot")
    assert recording.customer_percent is not None and recording.customer_percent > 50
    whole = at_once(stereo_call(), Parrot(said))
    assert (turns, recording.duration_ms) == (whole.turns, round(whole.duration * 1000))
    assert f"{len(said)} 段话" in told and "只认合成语音" in told
    assert "我需要先跟老板商量一下" in told


async def test_speakers_told_apart_by_voice_are_the_same_in_every_piece_and_after_a_restart(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    wishes = Wishes(piece_seconds=20)
    nameless = replace(LARGE, hotwords=False)  # with names the beginning of a piece is heard twice
    first, second = SlowParrot(profile=nameless), Parrot(profile=nameless)
    whole = Parrot(profile=nameless)
    together = at_once(FIXTURES / "call_zh.ogg", whole, wishes)
    async with house_with(settings, minds, sample_sqlite_url, first, wishes) as house:
        await house.send_recording("E01", (FIXTURES / "call_zh.ogg").read_bytes(), "call.ogg")
        await house.press("E01", button(house, "E01", "客户在通话里同意了"))
        await eventually(lambda: first.waits == 1)
        while await parts(house) == []:
            waiting = first.waits
            first.gate.release()
            await eventually(lambda waiting=waiting: first.waits > waiting)  # type: ignore[misc]
        assert await parts(house) == [0]
        first.is_over = True
        await house.house.listening.stop()
    async with house_with(settings, minds, sample_sqlite_url, second, wishes) as house:
        house.clock.move(timedelta(hours=1))
        await house.pass_time(timedelta(minutes=1))
        await house.listened()
        recording, turns = await heard_of(house)
        assert len(await parts(house)) > 1 and recording.state == "done"
    assert {turn.speaker for turn in turns} == {"A", "B"} and all(turn.speaker_is_estimated for turn in turns)
    assert [(turn.speaker, turn.text) for turn in turns] == [(turn.speaker, turn.text) for turn in together.turns]
    assert len(second.clips) < len(whole.clips), "what was done is not heard again"


async def test_until_there_is_a_model_the_recording_waits(settings: Settings, minds: Minds, sample_sqlite_url: str) -> None:
    parrot, is_there = Parrot(), False

    def known(_: str | Path) -> tuple[str, Profile]:
        if not is_there:
            raise CannotHear("model_missing", setting="PARLEY_WHISPER_MODEL", model="/models/none")
        return parrot.name, parrot.profile

    listener = WhisperListener("none", load=lambda _: parrot, known=known)
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        await house.send_recording("E01", (FIXTURES / "call_en.ogg").read_bytes(), "call.ogg")
        told = await tapped(house, "E01", "客户在通话里同意了")
        assert "没有能听语音的模型" in told and "/models" not in told and "PARLEY" not in told
        assert (await only_recording(house))["state"] == "queued" and parrot.clips == []
        is_there = True
        told = text_of([*await house.pass_time(timedelta(minutes=2)), *await house.listened()])
        assert "听完了" in told and (await only_recording(house))["model"] == "parrot"


@pytest.mark.parametrize(
    ("content", "zh", "en"),
    [
        (b"%PDF-1.7 and so on" * 200, "不是能读的录音", "no recording that I can read"),
        (wav(np.zeros((1, 0), np.float32)).getvalue(), "损坏", "damaged"),
        (wav(np.zeros((1, 80_000), np.float32)).getvalue(), "没听到人说话", "Nobody speaks in it"),
    ],
    ids=["not a recording", "broken", "silent"],
)
async def test_what_cannot_be_heard_is_told_in_the_language_of_whoever_sent_it(
    settings: Settings, minds: Minds, sample_sqlite_url: str, content: bytes, zh: str, en: str
) -> None:
    async with house_with(settings, minds, sample_sqlite_url, Parrot()) as house:
        await house.send_recording("E01", content, "call.mp3")
        assert zh in await tapped(house, "E01", "客户在通话里同意了")
        await house.say("E02", "which deals do I have?")
        await house.send_recording("E02", content + b"\0", "again.mp3")
        assert en in await tapped(house, "E02", "Customer agreed on the call")


async def test_what_a_model_of_synthetic_speech_heard_in_a_voice_message_is_shown_back_first(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    voice_message = wav(fixture("alone_zh.ogg")[None]).getvalue()
    async with house_with(settings, minds, sample_sqlite_url, Parrot(["我的商机有哪些"])) as house:
        told = text_of(await house.send_recording("E01", voice_message, "voice.wav", is_spoken=True))
    assert "我听到的是" in told and "我的商机有哪些" in told and "只认合成语音" in told


class SlowParrot(Parrot):
    """Waits at each clip until it may go on; once `is_over`, it goes on with nothing."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile=profile)
        self.gate, self.waits, self.is_over = Semaphore(0), 0, False

    def hear(
        self, samples: NDArray[np.float32], bias: Sequence[str] = (), before: str = "", lang: str | None = None
    ) -> list[Heard]:
        self.waits += 1
        while not self.gate.acquire(timeout=0.02):
            if self.is_over:
                return []
        return super().hear(samples, bias, before, lang)


@pytest.mark.parametrize(("side", "customer"), [("left", "A"), ("right", "B")])
async def test_a_line_that_has_the_customer_on_one_channel_says_who_it_is(
    settings: Settings, minds: Minds, sample_sqlite_url: str, side: str, customer: str
) -> None:
    policy = settings.home / "policy.yaml"
    policy.parent.mkdir(parents=True)
    policy.write_bytes(SHIPPED_POLICY.read_bytes())
    rules = SHIPPED_RECORDINGS.read_text(encoding="utf-8").replace("customer_channel: none", f"customer_channel: {side}")
    (settings.home / "recordings.yaml").write_text(rules, encoding="utf-8")
    said = [line["text"] for line in truth("call_zh")]
    settings = settings.model_copy(update={"policy": policy})
    async with house_with(settings, minds, sample_sqlite_url, Parrot(said)) as house:
        await house.send_recording("E01", stereo_call().getvalue(), "call.wav")
        told = await tapped(house, "E01", "客户在通话里同意了")
        recording, _ = await heard_of(house)
        assert (recording.customer_speaker, recording.customer_percent) == (customer, 100)
        assert "按说的话推测" not in told
        # on one channel the setting says nothing
        await house.send_recording("E01", (FIXTURES / "call_zh.ogg").read_bytes(), "mono.ogg")
        await tapped(house, "E01", "客户在通话里同意了")
        mono = [one for one in (await house.records("recording")).values() if one["name"] == "mono.ogg"]
        assert mono[0]["customer_percent"] != 100
