"""Where calls are sent: a sum that can be followed, more anger never less urgent, and an unknown mood that stays unknown."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.policy.dispatch import (
    PRIORITIES,
    CallFacts,
    Dispatched,
    DispatchTemplate,
    differences,
    dispatch,
    hundredths,
    shipped_dispatch,
)
from actions.policy.files import SHIPPED_POLICY, Files, files_at
from actions.policy.hours import shipped_hours
from actions.policy.policy import Policy

MONDAY_NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
MONDAY_NIGHT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SHIPPED = shipped_dispatch()
CALM = CallFacts(MONDAY_NOON, "B", Decimal("0.12"), Decimal("0.80"))
ANGRY = replace(CALM, anger=Decimal("0.72"))


def sent(facts: CallFacts, template: DispatchTemplate = SHIPPED) -> Dispatched:
    return dispatch(facts, template, shipped_hours())


def keys(facts: CallFacts) -> list[str]:
    return [reason.key for reason in sent(facts).reasons]


def level(facts: CallFacts, template: DispatchTemplate = SHIPPED) -> int:
    return PRIORITIES.index(sent(facts, template).priority)


shares = st.integers(0, 100).map(lambda percent: Decimal(percent) / 100)
shown = st.lists(st.sampled_from([*SHIPPED.shows, "objection.price"]), unique=True).map(tuple)
anything = st.builds(
    CallFacts,
    at=st.integers(0, 365 * 96).map(lambda quarters: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * quarters)),
    tier=st.sampled_from(["", "A", "B", "C", "unheard of"]),
    anger=st.none() | shares,
    coverage=shares,
    technical=st.lists(st.sampled_from(SHIPPED.words), unique=True, max_size=12).map(tuple),
    shows=shown,
    open_tickets=st.integers(0, 30),
    knows_calm=st.booleans(),
)


# --- the sum -----------------------------------------------------------------------------------------------------------


def test_a_calm_call_in_which_nothing_is_wrong_leads_to_nothing() -> None:
    assert (sent(CALM).priority, sent(CALM).line, keys(CALM)) == ("none", "", ["anger_below", "tier", "below"])


def test_an_angry_call_lands_on_a_senior_engineers_desk() -> None:
    assert (sent(ANGRY).priority, sent(ANGRY).line) == ("high", "senior")
    anger = sent(ANGRY).reasons[0]
    assert anger.data == {"anger": "0.72", "above": "0.60", "weight": "1.50", "points": "1.08"}


def test_every_reason_has_its_figure_and_they_add_up_to_the_score() -> None:
    facts = replace(ANGRY, tier="A", technical=("重启", "黑屏"), shows=("service.fault", "urgent"), open_tickets=1)
    made = sent(facts)
    parts = {reason.key: reason.points for reason in made.reasons}
    assert parts["anger"] == Decimal("1.08") and parts["technical"] == Decimal("0.20")
    assert (
        parts["shows"] == Decimal("0.40") and parts["urgent"] == Decimal("0.30") and parts["open_tickets"] == Decimal("0.10")
    )
    assert made.score == Decimal("2.50") == hundredths(float(Decimal("2.08") * Decimal("1.20")))
    assert made.priority == "urgent"


def test_many_technical_words_are_capped_and_make_it_an_engineers_matter() -> None:
    facts = replace(CALM, technical=SHIPPED.words[:9])
    made = sent(facts)
    assert (made.priority, made.line, made.score) == ("low", "senior", Decimal("0.40"))
    assert [reason.key for reason in made.reasons] == ["anger_below", "technical_most", "tier", "reaches", "to_engineer"]


def test_words_of_two_languages_are_found_whole() -> None:
    said = ["中央站昨晚又重启了,一直报警。", "The API gave a timeout and the server rebooted", "no apiary here"]
    assert SHIPPED.technical_in(said) == ("报警", "重启", "中央站", "server", "api", "timeout")
    assert SHIPPED.technical_in(["rapid imports"]) == ()
    assert SHIPPED.is_urgent(["产线停线了"]) and not SHIPPED.is_urgent(["不着急"])


# --- a mood that is not known --------------------------------------------------------------------------------------------


def test_an_unknown_mood_is_told_as_unknown_and_not_as_calm() -> None:
    assert keys(replace(CALM, anger=None))[0] == "mood_unknown"
    assert sent(replace(CALM, anger=None)).score == sent(CALM).score == 0


def test_an_uncertain_mood_raises_nothing_by_itself() -> None:
    facts = replace(ANGRY, anger=Decimal(1), coverage=Decimal("0.29"))
    assert sent(facts).priority == "none" and keys(facts)[0] == "mood_uncertain"
    assert sent(facts).reasons[0].data == {"coverage": "0.29", "least": "0.30"}


@given(anything)
def test_anger_that_nobody_is_sure_of_is_worth_as_much_as_none(facts: CallFacts) -> None:
    doubtful = replace(facts, coverage=Decimal("0.10"))
    assert sent(doubtful).score == sent(replace(doubtful, anger=None)).score


# --- anger that nothing bears out ----------------------------------------------------------------------------------------

STRANGER = replace(ANGRY, knows_calm=False)


def test_anger_that_nothing_bears_out_wakes_nobody() -> None:
    assert (sent(STRANGER).priority, sent(STRANGER).line) == ("low", "owner")
    told = {"anger": "0.72", "above": "0.60", "weight": "1.50", "times": "0.30", "points": "0.32"}
    assert (sent(STRANGER).reasons[0].key, sent(STRANGER).reasons[0].data) == ("anger_alone", told)


def test_what_the_customer_says_bears_it_out() -> None:
    complains = replace(STRANGER, shows=("service.complaint",))
    assert keys(complains)[0] == "anger"
    assert sent(complains) == sent(replace(complains, knows_calm=True))
    assert keys(replace(STRANGER, shows=("objection.price",)))[0] == "anger_alone"


def test_a_version_that_was_saved_before_means_what_it_meant() -> None:
    before = DispatchTemplate.read(SHIPPED.text.replace(", alone: 0.30", ""))
    assert sent(STRANGER, before).score == sent(ANGRY, before).score == sent(ANGRY).score
    assert before.with_values({"anger.alone": 0.5}).anger_alone == Decimal("0.50")


# --- what holds for every call --------------------------------------------------------------------------------------------


@given(anything, shares, shares)
def test_more_anger_never_lowers_the_priority(facts: CallFacts, one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert level(replace(facts, anger=less)) <= level(replace(facts, anger=more))


@given(anything, st.sampled_from(SHIPPED.words), st.sampled_from([*SHIPPED.shows]))
def test_nothing_more_that_a_customer_says_lowers_it(facts: CallFacts, word: str, what: str) -> None:
    said_more = replace(facts, technical=tuple(dict.fromkeys((*facts.technical, word))), open_tickets=facts.open_tickets + 1)
    assert level(facts) <= level(said_more) <= level(replace(said_more, shows=(*facts.shows, what)))


@given(anything)
def test_the_same_facts_are_the_same_answer_within_bounds(facts: CallFacts) -> None:
    made = sent(facts)
    assert made == sent(replace(facts))
    assert made.priority in PRIORITIES and 0 <= made.score <= 10
    assert (made.line == "") == (made.priority == "none")
    assert made.line == "" or made.line in SHIPPED.lines
    assert made.from_ >= facts.at and made.from_ - facts.at < timedelta(days=20)


def test_nothing_about_our_own_people_is_among_the_facts() -> None:
    assert {one.name for one in fields(CallFacts)} == {
        "at",
        "tier",
        "anger",
        "coverage",
        "technical",
        "shows",
        "open_tickets",
        "knows_calm",
    }


# --- the clock -------------------------------------------------------------------------------------------------------------


def test_outside_working_hours_what_cannot_wait_goes_to_whoever_is_on_call() -> None:
    night = replace(ANGRY, at=MONDAY_NIGHT)
    assert (sent(night).line, keys(night)[-1], sent(night).from_) == ("on_call", "outside_hours", MONDAY_NIGHT)
    without = SHIPPED.with_values({"hours.counted": False})
    assert sent(night, without).line == "senior"


def test_what_can_wait_waits_for_the_morning() -> None:
    late = sent(replace(CALM, at=MONDAY_NIGHT, shows=("service.invoice",)))
    assert (late.priority, late.line) == ("low", "owner")
    assert late.from_ == datetime(2026, 3, 3, 1, 0, tzinfo=UTC) and late.reasons[-1].key == "waits_for_hours"


def test_a_holiday_is_no_working_day() -> None:
    holiday = replace(CALM, at=datetime(2026, 10, 1, 4, 0, tzinfo=UTC), shows=("service.invoice",))
    assert sent(holiday).from_ == datetime(2026, 10, 8, 1, 0, tzinfo=UTC)


# --- the file --------------------------------------------------------------------------------------------------------------


def test_a_knob_turned_is_another_template_and_the_difference_is_told() -> None:
    turned = SHIPPED.with_values(
        {"anger.above": 0.8, "tiers.A": 1.5, "hours.counted": False, "priorities.high.line": "front"}
    )
    assert turned.anger_above == Decimal("0.80")
    assert differences(SHIPPED, turned) == (
        ("anger.above", "0.60", "0.80"),
        ("tiers.A", "1.20", "1.50"),
        ("priorities.high.line", "senior", "front"),
        ("hours.counted", "true", "false"),
    )
    assert differences(SHIPPED, SHIPPED.with_values({})) == () == differences(turned, turned.with_values({}))
    assert sent(replace(ANGRY, anger=Decimal("0.75")), turned).priority == "none"


def test_every_knob_can_be_turned_to_both_of_its_ends() -> None:
    for knob in SHIPPED.knobs:
        if not knob.path.startswith("priorities."):
            for value in (knob.least, knob.most):
                assert (
                    next(one for one in SHIPPED.with_values({knob.path: value}).knobs if one.path == knob.path).value
                    == value
                )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"lines.front.to": "owner"}, "nothing called"),
        ({"anger.above": 1.2}, "from 0 to 1"),
        ({"anger.above": "much"}, "from 0 to 1"),
        ({"anger.above": 0.555}, "at most two decimals"),
        ({"anger.above": float("nan")}, "above is a number"),
        ({"anger.above": True}, "above is a number"),
        ({"priorities.low.from": 5}, "normal begins at more points than low"),
        ({"priorities.low.line": "nobody"}, "no line called nobody"),
        ({"hours.counted": "perhaps"}, "true or false"),
    ],
)
def test_what_cannot_be_set_is_said(values: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SHIPPED.with_values(values)


@pytest.mark.parametrize(
    ("before", "wrong", "told"),
    [
        ("above: 0.60", "above: 1.60", "anger: above is a number from 0 to 1"),
        ("coverage: 0.30, ", "", "anger: coverage is missing"),
        ("from: 3", "from: 0", "technical: from is a whole number"),
        ("service.fault: 0.40", "service.fault: often", "shows: service.fault is a number"),
        ("works: always", "works: sometimes", "lines: on_call: works is hours or always"),
        ("to: owner", "to: everybody", "lines: owner: to is owner, group:@service"),
        ("from: high, line: on_call", "from: high, line: beach", "hours: there is no line called beach"),
        ("anger: {", "rage: {", "there is no such key as rage"),
        ("zh: 值班", "zh: ''", "lines: on_call: zh and en are what the line is called"),
        ("tiers: {A: 1.20", "tiers: {NO: 1.20", "tiers: is written as name: number"),
        ("works: always}", "works: always, zone: Mars/Base}", "there is no time zone Mars/Base"),
        ("open_tickets: {", "open_tickets: [", "cannot be read as YAML"),
    ],
)
def test_a_fault_is_named_with_its_place(before: str, wrong: str, told: str) -> None:
    assert before in SHIPPED.text
    with pytest.raises(ValueError, match=r"dispatch\.yaml: ") as fault:
        DispatchTemplate.read(SHIPPED.text.replace(before, wrong, 1), "dispatch.yaml")
    assert told in str(fault.value)


def test_a_file_beside_the_policy_counts_and_is_read_over_with_it(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(SHIPPED_POLICY.read_bytes())
    before = Policy.load(policy)
    (tmp_path / "dispatch.yaml").write_text(SHIPPED.text.replace("above: 0.60", "above: 0.75"), encoding="utf-8")
    after = Policy.load(policy)
    assert (before.dispatch.anger_above, after.dispatch.anger_above) == (Decimal("0.60"), Decimal("0.75"))
    assert before.version != after.version
    (tmp_path / "dispatch.yaml").write_text("anger: 3", encoding="utf-8")
    with pytest.raises(ValueError, match=r"dispatch\.yaml: technical is missing"):
        Policy.load(policy)


def test_a_version_from_before_there_was_one_has_the_shipped_one() -> None:
    texts = {name: text for name, text in files_at(SHIPPED_POLICY).texts.items() if name != "dispatch.yaml"}
    assert Policy.read(Files(texts)).dispatch == shipped_dispatch()
