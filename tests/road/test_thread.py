"""What a conversation is about: answers go to the open question, new topics do not, and "that deal" is the latest one."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.proposal import Ask, Subject
from bot.thread import (
    Question,
    Thread,
    Turn,
    about,
    ask,
    merge,
    question_from_json,
    question_to_json,
    thread_from_json,
    thread_to_json,
)
from intents.understanding import Slot, Understanding
from tests.fakes import NOON

LATER = NOON + timedelta(minutes=3)


def said(text: str, intent: str = "out_of_scope", *slots: Slot, sure: bool = False, **more: Any) -> Understanding:
    """A reading of these words; unsure unless told otherwise."""
    confidence = more.pop("confidence", 0.95 if sure else 0.3)
    control, number = more.pop("control", None), more.pop("number", None)
    return Understanding(text, "zh", intent, confidence, (), (), slots, control, number, False, sure, "test")


def slot(type_: str, text: str, value: Any = None) -> Slot:
    return Slot(type_, text, 0, text if value is None else value)


def asked(slot_: str, intent: str = "crm.update_amount", **more: Any) -> Thread:
    """A conversation in which Parley has just asked for this."""
    return Thread(question=Question(intent, slot_, "把金额改一下", NOON, **more))


def answers(thread: Thread, understanding: Understanding) -> Mapping[str, Any] | None:
    """What the words were taken as answering, or None when they started something new."""
    turn = merge(thread, understanding, LATER)
    if turn.sent_at == LATER:
        return None
    assert thread.question is not None
    assert (turn.intent, turn.text, turn.sent_at) == (thread.question.intent, thread.question.text, NOON)
    return turn.answers


# --- answering ------------------------------------------------------------------------------------------------------


def test_without_a_question_words_are_what_they_say() -> None:
    turn = merge(Thread(), said("把华康医疗改成60万", "crm.update_amount", sure=True), LATER)
    assert turn == Turn("crm.update_amount", "把华康医疗改成60万", LATER, {})


@pytest.mark.parametrize("words", ["60万", "大概60万吧", "就60万", "60万左右,谢谢"])
def test_a_bare_value_answers_the_question_whatever_it_was_read_as(words: str) -> None:
    value = {"amount": 600000, "currency": "CNY"}
    understanding = said(words, "crm.create_deal", slot("amount", "60万", value), sure=True)
    assert answers(asked("amount"), understanding) == {"amount": {"amount": 600000}}


def test_an_answer_works_on_with_the_words_that_started_it() -> None:
    thread = asked("amount", asked=("amount",), is_settled=True)
    turn = merge(thread, said("60万", "out_of_scope", slot("amount", "60万", {"amount": 1, "currency": "CNY"})), LATER)
    assert (turn.text, turn.sent_at, turn.asked, turn.is_settled) == ("把金额改一下", NOON, ("amount",), True)


@pytest.mark.parametrize("words, named", [("60万", False), ("6万美元", True), ("60000 USD", True), ("60万元", True)])
def test_an_amount_carries_a_currency_only_if_one_was_named(words: str, named: bool) -> None:
    understanding = said(words, "out_of_scope", slot("amount", words, {"amount": 60000, "currency": "USD"}))
    found = answers(asked("amount"), understanding)
    assert found is not None
    assert ("currency" in found["amount"]) is named


@pytest.mark.parametrize("wanted", ["customer", "deal", "lead", "company"])
def test_whoever_is_asked_which_deal_may_name_the_company_in_their_own_words(wanted: str) -> None:
    understanding = said("瑞和的", "out_of_scope", slot("company", "瑞和", "瑞和集团有限公司"))
    assert answers(asked(wanted), understanding) == {"company": "瑞和"}


def test_earlier_answers_are_kept() -> None:
    thread = asked("company", answers={"amount": {"amount": 5}})
    assert answers(thread, said("瑞和", "out_of_scope", slot("company", "瑞和"))) == {
        "amount": {"amount": 5},
        "company": "瑞和",
    }


@pytest.mark.parametrize("wanted", ["person", "address", "title", "what", "recipient", "product"])
def test_a_question_for_words_takes_short_words(wanted: str) -> None:
    assert answers(asked(wanted), said(" 浦东张江路88号 ")) == {wanted: "浦东张江路88号"}


@pytest.mark.parametrize("wanted", ["amount", "date", "percent", "phone", "stage"])
def test_a_question_for_a_value_does_not_take_just_any_words(wanted: str) -> None:
    assert answers(asked(wanted), said("嗯这个我想想")) is None


def test_a_company_nobody_knows_is_an_answer_although_it_reads_like_a_question_about_one() -> None:
    unknown = said("远航仪器", "crm.lookup_customer", sure=True)
    assert answers(asked("company", "crm.create_lead"), unknown) == {"company": "远航仪器"}
    looked_up = said("查一下远航仪器", "crm.lookup_customer", sure=True)
    assert answers(asked("company", "crm.create_lead"), looked_up) is None


# --- not answering ----------------------------------------------------------------------------------------------------


def test_words_that_surely_say_something_else_start_anew() -> None:
    understanding = said("把华康的阶段改成谈判", "crm.update_stage", slot("stage", "谈判", "negotiation"), sure=True)
    assert answers(asked("address"), understanding) is None


def test_a_value_inside_a_long_new_topic_is_no_answer() -> None:
    words = "另外帮我给瑞和新建一个商机,金额大约是60万,联系人还是上次那位" + "请尽快" * 15
    value = {"amount": 600000, "currency": "CNY"}
    understanding = said(words, "crm.create_deal", slot("amount", "60万", value), sure=True)
    assert answers(asked("amount"), understanding) is None


@pytest.mark.parametrize("control", ["help", "undo", "why", "more", "choice", "yes", "no", "ack"])
def test_a_word_that_steers_the_dialogue_is_never_taken_for_a_name(control: str) -> None:
    assert answers(asked("company"), said("好", "out_of_scope", control=control)) is None


def test_a_long_text_is_never_taken_for_a_name() -> None:
    assert answers(asked("address"), said("长" * 60)) == {"address": "长" * 60}
    assert answers(asked("address"), said("长" * 61)) is None


TYPES = st.sampled_from(["company", "amount", "date", "person", "address", "stage"])
SLOTS = st.builds(
    lambda type_, text: slot(type_, text, {"amount": 1, "currency": "CNY"} if type_ == "amount" else None),
    TYPES,
    st.text(min_size=1, max_size=8),
)
INTENTS = st.sampled_from(
    ["crm.update_amount", "crm.create_deal", "data.update_address", "approval.confirm", "out_of_scope"]
)
UNDERSTANDINGS = st.builds(
    lambda text, intent, slots, sure, confidence, control: said(
        text, intent, *slots, sure=sure, confidence=confidence, control=control
    ),
    st.text(max_size=80),
    INTENTS,
    st.lists(SLOTS, max_size=3),
    st.booleans(),
    st.floats(0, 1),
    st.sampled_from([None, "yes", "no", "choice", "why"]),
)
VALUES = st.one_of(st.text(max_size=5), st.integers(0, 9), st.fixed_dictionaries({"amount": st.integers(0, 9)}))
QUESTIONS = st.builds(
    Question,
    INTENTS,
    st.one_of(TYPES, st.sampled_from(["customer", "deal", "lead", "text", ""])),
    st.text(max_size=10),
    st.just(NOON),
    st.dictionaries(st.sampled_from(["company", "amount", "stage"]), VALUES, max_size=2),
    st.lists(st.sampled_from(["company", "amount"]), max_size=2).map(tuple),
    st.booleans(),
)


@given(QUESTIONS, UNDERSTANDINGS)
def test_words_are_either_an_answer_or_something_new_never_a_mixture(
    question: Question, understanding: Understanding
) -> None:
    turn = merge(Thread(question=question), understanding, LATER)
    is_new = turn == Turn(understanding.intent, understanding.text, LATER, {})
    wanted = "company" if question.slot in ("customer", "deal", "lead") else question.slot
    is_answer = replace(turn, answers={}) == Turn(
        question.intent, question.text, NOON, {}, question.asked, question.is_settled
    ) and set(turn.answers) == {*question.answers, wanted}
    assert is_new or is_answer


@given(QUESTIONS, UNDERSTANDINGS)
def test_what_else_the_conversation_is_about_does_not_matter_to_an_answer(
    question: Question, understanding: Understanding
) -> None:
    elsewhere = Thread("C001", "D001", "L001", "T001", "B001", question, {"basis": {}}, ("P001", "digest"), "en")
    assert merge(elsewhere, understanding, LATER) == merge(Thread(question=question), understanding, LATER)


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_question_remembers_the_words_that_started_it_and_what_was_asked_before() -> None:
    turn = Turn("crm.create_deal", "新建商机", NOON, {"company": "瑞和"}, ("which_company",), True)
    thread = ask(Thread(customer_id="C002"), turn, Ask("amount", "how_much"))
    assert thread.customer_id == "C002"
    assert thread.question == Question(
        "crm.create_deal", "amount", "新建商机", NOON, {"company": "瑞和"}, ("which_company", "how_much"), True
    )


def test_question_and_answer_alternate_until_nothing_is_missing() -> None:
    turn = merge(Thread(), said("新建商机", "crm.create_deal", sure=True), NOON)
    thread = ask(Thread(), turn, Ask("company", "which_company"))
    turn = merge(thread, said("瑞和", "out_of_scope", slot("company", "瑞和")), LATER)
    thread = ask(thread, turn, Ask("amount", "how_much"))
    turn = merge(
        thread, said("5万美元", "out_of_scope", slot("amount", "5万美元", {"amount": 50000, "currency": "USD"})), LATER
    )
    assert turn.intent == "crm.create_deal"
    assert turn.answers == {"company": "瑞和", "amount": {"amount": 50000, "currency": "USD"}}
    assert turn.asked == ("which_company", "how_much")


# --- what "that deal" means ---------------------------------------------------------------------------------------------

OWNERS = {"D001": "C001", "D002": "C001", "D003": "C002", "T001": "C001", "T002": "C002"}
SUBJECTS = st.one_of(
    st.sampled_from(["D001", "D002", "D003"]).map(lambda one: Subject("deal", one, "", OWNERS[one])),
    st.sampled_from(["T001", "T002"]).map(lambda one: Subject("ticket", one, "", OWNERS[one])),
    st.sampled_from(["C001", "C002"]).map(lambda one: Subject("customer", one, "", one)),
    st.just(Subject("lead", "L001", "")),
)
SITUATIONS = st.one_of(
    st.just((None, None)),
    st.sampled_from(["C001", "C002"]).map(lambda one: (one, None)),
    st.sampled_from(["D001", "D002", "D003"]).map(lambda one: (OWNERS[one], one)),
)
STEPS = st.lists(st.tuples(st.lists(SUBJECTS, max_size=2).map(tuple), SITUATIONS), max_size=6)


@given(STEPS)
def test_that_deal_and_that_ticket_are_always_of_that_customer(
    steps: list[tuple[tuple[Subject, ...], tuple[str | None, str | None]]],
) -> None:
    thread = Thread()
    for subjects, (customer, deal) in steps:
        thread = about(thread, subjects, customer, deal)
        assert thread.deal_id is None or OWNERS[thread.deal_id] == thread.customer_id
        assert thread.ticket_id is None or OWNERS[thread.ticket_id] == thread.customer_id


@given(STEPS, SUBJECTS)
def test_the_latest_thing_that_something_was_done_to_is_the_one_meant(
    steps: list[tuple[tuple[Subject, ...], tuple[str | None, str | None]]], latest: Subject
) -> None:
    thread = Thread()
    for subjects, (customer, deal) in steps:
        thread = about(thread, subjects, customer, deal)
    thread = about(thread, (latest,), latest.customer_id, None)
    if latest.kind != "customer":
        assert getattr(thread, f"{latest.kind}_id") == latest.id
    assert latest.customer_id in (None, thread.customer_id)


def test_talk_about_the_same_customer_keeps_the_deal() -> None:
    thread = Thread(customer_id="C001", deal_id="D001", ticket_id="T001")
    assert about(thread, (), "C001", None) == thread


def test_talk_about_another_customer_leaves_the_deal_behind() -> None:
    thread = about(Thread(customer_id="C001", deal_id="D001", ticket_id="T001"), (), "C002", None)
    assert (thread.customer_id, thread.deal_id, thread.ticket_id) == ("C002", None, None)


def test_small_talk_changes_nothing_but_closes_the_question() -> None:
    thread = Thread(customer_id="C001", deal_id="D001", question=Question("i", "amount", "", NOON), lang="en")
    assert about(thread, (), None, None) == replace(thread, question=None)


# --- kept between messages ----------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=12), inner, max_size=3)),
    max_leaves=6,
)
IDS = st.one_of(st.none(), st.text(max_size=8))
MOMENTS = st.timedeltas(timedelta(), timedelta(days=100_000)).map(lambda passed: datetime(1971, 1, 1, tzinfo=UTC) + passed)
THREADS = st.builds(
    Thread,
    IDS,
    IDS,
    IDS,
    IDS,
    IDS,
    st.one_of(st.none(), st.builds(lambda question, at: replace(question, sent_at=at), QUESTIONS, MOMENTS)),
    st.one_of(st.none(), st.dictionaries(st.text(max_size=5), JSON, max_size=2)),
    st.one_of(st.none(), st.tuples(st.text(), st.text())),
    st.sampled_from([None, "zh", "en"]),
)


@given(THREADS)
def test_a_thread_comes_back_from_memory_as_it_was(thread: Thread) -> None:
    assert thread_from_json(thread_to_json(thread)) == thread


@given(QUESTIONS)
def test_a_question_comes_back_from_a_button_as_it_was(question: Question) -> None:
    assert question_from_json(question_to_json(question)) == question


@given(st.dictionaries(st.sampled_from(["customer_id", "question", "why", "lang", "of_an_older_version"]), JSON))
def test_a_thread_kept_by_another_version_is_read_or_begun_afresh(kept: dict[str, Any]) -> None:
    assert isinstance(thread_from_json(kept), Thread)


def test_where_nothing_was_kept_the_thread_is_fresh() -> None:
    assert thread_from_json(None) == Thread()
