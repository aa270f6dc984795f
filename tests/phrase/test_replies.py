"""Replies: whatever an intent leads to, for whoever asks, in either language, is a good sentence on a phone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from actions.commands.crm import (
    AssignLeads,
    CancelReminder,
    CreateDeal,
    CreateLead,
    ExportCustomers,
    HoldDeal,
    LogActivity,
    SetReminder,
    SetWaiting,
    UpdateAmount,
    UpdateStage,
)
from actions.commands.data import UpdateAddress, UpdateCompany, UpdateContact
from actions.commands.reviews import SubmitApproval
from actions.commands.service import CloseTicket, OpenTicket, TakeTicket, TellOwner
from actions.commands.undo import Undo
from actions.crm.records import Speaker
from actions.proposal import (
    Answer,
    Ask,
    Basis,
    Command,
    Confirmers,
    Decision,
    Need,
    Notify,
    Option,
    Reason,
    Redraw,
    Subject,
    Update,
)
from actions.propose import basis_of, propose
from actions.situation import Situation
from bot.phrase import (
    Phrased,
    phrase_also,
    phrase_answer,
    phrase_ask,
    phrase_basis,
    phrase_confirmation,
    phrase_help,
    phrase_notice,
    phrase_outcome,
    phrase_plain,
    phrase_settled,
    phrase_unsure,
)
from bot.wording.sentences import LANGUAGES, Language, sentences
from tests.phrase.reading import RememberingMint, all_text, complaints, outcome, proposed
from tests.plays import sample_house as house
from tests.plays.sample_house import CUSTOMER, MANAGER, REP, situation, slot

ABOVE_LIMIT = Decision(
    "confirm",
    (Reason("contract_value", "confirm"),),
    (Need(("contract_value",), Confirmers(frozenset({"manager", "director"}))),),
    timedelta(hours=24),
    "0123456789abcdef",
)
BY_WHO_ASKED = (Need(("low_confidence",), Confirmers(not_requester=False)),)
BY_ONESELF = Decision("confirm", (Reason("low_confidence", "confirm"),), BY_WHO_ASKED)
BASIS = Basis(
    "金额改成60万",
    "crm.update_amount",
    0.93,
    facts=(("customer", "华康医疗"), ("stage", "proposal"), ("amount", "480000 CNY")),
    passages=(house.passage(),),
)
RAISE = UpdateAmount("D001", Decimal(600000), "CNY")
IN_DOLLARS = UpdateAmount("D001", Decimal(90000), "USD")
ONE_YUAN = {"amount": 1, "currency": "CNY"}
IN_AN_HOUR = house.NOW + timedelta(hours=1)

DEEDS: tuple[tuple[Command, Speaker], ...] = (
    (UpdateStage("D001", "negotiation"), REP),
    (RAISE, REP),
    (UpdateAmount("D001", discount=Decimal(12)), REP),
    (HoldDeal("D001"), REP),
    (SetWaiting("D001", "materials"), REP),
    (CreateLead("北辰器械", "样例先生", "+8613800000009"), REP),
    (CreateDeal("C001", "华康医疗 · 新商机", Decimal(300000)), REP),
    (LogActivity("visit", "拜访采购", "C001", "D001"), REP),
    (LogActivity("note", "自己记一笔"), REP),
    (SetReminder("回访", IN_AN_HOUR, "C001"), REP),
    (AssignLeads(("L001",), "E02"), MANAGER),
    (SubmitApproval("D001", "合同第 4 版"), REP),
    (ExportCustomers(("C001", "C002"), "SG", "新加坡团队"), REP),
    (OpenTicket("fault", "登不上去", "登不上去", "C001", "K001"), REP),
    (TakeTicket("T001"), MANAGER),
    (CloseTicket("T002"), MANAGER),
    (TellOwner("C001", "objection.price", "太贵", "K001"), REP),
    (UpdateContact("K001", "C001", phone="+8613900000000"), CUSTOMER),
    (UpdateContact(None, "C001", "新联系人", "+8613900000001"), CUSTOMER),
    (UpdateAddress("C001", "delivery_address", "浦东张江路 88 号"), CUSTOMER),
    (UpdateCompany("C001", tax_id="91310000SAMPLE0002"), CUSTOMER),
)


def phrased_for(s: Situation, mint: RememberingMint) -> Phrased:
    """What the road would say to these words, everything being allowed."""
    result = propose(s)
    if isinstance(result, Answer):
        return phrase_answer(result, s, mint)
    if isinstance(result, Ask):
        return phrase_ask(result, s, mint)
    proposal = proposed(result, s.speaker, basis_of(s))
    kind = "impossible" if proposal.plan.problem else "done"
    return phrase_outcome(outcome(kind, proposal, deed="deed"), s.speaker, s.understanding.lang, mint)


SPOKEN = [
    pytest.param(intent, speaker, lang, id=f"{intent}-{role}-{lang}")
    for intent in house.DICTIONARY
    for role, speaker in house.SPEAKERS.items()
    for lang in LANGUAGES
]


@pytest.mark.parametrize(("intent", "speaker", "lang"), SPOKEN)
def test_every_intent_is_answered_well_for_everyone_in_their_language(intent: str, speaker: Speaker, lang: Language) -> None:
    mint = RememberingMint()
    phrased = phrased_for(situation(intent, speaker, lang=lang), mint)
    assert complaints(phrased.reply) == []
    assert phrased.reply.lang == lang
    shown = phrased.reply.card.buttons if phrased.reply.card else ()
    assert [button.token for button in shown] == [f"t{number + 1}" for number in range(len(mint.made))]


@pytest.mark.parametrize(("intent", "speaker", "lang"), SPOKEN)
def test_every_intent_is_answered_well_when_nothing_is_known(intent: str, speaker: Speaker, lang: Language) -> None:
    s = situation(intent, speaker, lang=lang, deal=None, passages=(), rows={}, text="?")
    if speaker.is_staff:
        s = replace(s, customer=None, contact=None)
    assert complaints(phrased_for(s, RememberingMint()).reply) == []


@pytest.mark.parametrize(("command", "requester"), DEEDS, ids=lambda value: getattr(value, "name", ""))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_deed_is_told_before_during_and_after(command: Command, requester: Speaker, lang: Language) -> None:
    proposal = proposed(command, requester, BASIS if lang == "zh" else Basis())
    assert proposal.plan.problem is None
    mint = RememberingMint()
    for kind in ("done", "already", "waiting", "stale", "rejected", "expired", "failed"):
        told = phrase_outcome(outcome(kind, proposal, ABOVE_LIMIT, deed="deed", decided_by="E11"), requester, lang, mint)
        assert complaints(told.reply) == [], kind
    assert complaints(phrase_confirmation(proposal, ABOVE_LIMIT, MANAGER, lang, mint).reply) == []
    for kind in ("done", "rejected", "expired", "stale"):
        settled = phrase_settled(proposal, outcome(kind, proposal, ABOVE_LIMIT, decided_by="E11"), lang)
        assert complaints(settled.reply) == [], kind
        assert settled.reply.card is not None and settled.reply.card.buttons == ()


def test_a_change_shows_old_and_new() -> None:
    told = phrase_outcome(outcome("done", proposed(RAISE), deed="d1"), REP, "zh", RememberingMint())
    assert "金额：48万 → 60万" in told.reply.text


def test_a_change_of_currency_shows_each_amount_in_its_own() -> None:
    told = phrase_outcome(outcome("done", proposed(IN_DOLLARS)), REP, "zh", RememberingMint())
    assert "金额：48万 → 9万美元" in told.reply.text


def test_what_can_be_taken_back_offers_it_and_what_cannot_does_not() -> None:
    mint = RememberingMint()
    phrase_outcome(outcome("done", proposed(RAISE), deed="d1"), REP, "zh", mint)
    assert mint.made == [("undo", {"deed": "d1"})]
    mint = RememberingMint()
    phrase_outcome(outcome("done", proposed(SubmitApproval("D001", "合同")), deed="d2"), REP, "zh", mint)
    assert "undo" not in mint.actions


def test_a_confirmation_shows_everything_it_rests_on() -> None:
    mint = RememberingMint()
    phrased = phrase_confirmation(proposed(RAISE, REP, BASIS), ABOVE_LIMIT, MANAGER, "zh", mint)
    text = phrased.reply.text
    for expected in (
        "金额：48万 → 60万",
        "金额改成60万",
        "改金额或折扣（把握 93%）",
        "阶段 方案",
        "样例手册",
        "超过 50 万",
        "经理或总监",
        "24 小时",
        "样例销售",
    ):
        assert expected in text
    assert mint.made[:2] == [
        ("confirm", {"proposal": "P-1", "digest": "digest"}),
        ("reject", {"proposal": "P-1", "digest": "digest"}),
    ]
    assert mint.actions[2] == "why"
    assert phrased.reply.card is not None and phrased.reply.card.view_of == "proposal:P-1"


def test_what_waits_says_for_whom_and_can_be_withdrawn() -> None:
    mint = RememberingMint()
    told = phrase_outcome(outcome("waiting", proposed(RAISE, REP, BASIS), ABOVE_LIMIT), REP, "zh", mint)
    assert "经理或总监确认后才生效" in told.reply.text
    assert mint.actions == ["reject", "why"]


def test_a_second_look_by_oneself_says_so() -> None:
    told = phrase_confirmation(proposed(RAISE), BY_ONESELF, REP, "en", RememberingMint())
    assert "whoever asked" in told.reply.text


def test_a_refusal_gives_every_reason() -> None:
    reasons = (
        Reason("ownership", "refuse"),
        Reason("discount_limit", "refuse"),
        Reason("legal_data", "confirm"),
    )
    told = phrase_outcome(outcome("refused", proposed(RAISE), Decision("refuse", reasons)), REP, "zh", RememberingMint())
    assert "不是您负责" in told.reply.text and "一律不批" in told.reply.text
    assert "法定资料" not in told.reply.text


def test_a_rule_that_has_no_sentence_is_named() -> None:
    decision = Decision("refuse", (Reason("house_rule_7", "refuse"),))
    told = phrase_outcome(outcome("refused", proposed(RAISE), decision), REP, "en", RememberingMint())
    assert "house_rule_7" in told.reply.text


def test_a_press_that_does_not_count_says_only_why() -> None:
    decision = Decision("refuse", (Reason("may_not_confirm", "refuse", {"roles": ["manager"]}),))
    told = phrase_outcome(
        outcome("refused", proposed(RAISE), decision, data={"reason": "may_not_confirm"}), REP, "zh", RememberingMint()
    )
    assert told.reply.text == "这件事不能由您确认，要请经理"


def test_a_deed_over_many_records_says_how_many() -> None:
    export = proposed(ExportCustomers(("C001", "C002"), "SG", "新加坡团队"))
    card = phrase_confirmation(export, ABOVE_LIMIT, MANAGER, "zh", RememberingMint())
    assert "华康医疗 等 2 项" in card.reply.text


def test_what_changed_meanwhile_is_shown_again_and_can_be_done_anew() -> None:
    mint = RememberingMint()
    told = phrase_outcome(outcome("stale", proposed(RAISE)), REP, "zh", mint)
    assert "金额：48万 → 60万" in told.reply.text
    assert mint.actions == ["do"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("problem", sorted(key.split(".")[1] for key in sentences("zh") if key.startswith("problem.")))
def test_every_problem_is_told(problem: str, lang: Language) -> None:
    proposal = proposed(RAISE)
    data = {"stage": "won", "person": "样例", "ticket": "T001"}
    impossible = replace(proposal, plan=replace(proposal.plan, problem=problem, data=data))
    told = phrase_outcome(outcome("impossible", impossible), REP, lang, RememberingMint())
    assert complaints(told.reply) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_undo_names_what_was_taken_back(lang: Language) -> None:
    back = Update("deal", "D001", "stage", "negotiation", "proposal")
    command = Undo("d1", "update_stage", (back,), (Subject("deal", "D001", house.DEAL.title),))
    proposal = proposed(command)
    told = phrase_outcome(outcome("done", proposal), REP, lang, RememberingMint())
    assert house.DEAL.title in told.reply.text
    assert complaints(told.reply) == []
    for kind in ("stale", "already"):
        assert complaints(phrase_outcome(outcome(kind, proposal), REP, lang, RememberingMint()).reply) == []
    too_late = proposed(replace(command, problem="too_late"))
    assert "24" in phrase_outcome(outcome("impossible", too_late), REP, lang, RememberingMint()).reply.text


def test_a_customer_hears_warmth_and_only_passages_for_customers() -> None:
    command = TellOwner("C001", "objection.stall", "我再考虑一下", "K001")
    inside = Basis(passages=(replace(house.passage(), audience=frozenset({"rep"})),))
    told = phrase_outcome(outcome("done", proposed(command, CUSTOMER, inside)), CUSTOMER, "zh", RememberingMint())
    assert told.reply.text == "没问题，您慢慢考虑。客户经理知道了，有想确认的随时问我。"
    outside = Basis(passages=(house.passage("zh", "customer"),))
    told = phrase_outcome(outcome("done", proposed(command, CUSTOMER, outside)), CUSTOMER, "zh", RememberingMint())
    assert "先看三年总成本" in told.reply.text


def test_whoever_wants_a_person_hears_that_one_is_coming_and_when() -> None:
    command = OpenTicket("handoff", "转人工", "转人工", "C001", "K001")
    told = phrase_outcome(outcome("done", proposed(command, CUSTOMER)), CUSTOMER, "zh", RememberingMint())
    assert "马上请同事过来" in told.reply.text and "8月11日（周二）14:00" in told.reply.text


def test_a_long_list_keeps_the_rest_behind_a_button() -> None:
    rows = tuple({"row": "deal", "deal": f"第 {n} 单", "stage": "won", "amount": ONE_YUAN} for n in range(9))
    mint = RememberingMint()
    phrased = phrase_answer(Answer("progress", {"count": 9}, rows=rows), situation("service.progress_query"), mint)
    assert "第 3 单" in phrased.reply.text and "第 4 单" not in phrased.reply.text
    assert phrased.more is not None and phrased.more.startswith("第 4 单") and "第 8 单" in phrased.more
    assert mint.actions == ["more"]


def test_a_long_passage_is_cut_at_a_line_and_the_whole_is_behind_a_button() -> None:
    long = replace(house.passage(), text="\n".join(f"- 第 {n} 步：要做的事情写在这里，写得比较长。" for n in range(30)))
    mint = RememberingMint()
    phrased = phrase_answer(Answer("heard", {}, passages=(long,)), situation("objection.stall"), mint)
    assert complaints(phrased.reply) == []
    assert phrased.more is not None and "第 29 步" in phrased.more
    assert mint.actions[-1] == "more"


def test_options_fill_the_slot_that_was_asked_for() -> None:
    mint = RememberingMint()
    ask = Ask("stage", "which_stage", {"deal": "华康", "stage": "proposal"}, (Option("won", "won"), Option("别的", "x")))
    phrased = phrase_ask(ask, situation("crm.update_stage"), mint)
    assert phrased.reply.card is not None
    assert [button.label for button in phrased.reply.card.buttons] == ["赢单", "别的"]
    assert mint.made[0] == ("fill", {"slot": "stage", "value": "won", "label": "赢单"})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unsure_reading_offers_the_candidates_and_a_way_out(lang: Language) -> None:
    mint = RememberingMint()
    phrased = phrase_unsure(situation("objection.stall", lang=lang), mint)
    assert mint.made[:3] == [
        ("read_as", {"intent": "objection.stall"}),
        ("read_as", {"intent": "objection.price"}),
        ("read_as", {"intent": "buying.discount_request"}),
    ]
    assert complaints(phrased.reply) == [] and len(mint.made) == 4


def test_a_further_intent_is_one_line_and_one_button_more() -> None:
    s = situation("objection.price", also=("objection.budget_freeze",))
    mint = RememberingMint()
    before = phrased_for(s, mint)
    after = phrase_also(before, s, mint)
    assert after.reply.text.count("还听到：预算冻结或没批。") == 1
    assert mint.made[-1] == ("read_as", {"intent": "objection.budget_freeze"})
    assert complaints(after.reply) == []
    assert phrase_also(before, situation("objection.price"), mint) == before


NOTICES: tuple[Notify | Redraw, ...] = (
    *(
        effect
        for command, requester in DEEDS
        for effect in proposed(command, requester).plan.effects
        if isinstance(effect, Notify | Redraw)
    ),
    *(
        effect
        for command in (TellOwner("C001", "objection.price", "太贵了", "K001"), OpenTicket("handoff", "转人工", "转人工"))
        for effect in proposed(command, CUSTOMER).plan.effects
        if isinstance(effect, Notify)
    ),
    Notify("person:E01", "reminder", {"text": "回访华康"}),
    Notify("person:E01", "reminder", {"text": "回访", "customer": "华康医疗"}),
    Notify("person:E01", "a topic of another version", {}),
)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.topic)
def test_every_notice_is_a_good_card_in_both_languages(notice: Notify | Redraw) -> None:
    for lang in LANGUAGES:
        mint = RememberingMint()
        phrased = phrase_notice(notice, lang, mint, "Asia/Shanghai")
        assert complaints(phrased.reply) == []
        assert (phrased.reply.card.view_of if phrased.reply.card else None) == notice.view_of


def test_a_raised_ticket_can_be_taken_by_button_and_a_taken_one_cannot() -> None:
    raised = next(one for one in NOTICES if one.topic == "ticket_raised")
    taken = next(one for one in NOTICES if one.topic == "ticket_taken" and isinstance(one, Redraw))
    mint = RememberingMint()
    phrase_notice(raised, "zh", mint, "Asia/Shanghai")
    assert mint.made[0][1]["command"]["name"] == "take_ticket"
    mint = RememberingMint()
    assert "样例经理 在处理" in phrase_notice(taken, "zh", mint, "Asia/Shanghai").reply.text
    assert mint.actions == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_why_takes_at_most_eight_lines(lang: Language) -> None:
    full = replace(BASIS, alternatives=situation("objection.stall").understanding.alternatives)
    for decision in (ABOVE_LIMIT, None):
        text = phrase_basis(full, decision, lang).reply.text
        assert "93%" in text and len(text.split("\n")) <= 8
    assert phrase_basis(Basis(), None, lang).reply.text == sentences(lang)["basis.nothing"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("role", ["rep", "manager", "director", "consultant", "legal", "customer", "guest"])
def test_help_is_by_example_and_the_examples_can_be_pressed(role: Any, lang: Language) -> None:
    mint = RememberingMint()
    phrased = phrase_help(replace(REP, role=role), lang, mint)
    assert complaints(phrased.reply) == []
    assert 1 <= len(mint.made) <= 4 and set(mint.actions) == {"say"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", sorted(key.split(".")[1] for key in sentences("zh") if key.startswith("plain.")))
def test_every_single_sentence_stands_alone(key: str, lang: Language) -> None:
    sample = "样例" if lang == "zh" else "Sample"
    phrased = phrase_plain(key, lang, name=sample, words=sample, most=500, of="1:24", count=2, channel="slack", user="U1")
    assert complaints(phrased.reply) == []


def test_a_sentence_that_is_not_there_is_a_mistake_and_raises() -> None:
    with pytest.raises(KeyError):
        phrase_plain("no_such_sentence", "zh")


def test_a_persons_words_cannot_break_a_card() -> None:
    rude = "{0} {deal!r} %s \u202e" + "长" * 5000
    s = situation("objection.price", text=rude)
    assert len(phrased_for(s, RememberingMint()).reply.text) < 400
    proposal = proposed(RAISE, REP, replace(BASIS, text=rude))
    card = phrase_confirmation(proposal, ABOVE_LIMIT, MANAGER, "zh", RememberingMint())
    assert len(card.reply.text) < 500
    assert all_text(card.reply)


def test_a_reminder_slot_is_offered_as_a_time_on_the_button() -> None:
    phrased = phrased_for(situation("crm.set_reminder", REP, slot("date", "2020-01-01")), RememberingMint())
    assert phrased.reply.card is not None
    assert phrased.reply.card.buttons[0].label == "周三 09:30"


def test_a_reminder_that_is_cancelled_is_named() -> None:
    told = phrase_outcome(outcome("done", proposed(CancelReminder("R001"))), REP, "zh", RememberingMint())
    assert "给华康回电话" in told.reply.text
