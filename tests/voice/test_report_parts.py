"""Rivals, budget, needs and people are parts of the report of their own, each with its second; the rest was just named."""

import pytest

from voice.report import Mention, Reading, report_of
from voice.sentences import Sentence
from voice.topics import is_about_budget, office_in, rivals_in, wants
from voice.transcript import Span, Transcript, Turn

RIVALS = {"云禾CRM": ("云禾", "Cloudgrain"), "Northwind": ()}


def call(*said: tuple[str, str]) -> Transcript:
    turns = tuple(
        Turn(at * 10.0, at * 10.0 + 8, text, (), "en" if text.isascii() else "zh", who, 0.9, True, 0.9)
        for at, (who, text) in enumerate(said)
    )
    return Transcript(turns, "parrot", None, len(turns) * 10.0, (Span(0, 90),), False, "B", 1.0)


def named(*mentions: tuple[str, str]) -> Reading:
    return Reading("", 0.0, False, tuple(Mention(kind, text, text) for kind, text in mentions))


def test_a_rival_is_told_by_its_name_on_file_with_every_second() -> None:
    report = report_of(
        call(("B", "云禾的报价低"), ("A", "我们包维保"), ("B", "We also see cloudgrain and Northwinds here")),
        lambda one: named(("company", "云禾"), ("company", "某某集团")) if "云禾" in one.text else named(),
        RIVALS,
    )
    assert [(one.name, one.at, one.quote.text) for one in report.rivals] == [("云禾CRM", (0.0, 20.0), "云禾的报价低")]
    assert [one.text for one in report.named] == ["某某集团"], "what is a rival is not named once more"


def test_the_budget_is_told_with_its_amounts_and_the_answer_to_a_question_about_it() -> None:
    def read(one: Sentence) -> Reading:
        amounts = [("amount", "二十万")] if "二十万" in one.text else [("amount", "三十万")] if "三十万" in one.text else []
        return named(*amounts)

    report = report_of(
        call(("A", "你们预算多少？"), ("B", "二十万左右"), ("A", "好的"), ("B", "合同金额三十万"), ("B", "今年预算冻结了")),
        read,
    )
    assert [(one.quote.text, [amount.text for amount in one.amounts]) for one in report.budget] == [
        ("二十万左右", ["二十万"]),
        ("今年预算冻结了", []),
    ]
    assert [one.text for one in report.named] == ["三十万"]


def test_what_a_reader_takes_for_the_budget_is_told_whatever_the_words() -> None:
    report = report_of(call(("B", "上面没批下来")), lambda one: Reading("x", 0.9, True, is_about_budget=True))
    assert [one.quote.text for one in report.budget] == ["上面没批下来"]


def test_needs_are_the_customers_and_a_question_is_none() -> None:
    report = report_of(
        call(
            ("B", "我们需要能对接的系统"),
            ("A", "我们需要您的确认"),
            ("B", "我们需要付定金吗？"),
            ("B", "We need it by March."),
        ),
        lambda one: named(),
    )
    assert [one.text for one in report.needs] == ["我们需要能对接的系统", "We need it by March."]


def test_people_are_told_with_company_and_office_where_those_are_said_with_the_name() -> None:
    said = {
        "我们财务总监李明下周来": [("person", "李明")],
        "李明在样例医院": [("person", "李明"), ("company", "样例医院")],
        "王芳和赵强是经理": [("person", "王芳"), ("person", "赵强")],
    }
    report = report_of(call(*(("B", text) for text in said)), lambda one: named(*said[one.text]))
    assert [(one.name, one.company, one.office, one.at) for one in report.people] == [
        ("李明", "样例医院", "财务总监", (0.0, 10.0)),
        ("王芳", None, None, (20.0,)),
        ("赵强", None, None, (20.0,)),
    ]
    assert [one.type for one in report.named] == ["company"]


@pytest.mark.parametrize(
    ("text", "lang", "is_wish"),
    [
        ("我们希望年底前上线", "zh", True),
        ("最好能跟财务系统打通", "zh", True),
        ("领导最看重售后", "zh", True),
        ("我们不需要培训", "zh", False),
        ("需要我们盖章吗", "zh", False),
        ("希望您满意", "zh", False),
        ("We are looking for a system with an API.", "en", True),
        ("It has to run on our servers.", "en", True),
        ("We don't need training.", "en", False),
        ("Do we need a contract?", "en", False),
        ("The weather is fine.", "en", False),
    ],
)
def test_a_wish_is_told_from_a_question_and_a_refusal(text: str, lang: str, is_wish: bool) -> None:
    assert wants(text, lang) is is_wish


def test_names_and_offices_are_read_from_the_words() -> None:
    assert rivals_in("northwind 也来了", RIVALS) == ("Northwind",)
    assert rivals_in("northwinds", RIVALS) == ()
    assert office_in("我们的 CFO 和 CTO") is None
    assert office_in("our head of finance decides") == "head of finance"
    assert is_about_budget("what is your budget") and not is_about_budget("what is your address")
