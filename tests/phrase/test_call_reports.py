"""The report of a call is short, in the asker's language, marks doubt as doubt, and leads on: steps, CRM, transcript."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from actions.commands.roster import command_from_json
from actions.crm.records import Customer, Recording
from bot.call_reading import CallRead, SignalHeard
from bot.phrase_calls import call_note, phrase_ask_call_customer, phrase_call_note, phrase_report
from bot.steps import AskCallCustomer, ShowCallNote
from bot.wording.fill import Voice
from bot.wording.sentences import LANGUAGES, Language
from tests.phrase.reading import RememberingMint, complaints
from tests.plays import sample_house as house
from voice.report import Mention, Moment, Promise, Question, Report, Talk
from voice.sentences import Sentence, Side
from voice.transcript import Span, Transcript, Turn

AT = datetime(2026, 11, 25, 2, tzinfo=UTC)
CALL = Recording(
    "REC-1", "0" * 64, "call.m4a", "audio/mp4", 1_500_000, False, "E01", "web", "web:E01", AT, "done", duration_ms=754_000
)
CUSTOMER = Customer("C001", "华康医疗", "Huakang Medical", owner_id="E01")
QUIET = False
WORDS = {"zh": "这一句话说得很长很长，长到一行手机屏幕放不下，所以要截短一点", "en": "This sentence is rather long, " * 4}


def said(lang: Language, at: float, side: Side) -> Sentence:
    speaker = {"customer": "B", "ours": "A", "unknown": "C"}[side]
    return Sentence(WORDS[lang].strip(), lang, speaker, side, at, at + 3, 0.9)


def a_call(lang: Language, side: Side = "customer", *, moments: int = 9, is_estimated: bool = True) -> CallRead:
    intents = ("objection.price", "objection.stall", "buying.quote_request", "objection.trust", "objection.timing")
    shown = tuple(Moment(intents[n % 5], 0.9 - n / 100, said(lang, 60 + n, side), (70.0 + n,)) for n in range(moments))
    friday = Mention("date", "周五", "2026-11-27")
    ours, theirs = Promise(said(lang, 300, "ours"), friday), Promise(said(lang, 310, "customer"), None)
    past = Promise(said(lang, 320, "ours"), Mention("date", "昨天", "2026-11-24"))
    turns = (
        Turn(0, 5, "a", (), lang, "A", 0.8, is_estimated, 0.9),
        Turn(5, 20, "b", (), lang, "B", 0.8, is_estimated, 0.9),
    )
    customer = "B" if side == "customer" else None
    report = Report(
        sentences=(),
        moments=shown,
        promises=(ours, theirs, past) if moments else (),
        questions=(Question(said(lang, 400, "customer"), was_put_off=False),) * 3 if moments else (),
        named=(),
        talk=Talk({"A": 0.25, "B": 0.75}, (Span(100, 108),), None, None),
    )
    transcript = Transcript(turns, "fake", None, 754.0, (), two_channels=False, customer=customer, customer_certainty=0.8)
    frozen = SignalHeard("budget_freeze", said(lang, 192, "customer"), Decimal("0.9"), 90, ("manager",))
    return CallRead(CALL, transcript, report, (frozen,) if side == "customer" and moments else (), ())


def note(read: CallRead, *without: str, now: datetime = AT) -> ShowCallNote:
    return ShowCallNote(read, CUSTOMER, house.REP, now, without)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_card_fits_a_phone_and_the_rest_is_behind_more(lang: Language) -> None:
    mint = RememberingMint()
    reply = phrase_report(a_call(lang), CUSTOMER, QUIET, house.REP, Voice(lang), mint)
    assert complaints(reply) == []
    assert len(reply.text.split("\n")) <= 12
    assert mint.actions == ["say", "call_note", "transcript", "more"]
    rest = str(dict(mint.made)["more"]["text"])
    assert len(rest.split("\n")) > 6
    assert [one["action"] for one in dict(mint.made)["more"]["later"]] == ["correct", "summary", "do"]


@pytest.mark.parametrize(
    ("lang", "told"), [("zh", "1:00 觉得价格高、退款：“"), ("en", "1:00 finds it expensive, a refund: “")]
)
def test_what_a_sentence_shows_is_told_in_one_line(lang: Language, told: str) -> None:
    one = said(lang, 60, "customer")
    both = (Moment("objection.price", 0.9, one), Moment("service.refund", 0.8, one))
    read = replace(a_call(lang, moments=0), report=replace(a_call(lang).report, moments=both, questions=(), needs=(one,)))
    reply = phrase_report(read, CUSTOMER, QUIET, house.REP, Voice(lang), RememberingMint())
    assert told in reply.text


def test_the_next_steps_are_asked_for_in_the_customers_name_and_words() -> None:
    mint = RememberingMint()
    phrase_report(a_call("zh"), CUSTOMER, QUIET, house.REP, Voice("zh"), mint)
    assert dict(mint.made)["say"]["text"] == f"华康医疗说：“{WORDS['zh']}”"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_while_it_is_unclear_who_the_customer_is_it_says_so_and_leads_to_no_steps(lang: Language) -> None:
    mint = RememberingMint()
    reply = phrase_report(a_call(lang, "unknown"), CUSTOMER, QUIET, house.REP, Voice(lang), mint)
    assert ("分不清谁是客户" if lang == "zh" else "unclear who the customer is") in reply.text
    assert ("不确定是谁说的" if lang == "zh" else "unclear who said it") in reply.text
    assert "say" not in mint.actions


@pytest.mark.parametrize(("is_estimated", "told"), [(True, "按声音估计"), (False, "按说的话推测")])
def test_what_is_only_estimated_is_marked(is_estimated: bool, told: str) -> None:
    read = a_call("zh", is_estimated=is_estimated)
    assert told in phrase_report(read, CUSTOMER, QUIET, house.REP, Voice("zh"), RememberingMint()).text


def test_a_model_of_synthetic_voices_is_named_as_one() -> None:
    reply = phrase_report(a_call("zh"), CUSTOMER, True, house.REP, Voice("zh"), RememberingMint())
    assert "合成语音" in reply.text


def test_a_call_that_shows_nothing_is_told_by_its_first_lines() -> None:
    reply = phrase_report(a_call("zh", moments=0), None, QUIET, house.REP, Voice("zh"), RememberingMint())
    assert "0:05 B（估计）：b" in reply.text


def test_who_may_not_write_to_the_crm_is_not_offered_it() -> None:
    mint = RememberingMint()
    phrase_report(a_call("zh"), CUSTOMER, QUIET, replace(house.REP, role="consultant"), Voice("zh"), mint)
    assert "call_note" not in mint.actions and "say" not in mint.actions


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_would_be_written_is_listed_and_each_part_can_be_left_out(lang: Language) -> None:
    mint = RememberingMint()
    step = note(a_call(lang))
    phrased = phrase_call_note(step, QUIET, Voice(lang), mint)
    assert complaints(phrased.reply) == []
    assert mint.actions == ["do", "call_note", "call_note"]
    assert command_from_json(mint.made[0][1]["command"]) == call_note(step, Voice(lang))
    assert [made["without"] for _, made in mint.made[1:]] == [["signal:budget_freeze"], ["promise:0"]]


def test_only_what_we_promised_for_a_day_to_come_becomes_a_reminder() -> None:
    voice, read = Voice("zh"), a_call("zh")
    assert [one.due_at.date().isoformat() for one in call_note(note(read), voice).promises] == ["2026-11-27"]
    assert call_note(note(read, "promise:0"), voice).promises == ()
    assert call_note(note(read, now=AT + timedelta(days=9)), voice).promises == ()


def test_what_nobody_can_be_named_for_is_not_written_down_as_the_customers() -> None:
    written = call_note(note(a_call("zh", "unknown")), Voice("zh"))
    assert (written.moments, written.signals) == ((), ())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_call_with_nobody_known_asks_with_whom_it_was(lang: Language) -> None:
    mint = RememberingMint()
    asked: Sequence[Customer] = (CUSTOMER, replace(CUSTOMER, id="C002", name="海川科技", name_en="Haichuan"))
    phrased = phrase_ask_call_customer(AskCallCustomer(CALL, tuple(asked)), Voice(lang), mint)
    assert complaints(phrased.reply) == []
    assert [made["customer"] for _, made in mint.made] == ["C001", "C002"]
