""" "Why?" on a phone: at most eight lines for every kind of decision, the deciding rule first with its numbers."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.decide import decide
from actions.draft import draft
from actions.grounds import basis_from_json, basis_to_json, who_may
from actions.proposal import Basis, Confirmers, Decision, Need, Reason
from actions.proposal_json import decision_to_json
from bot.phrase import BASIS_LIMIT, phrase_basis
from bot.why import asked_of
from bot.wording.grounds import Answer, Kept
from bot.wording.sentences import LANGUAGES, Language
from intents.understanding import Candidate
from tests.actions.any_command import commands
from tests.actions.house import EVERYONE, FACTS, NOW, POLICY
from tests.plays import sample_house as house

RULES = [rule.id for rule in POLICY.rules]
WORDS = st.text(max_size=400) | st.sampled_from(["改成60万", "第一行\n第二行\n第三行", "x" * 2000])
VALUES = st.integers(-(10**12), 10**12) | st.floats(0, 1e12) | st.text(max_size=40) | st.booleans() | st.none()
NAMES = st.sampled_from(
    ["amount_cny", "discount", "records", "confidence", "deal.amount", "people_year", "own.thing", "hour"]
)
SAYS = st.fixed_dictionaries({"zh": WORDS, "en": WORDS})
REASONS = st.builds(
    Reason,
    st.sampled_from([*RULES, "role", "ownership", "problem", "policy_error", "nobody_knows_this_rule"]),
    st.sampled_from(["run", "confirm", "refuse"]),
    st.dictionaries(NAMES, VALUES, max_size=6) | st.fixed_dictionaries({"says": SAYS, "amount_cny": st.floats(0, 1e9)}),
)
OFFICES = st.frozensets(st.sampled_from(["manager", "director", "legal"]))
DECISIONS: Any = st.builds(
    Decision,
    st.sampled_from(["run", "confirm", "refuse"]),
    st.lists(REASONS, max_size=8).map(tuple),
    st.lists(
        st.builds(Need, st.lists(st.sampled_from(RULES)).map(tuple), st.builds(Confirmers, OFFICES, st.booleans())),
        max_size=4,
    ).map(tuple),
    expires_in=st.integers(1, 999).map(lambda hours: timedelta(hours=hours)),
    policy=st.sampled_from(["", POLICY.version]),
)
BASES: Any = st.builds(
    Basis,
    text=WORDS,
    intent=st.sampled_from(["", "crm.update_stage", "objection.price", "an.added_one"]),
    confidence=st.floats(0, 1),
    alternatives=st.lists(st.builds(Candidate, st.just("crm.log_activity"), st.floats(0, 1)), max_size=4).map(tuple),
    facts=st.lists(st.tuples(st.sampled_from(["customer", "stage", "amount", "other"]), WORDS), max_size=6).map(tuple),
    passages=st.sampled_from([(), (house.passage(),)]),
    model=st.text(max_size=70),
    evidence=WORDS,
)
KEPT: Any = st.builds(
    Kept,
    proposal_id=st.just("P-0123456789abcdef"),
    rules=st.integers(0, 400),
    read_at=st.sampled_from([None, NOW]),
    may=st.lists(
        st.fixed_dictionaries({"roles": OFFICES.map(list), "not_requester": st.booleans(), "needed": st.integers(1, 4)}),
        max_size=4,
    ),
    until=st.sampled_from([None, NOW.isoformat()]),
    answers=st.lists(st.builds(Answer, st.text(max_size=30), st.booleans(), st.just(NOW)), max_size=6),
    is_open=st.booleans(),
)


def lines_of(basis: Basis, decision: Decision | None, lang: Language, kept: Kept) -> list[str]:
    return phrase_basis(basis, decision, lang, kept).reply.text.splitlines()


@given(BASES, DECISIONS | st.none(), st.sampled_from(LANGUAGES), KEPT)
def test_never_more_than_eight_lines_and_none_that_a_phone_cannot_hold(
    basis: Basis, decision: Decision | None, lang: Language, kept: Kept
) -> None:
    lines = lines_of(basis, decision, lang, kept)
    assert 1 <= len(lines) <= 8
    assert all(0 < len(line) <= BASIS_LIMIT[lang] for line in lines)


@given(commands(), st.sampled_from(EVERYONE), st.sampled_from(LANGUAGES))
def test_whatever_is_really_decided_is_told_with_its_deciding_rule_first(command: Any, speaker: Any, lang: Language) -> None:
    proposal = draft(command, FACTS, speaker, Basis("推进", "crm.update_stage", 0.97, message="m"), "web:1", NOW)
    decision = decide(proposal, POLICY, NOW)
    document = basis_to_json(proposal, decision)
    kept = Kept(proposal.id, len(document["rules"]), NOW, who_may(decision_to_json(decision)))
    lines = lines_of(basis_from_json(document), decision, lang, kept)
    assert len(lines) <= 8
    assert lines[0].startswith("规则：" if lang == "zh" else "Rule: ")
    assert proposal.id in lines[-1]


@pytest.mark.parametrize(
    ("lang", "first", "who"),
    [
        ("zh", "规则：合同金额超过 50 万，要第二个人看过（折合金额 60万）", "谁能确认：经理或总监，3月3日 09:30 前"),
        (
            "en",
            "Rule: A contract above 500,000 CNY needs a second person (amount ¥600,000)",
            "Who may confirm: a manager",
        ),
    ],
)
def test_a_waiting_one_says_rule_number_who_and_until_when(lang: Language, first: str, who: str) -> None:
    decision = Decision(
        "confirm",
        (Reason("contract_value", "confirm", {"contract": True, "amount_cny": 600000.0}),),
        (Need(("contract_value",), Confirmers(frozenset({"manager", "director"}))),),
        policy=POLICY.version,
    )
    kept = Kept("P-1", 9, NOW, who_may(decision_to_json(decision)), (NOW + timedelta(days=1)).isoformat())
    lines = lines_of(Basis("改成60万", "crm.update_amount", 0.93), decision, lang, kept)
    assert lines[0] == first
    assert any(line.startswith(who) for line in lines)
    said = replace(kept, answers=(Answer("赵经理", True, NOW),), is_open=False)
    assert not any(line.startswith(who) for line in lines_of(Basis("改"), decision, lang, said))
    assert any("赵经理" in line for line in lines_of(Basis("改"), decision, lang, said))


@pytest.mark.parametrize(
    ("lang", "who"),
    [
        ("zh", "谁能确认：经理或总监，还要总监或法务、法务或样例顾问中的 2 位，3月3日 09:30 前；样例一号"),
        ("en", "Who may confirm: a manager or a director, and also a director or legal, 2 of legal or 样例顾问, until"),
    ],
)
def test_every_yes_that_is_needed_is_named_in_its_own_line(lang: Language, who: str) -> None:
    needs = (
        Need(("contract_value",), Confirmers(frozenset({"manager"}))),
        Need(("cross_border",), Confirmers(frozenset({"director", "legal"}))),
        Need(("own_rule",), Confirmers(frozenset({"legal"}), people=frozenset({"样例顾问"}), needed=2)),
        Need(("other_rule",), Confirmers(frozenset({"manager", "director"}))),
    )
    reasons = tuple(Reason(need.rules[0], "confirm") for need in needs)
    decision = Decision("confirm", reasons, needs, policy=POLICY.version)
    until, said = (NOW + timedelta(days=1)).isoformat(), [Answer("样例一号", True, NOW)]
    kept = Kept("P-1", 9, NOW, who_may(decision_to_json(decision)), until, said)
    basis = Basis("改成60万", "crm.update_amount", 0.93, facts=(("stage", "proposal"),), passages=(house.passage(),))
    lines = lines_of(basis, decision, lang, kept)
    assert len(lines) == 8
    assert any(line.startswith(who) for line in lines)


def test_the_place_of_the_words_in_a_long_text_is_told() -> None:
    basis = Basis("一二三四五。六七八。", evidence="六七八。")
    (line,) = lines_of(basis, None, "zh", Kept())
    assert line == "原话（全文第 7 到 10 字）：六七八。"


@pytest.mark.parametrize(
    "text",
    ["为什么 P-0123456789abcdef", "P-0123456789ABCDEF 为什么？", "why P-0123456789abcdef?", "why was P-0123456789abcdef"],
)
def test_a_decision_is_asked_for_by_its_id(text: str) -> None:
    assert asked_of(text) == "P-0123456789abcdef"
    assert asked_of("为什么 P-0123456789abcdef 那单被拒了，帮我查一下华康") is None
