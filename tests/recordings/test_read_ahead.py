"""The report of a call is read before the transaction that ends it, and again where the call has become another."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import update

from actions.crm.records import Recording
from actions.outside.store import Tx
from actions.outside.tables import RecordingPartRow, RecordingRow
from bot.app import secret_of
from bot.kept_recordings import TURNS
from bot.listening import Listening, Progress, ReadAhead
from bot.mood_step import MoodStep
from bot.settings import Settings
from tests.fakes import FakeListener, FakeMoods
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import button, only_recording
from voice.transcript import Turn

CALL = "客户: 你们的报价比别家贵\n销售: 我们包三年维保"


class Tells:
    """Writes while it reads, as others do meanwhile: that would wait for ever within a transaction. `changes` are made to
    the call, one a reading."""

    def __init__(self, house: HouseUnderTest, changes: Sequence[str] = ()) -> None:
        self._house, self._changes = house, list(changes)
        self.readings: list[ReadAhead] = []
        self.told: list[tuple[Recording, tuple[Turn, ...], ReadAhead]] = []

    async def progress(self, progress: Progress, number: int) -> bool:
        return True

    async def read(self, recording: Recording, turns: tuple[Turn, ...]) -> ReadAhead:
        self.readings.append(ReadAhead(recording, turns, {}))
        change = self._changes.pop(0) if self._changes else ""
        async with self._house.store.write() as tx:
            if change == "words":
                other = TURNS.dump_python(turns[:1], mode="json")
                await tx.execute(update(RecordingPartRow).values(turns=other))
            elif change:
                await tx.execute(update(RecordingRow).values(customer_id=change))
        return self.readings[-1]

    async def ended(
        self, tx: Tx, recording: Recording, turns: Sequence[Turn], reason: str, key: str, ahead: ReadAhead
    ) -> None:
        self.told.append((recording, tuple(turns), ahead))

    async def judged_again(self, tx: Tx, recording: Recording, turns: Sequence[Turn], key: str) -> None:
        raise AssertionError(key)

    async def waits(self, tx: Tx, recording: Recording, reason: str) -> None:
        raise AssertionError(reason)


async def heard(house: HouseUnderTest, settings: Settings, tells: Tells) -> None:
    """A call, listened to by a worker with these tells."""
    await house.send_recording("E01", CALL)
    await house.press("E01", button(house, "E01", "客户在通话里同意了"))
    await house.listened()

    async def likely(recording: Recording) -> Sequence[str]:
        return ()

    secret, shelf, clock = secret_of(settings), house.house.recordings, house.clock
    moods, accept = MoodStep(FakeMoods(), house.home, clock), house.house.accept
    worker = Listening(house.store, house.home, secret, FakeListener(), shelf, tells, moods, accept, clock, likely=likely)
    house.clock.move(timedelta(minutes=2))
    worker.kick()
    await worker.rest()


async def test_it_is_read_before_the_transaction_and_as_the_record_will_be(
    house: HouseUnderTest, settings: Settings, listener: FakeListener
) -> None:
    listener.missing = True
    tells = Tells(house)
    await heard(house, settings, tells)
    (told,) = tells.told
    assert len(tells.readings) == 1
    assert told[2].recording == told[0] and told[2].turns == told[1]
    assert told[0].state == "done" and len(told[1]) == 2


async def test_it_is_read_again_where_what_was_said_has_changed(
    house: HouseUnderTest, settings: Settings, listener: FakeListener
) -> None:
    listener.missing = True
    tells = Tells(house, ["words"])
    await heard(house, settings, tells)
    (told,) = tells.told
    assert [len(one.turns) for one in tells.readings] == [2, 1]
    assert told[2] is tells.readings[-1] and len(told[1]) == 1


async def test_and_where_the_record_has(house: HouseUnderTest, settings: Settings, listener: FakeListener) -> None:
    listener.missing = True
    tells = Tells(house, ["C001"])
    await heard(house, settings, tells)
    (told,) = tells.told
    assert [one.recording.customer_id for one in tells.readings] == [None, "C001"]
    assert told[2] is tells.readings[-1]


async def test_what_changes_all_the_time_is_told_all_the_same(
    house: HouseUnderTest, settings: Settings, listener: FakeListener
) -> None:
    listener.missing = True
    tells = Tells(house, ["C001", "C004", "C001", "C004"])
    await heard(house, settings, tells)
    (told,) = tells.told
    assert len(tells.readings) == 3
    assert told[0].customer_id != told[2].recording.customer_id, "whoever tells it sees that it is to be read again"
    assert (await only_recording(house))["state"] == "done"
