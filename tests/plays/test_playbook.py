"""The playbook is data that operations people write: whatever is wrong in it is told with its place when it is read."""

import pytest

from actions.plays.playbook import FACTS, PLAYBOOK, check_intents, read_playbook
from actions.plays.ranking import SIGNALS, playbook
from actions.plays.roster import PLAYS
from actions.plays.steps import STEPS

FACTOR_LINES = "\n".join(f"    {name}: 1" for name in FACTS)
HEAD = f"""
factors:
  facts:
{FACTOR_LINES}
  lately: -40
  lately_days: 14
  experience: 60
  least_cases: 5
  least_with: 3
plays:
"""


def read(plays: str, head: str = HEAD) -> object:
    return read_playbook(head + plays, "plays.yaml", STEPS, SIGNALS)


def one_step(step: str) -> str:
    return f"  objection.stall:\n    cites: objection.stall\n    steps:\n      - {step}\n"


def test_the_shipped_playbook_has_a_play_for_each_objection_and_buying_signal() -> None:
    wanted = {intent for intent in PLAYS if intent.startswith(("objection.", "buying."))}
    assert set(playbook().plays) == wanted


def test_every_step_of_the_table_is_in_some_shipped_play() -> None:
    assert {one.step for page in playbook().plays.values() for one in page.steps} == set(STEPS)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{step: consultnt, weight: 40}", "there is no step called 'consultnt'; 'consultant' was probably meant"),
        ("{step: consultant, wieght: 40}", "wieght"),
        ("{step: consultant, weight: 400}", "less than or equal to 100"),
        ("{step: follow_up, weight: 40}", "`days` is missing"),
        ("{step: message, weight: 40, only: {stages: [negotation]}}", "negotiation"),
        ("{step: message, weight: 40, only: {stages: [won]}}", "a deal in won is closed"),
        ("{step: message, weight: 40, only: {}}", "a condition that says nothing"),
        ("{step: message, weight: 40, only: {signal: budget_freze}}", "'budget_freeze' was probably meant"),
        ("{step: message, weight: 40, only: {amount_above: 5, amount_below: 4}}", "no amount is above"),
        ("{step: message, weight: 40, only: {closes_within: 3, closes_after: 9}}", "no day is within"),
        ("{step: message, weight: 1}\n      - {step: message, weight: 2}", "stands here twice"),
    ],
)
def test_a_mistake_in_a_step_is_told_with_the_play_that_it_is_in(step: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^plays\.yaml, plays\.objection\.stall") as error:
        read(one_step(step))
    assert said in str(error.value)


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="consultnt") as error:
        read(one_step("{step: consultnt, weight: 40}") + "  objection.price:\n    cites: objection.price\n    steps: []\n")
    assert "a play without steps offers nothing" in str(error.value)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("    named: 1\n", ""), "named is missing"),
        (HEAD.replace("    named: 1\n", "    named: 1\n    nmaed: 1\n"), "there is no fact called 'nmaed'"),
        (HEAD.replace("lately: -40", "lately: 40"), "factors.lately"),
    ],
)
def test_a_mistake_in_the_factors_is_told(head: str, said: str) -> None:
    with pytest.raises(ValueError, match="factors") as error:
        read(one_step("{step: message, weight: 40}"), head)
    assert said in str(error.value)


def test_what_is_no_yaml_is_said_so() -> None:
    with pytest.raises(ValueError, match="this is no YAML"):
        read("  - [")


def test_an_intent_that_nobody_knows_is_an_error_and_so_is_one_without_a_play() -> None:
    book = playbook()
    with pytest.raises(ValueError, match=r"objection\.price: there is no intent called 'objection\.price'"):
        check_intents(book, PLAYS.keys() - {"objection.price"}, ())
    with pytest.raises(ValueError, match=r"service\.refund: this intent has no play"):
        check_intents(book, PLAYS, ["service.refund"])


def test_what_a_play_cites_must_be_an_intent() -> None:
    text = PLAYBOOK.read_text(encoding="utf-8").replace("cites: objection.trust", "cites: objection.truth")
    with pytest.raises(ValueError, match=r"cites: .*'objection\.trust' was probably meant"):
        check_intents(read_playbook(text, "plays.yaml", STEPS, SIGNALS), PLAYS, ())
