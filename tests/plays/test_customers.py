"""What a customer gets: their words reach the owner, questions are answered, data stays their own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.commands.data import RequestData, UpdateAddress, UpdateCompany, UpdateContact
from actions.commands.service import OpenTicket, TellOwner
from actions.crm.records import Speaker
from actions.plays.data import which_address
from actions.plays.roster import PLAYS
from actions.plays.service import severity_of
from actions.proposal import Answer, Ask
from actions.propose import propose
from tests.plays import sample_house as house
from tests.plays.sample_house import CUSTOMER, GUEST, situation, slot

ANSWERED = {"buying.delivery_inquiry", "buying.product_question"}
SAID_THEMSELVES = sorted(
    intent for intent in house.DICTIONARY if intent.startswith(("objection.", "buying.")) and intent not in ANSWERED
)


@pytest.mark.parametrize("intent", SAID_THEMSELVES)
def test_an_objection_or_signal_said_by_the_customer_reaches_the_owner(intent: str) -> None:
    s = situation(intent, CUSTOMER)
    assert propose(s) == TellOwner("C001", intent, s.text, "K001")


@pytest.mark.parametrize("intent", sorted(ANSWERED | {"service.how_to", "knowledge.ask"}))
def test_a_question_is_answered_from_documents_or_reaches_the_owner(intent: str) -> None:
    answer = propose(situation(intent, CUSTOMER))
    assert isinstance(answer, Answer)
    assert all("customer" in passage.audience for passage in answer.passages)
    assert isinstance(propose(situation(intent, CUSTOMER, passages=())), TellOwner)


@pytest.mark.parametrize("intent", sorted(intent for intent, play in PLAYS.items() if play.among == "colleagues"))
@pytest.mark.parametrize("speaker", [CUSTOMER, GUEST], ids=["customer", "guest"])
def test_what_only_colleagues_can_do_is_never_done_for_a_customer(intent: str, speaker: Speaker) -> None:
    result = propose(situation(intent, speaker))
    if speaker.customer_id:
        assert isinstance(result, TellOwner)
    else:
        assert isinstance(result, Answer)
        assert (result.topic, result.rows, result.offers) == ("stranger", (), ())


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        ("service.complaint", "complaint"),
        ("service.fault", "fault"),
        ("service.invoice", "invoice"),
        ("service.refund", "refund"),
        ("service.cancel", "cancel"),
        ("service.human_handoff", "handoff"),
    ],
)
def test_what_a_customer_waits_for_becomes_a_ticket_in_their_name(intent: str, kind: str) -> None:
    command = propose(situation(intent, CUSTOMER))
    assert isinstance(command, OpenTicket)
    assert (command.kind, command.customer_id, command.contact_id) == (kind, "C001", "K001")


def test_whoever_wants_a_person_gets_one_known_or_not() -> None:
    assert isinstance(propose(situation("service.human_handoff", GUEST)), OpenTicket)


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("你们服务太差了，我要投诉", "high"),
        ("生产线停机了", "high"),
        ("the whole site is down", "high"),
        ("工程师没有按时来", "normal"),
        ("the invoice has the wrong name", "normal"),
    ],
)
def test_anger_and_standstill_make_a_ticket_urgent(text: str, severity: str) -> None:
    assert severity_of(text) == severity


@given(st.text(max_size=300))
def test_any_words_make_a_ticket_with_a_short_subject(text: str) -> None:
    command = propose(situation("service.complaint", CUSTOMER, text=text))
    assert isinstance(command, OpenTicket)
    assert len(command.subject) <= 40


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("公司地址换了", "address"),
        ("收货地址改成", "delivery_address"),
        ("please ship to the new warehouse", "delivery_address"),
        ("发票请寄到，开票地址", "billing_address"),
        ("our billing address changed", "billing_address"),
    ],
)
def test_which_address_is_meant_is_read_from_the_words(text: str, which: str) -> None:
    assert which_address(text) == which


def test_a_new_address_is_taken_or_asked_for_once() -> None:
    s = situation("data.update_address", CUSTOMER)
    assert isinstance(propose(s), Ask)
    filled = replace(s, answers={"address": "浦东张江路 88 号"})
    assert propose(filled) == UpdateAddress("C001", "address", "浦东张江路 88 号")


def test_a_customers_own_phone_changes_their_own_contact() -> None:
    s = situation("data.update_contact", CUSTOMER, slot("phone", "+8613900000000"), text="我换电话了")
    assert propose(s) == UpdateContact("K001", "C001", phone="+8613900000000")


def test_a_new_person_is_added_and_nobody_is_overwritten() -> None:
    s = situation("data.update_contact", CUSTOMER, slot("person", "新联系人"), slot("phone", "+8613900000001"))
    assert propose(s) == UpdateContact(None, "C001", "新联系人", "+8613900000001")


def test_a_missing_phone_or_mail_is_asked_for_by_what_the_words_name() -> None:
    phone, mail = (
        situation("data.update_contact", CUSTOMER, text="我换号了"),
        situation("data.update_contact", CUSTOMER, text="换邮箱了"),
    )
    assert [getattr(propose(s), "slot", None) for s in (phone, mail)] == ["phone", "email"]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("我们公司改名为华康科技了", "company", "华康科技"),
        ("our company is now called Huakang Tech", "company", "Huakang Tech"),
        ("开票抬头改为：华康科技有限公司", "invoice_title", "华康科技有限公司"),
        ("开户行改成 样例银行 6222 0000", "bank", "样例银行 6222 0000"),
    ],
)
def test_legal_data_is_read_from_plain_words(text: str, field: str, value: str) -> None:
    command = propose(situation("data.update_company", CUSTOMER, text=text))
    assert isinstance(command, UpdateCompany)
    assert getattr(command, field) == value


def test_legal_data_that_is_not_there_is_asked_for_and_taken_from_the_answer() -> None:
    s = situation("data.update_company", CUSTOMER)
    ask = propose(s)
    assert isinstance(ask, Ask)
    assert propose(replace(s, answers={ask.slot: "华康科技有限公司"})) == UpdateCompany("C001", company="华康科技有限公司")


@given(st.text(max_size=200))
def test_any_words_about_company_data_lead_to_a_question_or_a_change(text: str) -> None:
    result = propose(situation("data.update_company", CUSTOMER, text=text))
    assert isinstance(result, Ask | UpdateCompany)


@pytest.mark.parametrize(
    ("intent", "what"),
    [
        ("data.export_my_data", "export"),
        ("data.delete_my_data", "delete"),
        ("data.grant_consent", "grant"),
        ("data.revoke_consent", "revoke"),
    ],
)
def test_a_wish_about_ones_data_becomes_a_request_for_people(intent: str, what: str) -> None:
    s = situation(intent, CUSTOMER)
    assert propose(s) == RequestData("C001", "K001", what, s.text)  # type: ignore[arg-type]


def test_a_customer_sees_their_own_contact_and_no_colleagues_of_theirs() -> None:
    other = replace(house.CONTACT, id="K002", name="同公司的别人")
    answer = propose(situation("data.view_my_data", CUSTOMER, rows={**house.ROWS, "contacts": (house.CONTACT, other)}))
    assert isinstance(answer, Answer)
    assert [row["person"] for row in answer.rows] == ["样例联系人"]


def test_progress_shows_a_customer_tickets_and_no_deals() -> None:
    answer = propose(situation("service.progress_query", CUSTOMER))
    assert isinstance(answer, Answer)
    assert {row["row"] for row in answer.rows} == {"ticket_open", "ticket_taken"}


def test_an_intent_that_the_company_added_reaches_the_owner_in_the_customers_words() -> None:
    s = replace(situation("chat.greeting", CUSTOMER), passages=())
    told = propose(replace(s, understanding=replace(s.understanding, intent="become_dealer")))
    assert isinstance(told, TellOwner)
    assert (told.intent, told.text) == ("become_dealer", s.text)


def test_a_colleague_hears_what_was_understood_where_no_document_speaks_of_it() -> None:
    s = replace(situation("chat.greeting"), passages=())
    told = propose(replace(s, understanding=replace(s.understanding, intent="become_dealer")))
    assert told == Answer("added", {"intent": "become_dealer"}, says=("help",))
