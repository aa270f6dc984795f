"""What is asked of a call in passing is read from the words; what tells something, or orders something else, is not."""

import pytest

from bot.call_questions import basis_in, goes_on, question_in

ASKED = {
    "said": (
        "刚才那通电话客户说了啥",
        "客户说了什么？",
        "他们聊了些什么",
        "客户最后怎么说",
        "what did they say",
        "what did the customer say in the call?",
    ),
    "objections": ("客户嫌什么", "对方有什么顾虑", "他不满意哪里", "what did they object to", "any concerns?"),
    "wants": ("客户想要什么", "他们需要什么", "what do they want"),
    "they_promised": (
        "他答应什么时候给回复",
        "客户什么时候给答复",
        "他们答应了啥",
        "when will they get back to me",
        "what did he promise",
        "when did she say she'd call back",
    ),
    "we_promised": ("我们答应了啥", "我答应人家什么了", "what did we promise", "what do I owe them"),
    "open": ("还有什么问题没回答", "what did we not answer", "open questions?"),
    "budget": ("预算多少", "客户有没有提到预算", "what is their budget"),
    "rivals": ("有没有提到竞品", "提了哪家对手", "他们提到别家了吗", "did they mention a competitor"),
    "mood": ("谁生气了", "他是不是生气了？", "客户情绪怎么样", "who is angry", "was he upset?", "how did they sound"),
    "angriest": ("放一下生气那段", "播放最激动的那段", "play me the angry part", "play the part where he gets angry"),
    "summary": ("总结一下", "通话总结一下", "summarise the call", "tl;dr"),
    "words": ("全文", "打开报告", "show me the transcript", "open the report"),
    "write": ("把总结写进CRM", "写到系统里", "write the summary to the CRM", "log it in the crm"),
    "pass_on": ("发给我老板", "把录音转给经理", "send it to my boss", "forward this to the managers"),
    "delete": ("删掉", "把这段录音删了", "delete it", "please delete the recording"),
    "ours": ("不对，那句是我说的", "这句话是我们说的", "no, that sentence was me", "that was us"),
    "theirs": ("那句是客户说的", "that was the customer"),
    "swap": ("说反了", "两边搞反了", "swap the speakers", "you got the sides mixed up"),
}
TOLD = (
    "刚才那通电话客户说太贵了",
    "客户说再考虑一下",
    "客户担心售后",
    "他答应下周给回复",
    "客户预算冻结了",
    "客户提到预算冻结了",
    "客户说怎么还不发货",
    "我们答应周五前发报价",
    "客户很生气，要退款",
    "删除华康医疗的资料",
    "把华康医疗那单删掉",
    "发给客户",
    "把报价单发给王总",
    "写一条跟进",
    "they said it is too expensive",
    "he wants a discount",
    "the customer is angry about the invoice",
    "delete my data",
    "send it to the customer",
    "send the quote to Acme",
    "that was quick",
    "write to the customer",
    "play 3:12",
    "预算批下来了",
)


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic, said in ASKED.items() for text in said])
def test_what_is_asked_of_a_call_is_read(topic: str, text: str) -> None:
    question = question_in(text)
    assert question is not None and question.topic == topic


@pytest.mark.parametrize("text", TOLD)
def test_what_tells_or_orders_something_else_is_no_question(text: str) -> None:
    assert question_in(text) is None


def test_it_is_known_whether_the_words_name_a_call() -> None:
    named, fragment = question_in("刚才那通电话客户说了啥"), question_in("客户说了啥")
    assert named is not None and named.names_a_call
    assert fragment is not None and not fragment.names_a_call


@pytest.mark.parametrize(
    ("text", "basis", "is_for_all"),
    [
        ("客户同意了", "customer_agreed", False),
        ("两段客户都同意了", "customer_agreed", True),
        ("开头说了会录音", "announced", False),
        ("合同里有", "contract", False),
        ("是我自己的声音", "own_voice", False),
        ("they agreed", "customer_agreed", False),
        ("both agreed", "customer_agreed", True),
        ("it was announced at the start", "announced", False),
        ("it's in the contract", "contract", False),
    ],
)
def test_a_basis_can_be_typed(text: str, basis: str, is_for_all: bool) -> None:
    assert basis_in(text) == (basis, is_for_all)


@pytest.mark.parametrize("text", ["客户同意签合同了", "客户没同意", "they agreed to the price", "not agreed", "好", "yes"])
def test_what_names_no_basis_is_none(text: str) -> None:
    assert basis_in(text) is None


def test_going_on_can_be_said_in_many_ways() -> None:
    assert all(goes_on(text) for text in ("继续听", "接着听吧", "go on", "please continue", "resume"))
    assert not any(goes_on(text) for text in ("继续跟进华康", "go on with the renewal", "再来一份报价"))
