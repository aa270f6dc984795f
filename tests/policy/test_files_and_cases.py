"""A policy is a file or a folder; hours, holidays and rates carry dates; `parley policy check` plays its cases."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actions.policy.cases import read_cases
from actions.policy.commands import policy_cli
from actions.policy.contradictions import warnings
from actions.policy.files import BESIDE, SHIPPED_HOLIDAYS, SHIPPED_HOURS, SHIPPED_POLICY, files_at
from actions.policy.hours import Hours
from actions.policy.policy import Policy
from actions.policy.rates import Rates

ONE = "rules:\n  - {id: one, when: contract, verdict: refuse}\n"
TWO = "rules:\n  - {id: two, when: legal_data, verdict: refuse}\n"


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / f"{name.replace('__', '.')}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def check(path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(policy_cli, ["check", str(path)])
    return result.exit_code, result.output


# --- files -------------------------------------------------------------------------------------------------------------


def test_a_folder_is_all_of_its_files(tmp_path: Path) -> None:
    policy = Policy.load(folder(tmp_path, contracts=ONE, data=TWO))
    assert [rule.id for rule in policy.rules] == ["one", "two"]


def test_a_rule_that_is_in_two_files_is_told_of_with_both_places(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"b\.yaml:2: rule one: this id is there twice, first at .*a\.yaml:2"):
        Policy.load(folder(tmp_path, a=ONE, b=ONE))


def test_problems_of_all_files_are_listed_at_once(tmp_path: Path) -> None:
    place = folder(tmp_path, a="rules: 1", b="rules: [{id: x}]", rates="cny: 1", hours="working: 1", holidays="CN: 1")
    with pytest.raises(ValueError, match=r"a\.yaml") as error:
        Policy.load(place)
    assert {name for name in ("a.yaml", "b.yaml", "rates.yaml", "holidays.yaml") if name in str(error.value)} == {
        "a.yaml",
        "b.yaml",
        "rates.yaml",
        "holidays.yaml",
    }


def test_cases_and_what_stands_beside_are_no_rules(tmp_path: Path) -> None:
    place = folder(tmp_path, policy=ONE, policy__cases="cases: []", breakers="breakers: []")
    (place / "rates.yaml").write_bytes(BESIDE["rates.yaml"].read_bytes())
    assert [rule.id for rule in Policy.load(place).rules] == ["one"]


def test_the_version_names_everything_that_counts(tmp_path: Path) -> None:
    place = folder(tmp_path, policy=ONE)
    first = files_at(place).version
    assert files_at(place / "policy.yaml").version == first
    (place / "hours.yaml").write_bytes(SHIPPED_HOURS.read_bytes())
    assert files_at(place).version == first
    (place / "hours.yaml").write_text(SHIPPED_HOURS.read_text(encoding="utf-8").replace("18:30", "17:00"), encoding="utf-8")
    assert files_at(place).version != first


# --- rates -------------------------------------------------------------------------------------------------------------

DATED = """
stale_after_days: 30
sets:
  - {from: 2026-02-01, cny: {CNY: 1, USD: 7}}
  - {from: 2026-01-01, cny: {CNY: 1, USD: 8}}
"""


def test_the_rate_in_force_on_the_day_counts() -> None:
    rates = Rates.read(DATED, "here")
    assert [rates.to_cny(1.0, "USD", date(2026, 1, day)) for day in (1, 31)] == [8.0, 8.0]
    assert rates.to_cny(1.0, "USD", date(2026, 2, 1)) == 7.0
    assert rates.to_cny(1.0, "USD", date(2025, 6, 1)) == 8.0
    assert rates.age(date(2026, 3, 3)) == 30


def test_two_sets_of_one_day_are_refused() -> None:
    with pytest.raises(ValueError, match="two sets from the same day"):
        Rates.read(DATED.replace("2026-02-01", "2026-01-01"), "here")


# --- hours -------------------------------------------------------------------------------------------------------------


def hours(more: str = "") -> Hours:
    text = SHIPPED_HOURS.read_text(encoding="utf-8").replace("regions: {}", more or "regions: {}")
    return Hours.read(text, SHIPPED_HOLIDAYS.read_text(encoding="utf-8"), "hours.yaml", "holidays.yaml")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "works"),
    [
        ("2026-03-03T09:00", True),
        ("2026-03-03T08:59", False),
        ("2026-03-03T18:30", False),
        ("2026-03-07T11:00", False),
        ("2026-10-01T11:00", False),
        ("2026-10-10T11:00", True),
        ("2026-02-28T11:00", True),
    ],
)
def test_working_time_knows_weekends_holidays_and_days_worked_in_exchange(at: str, works: bool) -> None:
    assert hours().is_working(shanghai(at), "Asia/Shanghai", "") is works


def test_a_holiday_here_is_a_working_day_elsewhere() -> None:
    assert hours().is_working(shanghai("2026-10-01T22:00"), "America/New_York", "")


def test_a_region_can_work_at_other_hours() -> None:
    south = hours('regions: {华南: {days: [1, 2, 3, 4, 5, 6], from: "08:00", to: "20:00"}}')
    assert south.is_working(shanghai("2026-03-07T19:00"), "Asia/Shanghai", "华南")
    assert not south.is_working(shanghai("2026-03-07T19:00"), "Asia/Shanghai", "华东")


def test_quiet_hours_go_over_midnight_and_are_the_customers_own() -> None:
    assert hours().is_quiet(shanghai("2026-03-03T23:00"), "CN", "Asia/Shanghai")
    assert hours().is_quiet(shanghai("2026-03-03T08:29"), "CN", "Asia/Shanghai")
    assert not hours().is_quiet(shanghai("2026-03-03T08:30"), "CN", "Asia/Shanghai")
    assert hours().is_quiet(shanghai("2026-03-03T16:00"), "US", "Asia/Shanghai")
    assert not hours().is_quiet(shanghai("2026-03-03T16:00"), "XX", "Asia/Shanghai")


def test_the_clock_put_forward_changes_nothing_about_the_hours_on_the_wall() -> None:
    """In New York the clock goes forward on 8 March 2026: nine o'clock is 14:00 UTC before and 13:00 UTC after."""
    before, after = (datetime(2026, 3, day, 14 - hour, 0, tzinfo=UTC) for day, hour in ((6, 0), (9, 1)))
    assert hours().is_working(before, "America/New_York", "")
    assert hours().is_working(after, "America/New_York", "")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('from: "09:00"', "from: 9", "a time is written as"),
        ("days: [1, 2, 3, 4, 5]", "days: [0]", "days are numbers from 1"),
        ("Asia/Tokyo", "Asia/Tokio", "there is no time zone Asia/Tokio"),
        ("Asia/Shanghai: CN", "Asia/Shanghai: XX", "has no calendar XX"),
        ("JP:", "NO:", "needs quotes"),
        ("working:", "wokring:", "there is no such key as wokring"),
    ],
)
def test_a_mistake_in_the_hours_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = SHIPPED_HOURS.read_text(encoding="utf-8").replace(old, new, 1)
    with pytest.raises(ValueError, match=r"hours\.yaml") as error:
        Policy.load(folder(tmp_path, policy=ONE, hours=text))
    assert problem in str(error.value)


# --- contradictions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "warning"),
    [
        ("contract", "contract", "two: has the condition of one but says refuse, that says confirm"),
        ("discount > 30.0 && role == 'rep'", "discount > 15.0", "one: it never matters, for two covers it and says refuse"),
        ("discount > 30.0 && discount < 10.0", "contract", "one: it can never apply"),
        ("contract && !contract", "legal_data", "one: it can never apply"),
        ("role == 'rep' && role == 'manager'", "contract", "one: it can never apply"),
        ("1 > 2", "contract", "one: it can never apply"),
        ("1 < 2", "contract", "one: it applies to every act"),
        ("deal.amount > 1.0", "contract", "one: it looks at deal without asking has_deal"),
    ],
)
def test_what_makes_no_sense_is_warned_of(tmp_path: Path, first: str, second: str, warning: str) -> None:
    text = (
        f'rules:\n  - {{id: one, when: "{first}", verdict: confirm, confirmers: {{roles: [manager]}}}}\n'
        f'  - {{id: two, when: "{second}", verdict: refuse}}\n'
    )
    found = warnings(Policy.load(folder(tmp_path, policy=text)), date(2025, 10, 2))
    assert any(warning in one for one in found), found


def test_rates_and_holidays_that_have_run_out_are_warned_of() -> None:
    found = warnings(Policy.load(), date(2031, 1, 2))
    assert [one.split(":")[0] for one in found] == ["rates", "holidays"]


# --- cases -----------------------------------------------------------------------------------------------------------------

CASE = """cases:
  - name: A large deal
    facts: {contract: true, amount: 600000, deal: {stage: proposal}}
    expect: {verdict: confirm, rules: [contract_value], confirmers: [manager, director]}
"""


def test_the_shipped_policy_says_what_its_cases_expect() -> None:
    cases = read_cases(SHIPPED_POLICY.with_name("policy.cases.yaml"))
    assert len(cases) > 25
    assert [case.failure(Policy.load()) for case in cases if case.failure(Policy.load())] == []


def test_every_rule_of_the_shipped_policy_has_a_case() -> None:
    text = SHIPPED_POLICY.with_name("policy.cases.yaml").read_text(encoding="utf-8")
    assert [rule.id for rule in Policy.load().rules if rule.id not in text] == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("verdict: confirm", "verdict: run", "expected run, the policy says confirm"),
        ("[contract_value]", "[discount]", "expected rules discount, got contract_value"),
        ("[manager, director]", "[legal]", "expected confirmers legal, got director, manager"),
    ],
)
def test_a_case_that_fails_says_what_is_different(tmp_path: Path, old: str, new: str, told: str) -> None:
    place = folder(tmp_path, policy=SHIPPED_POLICY.read_text(encoding="utf-8"), own__cases=CASE.replace(old, new))
    code, said = check(place)
    assert code == 1
    assert f"own.cases.yaml:2: A large deal: {told}" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("contract: true", "contarct: true", "there is no fact contarct"),
        ("contract: true", "contract: 1", "contract is true or false"),
        ("stage: proposal", "stage: propsal", "deal.stage is never propsal"),
        ("amount: 600000", "amount: much", "amount_cny is a number"),
        ("verdict: confirm", "verdict: maybe", "verdict is run, confirm or refuse"),
        ("[manager, director]", "[boss]", "nobody is called boss"),
        ("facts:", "fatcs:", "there is no such key as fatcs"),
    ],
)
def test_a_mistake_in_a_case_is_named_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    folder(tmp_path, own__cases=CASE.replace(old, new))
    with pytest.raises(ValueError, match=r"own\.cases\.yaml:2: A large deal: ") as error:
        read_cases(tmp_path / "own.cases.yaml")
    assert told in str(error.value)


def test_check_of_the_shipped_policy_plays_its_cases_and_those_of_the_packs() -> None:
    result = CliRunner().invoke(policy_cli, ["check"], env={"PARLEY_POLICY": None})
    assert result.exit_code == 0
    assert "3 packs fit" in result.output and "cases hold" in result.output


def test_a_shipped_pack_that_does_not_fit_an_own_policy_is_only_warned_of(tmp_path: Path) -> None:
    code, said = check(folder(tmp_path, policy=ONE))
    assert code == 0
    assert "warning: the pack strict-finance does not fit this policy" in said
