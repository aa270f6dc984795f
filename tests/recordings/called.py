"""A customer's call, and how the customer sounded in it: what the tests of dispatch send through the house."""

from datetime import datetime, timedelta
from decimal import Decimal

from actions.commands.dispatch import dispatch_id, facts_to_json
from actions.crm import own
from actions.outside.store import Store, Tx
from actions.policy.dispatch import CallFacts
from bot.kept_moods import HeardMood, keep_mood
from tests.house_under_test import Arrived, HouseUnderTest
from tests.recordings.test_arrival_and_basis import button
from voice.emotions import Scores
from voice.mood import UNCERTAIN, Felt, Mood
from voice.transcript import Turn

FAULT = (
    "销售: 您好\n客户: 你们的系统又登不上去了\n客户: 中央站昨晚黑屏又重启\n客户: 你们服务太差了我要投诉\n销售: 我马上去看"
)
CALM = "销售: 您好\n客户: 你们的报价比别家贵\n客户: 那先发一份正式报价\n客户: 下周我们再谈\n销售: 我们包三年维保"


def heard(
    anger: float, *, customer: str = "客户", at: float = 35.0, coverage: float = 1.0, knows_calm: bool = True
) -> HeardMood:
    """A customer who is this angry at one second of the call, and calm before: measured against that, or not."""
    calm, angry = Scores(0.05, 0.05, 0.85, 0.05), Scores(anger, 0.02, round(1 - anger - 0.04, 3), 0.02)
    emotion = "angry" if anger > 0.5 else "neutral"
    felt = (
        Felt(10.0, 20.0, calm, calm, "neutral" if coverage else UNCERTAIN, False, 0.9, False),
        Felt(at - 5, at + 5, angry, angry, emotion if coverage else UNCERTAIN, anger > 0.5, 0.9, False),
    )
    return HeardMood(customer, Mood(felt, (), knows_calm, coverage, "a model"), (0.1, 0.9))


async def call(
    house: HouseUnderTest, words: str = FAULT, mood: HeardMood | None = None, customer: str | None = "C001", who: str = "E01"
) -> tuple[str, list[Arrived]]:
    """Somebody sends a call; its customer is known, and so is the mood where there is one. The recording, and what came."""
    before = set(await house.records("recording"))
    await house.send_recording(who, words, f"call{len(before)}.m4a")
    (recording,) = set(await house.records("recording")) - before
    if customer is not None:
        await house.change("recording", recording, {"customer_id": customer})
    if mood is not None:
        async with house.store.write() as tx:
            await keep_mood(tx, recording, mood, house.clock(), spoken(words))
    news = await house.press(who, button(house, who, "客户在通话里同意了"))
    return recording, [*news, *await house.listened()]


def spoken(words: str) -> list[Turn]:
    """Who speaks when, as the listener of the tests hears it."""
    lines = [line.partition(": ") for line in words.split("\n")]
    return [Turn(n * 10.0, n * 10.0 + 10.0, text, (), "zh", who, 0.7, True, 0.95) for n, (who, _, text) in enumerate(lines)]


async def seed(store: Store, facts: list[CallFacts], at: datetime) -> None:
    """So many calls that were dispatched before, each with its facts, the first the oldest."""
    async with store.write() as tx:
        for number, one in enumerate(facts):
            await _seed_one(tx, f"REC-{number:03}", one, at + timedelta(seconds=number), f"C{number % 40 + 1:03}")


async def _seed_one(tx: Tx, recording: str, facts: CallFacts, at: datetime, customer: str) -> None:
    values = {
        "digest": recording,
        "name": f"{recording}.m4a",
        "mime": "audio/mp4",
        "size": 1,
        "is_message": False,
        "by_id": "E01",
        "channel": "web",
        "conversation": "web:E01",
        "created_at": facts.at.isoformat(),
        "state": "done",
        "customer_id": customer,
    }
    await own.create(tx, "recording", recording, values)
    kept = {"recording_id": recording, "version": "0", "priority": "none", "line": "", "at": at.isoformat()}
    await own.create(tx, "dispatch", dispatch_id(recording, 0), {**kept, "facts": facts_to_json(facts, customer)})


def many_calls(count: int, at: datetime) -> list[CallFacts]:
    """Calls of all kinds: calm and angry, unknown moods, with technical words and without."""
    words = ("重启", "黑屏", "报警", "日志")
    return [
        CallFacts(
            at=at - timedelta(hours=number),
            tier="ABC"[number % 3],
            anger=None if number % 7 == 0 else Decimal(number * 37 % 100) / 100,
            coverage=Decimal("0.90") if number % 11 else Decimal("0.10"),
            technical=words[: number % 5],
            shows=(("service.fault",), ("service.complaint", "urgent"), (), ("service.invoice",))[number % 4],
            open_tickets=number % 3,
        )
        for number in range(count)
    ]
