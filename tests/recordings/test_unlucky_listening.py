"""What goes wrong around a recording: full disks, clocks that jump, files that vanish, one that cannot be deleted."""

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Semaphore

import pytest
from sqlalchemy import update

from actions.commands.recordings import TakeRecording
from actions.crm import own
from actions.crm.records import Speaker
from actions.outside.store import Tx
from actions.outside.tables import ListeningRow
from actions.policy.recordings import shipped_recordings
from actions.proposal import Outcome, Proposal
from actions.recordings.sealed import seal, sealed_path
from bot.app import Minds
from bot.kept_recordings import Arrival, RecordingShelf
from bot.message import Address, Attachment, Message
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import CALL, button, entries, only_recording, text_of
from tests.recordings.test_queue import eventually, sent
from voice.decode import Recording
from voice.plan import Opening, Plan
from voice.transcript import Turn

MINUTE = timedelta(minutes=1)


@dataclass
class UnluckyListener(FakeListener):
    """`no_room` as long as the disk is full; it reads a file again after each piece, as a decoder does."""

    no_room: bool = False

    def plan(
        self,
        path: Path,
        cancelled: Callable[[], bool],
        looked: Callable[[Opening], None] | None = None,
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> Plan:
        if self.no_room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().plan(path, cancelled, looked, names, keep)

    def hear(
        self,
        source: Path | Recording,
        plan: Plan,
        number: int,
        said: Callable[[Turn], None],
        cancelled: Callable[[], bool],
        names: Sequence[str] = (),
        keep: Callable[[Recording], None] | None = None,
    ) -> tuple[Turn, ...]:
        assert isinstance(source, Path)
        turns = super().hear(source, plan, number, said, cancelled, names, keep)
        source.read_bytes()
        return turns


@pytest.fixture
def listener() -> UnluckyListener:
    return UnluckyListener()


async def heard(house: HouseUnderTest) -> str:
    await house.house.clockwork.sweep()
    return text_of(await house.listened())


# --- the disk is full ------------------------------------------------------------------------------------------------------


async def test_while_the_disk_is_full_a_recording_waits_and_is_told_once(
    house: HouseUnderTest, listener: UnluckyListener
) -> None:
    listener.no_room = True
    await house.send_recording("E01", CALL)
    news = [*await house.press("E01", button(house, "E01", "客户在通话里同意了")), *await house.listened()]
    assert "磁盘满了" in text_of(news)
    assert (await only_recording(house))["state"] == "queued"
    assert "磁盘满了" not in text_of([*await house.pass_time(2 * MINUTE), *await house.listened()])
    listener.no_room = False
    assert "你们的报价比别家贵" in text_of([*await house.pass_time(2 * MINUTE), *await house.listened()])


# --- the clock jumps -------------------------------------------------------------------------------------------------------


async def test_a_clock_that_jumps_ahead_takes_no_file_from_under_the_listener(
    house: HouseUnderTest, listener: UnluckyListener
) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", "客户: 一句话", "call.m4a")
    await eventually(lambda: bool(listener.heard))
    house.clock.move(timedelta(hours=1))
    await house.house.listening.sweep()
    listener.gate.release(10)
    assert "一句话" in text_of(await house.listened())
    assert (await only_recording(house))["state"] == "done"


async def test_a_plain_file_that_another_takes_away_costs_an_attempt_and_not_the_recording(
    house: HouseUnderTest, listener: UnluckyListener
) -> None:
    listener.gate = Semaphore(0)
    await sent(house, "E01", "客户: 一句话", "call.m4a")
    await eventually(lambda: bool(listener.heard))
    for file in (house.home / "recordings" / "open").iterdir():
        file.unlink()
    listener.gate.release(10)
    assert "一句话" in text_of(await house.listened())
    assert (await only_recording(house))["state"] == "done"


async def test_a_lease_from_a_clock_that_was_ahead_holds_nothing_up(
    house: HouseUnderTest, listener: UnluckyListener
) -> None:
    listener.missing = True
    await sent(house, "E01", CALL, "call.m4a")
    await house.listened()
    async with house.store.write() as tx:  # as a process that died with its clock a day ahead would have left it
        await tx.execute(update(ListeningRow).values(owner="dead", lease_until=house.clock() + timedelta(days=1)))
    listener.missing = False
    assert "你们的报价比别家贵" in await heard(house)


# --- what cannot be deleted, what is found again ---------------------------------------------------------------------------


async def test_one_file_that_cannot_be_deleted_holds_no_other_up(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    await house.send_recording("E01", CALL + "\n客户: 再见")
    first, second = sorted((await house.records("recording")).values(), key=lambda one: one["created_at"])
    stuck = sealed_path(house.home, first["id"])
    stuck.unlink()
    (stuck / "something").mkdir(parents=True)
    await house.pass_time(timedelta(hours=80))
    states = {one["id"]: one["state"] for one in (await house.records("recording")).values()}
    assert states == {first["id"]: "awaiting_basis", second["id"]: "deleted"}
    assert [one["recording"] for one in await entries(house, "erasure")] == [second["id"]]
    (stuck / "something").rmdir()
    stuck.rmdir()
    await house.pass_time(MINUTE)
    assert (await house.records("recording"))[first["id"]]["state"] == "deleted"


async def test_a_sealed_file_that_was_left_over_is_not_swept_away_once_it_came_again(house: HouseUnderTest) -> None:
    """The message that left it was given up long ago; the one that brings the same bytes now has no record yet."""
    shelf = RecordingShelf(house.store, house.home, bytes(32), shipped_recordings, _nothing_to_decide, house.clock)
    arrival = await taken_in(house, shelf, "m1")
    sealed = sealed_path(house.home, arrival.recording_id)
    long_ago = (house.clock() - timedelta(hours=3)).timestamp()
    os.utime(sealed, (long_ago, long_ago))
    assert (await taken_in(house, shelf, "m2")).recording_id == arrival.recording_id
    await shelf.sweep()
    assert sealed.is_file()
    os.utime(sealed, (long_ago, long_ago))
    await shelf.sweep()
    assert not sealed.exists()


async def test_what_a_process_that_died_while_sealing_left_is_taken_away(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    sealed = sealed_path(house.home, (await only_recording(house))["id"])
    half = sealed.with_name(f"{sealed.name}.0123456789ab.part")
    half.write_bytes(b"sealed")
    at = house.clock().timestamp()
    os.utime(half, (at, at))
    await house.pass_time(timedelta(hours=1))
    assert half.exists()
    await house.pass_time(timedelta(hours=2))
    assert not half.exists() and sealed.exists()


async def test_a_stray_that_cannot_be_taken_away_ends_no_sweep(house: HouseUnderTest) -> None:
    """The sweep of the queue comes after it."""
    shelf = RecordingShelf(house.store, house.home, bytes(32), shipped_recordings, _nothing_to_decide, house.clock)
    stuck, other = (sealed_path(house.home, name) for name in ("REC-a", "REC-b"))
    (stuck / "something").mkdir(parents=True)
    other.write_bytes(b"sealed")
    long_ago = (house.clock() - timedelta(hours=3)).timestamp()
    for file in (stuck, other):
        os.utime(file, (long_ago, long_ago))
    await shelf.sweep()
    assert stuck.exists() and not other.exists()


async def _nothing_to_decide(tx: Tx, proposal: Proposal, conversation: str) -> Outcome:
    raise AssertionError("nothing is decided here")


async def taken_in(house: HouseUnderTest, shelf: RecordingShelf, key: str) -> Arrival:
    """A file that has just been fetched, sealed."""
    file = house.home / "files" / key / "call.m4a"
    file.parent.mkdir(parents=True)
    file.write_text(CALL, encoding="utf-8")
    attachment = Attachment("voice", str(file), "call.m4a")
    message = Message(key, Address("web", "E01"), "E01", "", house.clock(), attachments=(attachment,))
    return await shelf.take_in(message, attachment, file, Speaker("E01", "rep", ""), "zh")


async def test_the_same_bytes_again_mend_a_recording_whose_file_does_not_open(
    house: HouseUnderTest, listener: UnluckyListener
) -> None:
    await house.send_recording("E01", CALL)
    recording = await only_recording(house)
    plain = house.home / "plain"
    plain.write_text(CALL, encoding="utf-8")
    seal(plain, sealed_path(house.home, recording["id"]), b"another secret" * 3, recording["id"])
    await house.send_recording("E01", CALL, "again.m4a")
    assert "你们的报价比别家贵" in text_of(
        [*await house.press("E01", button(house, "E01", "客户在通话里同意了")), *await house.listened()]
    )


async def test_the_same_bytes_again_bring_a_recording_back_whose_file_was_lost(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    recording = await only_recording(house)
    sealed_path(house.home, recording["id"]).unlink()
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()
    assert (await only_recording(house))["reason"] == "gone"
    await house.send_recording("E01", CALL, "again.m4a")
    assert "你们的报价比别家贵" in text_of(
        [*await house.press("E01", button(house, "E01", "接着听")), *await house.listened()]
    )


# --- two at the same moment ------------------------------------------------------------------------------------------------


async def test_the_same_call_from_two_people_at_the_same_moment_is_one_recording(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    one, other = FakeListener(), FakeListener()
    async with (
        open_house(settings, minds, sample_sqlite_url, one) as house,
        open_house(settings, minds, sample_sqlite_url, other) as second,
    ):
        second._said = 100
        await asyncio.gather(house.send_recording("E01", CALL, "a.m4a"), second.send_recording("E02", CALL, "b.m4a"))
        assert len(await house.records("recording")) == 1
        await house.seen_meanwhile()
        await asyncio.gather(
            house.press("E01", button(house, "E01", "客户在通话里同意了")),
            second.press("E02", button(second, "E02", "开头已告知会录音")),
        )
        await house.listened()
        await second.listened()
        assert (await only_recording(house))["state"] == "done"
        assert len(one.heard + other.heard) == 2


async def test_what_was_deleted_while_the_same_came_again_is_not_told_as_waiting(house: HouseUnderTest) -> None:
    await house.send_recording("E01", CALL)
    recording = await only_recording(house)
    await house.press("E01", button(house, "E01", "都不是，删掉"))
    take = TakeRecording(recording["id"], recording["digest"], "b.m4a", "audio/mp4", recording["size"], "web", "web:E02")
    async with house.store.read() as tx:
        facts = await own.get_many(tx, take.reads)
    assert take.plan(facts, Speaker("E02", "rep", ""), "key", house.clock()).problem == "recording_deleted"
