"""The customer's own words inside a rep's telling of them: 再考虑一下 in 客户说再考虑一下,华康那单."""

import re
from collections.abc import Sequence

from intents.names import Mention

_WHO_ZH = r"客户|客戶|对方|對方|他们|他們|人家|那边|[总總哥姐工叔婶董他她]|老板|经理|主任|院长|厂长|老师|先生|女士|采购"
_SAID_ZH = r"说是|说要|说了|说|說|讲了|讲|講|回复|回覆|回话|反馈|表示|来信|原话|問|问"
_WHO_EN = r"(?:the |their |our )?(?:client|customer|buyer|prospect|he|she|they|procurement|[A-Z]\w+)"
_SAID_EN = r"said|says|goes|asked|asks|replied|wrote|told me|told us"
_TELLING = re.compile(
    rf"^[^,，。.!！?？:：;；\s]{{0,8}}?(?:{_WHO_ZH})[^,，。.!！?？:：;；\s]{{0,4}}?(?:{_SAID_ZH})(?!话|过|题)(?:[,，:：]|一?句)?\s?[“\"「]?"
    rf"|^{_WHO_EN}(?: just| also)? (?:{_SAID_EN})(?: that)?[,:]?\s?[“\"]?"
    r"|^(?:fwd?|fw|转发|原话|客户|client|customer)\s?[:：]\s?[“\"]?",
    re.IGNORECASE,
)
_WHICH_DEAL = re.compile(
    r"(?<![,，\s])[,，\s]{1,3}[^,，。;；]{1,14}?(?:那单|这单|那个单子|那单子|那边|那个项目|的项目|这家|那家)[。.!！]?$"
    r"|(?<![,\s(-])[,\s(-]{1,3}(?:the )?[A-Z]\w+(?: \w+)? (?:deal|account|opportunity)\)?\.?$"
)
_GOES_ON_TO_SAY = re.compile(
    rf"(?:那边|他们|的?\w{{1,3}}[总姐哥工]|的?采购|的?老板)?(?:{_SAID_ZH})(?!明)| (?:{_SAID_EN})\b", re.IGNORECASE
)
_POINTING = re.compile(
    r"[那这该這該][个個]?(?:单子?|單子?|项目|項目|商机|商機|合同|合約|客户|客戶)|[那这這](?:家|边|邊)|(?:单子|單子)"
    r"|\b(?:the|that|this|our|my)\b|\b(?:deal|account|opportunity|order|contract|one|customer|client)\b",
    re.IGNORECASE,
)
_ALL_QUOTED = re.compile(
    rf"^[^“”\"「」]{{0,40}}?(?:原话|原話|原文|转发|轉發|写道|发来|{_SAID_ZH}|\b(?:{_SAID_EN}|writes|forwarded|fwd?|fw)\b)"
    r"[^“”\"「」]{0,8}[“\"「].+[”\"」][\s。.!！]*$",
    re.IGNORECASE | re.DOTALL,
)
_SHORTEST = 3


def told_words(text: str) -> str | None:
    """Return what was said, without who said it and about which deal; None where nothing is told."""
    telling = _TELLING.match(text)
    words = text[telling.end() :] if telling else text
    words = _WHICH_DEAL.sub("", words).strip(' ”"」')
    return words if words != text.strip() and len(words) >= _SHORTEST else None


def is_all_quoted(text: str) -> bool:
    """Tell whether all that is said is somebody else's words in quotation marks: 王总的原话：“把折扣改成30%”."""
    return _ALL_QUOTED.match(text.strip()) is not None


def tells_only_which(text: str, known: Sequence[Mention]) -> bool:
    """Tell whether a text points at a deal or a customer (华康医疗那单, that deal) and says nothing about it."""
    for mention in reversed(known):
        text = text[: mention.start] + " " + text[mention.end :]
    left = _POINTING.sub(" ", text)
    return left != text and not any(char.isalnum() for char in left)


def with_a_customer_for_a_name(text: str, known: Sequence[Mention]) -> str:
    """Return 华康医疗说太贵了 as 客户说太贵了: whoever reads on need not know the company that the house knows."""
    company = next((mention for mention in known if mention.kind == "company"), None)
    if company is None or company.start > 0 or not _GOES_ON_TO_SAY.match(text[company.end :]):
        return text
    return ("the customer" if company.text.isascii() else "客户") + text[company.end :]
