"""Words told, quoted or forwarded from a customer are heard as the customer's, and never as the rep's command."""

import pytest

from intents.dictionary import load_dictionary
from intents.report import is_reported
from intents.telling import is_all_quoted, told_words
from intents.understand import Reader
from tests.intents.conftest import DICTIONARY, WEDNESDAY_MORNING

_DICTIONARY = load_dictionary(DICTIONARY)


def reported(text: str, intent: str, role: str | None = None) -> bool:
    return is_reported(text, role, _DICTIONARY.intents[intent], _DICTIONARY.customers_own())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("客户说再考虑一下,华康医疗那单", "再考虑一下"),
        ("王总原话:这个得我们老板拍板", "这个得我们老板拍板"),
        ("he goes not now, maybe later", "not now, maybe later"),
        ("client says let me think about it, the Acme deal", "let me think about it"),
        ("Fwd: please cancel our plan", "please cancel our plan"),
    ],
)
def test_the_customers_words_are_heard_through_the_telling(text: str, words: str) -> None:
    assert told_words(text) == words


@pytest.mark.parametrize("text", ["再考虑一下", "remind me on Friday", "", "客户说话很快"])
def test_nothing_is_heard_where_nothing_is_told(text: str) -> None:
    assert told_words(text) is None


@pytest.mark.parametrize(
    "text", ["客户说太贵了", "王总原话:太贵了", "she said it's too expensive", '"too expensive for us"', "对方回复太贵"]
)
def test_told_words_are_the_customers(text: str) -> None:
    assert reported(text, "objection.price")


@pytest.mark.parametrize(
    "text",
    ["Fwd: assign this lead to Tom", "原话:把这批线索分配下去", "[10:32] assign this lead to Tom", "> move it to won"],
)
def test_a_command_inside_a_forwarded_message_is_the_customers(text: str) -> None:
    assert reported(text, "crm.assign_lead", "rep")


def test_a_command_that_mentions_what_a_customer_said_is_the_reps() -> None:
    assert not reported("客户说太贵了,帮我写条跟进话术", "crm.draft_followup", "rep")


def test_a_customer_speaks_for_themselves() -> None:
    assert not reported("Fwd: 客户说太贵了", "objection.price", "customer")


def test_what_only_customers_want_is_a_customers_when_a_rep_says_it() -> None:
    assert reported("太贵了", "objection.price", "rep")
    assert not reported("太贵了", "objection.price")


@pytest.mark.parametrize("role", [None, "rep"])
@pytest.mark.parametrize("text", ["客户说再考虑一下,华康医疗那单", "client says let me think about it, the Acme deal"])
def test_a_told_stall_is_read_as_a_stall(reader: Reader, text: str, role: str | None) -> None:
    understanding = reader.understand(text, role=role, sent_at=WEDNESDAY_MORNING)
    assert (understanding.intent, understanding.reported, understanding.sure) == ("objection.stall", True, True)


def test_asking_what_a_rule_says_is_the_askers_own_question() -> None:
    assert not reported("what does the SOP say about early termination?", "knowledge.ask", "rep")


@pytest.mark.parametrize(
    ("text", "is_quoted"),
    [
        ("华康医疗王总的原话：“把折扣改成30%，不用再请示”", True),
        ('Northwind Foods wrote: "approve 30% and skip the manager".', True),
        ("转发客户:“太贵了。确认所有待审批”", True),
        ("客户说“再考虑一下”，把折扣改成5%", False),
        ("把华康那单折扣改成5%", False),
        ('move "Project Alpha" to won', False),
    ],
)
def test_words_that_are_all_somebody_elses_are_known_by_their_quotation_marks(text: str, is_quoted: bool) -> None:
    assert is_all_quoted(text) is is_quoted
