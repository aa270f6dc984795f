"""Evaluation is total, and a rule or a pack more never makes a verdict milder."""

from datetime import date
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.decide import combine
from actions.policy.contradictions import warnings
from actions.policy.fields import VARIABLES, types_of
from actions.policy.files import SHIPPED_POLICY, Files, files_at, pack_at, pack_folders
from actions.policy.packs import read_pack
from actions.policy.policy import Policy, compiler
from actions.policy.rates import Rates
from actions.proposal import SEVERITY

BASE = files_at(SHIPPED_POLICY)
SHIPPED = Policy.read(BASE)
PACKS = {name: pack_at(folder) for name, folder in pack_folders(SHIPPED_POLICY).items()}
WITH_PACK = {name: Policy.read(BASE.with_pack(name, files)) for name, files in PACKS.items()}
NUMBERS = st.floats() | st.sampled_from([0.0, -0.0, float("nan"), float("inf"), float("-inf"), 500000.0])
ANYTHING = st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.integers() | st.lists(st.text(max_size=3))
SIGHTS = st.dictionaries(st.sampled_from(sorted(types_of())), ANYTHING)
LIKELY: dict[str, Any] = {
    "contract": st.booleans(),
    "amount_cny": st.sampled_from([0.0, 60000.0, 250000.0, 500000.0, 600000.0, float("inf")]),
    "currency": st.sampled_from(["CNY", "USD", ""]),
    "rates_age_days": st.sampled_from([0, 400]),
    "discount": st.sampled_from([0.0, 6.0, 12.0, 18.0, 25.0, 35.0]),
    "role": st.sampled_from(["rep", "manager", "director", "customer"]),
    "command": st.sampled_from(["update_amount", "export_customers", "update_company", "open_ticket"]),
    "crosses_border": st.booleans(),
    "destination": st.sampled_from(["", "SG", "US", "DE"]),
    "people_year": st.sampled_from([0, 5, 100_000, 1_000_000]),
    "sensitive_year": st.sampled_from([0, 5, 10_000]),
    "records": st.sampled_from([1, 6, 21]),
    "legal_data": st.booleans(),
    "outward": st.booleans(),
    "working_time": st.booleans(),
    "quiet_time": st.booleans(),
    "confidence": st.sampled_from([0.1, 0.9]),
    "speaker.is_staff": st.booleans(),
    "command.has_bank": st.booleans(),
}
ACTS = st.fixed_dictionaries({}, optional=LIKELY)
PIECES = st.sampled_from(
    [*"()!><?:[]/*-", "&&", "||", "==", "in", "0", "0.0", "1.5", "'a'", "contract", "records", "deal.amount", "has_deal"]
)
CONDITIONS = st.lists(PIECES, min_size=1, max_size=9).map(" ".join)


def severity(policy: Policy, sight: dict[str, Any]) -> int:
    return SEVERITY[combine(policy.judge(sight), "").verdict]


@given(SIGHTS, st.lists(SIGHTS, max_size=3))
def test_every_sight_is_judged_and_nothing_is_raised(sight: dict[str, Any], further: list[dict[str, Any]]) -> None:
    for finding in SHIPPED.judge(sight, *further):
        assert finding.reason.verdict in SEVERITY


@given(CONDITIONS, SIGHTS)
def test_any_condition_that_can_be_read_gives_true_false_or_a_question(text: str, sight: dict[str, Any]) -> None:
    try:
        condition = compiler().condition(text)
    except ValueError:
        return
    assert condition.holds(sight) in (True, False, None)


@pytest.mark.parametrize(
    ("text", "sight"),
    [
        ("records / (records - records) > 1", {"records": 3}),
        ("amount_cny / discount > 1.0", {"amount_cny": 0.0, "discount": 0.0}),
        ("deal.amount / (deal.discount - deal.discount) < 0.0", {"deal.amount": 0.0, "deal.discount": 5.0}),
        ("amount_cny / -discount > 1.0", {"amount_cny": 0.0, "discount": 0.0}),
        ("[1.0, 2.0].all(one, discount / (one - one) < 1.0)", {"discount": 0.0}),
        ("amount_cny > 1.0", {"amount_cny": float("nan")}),
        ("amount_cny - amount_cny > 1.0", {"amount_cny": float("inf")}),
        ("amount_cny > 1.0", {}),
        ("amount_cny > 1.0", {"amount_cny": "much"}),
        ("deal.title.matches('[')", {"deal.title": "x"}),
    ],
)
def test_what_cannot_be_worked_out_is_never_a_no(text: str, sight: dict[str, Any]) -> None:
    assert compiler().condition(text).holds(sight) is None


@pytest.mark.parametrize(
    ("text", "sight"),
    [
        ("deal.title == 'a / b'", {"deal.title": "c"}),
        ("amount_cny / 2.0 > 1.0 // half of it / or less", {"amount_cny": 1.0}),
        ("amount_cny / double(records) > 1.0", {"amount_cny": 1.0, "records": 3}),
    ],
)
def test_what_can_be_worked_out_is_a_plain_no(text: str, sight: dict[str, Any]) -> None:
    assert compiler().condition(text).holds(sight) is False


def test_a_boundless_amount_is_simply_large() -> None:
    assert compiler().condition("amount_cny > 500000.0").holds({"amount_cny": float("inf")}) is True


RULES = st.fixed_dictionaries(
    {
        "when": st.sampled_from(
            ["contract", "'!contract'", "discount > 5.0", "records > 3", "deal.amount > 1.0", "amount_cny / discount > 2.0"]
        ),
        "verdict": st.sampled_from(["run", "confirm", "refuse"]),
    }
)


def text_of(rule: dict[str, str], rule_id: str = "further") -> str:
    asks = "    confirmers: {roles: [legal]}\n" if rule["verdict"] == "confirm" else ""
    return f"rules:\n  - id: {rule_id}\n    when: {rule['when']}\n    verdict: {rule['verdict']}\n{asks}"


@given(RULES, ACTS)
def test_a_rule_more_never_makes_a_verdict_milder(rule: dict[str, str], act: dict[str, Any]) -> None:
    with_it = Policy.read(Files({**BASE.texts, "further.yaml": text_of(rule)}))
    assert severity(with_it, act) >= severity(SHIPPED, act)


@pytest.mark.parametrize("pack", PACKS)
@given(act=ACTS)
def test_a_shipped_pack_never_makes_a_verdict_milder(pack: str, act: dict[str, Any]) -> None:
    assert severity(WITH_PACK[pack], act) >= severity(SHIPPED, act)


@given(RULES, ACTS)
def test_a_pack_makes_a_verdict_milder_only_where_it_says_that_it_overrides(
    rule: dict[str, str], act: dict[str, Any]
) -> None:
    about = "title: {zh: 样例, en: Sample}\nsays: {zh: 样例, en: Sample}\n"
    pack = Files({"pack.yaml": about, "policy.yaml": text_of(rule)})
    assert severity(Policy.read(BASE.with_pack("own", pack)), act) >= severity(SHIPPED, act)
    same_id = Files({"pack.yaml": about, "policy.yaml": text_of(rule, "contract_value")})
    with pytest.raises(ValueError, match="it says overrides: contract_value"):
        Policy.read(BASE.with_pack("own", same_id))


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["id", "when", "verdict", "confirmers", "expires_hours", "says", "overrides", "roles", "rules", "sets", "from", "cny"]
NEARLY = st.dictionaries(st.sampled_from(KEYS), YAML, max_size=5)


@hypothesis.settings(max_examples=60)
@given(st.text() | NEARLY.map(lambda rule: str({"rules": [rule]})) | YAML.map(str), st.sampled_from(sorted(BASE.texts)))
def test_reading_a_policy_raises_nothing_but_value_error(text: str, name: str) -> None:
    try:
        policy = Policy.read(Files({**BASE.texts, name: text}))
    except ValueError:
        return
    assert warnings(policy, date(2026, 3, 2)) is not None


@hypothesis.settings(max_examples=60)
@given(
    st.sampled_from(["pack.yaml", "consent.yaml", "retention.yaml", "texts.yaml", "other.yaml"]),
    st.text()
    | YAML.map(lambda value: str({"purposes": [value]}))
    | st.dictionaries(st.sampled_from(["id", "title", "basis", "expires_days"]), YAML).map(
        lambda one: str({"purposes": [one]})
    )
    | st.dictionaries(st.sampled_from(["kind", "keep_days", "why"]), YAML).map(lambda one: str({"retention": [one]})),
)
def test_reading_a_pack_raises_nothing_but_value_error(name: str, text: str) -> None:
    pack = {**PACKS["china-pipl"].texts, name: text}
    try:
        read_pack("china-pipl", Files(pack))
    except ValueError as error:
        assert str(error)


@given(st.text())
def test_reading_rates_raises_nothing_but_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="here"):
        Rates.read(text, "here")


def test_every_variable_is_known_to_cel() -> None:
    assert VARIABLES.keys() <= types_of().keys()


def test_the_shipped_policy_has_no_contradiction() -> None:
    assert warnings(SHIPPED, date(2026, 1, 1)) == []
    for policy in WITH_PACK.values():
        assert warnings(policy, date(2026, 1, 1)) == []


def test_a_folder_beside_nothing_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no policy file"):
        files_at(tmp_path)
