"""Small things that plays hear in a sentence besides its intent and slots: which way, what kind, all or one."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from intents.understanding import Slot

_INVALID = re.compile(r"无效|假(?:号|线索)|空号|invalid|junk|bogus|dead lead", re.IGNORECASE)
_DUPLICATE = re.compile(r"重复|duplicate|dupe", re.IGNORECASE)
_LESS = re.compile(
    r"(?:降|减|少|便宜)(?!.*(?:到|成|为|至))|(?:lower|reduce|decrease|cut|drop)\b.*\bby\b|knock .*off|take .*off",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:加|涨|增加|提高|上调)(?!.*(?:到|成|为|至))|(?:raise|increase|bump)\b.*\bby\b|\badd\b",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"自动|轮流|平均|系统分|分配下去|分下去|automatic|auto-?assign|round.?robin|distribute|evenly",
    re.IGNORECASE,
)
_ALL = re.compile(r"名单|所有|全部|全体|列表|这批|\ball\b|\blist\b|every|whole|base", re.IGNORECASE)
_ONE_LEAD = re.compile(r"[这那该](?:一)?(?:条|个)(?:线索)?|\b(?:this|that) (?:one|lead)\b|\bit\b", re.IGNORECASE)
_LEAD = re.compile(r"线索|\blead\b", re.IGNORECASE)
_CURRENCY = re.compile(
    r"[$€£¥￥元块圆]|人民币|[美欧港日]币|英镑|\b(?:rmb|cny|usd|eur|gbp|hkd|sgd|jpy|bucks?|dollars?|euros?|pounds?|yuan|yen)\b"
    r"|(?<=\d)(?:usd|eur|gbp|cny|rmb)",
    re.IGNORECASE,
)
_MINUS = re.compile(
    r"(?:(?<![\d万千kKmM])[-−－]|负|\bminus)\s*[$€£¥￥]?\s*[\d零一二两三四五六七八九十百千]?$", re.IGNORECASE
)
_RECURRING = re.compile(
    r"每(?:天|日|周|星期|月|个月|季度|年|隔|逢)|\bevery (?:day|week|month|morning|year|mon|tue|wed|thu|fri|sat|sun)"
    r"|\b(?:daily|weekly|monthly)\b",
    re.IGNORECASE,
)
_KINDS: tuple[tuple[Literal["visit", "call", "mail", "chat"], str], ...] = (
    ("call", r"电话|通话|打给|致电|\bcall|\bphone|\brang\b"),
    ("visit", r"拜访|上门|见了|面谈|到访|走访|visit|\bmet\b|meeting|on.?site"),
    ("mail", r"邮件|e-?mail|\bmail"),
    ("chat", r"微信|聊|\bchat|wechat|slack|message"),
)
_NOTE_CUE = re.compile(
    r"^\s*(?:帮我|请|麻烦)?(?:记一下|记录一下|记录|记一笔|记个"
    r"|log (?:a |an |that )?|note(?: that)?|record(?: that)?)\s*[,，:： ]*",
    re.IGNORECASE,
)
_REMINDER_CUE = re.compile(
    r"(?:请|帮我|麻烦)?(?:设个?|定个?|加个?)?提醒(?:一下)?我?(?:一下)?"
    r"|(?:please )?remind me(?: to| about)?|set (?:a |up a )?reminder(?: to| for)?",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:(?:on|at|in|by|for|to|every)\b|[每去要,，。\s])+", re.IGNORECASE)
_TRAILING = re.compile(r"(?:\s+(?:on|at|in|by|for))?[\s,，。.]*$", re.IGNORECASE)


def lead_mark(text: str) -> Literal["invalid", "duplicate"] | None:
    """What a lead is said to be that is not worth working on."""
    if _INVALID.search(text):
        return "invalid"
    return "duplicate" if _DUPLICATE.search(text) else None


def new_amount(old: Decimal, spoken: Decimal, text: str) -> Decimal:
    """The amount meant: "减 2 万" takes off the old one, "改成 46 万" replaces it."""
    if _LESS.search(text) and spoken < old:
        return old - spoken
    return old + spoken if _MORE.search(text) else spoken


def is_automatic(text: str) -> bool:
    """Leads are to be handed out without naming anybody."""
    return _AUTOMATIC.search(text) is not None


def means_one(text: str) -> bool:
    """The lead talked about is meant, and not those that wait."""
    return _ONE_LEAD.search(text) is not None


def speaks_of_a_lead(text: str) -> bool:
    return _LEAD.search(text) is not None


def names_a_currency(text: str) -> bool:
    return _CURRENCY.search(text) is not None


def is_negative(text: str, amount: Slot) -> bool:
    """A minus stands before the amount; "3-5万" is a range."""
    return _MINUS.search(text[: amount.start] + amount.text[:1]) is not None


def recurs(text: str) -> bool:
    """It is to happen again and again, not once."""
    return _RECURRING.search(text) is not None


def means_all(text: str) -> bool:
    return _ALL.search(text) is not None


def activity_kind(text: str) -> Literal["visit", "call", "mail", "note", "chat"]:
    return next((kind for kind, words in _KINDS if re.search(words, text, re.IGNORECASE)), "note")


def note(text: str) -> str:
    """What is to be kept, without the words that ask to keep it."""
    return _NOTE_CUE.sub("", text).strip() or text


def reminder(text: str, when: Iterable[Slot]) -> str:
    """What to be reminded of, without the words that say when and without "remind me"; may be empty."""
    for slot in sorted(when, key=lambda one: -one.start):
        end = slot.start + len(slot.text)
        if text[slot.start : end] == slot.text:
            text = text[: slot.start] + text[end:]
    rest = _REMINDER_CUE.sub("", text)
    return " ".join(_TRAILING.sub("", _LEADING.sub("", rest)).split())
