"""Whatever people write: an answer comes, it is not the sentence for a broken message, and the chain holds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phrase import phrase_plain
from tests.doors.house_with_doors import CUSTOMER, HouseWithDoors, direct

BROKEN = {phrase_plain("broken", "zh").reply.text, phrase_plain("broken", "en").reply.text}

PIECES = (
    """
华康医疗|那单|Huakang|that deal|金额改到60万|推进到谈判|折扣12%|下周三提醒我|客户说|太贵了|撤销|确认|不|1|更多|为什么
帮助|报价
地址改到上海市浦东新区示例路 9 号|raise it to 600k|yes|转给 E02|投诉|<@U0PARLEY>|K7QM-2XHD|{}|%s|'; drop table deal; --
</xml>|]]>|*_~`|\u202e|👩‍⚕️|&lt;
""".strip()
    .replace("\n", "|")
    .split("|")
)
SAID = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=6).map(" ".join)
OFTEN = settings(max_examples=25)


@OFTEN
@given(SAID)
async def test_in_slack(doors: HouseWithDoors, text: str) -> None:
    await doors.bind("slack", {"E01": "U0REP"})
    before = len(doors.slack.seen_in(direct("U0REP")))
    assert (await doors.slack.say(text)).is_acknowledged
    await doors.settle()
    answers = doors.slack.seen_in(direct("U0REP"))[before:]
    assert answers
    assert not BROKEN & {answer.text for answer in answers}
    assert await doors.chain_is_sound()


@OFTEN
@given(SAID.map(lambda text: "".join(letter for letter in text if letter.isprintable() or letter == "\n")))
async def test_in_wechat(doors: HouseWithDoors, text: str) -> None:
    await doors.bind("wechat", {"K001": CUSTOMER})
    answer = await doors.wechat.answer_to(text)
    assert answer
    assert answer not in BROKEN
    await doors.settle()
    assert await doors.chain_is_sound()
