"""What a rep or manager gets: commands with the right arguments, one question for what is missing, next steps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actions.commands.crm import (
    AssignLeads,
    CreateDeal,
    CreateLead,
    ExportCustomers,
    HoldDeal,
    LogActivity,
    MarkLead,
    SetReminder,
    SetWaiting,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.meetings import HoldSlot
from actions.commands.reviews import SubmitApproval
from actions.commands.service import CloseTicket, OpenTicket, TakeTicket
from actions.crm.records import Booking
from actions.plays.consultants import wish_of
from actions.plays.destination import destination, recipient
from actions.proposal import Answer, Ask, Option
from actions.propose import propose
from tests.plays import sample_house as house
from tests.plays.sample_house import situation, slot

OBJECTIONS_AND_SIGNALS = sorted(intent for intent in house.DICTIONARY if intent.startswith(("objection.", "buying.")))


@pytest.mark.parametrize("intent", OBJECTIONS_AND_SIGNALS)
def test_a_reported_objection_or_signal_is_told_with_its_deal_its_passage_and_next_steps(intent: str) -> None:
    answer = propose(situation(intent))
    assert isinstance(answer, Answer)
    assert answer.topic == "heard"
    assert answer.data["deal"] == house.DEAL.title
    assert answer.passages
    assert answer.steps
    assert answer.offers == (LogActivity("note", house.DICTIONARY[intent].zh, "C001", "D001", intent=intent),)


def test_a_price_objection_names_the_cheaper_product_in_the_askers_money() -> None:
    zh, en = propose(situation("objection.price")), propose(situation("objection.price", lang="en"))
    assert isinstance(zh, Answer) and isinstance(en, Answer)
    assert zh.data["alternative_price"] == {"amount": "260000", "currency": "CNY"}
    assert en.data["alternative_price"] == {"amount": "36000", "currency": "USD"}


def test_a_named_date_brings_the_reminder_two_weeks_before_it() -> None:
    answer = propose(situation("objection.timing", house.REP, slot("date", "2026-10-15")))
    assert isinstance(answer, Answer)
    reminder = next(step.command for step in answer.steps if isinstance(step.command, SetReminder))
    assert reminder.due_at.date().isoformat() == "2026-10-01"


def test_whoever_asks_to_be_left_alone_gets_no_reminder() -> None:
    answer = propose(situation("objection.no_need", text="客户说别再打电话了"))
    assert isinstance(answer, Answer)
    assert answer.steps == ()


def test_a_discount_with_a_figure_is_offered_as_a_change_of_the_deal() -> None:
    answer = propose(situation("buying.discount_request", house.REP, slot("percent", 12.0)))
    assert isinstance(answer, Answer)
    assert UpdateAmount("D001", discount=Decimal("12.0")) in [step.command for step in answer.steps]


def test_a_reported_objection_without_a_customer_is_still_explained() -> None:
    answer = propose(situation("objection.stall", customer=None, deal=None, contact=None))
    assert isinstance(answer, Answer)
    assert answer.data["nobody"] is True
    assert answer.offers == ()
    assert all(step.command is None or isinstance(step.command, SetReminder) for step in answer.steps)


@pytest.mark.parametrize(
    ("intent", "command"),
    [
        ("status.hold_deal", HoldDeal("D001")),
        ("status.stuck_legal", SetWaiting("D001", "legal")),
        ("status.waiting_materials", SetWaiting("D001", "materials")),
        ("status.won", UpdateStage("D001", "won")),
        ("status.lost", UpdateStage("D001", "lost")),
    ],
)
def test_a_word_about_status_changes_the_deal_talked_about(intent: str, command: object) -> None:
    assert propose(situation(intent)) == command


@pytest.mark.parametrize(
    ("intent", "text", "topic"),
    [
        ("status.won", "华康那单签下来了吗", "deal_now"),
        ("status.lost", "did we lose the Huakang deal?", "deal_now"),
        ("status.stuck_legal", "合同还卡在法务吗？", "is_not_waiting"),
        ("status.stuck_legal", "哪些单卡在法务", "no_waiting_deals"),
        ("status.waiting_materials", "which deals are waiting for papers?", "no_waiting_deals"),
        ("status.hold_deal", "那单还压着吗", "is_not_held"),
    ],
)
def test_a_question_about_status_is_answered_and_changes_nothing(intent: str, text: str, topic: str) -> None:
    answer = propose(situation(intent, text=text))
    assert isinstance(answer, Answer)
    assert answer.topic == topic


@pytest.mark.parametrize("text", ["那单可以先压一压吗", "can we hold the Huakang deal?"])
def test_a_request_put_as_a_question_is_still_a_request(text: str) -> None:
    assert propose(situation("status.hold_deal", text=text)) == HoldDeal("D001")


@pytest.mark.parametrize(
    ("text", "is_given_up"),
    [
        ("那单我不跟了，放回公海吧", True),
        ("那单转给小佩了", True),
        ("throw that deal back in the pool", True),
        ("giving that one to Jamie", True),
        ("那单可以放了", False),
        ("ok give that order the go ahead", False),
    ],
)
def test_a_deal_that_is_given_up_is_not_released(text: str, is_given_up: bool) -> None:
    result = propose(situation("status.release_deal", text=text))
    assert isinstance(result, Answer) == is_given_up


def test_deals_that_wait_are_counted_with_what_they_are_worth() -> None:
    waiting = replace(house.DEAL, waiting_on="legal")
    rows = {**house.ROWS, "pipeline": (waiting, house.DOLLAR_DEAL)}
    answer = propose(situation("crm.lookup_pipeline", rows=rows, text="有哪些单卡在法务"))
    assert isinstance(answer, Answer)
    assert (answer.topic, answer.data["count"], len(answer.rows)) == ("waiting_deals", 1, 1)


def test_two_companies_with_similar_names_are_offered() -> None:
    options = (Option("海川科技", "C002"), Option("海川精密", "C003"))
    ask = propose(situation("status.won", customer=None, deal=None, choose={"customer": options}))
    assert ask == Ask("customer", "which_customer", {}, options)


def test_with_several_deals_open_an_objection_is_the_customers_and_a_commitment_is_one_deals() -> None:
    several = {"deal": (Option("一单", "D001"), Option("另一单", "D003"))}
    heard = propose(situation("objection.price", deal=None, choose=several))
    assert isinstance(heard, Answer)
    assert heard.data["customer"] == "华康医疗"
    ask = propose(situation("buying.commitment", deal=None, choose=several))
    assert isinstance(ask, Ask)
    assert ask.slot == "deal"


def test_a_draft_goes_back_to_what_the_customer_said_last() -> None:
    said = {**house.ROWS, "activities": (house.ACTIVITY, house.OLD_PRICE_TALK)}
    answer = propose(situation("crm.draft_followup", rows=said))
    assert isinstance(answer, Answer)
    assert (answer.topic, answer.data["intent"], answer.data["contact"]) == ("draft", "objection.price", "样例联系人")
    plain = propose(situation("crm.draft_followup"))
    assert isinstance(plain, Answer)
    assert plain.data["intent"] == "other"


def test_somebody_elses_customer_is_told_plainly_with_who_owns_it() -> None:
    s = situation("crm.lookup_customer", house.REP, slot("company", "远方医疗"), customer=None, deal=None, not_yours="C009")
    answer = propose(s)
    assert isinstance(answer, Answer)
    assert (answer.topic, answer.data) == ("not_yours", {"what": "远方医疗", "owner": "另一位销售"})
    assert not answer.rows


def test_an_unknown_company_is_offered_as_a_lead() -> None:
    answer = propose(situation("status.won", customer=None, deal=None, unknown="北辰器械"))
    assert isinstance(answer, Answer)
    assert answer.offers == (CreateLead("北辰器械"),)


def test_a_customer_without_open_deals_is_said_so() -> None:
    answer = propose(situation("crm.update_stage", deal=None))
    assert isinstance(answer, Answer)
    assert answer.topic == "no_open_deal"


def test_a_missing_stage_is_asked_for_with_the_other_stages() -> None:
    ask = propose(situation("crm.update_stage"))
    assert isinstance(ask, Ask)
    assert "proposal" not in [option.value for option in ask.options]
    assert propose(situation("crm.update_stage", answers={"stage": "won"})) == UpdateStage("D001", "won")


def test_a_lead_can_be_marked_invalid() -> None:
    s = situation("crm.update_stage", text="这条线索无效", deal=None, customer=None, lead=house.LEAD)
    assert propose(s) == MarkLead("L001", "invalid")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("金额改成60万", 600000),
        ("再减 8 万", 400000),
        ("加10万", 580000),
        ("降到 40 万", 400000),
        ("change it to 600k", 600000),
    ],
)
def test_an_amount_is_replaced_or_changed_by_what_the_words_say(text: str, amount: int) -> None:
    spoken = {
        "金额改成60万": 600000,
        "再减 8 万": 80000,
        "加10万": 100000,
        "降到 40 万": 400000,
        "change it to 600k": 600000,
    }[text]
    s = situation("crm.update_amount", house.REP, slot("amount", {"amount": spoken, "currency": "CNY"}, "x"), text=text)
    assert propose(s) == UpdateAmount("D001", Decimal(amount), "CNY")


def test_a_reminder_drops_the_words_that_only_say_when() -> None:
    text = "下周三提醒我回访"
    s = situation("crm.set_reminder", house.REP, slot("date", "2026-08-19", "下周三"), text=text)
    command = propose(s)
    assert isinstance(command, SetReminder)
    assert command.text == "回访"
    assert command.due_at.astimezone(UTC) == datetime(2026, 8, 19, 1, 30, tzinfo=UTC)


def test_a_reminder_in_english_keeps_its_purpose() -> None:
    text = "remind me to follow up on Friday"
    s = situation("crm.set_reminder", house.REP, slot("date", "2026-08-14", "Friday", 26), text=text, lang="en")
    command = propose(s)
    assert isinstance(command, SetReminder)
    assert command.text == "follow up"


@pytest.mark.parametrize("value", ["PT3H", "P2D", "P1W"])
def test_a_duration_counts_from_now(value: str) -> None:
    command = propose(situation("crm.set_reminder", house.REP, slot("duration", value)))
    assert isinstance(command, SetReminder)
    assert house.NOW < command.due_at < house.NOW + timedelta(days=8)


@pytest.mark.parametrize("value", ["2026-08-01", "2020-01-01T10:00:00+08:00"])
def test_a_time_that_has_passed_is_asked_for_again(value: str) -> None:
    ask = propose(situation("crm.set_reminder", house.REP, slot("date", value)))
    assert isinstance(ask, Ask)
    assert ask.key == "when_past"
    assert all(datetime.fromisoformat(option.value) > house.NOW for option in ask.options)


def test_a_lead_needs_a_company_and_keeps_the_rest() -> None:
    s = situation("crm.create_lead", house.REP, customer=None, deal=None)
    assert propose(s) == Ask("company", "lead_company")
    filled = replace(s, answers={"company": "北辰器械"}, unknown="北辰器械")
    command = propose(filled)
    assert isinstance(command, CreateLead)
    assert command.company == "北辰器械"


def test_a_company_that_is_a_customer_already_is_not_made_a_lead_unasked() -> None:
    answer = propose(situation("crm.create_lead", house.REP, slot("company", "华康医疗")))
    assert isinstance(answer, Answer)
    assert answer.topic == "already_customer"


def test_a_deal_needs_an_amount() -> None:
    s = situation("crm.create_opportunity")
    assert isinstance(propose(s), Ask)
    command = propose(replace(s, answers={"amount": {"amount": 800000, "currency": "CNY"}}))
    assert isinstance(command, CreateDeal)
    assert (command.customer_id, command.amount) == ("C001", Decimal(800000))


def test_leads_go_to_a_colleague_by_name_or_to_whoever_has_fewest() -> None:
    by_name = situation("crm.assign_lead", house.MANAGER, slot("person", "另一位销售"), text="分给另一位销售")
    assert propose(by_name) == AssignLeads(("L001",), "E02")
    busy = (house.LEAD, replace(house.LEAD, id="L002", owner_id="E01", state="working"))
    automatic = situation("crm.assign_lead", house.MANAGER, text="自动分配", rows={**house.ROWS, "leads": busy})
    assert propose(automatic) == AssignLeads(("L001",), "E02")


def test_without_a_name_the_reps_are_offered_with_what_they_have_in_hand() -> None:
    ask = propose(situation("crm.assign_lead", house.MANAGER, text="这条线索给人跟一下"))
    assert isinstance(ask, Ask)
    assert [option.value for option in ask.options] == ["E01", "E02", "auto"]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("把客户名单导出发给新加坡团队", "SG"),
        ("export the customer list to our US partner", "US"),
        ("send it to us", ""),
        ("send the list to our partner", None),
        ("发给海外同事", None),
        ("导出客户名单", ""),
        ("send all EU customers' records", "EU"),
    ],
)
def test_where_data_goes_is_read_from_the_words_or_asked(text: str, country: str | None) -> None:
    assert destination(text) == country


def test_the_recipient_is_told_in_the_askers_words() -> None:
    assert recipient("把客户名单导出发给新加坡团队，谢谢") == "新加坡团队"
    assert recipient("export the customer list to our US partner") == "our US partner"
    assert recipient("导出客户名单") == ""


def test_the_list_means_everyone_visible_and_a_named_company_only_itself() -> None:
    everyone = propose(situation("crm.transfer_data"))
    assert everyone == ExportCustomers(("C001", "C002"), "SG", "新加坡团队")
    one = propose(
        situation("crm.transfer_data", house.REP, slot("company", "华康医疗"), text="把华康医疗的资料发给新加坡团队")
    )
    assert one == ExportCustomers(("C001",), "SG", "新加坡团队")


def test_a_partner_without_a_country_is_asked_where() -> None:
    ask = propose(situation("crm.transfer_data", text="把客户名单发给合作伙伴"))
    assert isinstance(ask, Ask)
    assert ask.slot == "destination"


def test_a_comparison_shows_source_and_date_of_each_fact() -> None:
    answer = propose(situation("crm.compare_competitor", text="和科维比一下"))
    assert isinstance(answer, Answer)
    assert (answer.rows[0]["source"], answer.rows[0]["as_of"]) == ("Corvex 2026 price list", "2026-05-01")


def test_a_competitor_named_by_the_customer_is_met_with_a_fact() -> None:
    answer = propose(situation("objection.competitor", text="华康那边也在看科维"))
    assert isinstance(answer, Answer)
    assert answer.data["competitor"] == "Corvex"
    assert [row["point"] for row in answer.rows] == ["交付周期"]
    unnamed = propose(situation("objection.competitor"))
    assert isinstance(unnamed, Answer)
    assert unnamed.rows == ()


def test_a_source_named_in_both_languages_is_shown_in_the_askers() -> None:
    fact = replace(house.FACT, source="对战卡/ battle card", ours_en="Deliver in 6 weeks.")
    s = situation("crm.compare_competitor", text="compare us with Corvex", lang="en", rows={"battle_facts": (fact,)})
    answer = propose(s)
    assert isinstance(answer, Answer)
    assert (answer.rows[0]["source"], answer.rows[0]["ours"]) == ("battle card", "Deliver in 6 weeks")


def test_a_comparison_with_nobody_named_offers_the_competitors() -> None:
    ask = propose(situation("crm.compare_competitor"))
    assert isinstance(ask, Ask)
    assert [option.value for option in ask.options] == ["Corvex"]


def test_free_hours_of_a_consultant_are_offered_with_the_reason_and_can_be_held() -> None:
    answer = propose(situation("crm.book_consultant"))
    assert isinstance(answer, Answer)
    assert (answer.rows[0]["at"], answer.rows[0]["topics"]) == ("2026-08-11T05:00:00+00:00", "影像")
    assert [type(offer) for offer in answer.offers] == [HoldSlot] * 3


@pytest.mark.parametrize(
    ("value", "words", "text", "from_hour", "to_hour"),
    [
        ("2026-08-12T14:00:00+08:00", "周三下午", "周三下午", 12, 24),
        ("2026-08-12T09:00:00+08:00", "周三上午", "周三上午", 0, 12),
        ("2026-08-12", "周三", "周三", 0, 24),
        ("2026-08-12", "3 pm tomorrow", "after 3 pm tomorrow", 15, 24),
        ("2026-08-12T15:00:00+08:00", "明天下午三点", "明天下午三点以后", 15, 24),
        ("2026-08-12T15:00:00+08:00", "明天下午三点", "明天下午三点之前", 0, 15),
        ("2026-08-12T15:00:00+08:00", "明天下午三点", "明天下午三点", 15, 15.5),
        ("2026-08-12", "tomorrow morning", "tomorrow morning", 0, 12),
    ],
)
def test_a_time_wish_is_a_stretch_of_time(value: str, words: str, text: str, from_hour: float, to_hour: float) -> None:
    wish = wish_of(situation("crm.book_consultant", house.REP, slot("date", value, words), text=text))
    midnight = datetime(2026, 8, 11, 16, 0, tzinfo=UTC)
    assert wish.earliest == midnight + timedelta(hours=from_hour)
    assert wish.latest == midnight + timedelta(hours=to_hour)


def test_a_meeting_that_is_gone_is_told_and_one_of_several_is_asked_for() -> None:
    gone = propose(situation("crm.book_consultant", answers={"change": "cancel", "booking": "M-x"}))
    assert isinstance(gone, Answer)
    assert gone.topic == "no_booking"
    starts = house.NOW + timedelta(hours=3)
    two = tuple(Booking(name, "E31", "E01", starts, starts + timedelta(hours=1)) for name in ("M1", "M2"))
    rows = {"diary": (replace(house.DIARY, bookings=two),)}
    ask = propose(situation("crm.book_consultant", answers={"change": "cancel"}, rows=rows))
    assert isinstance(ask, Ask)
    assert [option.value for option in ask.options] == ["M1", "M2"]


def test_the_brief_puts_promises_first_then_what_is_late() -> None:
    answer = propose(situation("crm.morning_brief"))
    assert isinstance(answer, Answer)
    assert [row["row"] for row in answer.rows] == ["reminder", "overdue", "open_ticket", "closing", "contract_ends"]


def test_a_pipeline_is_added_up_for_each_currency_alone() -> None:
    answer = propose(situation("crm.lookup_pipeline", text="所有商机"))
    assert isinstance(answer, Answer)
    assert answer.data["sums"] == [{"amount": "480000", "currency": "CNY"}, {"amount": "80000", "currency": "USD"}]


def test_this_month_means_closing_this_month() -> None:
    answer = propose(situation("crm.lookup_pipeline", text="我这个月的商机有哪些"))
    assert isinstance(answer, Answer)
    assert [row["deal"] for row in answer.rows] == [house.DEAL.title]


def test_a_note_is_kept_without_the_words_that_ask_for_it() -> None:
    assert propose(situation("crm.log_activity", text="记一下，今天拜访了王总")) == LogActivity(
        "visit", "今天拜访了王总", "C001", "D001"
    )


def test_a_note_keeps_the_further_intent_it_was_read_with() -> None:
    command = propose(situation("crm.log_activity", text="记一下，打电话说太贵", also=("objection.price",)))
    assert isinstance(command, LogActivity)
    assert (command.kind, command.intent) == ("call", "objection.price")


def test_an_approval_goes_to_legal_with_the_askers_words() -> None:
    assert propose(situation("crm.submit_approval")) == SubmitApproval("D001", "把合同提交法务审核")


def test_one_waiting_ticket_is_taken_and_several_are_offered() -> None:
    assert propose(situation("escalation.take", house.MANAGER)) == TakeTicket("T001")
    two = (house.TICKET, replace(house.TICKET, id="T003", subject="另一件"))
    several = situation("escalation.take", house.MANAGER, customer=None, rows={**house.ROWS, "open_tickets": two})
    ask = propose(several)
    assert isinstance(ask, Ask)
    assert [option.value for option in ask.options] == ["T001", "T003"]
    assert propose(replace(several, answers={"ticket": "T003"})) == TakeTicket("T003")


@pytest.mark.parametrize(
    "text", ["这个处理完了", "已经处理好了", "it's resolved", "Done, called them back", "close the ticket"]
)
def test_saying_that_it_is_handled_closes_the_ticket_one_has(text: str) -> None:
    assert propose(situation("escalation.take", house.MANAGER, text=text)) == CloseTicket("T002")


@pytest.mark.parametrize("text", ["这个我来处理", "我来跟，今天处理好", "I'll get it fixed", "mine"])
def test_promising_to_handle_it_takes_the_ticket(text: str) -> None:
    assert propose(situation("escalation.take", house.MANAGER, text=text)) == TakeTicket("T001")


def test_a_yes_in_words_never_offers_to_mark_the_deal_won() -> None:
    for deal in (house.DEAL, replace(house.DEAL, stage="negotiation")):
        answer = propose(situation("buying.commitment", deal=deal))
        assert isinstance(answer, Answer)
        assert UpdateStage("D001", "won") not in answer.offers


def test_open_escalations_show_what_is_overdue_first() -> None:
    answer = propose(situation("escalation.status", house.MANAGER))
    assert isinstance(answer, Answer)
    assert [row["row"] for row in answer.rows] == ["overdue", "open_ticket"]
    assert answer.data["overdue"] == 1


def test_a_cooling_customer_is_told_with_the_last_objection() -> None:
    answer = propose(situation("report.value_decay", house.MANAGER))
    assert isinstance(answer, Answer)
    assert [(row["customer"], row["days"], row["intent"]) for row in answer.rows] == [("海川科技", 70, "objection.price")]


def test_a_named_customer_that_is_in_touch_is_not_called_cooling() -> None:
    answer = propose(situation("report.value_decay", house.MANAGER, slot("company", "华康医疗")))
    assert isinstance(answer, Answer)
    assert answer.topic == "still_warm"


def test_a_colleagues_ticket_needs_a_customer() -> None:
    assert isinstance(propose(situation("service.fault")), OpenTicket)
    ask = propose(situation("service.fault", customer=None, deal=None, contact=None))
    assert ask == Ask("customer", "whose_ticket")


@pytest.mark.parametrize("intent", ["flow.define", "flow.manage"])
def test_what_is_not_built_is_said_and_never_pretended(intent: str) -> None:
    answer = propose(situation(intent))
    assert isinstance(answer, Answer)
    assert answer.topic in ("no_rules_yet", "no_rules_to_manage")


def test_whoever_wants_a_call_analysed_is_asked_for_the_recording() -> None:
    assert propose(situation("crm.analyse_call")) == Answer("send_the_call", says=("log_call",))


def test_a_yes_with_nothing_pending_does_nothing() -> None:
    for intent in ("approval.confirm", "approval.reject"):
        answer = propose(situation(intent))
        assert isinstance(answer, Answer)
        assert not answer.offers


def test_a_question_that_no_document_answers_is_not_guessed_at() -> None:
    answer = propose(situation("knowledge.ask", passages=()))
    assert isinstance(answer, Answer)
    assert answer.topic == "not_in_documents"
