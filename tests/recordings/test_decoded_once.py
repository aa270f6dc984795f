"""A recording of many pieces is decoded once: what came of it lies sealed until it is heard to its end, and no longer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Semaphore

import numpy as np
import pytest

from actions.recordings.sealed import BLOCK, DECODED_FOLDER, FOLDER, decoded_path, erase, seal_parts, sealed_path
from bot.app import Minds
from bot.decoded_sound import ROOM_LEFT, DecodedSound
from bot.settings import Settings
from tests.house_under_test import HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import button, only_recording
from tests.recordings.test_listened_to import at_once, heard_of
from tests.recordings.test_queue import eventually, parts
from tests.voice.encoding import FIXTURES, fixture, wav
from tests.voice.parrot import Parrot
from voice.decode import Recording, record
from voice.listen import Wishes
from voice.listener import WhisperListener
from voice.plan import Plan
from voice.profile import LARGE
from voice.transcript import Span, Turn

SECRET = b"a secret of the house, long enough"
WISHES = Wishes(piece_seconds=10)
CALL = FIXTURES / "call_zh.ogg"


def parrot() -> Parrot:
    return Parrot(profile=replace(LARGE, hotwords=False))


class WatchedListener(WhisperListener):
    """Writes down which pieces were decoded from the file; before each it waits, where there is a gate."""

    def __init__(self, gate: Semaphore | None = None, spoils: Callable[[], None] = lambda: None) -> None:
        one = parrot()
        super().__init__("parrot", WISHES, load=lambda _: one, known=lambda _: (one.name, one.profile))
        self.gate, self.spoils = gate, spoils
        self.decoded: list[int] = []
        self.begun: list[int] = []

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
        self.begun.append(number)
        while self.gate is not None and not self.gate.acquire(timeout=0.02):
            if cancelled():
                return ()
        if isinstance(source, Path):
            self.decoded.append(number)
        heard = super().hear(source, plan, number, said, cancelled, names, keep)
        self.spoils()
        return heard


def lies_decoded(house: HouseUnderTest) -> list[str]:
    folder = house.home / FOLDER / DECODED_FOLDER
    return sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []


async def sent(house: HouseUnderTest, file: Path = CALL) -> None:
    await house.send_recording("E01", file.read_bytes(), file.name)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))


async def test_no_piece_is_decoded_again_and_nothing_is_left(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    listener = WatchedListener()
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        await sent(house)
        await house.listened()
        _, turns = await heard_of(house)
        assert len(await parts(house)) > 2 and listener.decoded == []
        assert lies_decoded(house) == []
    assert turns == at_once(CALL, parrot(), WISHES).turns


async def test_after_a_restart_it_goes_on_with_what_was_decoded(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    first, second = WatchedListener(Semaphore(1)), WatchedListener()
    async with open_house(settings, minds, sample_sqlite_url, first) as house:
        await sent(house)
        await eventually(lambda: first.begun == [0, 1])
        recording = (await only_recording(house))["id"]
        assert lies_decoded(house) == [f"{recording}.sealed"]
        await house.house.listening.stop()
    async with open_house(settings, minds, sample_sqlite_url, second) as house:
        house.clock.move(timedelta(hours=1))
        await house.pass_time(timedelta(minutes=1))
        await house.listened()
        _, turns = await heard_of(house)
        assert lies_decoded(house) == []
    assert second.begun[0] == 1 and second.decoded == []
    assert turns == at_once(CALL, parrot(), WISHES).turns


def take_away(path: Path) -> None:
    path.unlink()


def change_its_end(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(bytes(whole))


def change_its_middle(path: Path) -> None:
    """Of several blocks: that one of them is not as it was sealed is seen only when it is read."""
    whole = bytearray(path.read_bytes())
    assert len(whole) > 3 * BLOCK
    whole[2 * BLOCK] ^= 1
    path.write_bytes(bytes(whole))


def cut_it(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty_it(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [take_away, change_its_end, change_its_middle, cut_it, empty_it])
async def test_where_it_is_lost_the_file_is_decoded_once_more_and_the_words_are_the_same(
    settings: Settings, minds: Minds, sample_sqlite_url: str, spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    call = tmp_path / "call.wav"
    call.write_bytes(wav(np.tile(fixture(CALL.name), 5)[None]).getvalue())
    spoilt: list[Path] = []

    def spoil_once() -> None:
        if not spoilt:
            spoilt.extend((settings.home / FOLDER / DECODED_FOLDER).iterdir())
            spoil(spoilt[0])

    listener = WatchedListener(spoils=spoil_once)
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        await sent(house, call)
        await house.listened()
        recording, turns = await heard_of(house)
        assert recording.state == "done" and lies_decoded(house) == []
    assert len(spoilt) == 1 and len(listener.decoded) == 1, "for one piece, which keeps it for the others"
    assert turns == at_once(call, parrot(), WISHES).turns


async def test_a_cancelled_or_deleted_recording_leaves_nothing(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    listener = WatchedListener(Semaphore(1))
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        await sent(house)
        await eventually(lambda: listener.begun == [0, 1])
        assert len(lies_decoded(house)) == 1
        await house.say("E01", "取消")
        await house.listened()
        assert (await only_recording(house))["state"] == "cancelled" and lies_decoded(house) == []


async def test_what_a_process_left_of_recordings_that_are_over_is_taken_away(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    listener = WatchedListener(Semaphore(1))
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        await sent(house)
        await eventually(lambda: listener.begun == [0, 1])
        folder = house.home / FOLDER / DECODED_FOLDER
        for name in ("REC-1.sealed", "REC-1.sealed.0123456789ab.part"):
            (folder / name).write_bytes(b"left behind")
        await house.house.listening.sweep()
        assert lies_decoded(house) == [f"{(await only_recording(house))['id']}.sealed"]


def test_with_the_recording_goes_what_was_decoded_of_it(tmp_path: Path) -> None:
    path, begun = decoded_path(tmp_path, "REC-1"), decoded_path(tmp_path, "REC-1").with_name("REC-1.sealed.01.part")
    other = decoded_path(tmp_path, "REC-12")
    for one, kept_as in ((path, "a"), (begun, "a"), (other, "a"), (sealed_path(tmp_path, "REC-1"), "REC-1")):
        seal_parts([b"words"], one, SECRET, kept_as)
    assert erase(tmp_path, "REC-1")
    assert (path.exists(), begun.exists(), other.exists()) == (False, False, True)


def test_it_is_sealed_and_opens_in_its_own_place_only(tmp_path: Path) -> None:
    sounds = DecodedSound(tmp_path, SECRET)
    said = fixture("alone_en.ogg")
    with record(wav(said[None])) as recording:
        sounds.keep("REC-1", recording)
        plain = recording.sound(Span(0.5, 2.0)).samples
        stored = b"".join(recording.raw())[32_000:32_064]
    path = decoded_path(tmp_path, "REC-1")
    assert stored not in path.read_bytes() and path.stat().st_mode & 0o777 == 0o600
    kept = sounds.opened("REC-1")
    assert kept is not None and (kept.sound(Span(0.5, 2.0)).samples == plain).all()
    kept.close()
    path.rename(decoded_path(tmp_path, "REC-2"))
    assert sounds.opened("REC-2") is None
    assert DecodedSound(tmp_path, SECRET[::-1]).opened("REC-2") is None


def test_where_the_disk_has_no_room_nothing_is_kept(tmp_path: Path) -> None:
    tight = DecodedSound(tmp_path, SECRET, free=lambda _: ROOM_LEFT + 64_000 * 60)
    with record(CALL) as recording:
        assert recording.duration < 60
        tight.keep("REC-1", recording)
        keep = tight.keeper("REC-2", recording.duration)
        assert keep is not None and tight.keeper("REC-3", 61.0) is None
        keep(recording)
        DecodedSound(tmp_path, SECRET, free=lambda _: ROOM_LEFT).keep("REC-4", recording)
    assert tight.ids() == {"REC-1", "REC-2"}


async def test_without_room_each_piece_is_decoded_from_the_file_with_the_same_words(tmp_path: Path) -> None:
    listener = WatchedListener()
    plan = listener.plan(CALL, lambda: False)
    turns = [
        turn
        for number in range(len(plan.pieces))
        for turn in listener.hear(CALL, plan, number, lambda _: None, lambda: False)
    ]
    assert listener.decoded == list(range(len(plan.pieces)))
    assert tuple(turns) == at_once(CALL, parrot(), WISHES).turns
