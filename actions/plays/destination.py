"""Where data is to go, from the words of the person who asks: an ISO country, inside, or not said."""

import re

INSIDE = ""

# short codes count in capitals only: "send it to us" is not the United States
_COUNTRIES: tuple[tuple[str, str], ...] = (
    ("SG", r"新加坡|(?i:singapore)"),
    ("US", r"美国|美方|北美|\b(?:US|USA|U\.S\.)(?![a-z])|(?i:united states|america)"),
    ("GB", r"英国|\bUK\b|伦敦|(?i:united kingdom|britain|london)"),
    ("DE", r"德国|慕尼黑|(?i:germany|german|munich)"),
    ("FR", r"法国|巴黎|(?i:france|french|paris)"),
    ("NL", r"荷兰|(?i:netherlands|dutch|amsterdam)"),
    ("EU", r"欧盟|欧洲|\bEU\b|(?i:europe)"),
    ("JP", r"日本|东京|(?i:japan|tokyo)"),
    ("KR", r"韩国|首尔|(?i:korea|seoul)"),
    ("HK", r"香港|\bHK\b|(?i:hong ?kong)"),
    ("MO", r"澳门|(?i:macau|macao)"),
    ("TW", r"台湾|(?i:taiwan)"),
    ("IN", r"印度(?!尼)|(?i:\bindia)"),
    ("ID", r"印尼|印度尼西亚|(?i:indonesia)"),
    ("MY", r"马来西亚|(?i:malaysia)"),
    ("TH", r"泰国|(?i:thailand)"),
    ("VN", r"越南|(?i:vietnam)"),
    ("AE", r"阿联酋|迪拜|\bUAE\b|(?i:dubai|emirates)"),
    ("AU", r"澳大利亚|澳洲|(?i:australia)"),
    ("CA", r"加拿大|(?i:canada)"),
)
_ABROAD = re.compile(r"境外|海外|国外|出境|overseas|abroad|offshore|foreign", re.IGNORECASE)
_OUTSIDE = re.compile(
    r"合作(?:方|伙伴)|伙伴|代理商?|供应商|第三方|外部|partner|vendor|supplier|agency|third part(?:y|ies)|outside",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"(?:发给|发到|发往|传给|传到|给到|提供给|交给|共享给|同步给|导给|转给)\s*([^,，。;；!！?？\n]{1,40})"
    r"|\b(?:to|with)\s+((?:our|the|my)\s+[^,.;!?\n]{1,50}|[A-Z][^,.;!?\n]{1,50})",
)


def destination(text: str) -> str | None:
    """The ISO 3166 code of the country named first (EU for the Union); "" inside the house; None when it must be asked.

    A partner or "abroad" without a country is not said: guessing "inside" would let data cross a border unseen.
    """
    found = [(match.start(), code) for code, words in _COUNTRIES if (match := re.search(words, text))]
    if found:
        return min(found)[1]
    return None if _ABROAD.search(text) or _OUTSIDE.search(text) else INSIDE


def recipient(text: str) -> str:
    """Who is to receive it, in the asker's own words; empty when not said."""
    match = _RECIPIENT.search(text)
    return "" if match is None else (match.group(1) or match.group(2) or "").strip()
