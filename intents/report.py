"""Whether words are a customer's, forwarded, quoted or told by someone else; such words are read as the customer's."""

import re
from collections.abc import Set

from intents.dictionary import Intent

_FORWARDED = re.compile(
    r"^\s*(?:>|\[?\d{1,2}[:：]\d{2}\]?\s\S|\S{1,20}\s+\d{4}[-/年]\d{1,2}[-/月]\d{1,2}|From\s*:|发件人\s*[:：])"
    r"|\b(?:fwd?|fw|forwarded)\b\s*[:：]|\bforwarded message\b|原话\s*[:：]|原話\s*[:：]|转发\s*[:：]|"
    r"轉發\s*[:：]|聊天记录\s*[:：]"
    r"|^\s*(?:“[^”]*”|「[^」]*」|\"[^\"]*\")\s*$",
    re.MULTILINE | re.IGNORECASE,
)
"""The whole message is passed on: a mail or chat block, "Fwd:", 原话:, or nothing but a quotation."""
_TOLD_IN_CHINESE = re.compile(
    r"(?:客户|客戶|对方|對方|他们|他們|人家|甲方|买家|买方|采购|那边|[他她]|[总總哥姐工叔婶董]|老板|经理|主任|院长|厂长|老师|先生|女士)"
    r"[^,，。.!！?？;；\s]{0,6}?(?:说|說|讲|回复|回覆|回话|回了|回句|来信|来函|来电|反馈|表示|问|問|嫌|觉得|抱怨|嘀咕|要求|发来|转来)(?!话|过要|题)"
    r"|原话|原話|转达|转述|邮件转|截图如下"
)
_TOLD_IN_ENGLISH = re.compile(
    r"\b(?:he|she|they|clients?|customers?|buyer|prospect|guest|procurement|purchasing|m(?:r|rs|s)\.? \w+|[A-Z]\w+)\b"
    r"[^.!?\n]{0,24}?\b(?:said|says|saying|goes|went|wrote|writes|replied|asked|asks|asking|told|tells|"
    r"mentioned|claims|complained|complains|wants to know|pushed back|emailed|texted|messaged)\b"
    r"|\b(?:they|clients|customers) say\b|\bper the (?:client|customer)\b|\bin (?:his|her|"
    r"their) words\b|\b(?:got|received) (?:this|"
    r"a (?:mail|message|note|text)) from\b"
)
_QUOTATION = re.compile(r"“[^”]{4,400}”|「[^」]{4,400}」|\"[^\"]{4,400}\"")
_TOLD = (_TOLD_IN_CHINESE, _TOLD_IN_ENGLISH, _QUOTATION)


def is_reported(text: str, role: str | None, intent: Intent, customers_own: Set[str]) -> bool:
    """Tell whether the speaker passes on what a customer said or wants; a customer speaks for themselves.

    A forwarded message is the customer's whatever it seems to want, so that nothing in it counts as the rep's own
    command. A command of the rep's own that only mentions what a customer said is the rep's.
    """
    if role == "customer":
        return False
    if _FORWARDED.search(text):
        return True
    if "customer" not in intent.who:
        return False
    if role is not None and intent.id in customers_own:
        return True
    return any(pattern.search(text) for pattern in _TOLD)
