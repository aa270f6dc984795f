"""Slots that reach or identify someone: phone, e-mail, address, tax number."""

import re
from collections.abc import Callable, Iterator

import phonenumbers
from stdnum.au import abn
from stdnum.cn import uscc
from stdnum.eu import vat
from stdnum.gb import vat as gb_vat
from stdnum.in_ import gstin
from stdnum.sg import uen
from stdnum.tw import ubn

from intents.understanding import Slot

HOME_REGION = "CN"
_ELSEWHERE: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    (
        "GB",
        re.compile(
            r"(?<![\d+.-])07\d{3} (?:\d{6}|\d{3} \d{3})(?![\d-])|(?<![\d+.-])01\d{3} \d{6}(?!\d)"
            r"|(?<![\d+.-])011\d \d{3} \d{4}(?!\d)|(?<![\d+.-])01\d1 \d{3} \d{4}(?!\d)"
        ),
        None,
    ),
    (
        "GB",
        re.compile(r"(?<![\d+.-])0(?:2\d \d{4} ?\d{4}|\d{9,10})(?!\d)"),
        re.compile(
            r"£|\bUK\b|\bGB\b|\bGBP\b|Britain|\bEngland\b|\bScotland\b|\bWales\b|\bLondon\b|英国"
            r"|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b"
        ),
    ),
    (
        "US",
        re.compile(r"(?<![\d+-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-.]\d{4}(?![\d-])"),
        re.compile(
            r"\b(?:cell|phone|mobile|tel|telephone|call|ring|reach|text|number)\b|\bUSA?\b"
            r"|(?<![A-Za-z])\$",
            re.IGNORECASE,
        ),
    ),
    (
        "TW",
        re.compile(r"(?<![\d+-])(?:09\d\d-\d{3}-\d{3}|0[2-8]-\d{3,4}-\d{4})(?![\d-])"),
        re.compile(r"[\u4e00-\u9fff]|NT\$|TWD|Taiwan|Taipei"),
    ),
    ("MY", re.compile(r"(?<![\d+-])(?:01[1-9]-\d{3,4}[ -]?\d{4}|0[3-9]-\d{3,4} \d{4})(?![\d-])"), None),
    ("AU", re.compile(r"(?<![\d+-])04\d\d \d{3} \d{3}(?![\d-])"), None),
    ("SG", re.compile(r"(?<![\d+-])[689]\d{3} \d{4}(?!\d)"), re.compile(r"S\$|\bSGD\b|Singapore|新加坡")),
    (
        "HK",
        re.compile(r"(?<![\d+-])[235679]\d{3} \d{4}(?!\d)"),
        re.compile(r"HK\$|\bHKD\b|Hong Kong|香港|[咗嘅嗰啲喺佢哋唔冇嚟電話號聯絡俾]"),
    ),
)
"""Regions by how their numbers are written, and what must be in the text where the writing alone does not tell."""

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}"
    r"(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}"
)
_ENOUGH_DIGITS = re.compile(r"(?:\d[\s().-]{0,3}){7}")
"""A pattern that is quick to fail, in front of what is slow."""
_A_SUM_FOLLOWS = re.compile(r"\s?(?:元|块|万|萬|亿|美元|美金|%|台|套|个|人)")
_AMERICAN = re.compile(r"\(?[2-79]\d\d\)?[-. ]\d{3}[-. ]\d{4}")
"""Written as in America without saying so; read as Chinese it would be somebody else's number."""
_CHINESE_TAX_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUW-Y]{18}(?![0-9A-Za-z])", re.IGNORECASE)
_CUED_TAX_ID = re.compile(
    r"(?P<abn>\bABN\b)|(?P<gst>\bGST(?:IN)?\b)|(?P<uen>\bUEN\b)|(?P<ubn>統編|統一編號|统编|统一编号)|(?P<gb>\bVAT\b)",
    re.IGNORECASE,
)
_CODES_BY_CUE: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "abn": (re.compile(r"(?<!\d)\d\d ?\d{3} ?\d{3} ?\d{3}(?!\d)"), abn.is_valid),
    "gst": (re.compile(r"\b\d\d[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]\b"), gstin.is_valid),
    "uen": (re.compile(r"\b(?:\d{8,9}|[TSR]\d\d[A-Z]{2}\d{4})[A-Z]\b"), uen.is_valid),
    "ubn": (re.compile(r"(?<!\d)\d{8}(?!\d)"), ubn.is_valid),
    "gb": (re.compile(r"\bGB ?\d{3} ?\d{4} ?\d\d(?: ?\d{3})?(?!\d)"), gb_vat.is_valid),
}
"""Numbers of countries where only the word beside them tells what they are; each with its check digits."""
_VAT_COUNTRIES = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|GR|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
_EU_TAX_ID = re.compile(rf"(?<![0-9A-Za-z])(?:{_VAT_COUNTRIES})[ .-]?[0-9A-Z](?:[ .-]?[0-9A-Z]){{6,11}}(?![0-9A-Za-z])")

_STREET = r"(?:路|大街|街|大道|道|巷|弄|胡同|园区|工业园|产业园|科技园|软件园|开发区|大厦|广场|中心|村|镇|段)"
_DOOR = (
    r"(?:[A-Za-z]?\d{1,5}(?:[-－—]\d{1,5})?(?:号楼|号院|号|弄|栋|幢|座|楼|层|室|单元|库|F)?"
    r"|[一二三四五六七八九十]{1,3}(?:号楼|号院|号|弄|栋|幢|座|楼|层|室|单元))"
)
_HAN = r"[\u4e00-\u9fff]"
_CHINESE_ADDRESS = re.compile(
    rf"(?P<place>{_HAN}[\u4e00-\u9fffA-Za-z]{{0,24}}?{_STREET})(?P<door>(?:(?:[东南西北中一二三四]"
    rf"|{_STREET})?\s?{_DOOR})+"
    rf"(?:{_HAN}{{2,10}}(?:大厦|广场|中心|园|大楼|楼|座|栋|公寓|花园|小区))?(?:\s?[A-Z]?座|\s?{_DOOR})*(?:地下"
    rf"|厂房|仓库|财务[科室处]|(?:门卫|传达|收发|办公)室)?)"
)
_CHINESE_TOWN = re.compile(
    rf"(?P<place>{_HAN}{{2,4}}(?:省|市|区|县)(?:(?![里的了吗把被这那请])[\u4e00-\u9fff]){{2,16}}{_STREET}"
    rf"(?<!采购中心)(?<!服务中心)(?<!客服中心)(?<!数据中心)(?<!培训中心)(?<!结算中心)(?<!交易中心)(?<!呼叫中心)"
    rf"(?<!研发中心)"
    rf"(?<!管理中心)(?<!知道)(?<!阶段)(?<!渠道)(?<!报道))(?P<door>)"
)
"""Without a door; what only works for a town (采购中心) is no place to send something to."""
_LEAD_IN = re.compile(
    r"^.*(?:地址|地方|应该是|寄送|改寄|转咗做|搬咗去|挪到|挪去|(?:我|佢|你)哋|寄|送|去|付|为|做|(?<!开)发(?!区"
    r"|展)|搬到了?|搬去了?|搬至|迁到|迁至|迁往|换到了?|改到|改成|改为|换成|寄到|寄往|寄去|寄给?|换|送到|送去|发到|发往|"
    r"现在在|现在是|位于|在|到|至|是|往|的|我们|公司|了)(?=.{2})"
)
_A_CAPITAL = re.compile(r"\d.*[A-Z]|[A-Z].*\d", re.DOTALL)
_ENGLISH_ADDRESS = re.compile(
    r"\b\d{1,5}[A-Za-z]?(?:[ ][A-Za-z][\w.'’-]{0,20}){1,4}?[ ](?:(?i:street|avenue|road|lane|boulevard|parkway"
    r"|terrace|quay|"
    r"highway|crescent)\b|St\b|Ave\b|Rd\b|Ln\b|Blvd\b|Pkwy\b|Hwy\b|Dr\b|Drive|Way|Square|Court|Place|Row)\b\.?"
    r"(?:,? (?i:suite|unit|floor|apt|apartment|room|building|#)\.? ?\w{1,6}(?:-\w{1,4})?)?"
    r"(?:, ?[A-Z][A-Za-z.'’-]{1,20}(?: [A-Z][A-Za-z.'’-]{1,20}){0,2}){0,3}(?:,? [A-Z]{2} \d{5}"
    r"(?:-\d{4})?|,? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|,? \d{4,6})?"
)
_ROOM = r"(?:(?:(?i:unit|bay|level|suite|floor|room|flat|shop|lot|blk|block)\.? ?#?\w{1,6}(?:-\w{1,4})?|\d{1,3}/F),? ?)"
_TOWNS = r"(?:,? \d{4,6} [A-Z][a-z]+(?: [A-Z][a-z]+)?|, ?[A-Z][A-Za-z.'’-]{1,20}(?: [A-Z][A-Za-z.'’-]{1,20}){0,2}){0,3}"
_START = r"(?<![A-Za-z0-9])"
_ENGLISH_PLACES = (
    re.compile(rf"{_START}P\.? ?O\.? Box \d{{1,6}}{_TOWNS}"),
    re.compile(
        rf"{_START}(?:{_ROOM}|(?:{_ROOM})?\d{{1,5}}[A-Za-z]?,? )(?:Jalan|Jln|Lebuh|Lorong|Persiaran|Rue|Via"
        rf"|Calle|Rua)(?: [A-Z0-9][\w.'’/-]*){{1,4}}{_TOWNS}"
    ),
    re.compile(
        rf"{_START}{_ROOM}\d{{1,5}}[A-Za-z]? (?:[A-Z][\w.'’-]{{0,20}} ){{1,4}}(?:Street|Avenue|Road|Lane|St|Ave"
        rf"|Rd|Ln|Blvd|Dr|Drive|Way|Park)\b(?: \d{{1,2}}\b)?(?: #\d\d-\d\d)?{_TOWNS}"
    ),
    re.compile(
        rf"{_START}{_ROOM}?\d{{1,4}}[A-Za-z]? (?:[A-Z][a-z'’-]{{1,20}} ){{1,3}}(?:Close|Yard|Park|Walk|Hill"
        rf"|Gardens?|Grove|Mews|Wharf|House|Gate)\b{_TOWNS}"
    ),
    re.compile(
        rf"{_START}{_ROOM}(?:[A-Z][a-z'’-]{{1,20}} ){{1,3}}(?:Street|Road|Lane|Park|Estate|House|Building|Centre"
        rf"|Court|Offices)\b{_TOWNS}"
    ),
    re.compile(
        rf"{_START}\d{{1,5}} (?:[A-Z][\w.'’-]{{0,20}} ){{1,4}}(?:Street|St|Avenue|Ave|Road"
        rf"|Rd) \d{{1,2}}\b(?: #\d\d-\d\d)?{_TOWNS}"
    ),
)
"""Written with capitals, else "a 10 minute walk" would be one."""
_ENGLISH_WORDS_IN_ADDRESS = re.compile(
    r"\b\d{1,5}\b.*\b(?:on|in|at|the|this|our|my|for|are|is|to|by|of|off|seats|users|units)\b", re.I
)


_A_COUNTRY_CODE = re.compile(r"\+\d{1,3}[ ().-]*$")


def find_phones(text: str) -> Iterator[Slot]:
    """Yield valid phone numbers in E.164; those without a country code are Chinese."""
    if not _ENOUGH_DIGITS.search(text):
        return
    elsewhere = list(_phones_elsewhere(text))
    yield from elsewhere
    for match in phonenumbers.PhoneNumberMatcher(text, HOME_REGION):
        if any(slot.start < match.end and match.start < slot.start + len(slot.text) for slot in elsewhere):
            continue
        if not _A_SUM_FOLLOWS.match(text, match.end) and not _AMERICAN.fullmatch(match.raw_string):
            value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            yield Slot("phone", text[match.start : match.end], match.start, value)


def _phones_elsewhere(text: str) -> Iterator[Slot]:
    for region, written, hint in _ELSEWHERE:
        for match in written.finditer(text):
            if (hint is not None and not hint.search(text)) or _A_COUNTRY_CODE.search(text, 0, match.start()):
                continue
            said = phonenumbers.parse(match[0], region)
            if phonenumbers.is_possible_number(said):
                value = phonenumbers.format_number(said, phonenumbers.PhoneNumberFormat.E164)
                yield Slot("phone", match[0], match.start(), value)


def find_emails(text: str) -> Iterator[Slot]:
    """Yield e-mail addresses in lower case."""
    for match in _EMAIL.finditer(text):
        yield Slot("email", match[0], match.start(), match[0].lower())


def find_tax_ids(text: str) -> Iterator[Slot]:
    """Yield Chinese unified credit codes and EU VAT numbers whose check digits are right."""
    for match in _CHINESE_TAX_ID.finditer(text):
        if uscc.is_valid(match[0].upper()):
            yield Slot("tax_id", match[0], match.start(), match[0].upper())
    for cue in {match.lastgroup or "" for match in _CUED_TAX_ID.finditer(text)}:
        written, is_valid = _CODES_BY_CUE[cue]
        for match in written.finditer(text):
            if is_valid(match[0]):
                yield Slot("tax_id", match[0], match.start(), match[0].replace(" ", ""))
    for match in _EU_TAX_ID.finditer(text):
        plain = re.sub(r"[ .-]", "", match[0])
        if vat.is_valid(plain):
            yield Slot("tax_id", match[0], match.start(), plain)


def find_addresses(text: str) -> Iterator[Slot]:
    """Yield street addresses: Chinese ones down to the door, English ones from house number to town."""
    for pattern in (_CHINESE_ADDRESS, _CHINESE_TOWN):
        for match in pattern.finditer(text):
            lead = _LEAD_IN.match(match["place"])
            start = match.start() + (lead.end() if lead else 0)
            if match.end() - start >= 4 and not match["door"].endswith(("二期", "三期")):
                yield Slot("address", text[start : match.end()], start, text[start : match.end()])
    if not _A_CAPITAL.search(text):
        return
    for pattern in _ENGLISH_PLACES:
        for match in pattern.finditer(text):
            written = match[0].rstrip(" .")
            yield Slot("address", written, match.start(), " ".join(written.split()))
    for match in _ENGLISH_ADDRESS.finditer(text):
        if not _ENGLISH_WORDS_IN_ADDRESS.search(match[0].split(",")[0]):
            written = match[0].rstrip(" .")
            yield Slot("address", written, match.start(), " ".join(written.split()))
