"""Steps of a procedure, each with who, what before, and by when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.search import Library
from retrieval.steps import Step, steps_of


def test_a_step_states_its_owner_precondition_and_time_limit() -> None:
    text = "First:\n1. Ask the customer. (owner: sales rep; needs: a signed form; within: 2 days)\n2. Post it.\n- Keep it."

    assert list(steps_of(text)) == [
        Step(1, "Ask the customer.", "sales rep", "a signed form", "2 days"),
        Step(2, "Post it."),
    ]


@pytest.mark.parametrize(
    "line", ["3、寄回。(负责:仓库;时限:2 天)", "3. 寄回。(负责:仓库;时限:2 天)", "3) 寄回。(时限: 2 天; 负责人: 仓库)"]
)
def test_chinese_steps_are_read_with_either_signs(line: str) -> None:
    assert list(steps_of(line)) == [Step(3, "寄回。", owner="仓库", within="2 天")]


@pytest.mark.parametrize(
    "line", ["1. Call (see: annex 2)", "1. Call (owner: a; owner: b)", "1. Call (today)", "1. Call (owner: a; soon)"]
)
def test_a_bracket_that_states_something_else_stays_where_it_is(line: str) -> None:
    assert list(steps_of(line)) == [Step(1, line[3:])]


@given(st.text())
def test_any_text_can_be_asked_for_its_steps(text: str) -> None:
    assert all(step.text in text for step in steps_of(text))


def test_the_sample_documents_have_procedures_in_both_languages(library: Library) -> None:
    for lang in ("zh", "en"):
        steps = [step for passage in library.passages if passage.lang == lang for step in steps_of(passage.text)]
        assert sum(bool(step.owner and step.within) for step in steps) >= 20
        assert any(step.needs for step in steps)
