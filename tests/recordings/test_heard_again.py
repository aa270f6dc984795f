"""A part of a recording is heard by whoever may read it, by others only by a deed, and by nobody once it is deleted."""

import io
from collections.abc import Sequence
from hashlib import sha256
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update

from actions.commands.clips import LONGEST_CLIP, Part, ShareClip
from actions.crm import people
from actions.outside.tables import CrossingRow, ProposalRow, RecordingRow
from actions.proposal import Notify
from bot.channels.files_apart import told_of
from bot.clips import HEARD_ONCE, KEPT_FOR
from bot.may_hear import Closed, may_hear, why_not_heard
from bot.message import Address, File, Reply, reply_from_json
from bot.playing import second_in
from tests.fakes import FakeListener
from tests.house_under_test import Arrived, HouseUnderTest
from tests.recordings.test_arrival_and_basis import button, entries, only_recording, tapped, text_of
from tests.voice.encoding import RATE, encoded, fixture
from tests.voice.test_cutting import lag_and_likeness
from voice.clip import LONGEST
from voice.decode import decode

WORDS = "客户: 你们的报价比别家贵\n销售: 我们包三年维保"
CALL = encoded("ogg", "libopus", 48_000, fixture("call_en.ogg")[None])
WHOLE = decode(io.BytesIO(CALL)).mono


async def heard_call(house: HouseUnderTest, listener: FakeListener, basis: str = "客户在通话里同意了") -> str:
    """A call of E01's that was listened to; its id."""
    listener.scripts[sha256(CALL).hexdigest()] = WORDS
    await house.send_recording("E01", CALL)
    await tapped(house, "E01", basis)
    found: str = (await only_recording(house))["id"]
    return found


def clips_in(news: Sequence[Arrived]) -> list[tuple[str, File]]:
    return [(one.conversation, file) for one in news for file in one.reply.files if file.clip]


async def opened(house: HouseUnderTest, file: File) -> bytes | Closed:
    return await house.house.clips.content(file)


def assert_sounds(content: bytes | Closed, start: float, seconds: float) -> None:
    assert isinstance(content, bytes)
    heard = decode(io.BytesIO(content)).samples[0]
    wanted = WHOLE[round(start * RATE) : round((start + seconds) * RATE)]
    assert len(heard) == pytest.approx(len(wanted), abs=2)
    lag, likeness = lag_and_likeness(heard, wanted)
    assert abs(lag) < 0.0015 and likeness > 0.95


async def test_a_moment_is_asked_for_in_words_and_heard(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    news = await house.say("E01", "播放0:07")
    ((place, file),) = clips_in(news)
    assert place == "E01" and "call 0:07–0:17" in text_of(news) and "你们的报价比别家贵" in text_of(news)
    assert (file.clip, file.start, file.seconds, file.reader) == (recording, 7.0, 10.0, "person:E01")
    assert_sounds(await opened(house, file), 7.0, 10.0)


async def test_it_is_heard_while_the_rest_is_still_listened_to(house: HouseUnderTest, listener: FakeListener) -> None:
    listener.scripts[sha256(CALL).hexdigest()] = WORDS
    listener.gate = Semaphore(1)
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    ((_, file),) = clips_in(await house.say("E01", "播放0:03"))
    assert_sounds(await opened(house, file), 3.0, 10.0)
    listener.gate = None


async def test_going_on_and_the_end_of_it(house: HouseUnderTest, listener: FakeListener) -> None:
    await heard_call(house, listener)
    await house.say("E01", "播放0:05")
    ((_, file),) = clips_in(await house.press("E01", button(house, "E01", "接着听")))
    assert (file.start, file.seconds) == (15.0, 5.0), "the rest of what was listened to"
    assert [one.label for one in house.buttons("E01")[:1]] == ["转给经理群"], "nothing comes after it"
    assert "0:20 就结束了" in text_of(await house.say("E01", "播放3:12"))


async def test_the_report_offers_its_moments(house: HouseUnderTest, listener: FakeListener) -> None:
    await heard_call(house, listener)
    told = text_of(await house.press("E01", button(house, "E01", "更多")))
    assert "▶ 0:00" in told and "播放 0:00" in told
    assert clips_in(await house.press("E01", button(house, "E01", "▶ 0:00")))


@pytest.mark.parametrize(
    ("words", "second"),
    [
        ("播放3:12", 192),
        ("听一下 1:02:03", 3723),
        ("play 3:12", 192),
        ("play me 0:05", 5),
        ("can you play from 3:12", 192),
        ("play me the bit at 1:02", 62),
        ("播放3分12秒", 192),
        ("play 45s", 45),
        ("放 3：07", 187),
        ("▶ 3:12", 192),
    ],
)
def test_ways_to_ask_for_a_moment(words: str, second: float) -> None:
    assert second_in(words) == second


@pytest.mark.parametrize("words", ["播放", "听", "play it", "hear from him", "放到3点12", "明天3:12提醒我", "play 3:75"])
def test_what_asks_for_no_moment(words: str) -> None:
    assert second_in(words) is None


async def test_where_no_recording_is_spoken_of_the_words_are_read_as_ever(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    await heard_call(house, listener)
    assert clips_in(await house.say("E02", "播放0:07")) == []


async def test_a_colleague_hears_nothing_with_a_button_of_it(house: HouseUnderTest, listener: FakeListener) -> None:
    await heard_call(house, listener)
    await house.press("E01", button(house, "E01", "更多"))
    press = button(house, "E01", "▶ 0:00")
    news = await house.press("E02", press)
    assert clips_in(news) == [] and "不归您看" in text_of(news)


async def test_in_a_group_it_is_not_played(house: HouseUnderTest, listener: FakeListener) -> None:
    await heard_call(house, listener)
    await house.press("E01", button(house, "E01", "更多"))
    news = await house.press("E11", button(house, "E01", "▶ 0:00"), place="managers")
    assert clips_in(news) == [] and "私聊" in text_of(news)


# --- the gate ---------------------------------------------------------------------------------------------------------


async def why(house: HouseUnderTest, part: Part, to: str, deed: str = "") -> str | None:
    async with house.store.read() as tx:
        shut = await why_not_heard(tx, part, to, deed)
        assert (shut is None) == await may_hear(tx, part, to, deed)
    return shut


async def test_who_may_hear_it(house: HouseUnderTest, listener: FakeListener) -> None:
    part = Part(await heard_call(house, listener), 0.0, 5.0)
    whom = {one: await why(house, part, f"person:{one}") for one in ("E01", "E11", "E20", "E02", "E12", "K001", "nobody")}
    shut = "not_allowed"
    assert whom == {"E01": None, "E11": None, "E20": None, "E02": shut, "E12": shut, "K001": shut, "nobody": shut}
    for group in ("group:@managers", "group:@service", "group:", ""):
        assert await why(house, part, group) == shut
    assert await why(house, Part("REC-none", 0.0, 5.0), "person:E20") == "deleted"


async def test_a_customer_does_not_hear_even_their_own_voice(house: HouseUnderTest) -> None:
    await house.send_recording("K001", "您好", is_spoken=True)
    recording = await only_recording(house)
    assert recording["by_id"] == "K001"
    assert await why(house, Part(recording["id"], 0.0, 1.0), "person:K001") == "not_allowed"


async def test_nothing_is_heard_without_a_basis(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    part = Part((await only_recording(house))["id"], 0.0, 5.0)
    assert await why(house, part, "person:E01") == "no_basis"
    assert await house.house.clips.hand_out(part, "person:E01") == Closed("no_basis")


# --- sharing ----------------------------------------------------------------------------------------------------------


async def shared(house: HouseUnderTest) -> list[Arrived]:
    await house.say("E01", "播放0:07")
    return await house.press("E01", button(house, "E01", "转给经理群"))


async def test_it_is_shared_with_the_managers_by_a_deed(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    news = await shared(house)
    assert "✓ 可以听了" in text_of([one for one in news if one.conversation == "E01"])
    ((place, file),) = clips_in(news)
    assert (place, file.reader, file.clip) == ("managers", "group:@managers", recording) and file.deed
    assert "林悦转来“call.m4a”的一段：0:07–0:17" in text_of(news)
    assert_sounds(await opened(house, file), 7.0, 10.0)
    part = Part(recording, 7.0, 10.0)
    for other, to in (
        (part, "group:@service"),
        (Part(recording, 7.0, 11.0), file.reader),
        (Part("REC-x", 7.0, 10.0), file.reader),
    ):
        assert await why(house, other, to, file.deed) is not None, "the deed opens what it names, and nothing beside it"
    assert await why(house, part, file.reader) == "not_allowed", "nor does the group hear without it"


async def test_every_hearing_is_on_record_with_what_was_heard(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    ((_, file),) = clips_in(await house.say("E01", "播放0:07"))
    assert await entries(house, "clip") == [], "a clip that nobody plays was heard by nobody"
    first, again = await opened(house, file), await opened(house, file)
    assert isinstance(first, bytes) and first == again
    (entry,) = await entries(house, "clip")
    assert entry == {
        "recording": recording,
        "start": 7.0,
        "seconds": 10.0,
        "to": "person:E01",
        "deed": "",
        "sha256": sha256(first).hexdigest(),
        "size": len(first),
    }
    house.clock.move(HEARD_ONCE * 2)
    await opened(house, file)
    assert len(await entries(house, "clip")) == 2
    assert await house.chain_is_sound()


async def test_one_s_own_voice_is_shared_only_after_a_manager_has_looked(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    await heard_call(house, listener, "是我自己的声音")
    news = await shared(house)
    assert clips_in(news) == [] and "本人录给自己" in text_of(news)
    ((place, file),) = clips_in(await house.press("E11", button(house, "managers", "确认"), place="managers"))
    assert place == "managers"
    assert_sounds(await opened(house, file), 7.0, 10.0)


async def test_deleted_meanwhile_only_the_words_go_with_the_reason(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    ((_, file),) = clips_in(await shared(house))
    assert isinstance(await opened(house, file), bytes)
    async with house.store.write() as tx:
        await tx.execute(update(RecordingRow).where(RecordingRow.id == recording).values(state="deleted"))
    closed = await opened(house, file)
    assert closed == Closed("deleted")
    assert isinstance(closed, Closed)
    assert told_of(file, "zh", closed) == "[录音没有发到这里：call 0:07–0:17]\n录音已经删除。"
    assert told_of(file, "en", closed).endswith("The recording has been deleted.")


async def test_a_basis_that_is_withdrawn_meanwhile_closes_it(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    ((_, file),) = clips_in(await shared(house))
    async with house.store.write() as tx:
        await tx.execute(update(RecordingRow).where(RecordingRow.id == recording).values(basis=None))
    assert await opened(house, file) == Closed("no_basis")


async def test_deleting_takes_the_player_off_the_card(house: HouseUnderTest, listener: FakeListener) -> None:
    await heard_call(house, listener)
    ((_, file),) = clips_in(await house.say("E01", "播放0:07"))
    await house.press("E01", button(house, "E01", "更多"))
    news = await house.press("E01", next(one for one in house.buttons_ever("E01") if one.label == "删除录音"))
    redrawn = [one.reply for one in news if one.redraws]
    assert redrawn and all(not reply.files for reply in redrawn)
    assert await opened(house, file) == Closed("deleted")
    assert house.house.clips._kept == {}


# --- notices of other deeds -------------------------------------------------------------------------------------------


async def announced(house: HouseUnderTest, data: dict[str, Any]) -> list[Arrived]:
    async with house.store.write() as tx:
        notice = Notify("group:@managers", "other", data)
        await house.house.judge._world.announce(tx, "P-none:0", notice)
    return await house.pass_time(KEPT_FOR)


async def test_a_notice_that_names_a_part_without_a_deed_says_why_it_has_none(
    house: HouseUnderTest, listener: FakeListener
) -> None:
    recording = await heard_call(house, listener)
    news = await announced(house, {"clip": {"recording": recording, "start": 3, "seconds": 10}})
    assert clips_in(news) == [] and "按规则，这里不能听" in text_of(news)


_NO_PARTS = (("x", 1), (-1, 5), (0, 61), (float("nan"), 5))


@pytest.mark.parametrize(
    "told",
    [None, 7, {}, {"recording": "R"}, *({"recording": "R", "start": at, "seconds": n} for at, n in _NO_PARTS)],
)
def test_a_notice_that_names_no_part_there_can_be_names_none(told: Any) -> None:
    assert Part.of({"clip": told}) is None


def test_a_clip_is_as_long_here_as_there() -> None:
    assert LONGEST_CLIP == LONGEST


# --- the command ------------------------------------------------------------------------------------------------------


async def ordered(house: HouseUnderTest, command: ShareClip, who: str = "E01") -> tuple[str, str]:
    async with house.store.write() as tx:
        speaker = await people.speaker_of(tx, who)
        assert speaker is not None
        outcome = await house.house.recordings.order(tx, command, speaker, f"test:{command}:{who}", "test")
    return outcome.kind, outcome.proposal.plan.problem or ",".join(reason.rule for reason in outcome.decision.reasons)


async def test_what_cannot_be_shared(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)

    async def tried(who: str = "E01", **what: Any) -> tuple[str, str]:
        given: dict[str, Any] = {"recording_id": recording, "start": 1.0, "seconds": 5.0, "to": "group:@managers", **what}
        return await ordered(house, ShareClip(**given), who)

    assert await tried(to="group:@strangers") == ("impossible", "clip_for_nobody")
    assert await tried(to="person:K001") == ("impossible", "clip_for_nobody")
    assert await tried(to="E12") == ("impossible", "clip_for_nobody")
    assert await tried(start=-1.0) == ("impossible", "clip_outside")
    assert await tried(start=99.0) == ("impossible", "clip_outside")
    assert await tried(seconds=61.0) == ("impossible", "clip_outside")
    assert await tried(recording_id="REC-none") == ("impossible", "not_found")
    assert (await tried("E02"))[0] == "refused", "somebody who may not hear it shares nothing"
    assert (await tried("E11", to="person:E12"))[0] == "done"


async def test_what_would_be_heard_abroad_leaves_the_country(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    kind, rules = await ordered(house, ShareClip(recording, 1.0, 5.0, "group:@managers", destination="SG"))
    assert kind == "waiting" and "cross_border" in rules
    await house.change("employee", "E12", {"zone": "America/New_York"})
    kind, rules = await ordered(house, ShareClip(recording, 1.0, 5.0, "person:E12"))
    assert kind == "waiting" and "cross_border" in rules


async def test_whose_voice_was_heard_abroad_is_counted_for_the_year(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    async with house.store.write() as tx:
        await tx.execute(update(RecordingRow).where(RecordingRow.id == recording).values(customer_id="C001"))
    sent = ShareClip(recording, 1.0, 5.0, "group:@managers", customer_id="C001", destination="SG")
    assert (await ordered(house, sent))[0] == "waiting"
    async with house.store.read() as tx:
        assert (await tx.execute(select(CrossingRow))).all() == []
        (asked,) = (await tx.execute(select(ProposalRow.id, ProposalRow.digest))).all()
        director = await people.speaker_of(tx, "E20")
    assert director is not None
    async with house.store.write() as tx:
        here = Address("web", "E20")
        settled = await house.house.judge.settle(tx, asked.id, asked.digest, director, True, here)
    assert settled.outcome is not None and settled.outcome.kind == "done"
    async with house.store.read() as tx:
        counted = (await tx.execute(select(CrossingRow.destination, CrossingRow.person))).all()
    assert {one.destination for one in counted} == {"SG"} and "contact:K001" in {one.person for one in counted}


# --- in the house -----------------------------------------------------------------------------------------------------


async def test_nothing_plain_lies_on_the_disk(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    before = sorted(path for path in house.home.rglob("*") if path.is_file())
    assert isinstance(await house.house.clips.hand_out(Part(recording, 1.0, 2.0), "person:E01"), bytes)
    assert sorted(path for path in house.home.rglob("*") if path.is_file()) == before


async def test_what_was_kept_is_let_go_of(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    clips = house.house.clips
    await clips.cut(recording, 1.0, 2.0)
    assert len(clips._kept) == 1
    await house.pass_time(KEPT_FOR)
    assert clips._kept == {}


async def test_a_file_that_was_changed_is_not_played(house: HouseUnderTest, listener: FakeListener) -> None:
    recording = await heard_call(house, listener)
    sealed = house.home / "recordings" / f"{recording}.sealed"
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 1
    sealed.write_bytes(content)
    assert await house.house.clips.hand_out(Part(recording, 1.0, 2.0), "person:E01") == Closed("seal_broken")
    sealed.unlink()
    assert await house.house.clips.hand_out(Part(recording, 1.0, 2.0), "person:E01") == Closed("gone")
    assert await entries(house, "clip") == []


def test_replies_kept_by_an_earlier_version_are_still_read() -> None:
    kept = {
        "text": "x",
        "lang": "zh",
        "files": [{"name": "a.pdf", "path": "p", "paper": "Q-1", "reader": "E01", "text": ""}],
    }
    assert reply_from_json(kept) == Reply("x", "zh", files=(File("a.pdf", "p", "Q-1", "E01"),))


def test_the_call_of_these_tests_is_not_silent() -> None:
    assert np.abs(WHOLE[7 * RATE : 17 * RATE]).max() > 0.1
