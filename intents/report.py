"""Whether words are a customer's, forwarded or quoted by someone else; such words are read as the customer's."""

import re

_CHINESE = re.compile(
    r"(?:客户|客戶|对方|對方|他们|他們|甲方|买家|买方|采购|.{0,12}[总總哥姐工叔婶老板经理主任院长厂长老师先生女士])\S{0,8}?"
    r"(?:说|說|讲|讲的|回|回复|回覆|回话|来信|来函|来电|反馈|表示|问|問|嫌|觉得|抱怨|原话|嘀咕|要求)(?!话|过要|问题)"
    r"|原话|原話|转发|轉發|转自|转达|转述|邮件转|聊天记录|截图如下|客户发来|客户发的|人家说|人家講|那边(?:说|回)"
)
_ENGLISH = re.compile(
    r"\b(?:he|she|they|client|customer|buyer|prospect|procurement|purchasing|mr\.? \w+|mrs\.? \w+|ms\.? \w+)\b"
    r"(?:'s|'re)?[^.!?\n]{0,24}?\b(?:said|says|saying|goes|went|wrote|writes|replied|asked|asks|told|tells|"
    r"mentioned|claims|complained|complains|wants to know|pushed back|emailed|texted|messaged)\b"
    r"|\b(?:fwd?|forwarded)\b\s*[:：]|\bforwarded message\b|\bquote from\b|\bper the (?:client|"
    r"customer)\b|\bin (?:his|her|their) words\b"
    r"|\b(?:got|received) (?:this|a (?:mail|message|note|text)) from\b",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"^\s*(?:>|\[?\d{1,2}:\d{2}|\S{1,20}\s+\d{4}[-/年]\d{1,2}[-/月]\d{1,2}|From\s*:|发件人\s*[:：])", re.MULTILINE
)
_QUOTE = re.compile(r"“[^”]{4,}”|「[^」]{4,}」|\"[^\"]{4,}\"")


def is_reported(text: str, role: str | None) -> bool:
    """Tell whether the speaker passes on what a customer said; a customer speaks for themselves."""
    if role == "customer":
        return False
    return any(pattern.search(text) for pattern in (_CHINESE, _ENGLISH, _BLOCK, _QUOTE))
