"""What a sentence of a call is about, read from the wording alone: money to spend, a wish, an office, a rival's name."""

import re
from collections.abc import Mapping, Sequence

_BUDGET = re.compile(
    r"预算|经费|(?:批|拨|申请)(?:了|到|下来)?(?:多少)?钱|资金(?:到位|紧张|有限)"
    r"|\bbudgets?\b|\bfunding\b|\b(?:afford|money to spend)\b",
    re.IGNORECASE,
)
_WANTS_ZH = re.compile(
    r"(?:我们|我|咱们|这边|公司|医院|院里|厂里|老板|领导)[^。！？!?，,]{0,8}?(?:想要|需要|希望|要的是|要求|最看重|看重|急需|缺)(?!(?:了解|问|确认|考虑)一?下)"
    r"|(?:最好|必须)(?:能|要|是)|^(?:想要|需要|希望)(?!您|你)"
)
_WANTS_EN = re.compile(
    r"\b(?:we|I|they|our \w+)(?: really| also| just)? (?:need|want|are looking for|require|would like to (?:have|see|get)|"
    r"must have|are missing|care (?:most )?about)\b|\bit (?:has to|must|should) (?:be|have|work|run|support|connect)\b",
    re.IGNORECASE,
)
_NO_WISH = re.compile(
    r"不(?:想要|需要|希望|要求|缺)|没(?:有)?(?:需要|要求)|[吗么呢]\s*[。?？]?$|[?？]\s*$"
    r"|\b(?:don'?t|do not|no longer|not) (?:need|want|require)",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"(?:董事长|总裁|总经理|副总(?:经理|裁)?|(?:财务|技术|采购|销售|运营|信息|市场|人事|行政|生产|质量)(?:总监|部?经理|主管|负责人|部)|总监|厂长|院长|"
    r"主任|处长|科长|部长|校长)|\b(?:CEO|CFO|CTO|CIO|COO|VP(?: of \w+)?|(?:managing |finance |it |sales )?director|"
    r"head of [\w]+|(?:purchasing|procurement|project|plant|general) manager)\b",
    re.IGNORECASE,
)


def is_about_budget(text: str) -> bool:
    """Whether it speaks of the money there is to spend."""
    return _BUDGET.search(text) is not None


def wants(text: str, lang: str) -> bool:
    """Whether somebody says what they need; a question is none, and what they do not need."""
    found = _WANTS_EN if lang == "en" else _WANTS_ZH
    is_wish = found.search(text) is not None or (lang == "mixed" and _WANTS_EN.search(text) is not None)
    return is_wish and _NO_WISH.search(text) is None


def office_in(text: str) -> str | None:
    """The office that is named, where there is just one."""
    found = [one.group(0) for one in _OFFICE.finditer(text)]
    return found[0] if len(found) == 1 else None


def rivals_in(text: str, rivals: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Which rivals are named; `rivals` gives what people call each of them. Latin names count as whole words only."""
    return tuple(name for name, called in rivals.items() if any(_is_named(one, text) for one in (name, *called)))


def _is_named(name: str, text: str) -> bool:
    if not name.strip():
        return False
    if name.isascii():
        return re.search(rf"(?<![A-Za-z0-9]){re.escape(name.strip())}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None
    return name.strip().casefold() in text.casefold()
