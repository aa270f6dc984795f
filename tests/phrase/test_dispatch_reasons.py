"""Every reason of a dispatch can be told in both languages, with all of its figures."""

from hypothesis import given

from actions.policy.dispatch import CallFacts, dispatch, shipped_dispatch
from actions.policy.hours import shipped_hours
from bot.phrase_dispatch import reason_line
from bot.wording.fill import Voice
from tests.policy.test_dispatch import anything


@given(anything)
def test_each_reason_is_one_line_with_its_figures(facts: CallFacts) -> None:
    for reason in dispatch(facts, shipped_dispatch(), shipped_hours()).reasons:
        for voice in (Voice("zh"), Voice("en")):
            line = reason_line(reason.key, reason.data, voice)
            assert line and "\n" not in line
            assert "points" not in reason.data or reason.data["points"] in line
