"""Of a call of which a part was not understood, or was in another language, the report reads the rest and says how much."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import Minds
from bot.settings import Settings
from tests.fakes import FakeListener
from tests.house_under_test import HouseUnderTest, open_house
from tests.recordings.test_arrival_and_basis import only_recording, tapped, text_of
from voice.decode import Recording
from voice.plan import Plan
from voice.transcript import Turn


class ManyTongues(FakeListener):
    """A turn that begins with `xx: ` was said in that language; a model that `knows_all` has no such trouble."""

    knows_all: bool = False

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
        if self.knows_all:
            return super().hear(source, plan, number, said, cancelled, names, keep)
        heard = super().hear(source, plan, number, lambda turn: said(_in_its_language(turn)), cancelled, names, keep)
        return tuple(map(_in_its_language, heard))


def _in_its_language(turn: Turn) -> Turn:
    return replace(turn, lang={"xx": "und", "de": "de"}.get(turn.speaker, turn.lang), speaker="A")


@pytest.fixture
def listener() -> ManyTongues:
    return ManyTongues()


async def test_the_share_is_said_and_nothing_is_made_of_the_guess(house: HouseUnderTest) -> None:
    await house.send_recording("E01", "客户: 你们的报价比别家贵\nxx: 我明天上午把合同发给您\nde: wir kaufen\n客户: 那先这样")
    told = await tapped(house, "E01", "客户在通话里同意了")
    assert "有 25% 没听懂" in told and "有 25% 是别的语言（de）" in told
    assert "你们的报价比别家贵" in told
    assert "合同" not in told


async def test_in_the_whole_text_its_place_is_kept(house: HouseUnderTest) -> None:
    await house.send_recording("E01", "客户: 你们的报价比别家贵\nxx: 我明天上午把合同发给您\nde: wir kaufen")
    told = await tapped(house, "E01", "客户在通话里同意了")
    whole = await tapped(house, "E01", "全部")
    assert "没听懂：音乐、我不会的语言" in whole and "wir kaufen" in whole
    assert "合同" not in told + whole


async def test_where_nothing_was_understood_that_is_the_answer(house: HouseUnderTest) -> None:
    await house.send_recording("E01", "xx: 我明天上午把合同发给您\nxx: 预算冻结了")
    told = await tapped(house, "E01", "客户在通话里同意了")
    assert "都没听懂" in told and "没有拿猜的字来办事" in told
    assert "合同" not in told and "通话报告" not in told
    kept = await only_recording(house)
    assert (kept["state"], kept["reason"]) == ("failed", "not_understood")


CALL = "xx: 你们的报价比别家贵\nxx: 我明天上午把合同发给您\n\nxx: 那先这样"


async def test_with_a_better_model_the_same_recording_is_heard_anew(house: HouseUnderTest, listener: ManyTongues) -> None:
    await house.send_recording("E01", CALL)
    await tapped(house, "E01", "客户在通话里同意了")
    listener.knows_all, listener.model = True, "a better one"
    assert "当时没听懂" in text_of(await house.send_recording("E01", CALL))
    told = await tapped(house, "E01", "接着听")
    assert "你们的报价比别家贵" in told and "没听懂" not in told
    kept = await only_recording(house)
    assert (kept["state"], kept["reason"], kept["model"]) == ("done", "", "a better one")


async def test_a_voice_message_that_was_not_understood_is_not_obeyed(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    async with open_house(settings, minds, sample_sqlite_url, ManyTongues()) as house:
        told = text_of(await house.send_recording("E01", "xx: 把华康医疗那单推进到谈判", "voice.amr", is_spoken=True))
    assert "没听清" in told and "推进" not in told


async def test_where_the_model_knows_no_people_that_is_said_and_nobody_is_asked_to_say_it_again(
    settings: Settings, minds: Minds, sample_sqlite_url: str
) -> None:
    listener = ManyTongues(is_synthetic=True)
    async with open_house(settings, minds, sample_sqlite_url, listener) as house:
        told = text_of(await house.send_recording("E01", "xx: 把华康医疗那单推进到谈判", "voice.amr", is_spoken=True))
        await house.send_recording("E01", "xx: 我明天上午把合同发给您")
        of_a_call = await tapped(house, "E01", "客户在通话里同意了")
    assert "听不了真人" in told and "请再说一次" not in told
    assert "听不了真人" in of_a_call and "里面说话的地方" not in of_a_call
