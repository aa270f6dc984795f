"""What is said in the benchmark: everyday messages in Chinese and English about the sample company's own records."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actions.crm.records import Customer


@dataclass(frozen=True)
class Talk:
    """What somebody says next; `is_press` asks to press a button of the last card instead, where there is one."""

    kind: str
    text: str
    is_press: bool = False


STAFF: Mapping[str, int] = {"lookup": 20, "objection": 20, "command": 25, "question": 15, "talk": 8, "press": 12}
CUSTOMER: Mapping[str, int] = {
    "address": 15,
    "complaint": 8,
    "order": 22,
    "question": 20,
    "objection": 10,
    "talk": 15,
    "number": 10,
}
"""Of a hundred messages, how many are of each kind."""

_STAFF_ZH: Mapping[str, Sequence[str]] = {
    "lookup": (
        "{name}现在什么情况",
        "查一下{name}的资料",
        "{name}那单到哪一步了",
        "{name}的联系人是谁",
        "今天有哪些待跟进的客户",
    ),
    "objection": (
        "客户说再考虑一下,{name}那单",
        "{name}嫌报价太贵",
        "{name}说要等领导批",
        "{name}在看竞争对手的方案,怎么回",
        "{name}的客户说今年没预算了",
    ),
    "command": (
        "把{name}那单推进到谈判阶段",
        "{name}那单金额改成{amount}万",
        "记一下:今天拜访了{name},客户对方案满意",
        "明天上午{hour}点提醒我给{name}打电话",
        "新增一条线索:样例科技{number}号,联系人小样,电话 13800138000",
        "{name}那单折扣改成 {percent}%",
    ),
    "question": (
        "合同超过五十万怎么审批",
        "客户投诉多久要回复",
        "特价怎么申请",
        "客户数据能传到境外吗",
        "客户犹豫的时候怎么说",
    ),
    "talk": ("你好", "谢谢", "早上好", "好的", "辛苦了"),
}
_STAFF_EN: Mapping[str, Sequence[str]] = {
    "lookup": (
        "What's the status of {name}?",
        "Show me {name}",
        "Who is the contact at {name}?",
        "Where does the {name} deal stand",
    ),
    "objection": (
        "{name} says they need to think it over",
        "{name} thinks our price is too high",
        "{name} is comparing us with a competitor",
        "{name} told me there is no budget this year",
    ),
    "command": (
        "Move the {name} deal to negotiation",
        "Change the amount of the {name} deal to {amount}0k",
        "Log a call with {name}: they liked the demo",
        "Remind me tomorrow at {hour} to call {name}",
        "New lead: Sample Trading {number}, phone +86 13800138000",
    ),
    "question": (
        "How are contracts above 500k approved?",
        "How fast must we answer a complaint?",
        "What do I say when they hesitate?",
    ),
    "talk": ("Hello", "Thanks", "Good morning", "OK"),
}
_CUSTOMER_ZH: Mapping[str, Sequence[str]] = {
    "address": (
        "我们公司地址改成上海市示例路 {number} 号了",
        "收货地址换一下,改为苏州市样例大道 {number} 号",
        "发票寄到杭州市示例街 {number} 号",
    ),
    "complaint": ("设备又坏了,我要投诉", "你们的工程师又迟到了,太不像话", "都三天了还没人处理,非常不满意"),
    "order": (
        "我的货什么时候到",
        "维修进度怎么样了",
        "帮我报个修,监护仪开不了机",
        "上个月的发票什么时候能开",
        "想约一次设备保养",
    ),
    "question": ("这个产品保修几年", "怎么查看我的数据", "你们支持远程诊断吗", "付款方式有哪些"),
    "objection": ("价格有点高,我再考虑一下", "别家便宜不少", "要等我们领导定"),
    "talk": ("你好", "谢谢", "好的", "在吗"),
    "number": ("1", "2"),
}
_CUSTOMER_EN: Mapping[str, Sequence[str]] = {
    "address": (
        "Our delivery address is now {number} Sample Road, Shanghai",
        "Please change our company address to {number} Sample Street",
    ),
    "complaint": (
        "The device broke again, I want to complain",
        "Nobody has answered me for three days, this is unacceptable",
    ),
    "order": (
        "When will my order arrive?",
        "The monitor does not start, please send an engineer",
        "When do we get the invoice?",
    ),
    "question": ("How long is the warranty?", "How do I see my data?", "Which payment terms do you offer?"),
    "objection": ("That is too expensive, let me think about it", "We have a cheaper offer"),
    "talk": ("Hello", "Thank you", "OK"),
    "number": ("1", "2"),
}


class Mix:
    """The same messages for the same `seed`, as many as are asked for."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._number = 0

    def of_staff(self, customers: Sequence[Customer], lang: str) -> Talk:
        """What a colleague says about one of these customers."""
        return self._talk(STAFF, _STAFF_EN if lang == "en" else _STAFF_ZH, customers, lang)

    def of_customer(self, lang: str) -> Talk:
        return self._talk(CUSTOMER, _CUSTOMER_EN if lang == "en" else _CUSTOMER_ZH, (), lang)

    def language(self) -> str:
        """Two of three speak Chinese."""
        return self._dice.choices(("zh", "en"), (2, 1))[0]

    def _talk(
        self, shares: Mapping[str, int], sayings: Mapping[str, Sequence[str]], customers: Sequence[Customer], lang: str
    ) -> Talk:
        kind = self._dice.choices(list(shares), list(shares.values()))[0]
        self._number += 1
        wording = self._dice.choice(sayings["lookup" if kind == "press" else kind])
        one = self._dice.choice(customers) if customers else None
        name = "" if one is None else (one.name_en or one.name) if lang == "en" else one.name
        text = wording.format(
            name=name,
            number=self._number,
            amount=self._dice.randint(5, 90),
            percent=self._dice.randint(1, 30),
            hour=self._dice.randint(9, 11),
        )
        return Talk(kind, text, kind == "press")
