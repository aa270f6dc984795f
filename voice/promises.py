"""What somebody on a call said they would do, and what was asked and left open: read from the wording alone.

A promise is a sentence in the first person with a verb of doing and a mark of the future, and no doubt or refusal in it. It
is offered to a person as found, with its second to listen to, and becomes a task only when somebody takes it up.
"""

import re

_DOES_ZH = (
    "发|寄|给您|给你|给客户|回复|回您|回你|答复|确认|核实|安排|提供|准备|联系|打电话|打给|报价|补|签|付|打款|汇款|转账|派|修|解决|处理|跟进|"
    "上门|过来|过去|拜访|演示|申请|提交|整理|问一下|问下|查一下|查下|盖章|交付|发货|退|换|更换|开票|开发票|约|带|同步|更新|催"
)
_WHEN_ZH = (
    r"会|来|去|马上|立刻|尽快|稍后|回头|一会儿|待会|一定|保证|这就|现在就|今天|今晚|明天|明早|后天|本周|这周|下周|月底|周[一二三四五六日天]|星期|"
    r"[0-9一二两三四五六七八九十]+(?:号|日|点|个?小时|天)|之前|以内|之内"
)
_PROMISE_ZH = re.compile(
    rf"(?:我们|我|咱们|我这边|我们这边|这边)[^。！？!?]{{0,14}}?(?:{_WHEN_ZH})[^。！？!?]{{0,14}}?(?:{_DOES_ZH})"
    rf"|(?:{_WHEN_ZH})[^。！？!?]{{0,6}}(?:我们|我|咱们|这边)[^。！？!?]{{0,8}}?(?:{_DOES_ZH})"
)
_NONE_ZH = re.compile(
    r"不会|不能|没法|没办法|无法|不打算|不(?:再)?(?:发|签|付|用)|考虑|看看再|再说|如果|要是|假如|除非|可能|也许|大概|"
    r"[吗呢么]\s*[?？]?$|[?？]$|(?:已经|昨天|上周|上个月|之前就).{0,12}了"
)
_DOES_EN = (
    r"send|e-?mail|call|ring|get back|get you|get it|get that|check|confirm|find out|look into|arrange|set up|schedule|book|"
    r"prepare|put together|draft|share|forward|follow up|fix|repair|replace|resolve|sort|ship|deliver|refund|sign|pay|"
    r"transfer|wire|provide|bring|introduce|ask|raise|submit|update|let you know|come (?:by|over)|visit|show you|write"
)
_PROMISE_EN = re.compile(
    r"\b(?:I'?ll|I will|we'?ll|we will|I'?m going to|we'?re going to|I shall|we shall|let me|I promise to|we promise to|"
    rf"I can|we can)\b(?:\s+\w+){{0,3}}?\s+(?:{_DOES_EN})\b",
    re.IGNORECASE,
)
_ONLY_WITH_A_DAY_EN = re.compile(r"\b(?:I|we) can\b", re.IGNORECASE)
_DAY_EN = re.compile(
    r"\b(?:today|tonight|tomorrow|this (?:morning|afternoon|evening|week)|next week|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|sunday|by (?:the )?end of|within|in (?:an?|one|two|three|\d+) (?:hours?|days?)|"
    r"straight ?away|right away)\b",
    re.IGNORECASE,
)
_NONE_EN = re.compile(
    r"\b(?:won'?t|will not|can'?t|cannot|not going to|think (?:about|it)|we'?ll see|if|unless|might|maybe|perhaps)\b|\?\s*$",
    re.IGNORECASE,
)

_ASKS_ZH = re.compile(
    r"[?？]\s*$|[吗么]\s*[。.]?$|(?:呢)\s*[。.?？]?$|什么时候|多少钱|多久|(?<!有)几[个天]|哪[个些种里]|怎么(?!都|样都|会|可能)|为什么|能不能|"
    r"可不可以|是不是|有没有|行不行|多少"
)
_ASKS_EN = re.compile(
    r"\?\s*$|^(?:and |so |but |well |ok(?:ay)? )?(?:what|when|where|which|who|why|how|can|could|do|does|did|is|are|was|were|"
    r"will|would|should|have|has)\b(?!.*\bI (?:think|guess)\b)",
    re.IGNORECASE,
)
_PUTS_OFF_ZH = re.compile(
    r"(?:我|我们|这边)?.{0,6}(?:回去|回头|稍后|之后|待会).{0,8}(?:问|查|确认|核实|答复|回复|看)|不(?:太)?(?:清楚|确定|了解|知道)|"
    r"(?:问|查|确认|核实)(?:一下|下|清楚)?(?:再|之后)|需要(?:确认|核实|请示)|得(?:问|查|确认)"
)
_PUTS_OFF_EN = re.compile(
    r"\b(?:get back to you|have to (?:check|ask|confirm)|need to (?:check|ask|confirm)|let me (?:check|ask|find out|confirm)"
    r"|I'?ll (?:check|ask|find out|confirm|have to)|not sure|don'?t know|no idea|check with|find out)\b",
    re.IGNORECASE,
)


def promises(text: str, lang: str) -> bool:
    """True where this sentence says that its speaker will do something."""
    if lang == "en":
        if _NONE_EN.search(text) or not (said := _PROMISE_EN.search(text)):
            return False
        return not _ONLY_WITH_A_DAY_EN.match(said.group()) or bool(_DAY_EN.search(text))
    return bool(_PROMISE_ZH.search(text)) and not _NONE_ZH.search(text)


def asks(text: str, lang: str) -> bool:
    """True where this sentence is a question."""
    return bool((_ASKS_EN if lang == "en" else _ASKS_ZH).search(text.strip()))


def puts_off(text: str, lang: str) -> bool:
    """True where an answer says that the answer is still to come."""
    return bool((_PUTS_OFF_EN if lang == "en" else _PUTS_OFF_ZH).search(text))
