"""A call in words becomes moments, promises, open questions and numbers of the talk, each with its second."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.promises import asks, promises, puts_off
from voice.report import Mention, Reading, Report, report_of
from voice.sentences import Sentence, quote_at, sentences_of
from voice.transcript import Span, Transcript, Turn, Word

NOTHING = Reading("chat.thanks", 0.9, True)
KNOWN = {
    "你们比别家贵": Reading("objection.price", 0.93, True),
    "今年预算冻结了": Reading("objection.budget_freeze", 0.97, True),
    "还是太贵": Reading("objection.price", 0.96, True),
    "可能再看看": Reading("objection.stall", 0.41, False),
    "周五之前我把报价发给您": Reading("crm.draft_followup", 0.8, True, (Mention("date", "周五", "2026-11-27"),)),
    "星辰也报了六十万": Reading("objection.competitor", 0.9, True, (Mention("company", "星辰", "星辰"),)),
}


def read(sentence: Sentence) -> Reading:
    return KNOWN.get(sentence.text.strip("。？?，"), NOTHING)


def turn(speaker: str, start: float, end: float, text: str, lang: str = "zh") -> Turn:
    return Turn(start, end, text, (), lang, speaker, 1.0, False, 0.9)


def call(*turns: Turn, customer: str | None = "B", two_channels: bool = True) -> Transcript:
    speech = tuple(Span(one.start, one.end) for one in turns)
    end = max(one.end for one in turns)
    return Transcript(tuple(turns), "tiny", None, end, speech, two_channels, customer, 0.9)


SALES = call(
    turn("A", 0, 4, "您好，我是小陈。方案您看了吗？"),
    turn("B", 4, 10, "看了。你们比别家贵。今年预算冻结了。"),
    turn("A", 16, 20, "周五之前我把报价发给您。"),
    turn("B", 20, 24, "星辰也报了六十万。还是太贵。"),
    turn("B", 24, 26, "支持私有化部署吗？"),
    turn("A", 26, 29, "这个我回去确认一下。"),
)


def quotes(report: Report) -> list[tuple[str, str]]:
    return [(one.intent, one.quote.text) for one in report.moments]


def test_what_a_customer_shows_is_told_once_with_all_its_seconds() -> None:
    report = report_of(SALES, read)
    assert quotes(report) == [
        ("objection.price", "你们比别家贵。"),
        ("objection.budget_freeze", "今年预算冻结了。"),
        ("objection.competitor", "星辰也报了六十万。"),
    ]
    price = report.moments[0]
    assert price.confidence == 0.96 and len(price.again) == 1 and 20 < price.again[0] < 24


def test_all_that_a_sentence_holds_is_shown_also_where_its_main_point_is_doubtful() -> None:
    report = report_of(
        call(turn("B", 0, 3, "太贵了，昨天又死机了。")),
        lambda one: Reading("service.fault", 0.4, False, also=(("objection.price", 0.8), ("chat.thanks", 0.9))),
    )
    assert quotes(report) == [("objection.price", "太贵了，昨天又死机了。")]
    report = report_of(
        call(turn("B", 0, 3, "太贵了，我要退款。")),
        lambda one: Reading("service.refund", 0.9, True, also=(("objection.price", 0.8),)),
    )
    assert [one.intent for one in report.moments] == ["service.refund", "objection.price"]


def test_our_own_words_show_nothing_of_the_customer() -> None:
    said_by_us = call(turn("A", 0, 4, "你们比别家贵。"), turn("B", 4, 6, "嗯。"))
    assert report_of(said_by_us, read).moments == ()


def test_where_nobody_knows_who_the_customer_is_a_moment_says_so() -> None:
    report = report_of(replace(SALES, customer=None), read)
    assert {one.quote.side for one in report.moments} == {"unknown"}


def test_a_doubtful_reading_is_not_reported() -> None:
    assert report_of(call(turn("A", 0, 1, "喂。"), turn("B", 1, 3, "可能再看看。")), read).moments == ()


def test_a_promise_carries_its_day_and_its_side() -> None:
    report = report_of(SALES, read)
    dated = next(one for one in report.promises if one.due)
    assert dated.quote.side == "ours" and dated.quote.start == 16
    assert dated.due == Mention("date", "周五", "2026-11-27")


def test_a_question_that_is_put_off_stays_open_and_an_answered_one_does_not() -> None:
    assert [(one.quote.text, one.was_put_off) for one in report_of(SALES, read).questions] == [("支持私有化部署吗？", True)]


def test_a_question_nobody_answers_stays_open() -> None:
    report = report_of(call(turn("A", 0, 2, "你好。"), turn("B", 2, 4, "多久能交付？")), read)
    assert [(one.quote.text, one.was_put_off) for one in report.questions] == [("多久能交付？", False)]


def test_who_was_named_is_told_with_every_second() -> None:
    named = report_of(SALES, read).named
    assert [(one.type, one.text) for one in named] == [("date", "周五"), ("company", "星辰")]


def test_shares_silences_and_interruptions() -> None:
    talk = report_of(SALES, read).talk
    assert talk.shares == pytest.approx({"A": 11 / 23, "B": 12 / 23})
    assert talk.silences == (Span(10, 16),)
    assert talk.interruptions == ()
    assert talk.longest == Span(4, 10)


def test_an_interruption_is_who_falls_in_and_goes_on() -> None:
    falls_in = call(turn("A", 0, 6, "我们的方案是这样的。"), turn("B", 5, 9, "我先说一句。"))
    says_yes = call(turn("A", 0, 6, "我们的方案是这样的。"), turn("B", 4, 4.4, "嗯。"))
    assert report_of(falls_in, read).talk.interruptions == (("B", 5),)
    assert report_of(says_yes, read).talk.interruptions == ()


def test_one_channel_tells_no_interruptions() -> None:
    assert report_of(replace(SALES, two_channels=False), read).talk.interruptions is None


def test_nobody_speaking_is_an_empty_report() -> None:
    silent = Transcript((), "tiny", None, 60.0, (), False)
    report = report_of(silent, read)
    assert report.sentences == () and report.talk.shares == {} and report.talk.longest is None


def test_the_words_around_a_second_can_be_quoted() -> None:
    spoken = sentences_of(SALES)
    assert quote_at(spoken, 16.5, 17) == "周五之前我把报价发给您。"
    assert quote_at(spoken, 11, 15) == ""


def test_sentences_take_the_times_of_their_words() -> None:
    words = tuple(Word(char, n, n + 0.9, 0.9) for n, char in enumerate("好的太贵了"))
    one = Turn(0, 5, "好的。太贵了。", words, "zh", "B", 1.0, False, 0.9)
    assert [(s.text, s.start, s.end) for s in sentences_of(call(one))] == [("好的。", 0, 2), ("太贵了。", 2, 5)]


def test_a_long_sentence_is_cut_behind_its_commas_and_keeps_its_words_apart() -> None:
    said = "Hi, I'd like two units, and I was wondering whether you could do 1,200,000 for both, delivered in May"
    found = [one.text for one in sentences_of(call(turn("A", 0, 9, said, "en")))]
    assert len(found) > 1
    assert " ".join(found) == said
    assert any("1,200,000" in one for one in found)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("AB"),
            st.floats(0, 500),
            st.floats(0.1, 30),
            st.text("好太贵了。？,! ab.C", min_size=1, max_size=90),
        ),
        max_size=12,
    )
)
def test_no_letter_is_lost_and_no_sentence_leaves_its_turn(said: list[tuple[str, float, float, str]]) -> None:
    turns = tuple(turn(who, start, start + long, text) for who, start, long, text in said)
    transcript = Transcript(turns, "tiny", None, 600, (), True, "B", 0.9)
    spoken = sentences_of(transcript)
    assert sorted("".join(one.text for one in spoken).replace(" ", "")) == sorted(
        "".join(one.text for one in turns).replace(" ", "")
    )
    for one in spoken:
        assert any(t.start <= one.start <= one.end <= t.end + 1e-9 and t.speaker == one.speaker for t in turns)
    report = report_of(transcript, read)
    assert sum(report.talk.shares.values()) == pytest.approx(1.0 if turns else 0.0)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("我明天把合同发给您", "zh"),
        ("我们下周安排工程师上门", "zh"),
        ("这边会尽快给您答复", "zh"),
        ("今天下班前我们把款打过去", "zh"),
        ("I'll send you the quote by Friday", "en"),
        ("We will get back to you tomorrow", "en"),
        ("Let me check with our engineer", "en"),
        ("We can ship it within three days", "en"),
    ],
)
def test_these_are_promises(text: str, lang: str) -> None:
    assert promises(text, lang)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("我再考虑一下", "zh"),
        ("我们不会发给您的", "zh"),
        ("你们明天能发过来吗", "zh"),
        ("如果便宜点我们马上签", "zh"),
        ("我昨天已经发过去了", "zh"),
        ("今天天气不错", "zh"),
        ("Let me think about it", "en"),
        ("We'll see", "en"),
        ("I won't sign that", "en"),
        ("We can ship anywhere", "en"),
        ("Will you send it tomorrow?", "en"),
        ("I'll sign if you lower the price", "en"),
    ],
)
def test_these_are_none(text: str, lang: str) -> None:
    assert not promises(text, lang)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("多久能交付", "zh"),
        ("能不能便宜点", "zh"),
        ("方案您看了吗", "zh"),
        ("how long does it take", "en"),
        ("Is it secure?", "en"),
    ],
)
def test_these_are_questions(text: str, lang: str) -> None:
    assert asks(text, lang)


@pytest.mark.parametrize(
    ("text", "lang"),
    [("好的没问题", "zh"), ("收到了，有几个问题", "zh"), ("我们怎么都行", "zh"), ("That works for us.", "en")],
)
def test_these_ask_nothing(text: str, lang: str) -> None:
    assert not asks(text, lang)


def test_an_answer_can_put_off() -> None:
    assert puts_off("这个我得问一下", "zh") and puts_off("I'd have to check with legal", "en")
    assert not puts_off("三天就能到", "zh") and not puts_off("It takes three days", "en")
