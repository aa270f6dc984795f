"""The policy file: what it may say, and that every mistake in it is found when it is loaded, with its line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from actions.policy.commands import policy_cli
from actions.policy.fields import VARIABLES
from actions.policy.policy import Policy
from actions.policy.rates import Rates
from actions.proposal import Confirmers
from tests.actions.house import NOW, POLICY

SIGHT: dict[str, Any] = {
    "command": "update_amount",
    "role": "rep",
    "region": "华东",
    "amount_cny": 0.0,
    "currency": "CNY",
    "rates_age_days": 10,
    "contract": False,
    "discount": 0.0,
    "records": 1,
    "crosses_border": False,
    "destination": "",
    "people": 0,
    "people_year": 0,
    "people_destination": 0,
    "sensitive_year": 0,
    "legal_data": False,
    "signed_by": [],
    "discount_agreed": 0.0,
    "outward": False,
    "confidence": 1.0,
    "hour": 9,
    "weekday": 1,
    "working_time": True,
    "quiet_time": False,
    "now": NOW,
}
IN_FULL = SIGHT | {"speaker.is_staff": True}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rule(when: str, **more: str) -> str:
    lines = {"verdict": "confirm", "confirmers": "{roles: [manager]}", **more}
    rest = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    return f"rules:\n  - id: one\n    when: {when}\n{rest}"


def test_a_test_sight_shows_every_variable() -> None:
    assert set(SIGHT) == set(VARIABLES)


def test_nothing_speaks_against_an_ordinary_change() -> None:
    assert POLICY.judge(IN_FULL) == ()


@pytest.mark.parametrize(
    ("sight", "found"),
    [
        ({"contract": True, "amount_cny": 500000.0}, set()),
        ({"contract": True, "amount_cny": 500000.01}, {"contract_value"}),
        ({"contract": False, "amount_cny": 900000.0}, set()),
        ({"crosses_border": True, "destination": "SG", "people_year": 3}, {"cross_border", "border_exempt"}),
        ({"crosses_border": True, "people_year": 100_000}, {"cross_border", "border_filing"}),
        ({"crosses_border": True, "people_year": 5, "sensitive_year": 5}, {"cross_border", "border_filing"}),
        ({"crosses_border": True, "people_year": 1_000_000}, {"cross_border", "border_assessment"}),
        ({"crosses_border": True, "people_year": 10_000, "sensitive_year": 10_000}, {"cross_border", "border_assessment"}),
        ({"outward": True}, set()),
        ({"outward": True, "working_time": False}, {"off_hours"}),
        ({"outward": True, "working_time": False, "speaker.is_staff": False}, set()),
        ({"outward": True, "quiet_time": True}, {"quiet_hours"}),
        ({"contract": True, "amount_cny": 200000.0, "working_time": False}, {"off_hours"}),
        ({"command": "set_reminder", "working_time": False, "quiet_time": True}, set()),
        ({"discount": 10.0}, set()),
        ({"discount": 12.0}, {"own_limit"}),
        ({"discount": 15.0}, {"own_limit"}),
        ({"discount": 15.01}, {"discount"}),
        ({"discount": 30.0}, {"discount"}),
        ({"discount": 30.5}, {"discount", "discount_limit"}),
        ({"discount": 20.0, "role": "director"}, set()),
        ({"records": 20}, set()),
        ({"records": 21}, {"many_records"}),
        ({"legal_data": True, "role": "customer"}, {"legal_data"}),
        ({"confidence": 0.49}, {"low_confidence"}),
        ({"confidence": 0.5}, set()),
        ({"confidence": 0.1, "command": "open_ticket"}, set()),
    ],
)
def test_the_shipped_rules_say(sight: dict[str, Any], found: set[str]) -> None:
    assert {finding.reason.rule for finding in POLICY.judge(IN_FULL | sight)} == found


def test_a_reason_tells_what_the_rule_saw() -> None:
    (finding,) = POLICY.judge(IN_FULL | {"contract": True, "amount_cny": 600000.0})
    assert finding.reason.data == {"amount_cny": 600000.0, "contract": True}
    assert finding.confirmers == Confirmers(frozenset({"manager", "director"}), not_requester=True)


def test_a_rule_that_cannot_be_evaluated_asks_a_person(tmp_path: Path) -> None:
    policy = Policy.load(written(tmp_path, rule("records / (records - records) > 1")))
    (finding,) = policy.judge(SIGHT)
    assert (finding.reason.rule, finding.reason.verdict, finding.reason.data) == ("policy_error", "confirm", {"rule": "one"})


def test_a_variable_that_is_missing_asks_a_person_rather_than_letting_it_pass() -> None:
    assert {finding.reason.verdict for finding in POLICY.judge({})} == {"confirm"}


def test_what_nobody_has_counted_asks_a_person() -> None:
    unknown = {name: value for name, value in IN_FULL.items() if not name.endswith("_year")}
    found = POLICY.judge(unknown | {"crosses_border": True})
    assert [finding.reason.rule for finding in found] == ["cross_border", "policy_error"]
    assert found[1].reason.data == {"rule": "border_exempt, border_filing, border_assessment"}


ANYTHING = st.none() | st.booleans() | st.floats() | st.text() | st.integers()


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), ANYTHING))
def test_judging_never_raises(sight: dict[str, Any]) -> None:
    POLICY.judge(SIGHT | sight)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (rule("amuont_cny > 1.0"), r"policy.yaml:3: rule one: undeclared reference to 'amuont_cny'"),
        (rule("amount_cny > 500000"), r"policy.yaml:3: rule one: .*write a double with a point"),
        (rule("records + 1"), "policy.yaml:3: rule one: an expression must be true or false, not int"),
        (rule("records >"), "policy.yaml:3: rule one: "),
        (rule("\"'yes'\""), "policy.yaml:3: rule one: an expression must be true or false"),
        (rule("42"), "policy.yaml:3: rule one: an expression is needed here"),
        (rule("contract", verdict="forbid"), "policy.yaml:4: rule one: verdict is confirm, refuse or run"),
        (rule("contract", verdict="refuse"), "policy.yaml:5: rule one: only a confirm rule has confirmers"),
        (rule("contract", confirmers="[manager]"), "policy.yaml:5: rule one: confirmers are"),
        (rule("contract", confirmers="{roles: [boss]}"), "policy.yaml:5: rule one: roles may name director, legal, manager"),
        (rule("contract", confirmers="{roles: [manager], not_requester: 2}"), "policy.yaml:5: rule one: not_requester"),
        (rule("contract", confirmers="{people: E01}"), "policy.yaml:5: rule one: people are the ids of employees"),
        (rule("contract", confirmers="{people: [E01], needed: 2}"), "policy.yaml:5: rule one: nobody could ever confirm it"),
        (rule("contract", confirmers="{roles: [legal], needed: 0}"), "policy.yaml:5: rule one: needed is a whole number"),
        (rule("contract", on_expiry="hope"), "policy.yaml:6: rule one: on_expiry is escalate, refuse or wait"),
        (
            rule("contract", verdict="refuse", confirmers="", on_expiry="wait"),
            "policy.yaml:5: rule one: only a confirm rule",
        ),
        (rule("contract", confirmers="{roles: []}"), "policy.yaml:5: rule one: nobody could ever confirm it"),
        (rule("contract", expires_hours="0"), "policy.yaml:6: rule one: expires_hours"),
        (rule("contract", expires_hours=".nan"), "policy.yaml:6: rule one: expires_hours"),
        (rule("contract", urgency="high"), "policy.yaml:6: rule one: there is no such key as urgency"),
        (rule("contract") + rule("contract")[len("rules:\n") :], "policy.yaml:6: rule one: this id is there twice"),
        ("rules:\n  - when: contract\n", "policy.yaml:2: a rule needs an id"),
        ("rules:\n  - contract\n", "policy.yaml:2: a rule needs an id"),
        (rule("!contract"), "policy.yaml:3: not valid YAML .an expression that begins with ! needs quotes"),
        ("rules: {}\n", "policy.yaml:1: a policy is a list"),
        ("", "policy.yaml:1: a policy is a list"),
        ("rules:\n  - [\n", "policy.yaml:3: not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file_line_and_rule(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Policy.load(written(tmp_path, text))


def test_all_mistakes_are_listed_at_once(tmp_path: Path) -> None:
    text = rule("nonsense", verdict="perhaps", confirmers="") + "  - id: two\n    when: also_nonsense\n    verdict: refuse\n"
    with pytest.raises(ValueError, match="nonsense") as error:
        Policy.load(written(tmp_path, text))
    assert [line.split(":")[1] for line in str(error.value).splitlines()] == ["3", "4", "6"]


@given(st.text())
def test_any_text_at_all_is_a_policy_or_a_plain_refusal(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ValueError, match=r"any\.yaml"):
        Policy.load(path)


def test_the_version_changes_with_the_file(tmp_path: Path) -> None:
    first = Policy.load(written(tmp_path, rule("contract"))).version
    assert Policy.load(written(tmp_path, rule("contract"))).version == first
    assert Policy.load(written(tmp_path, rule("'!contract'"))).version != first


# --- rates --------------------------------------------------------------------------------------------------------------


def test_an_amount_is_converted_at_the_dated_rate() -> None:
    rates = Rates.load()
    assert rates.to_cny(100.0, "CNY") == 100.0
    assert rates.to_cny(100.0, "USD") == float(rates.cny["USD"] * 100)
    assert rates.to_cny(100.0, "XXX") is None


def test_rates_beside_the_policy_file_are_the_ones_that_count(tmp_path: Path) -> None:
    (tmp_path / "rates.yaml").write_text("as_of: 2026-01-01\ncny: {CNY: 1, USD: 7}\n")
    policy = Policy.load(written(tmp_path, rule("contract")))
    assert policy.rates.to_cny(2.0, "USD") == 14.0


@pytest.mark.parametrize(
    "text", ["", "cny: {USD: 7}", "as_of: 2026-01-01\ncny: {USD: -7}", "as_of: 2026-01-01\ncny: {USD: x}"]
)
def test_rates_that_cannot_be_counted_with_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "rates.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"rates\.yaml"):
        Policy.load(written(tmp_path, rule("contract")))


# --- parley policy check ------------------------------------------------------------------------------------------------


def test_check_says_that_the_shipped_policy_is_valid() -> None:
    result = CliRunner().invoke(policy_cli, ["check"], env={"PARLEY_POLICY": None})
    assert result.exit_code == 0
    assert "valid" in result.output


def test_check_lists_what_is_wrong_and_fails(tmp_path: Path) -> None:
    result = CliRunner().invoke(policy_cli, ["check", str(written(tmp_path, rule("nonsense")))])
    assert result.exit_code == 1
    assert "policy.yaml:3: rule one: undeclared reference to 'nonsense'" in result.stderr
