"""Slots that reach or identify someone: phone, e-mail, address, tax number."""

import re
from collections.abc import Iterator

import phonenumbers
from stdnum.cn import uscc
from stdnum.eu import vat

from intents.understanding import Slot

HOME_REGION = "CN"

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}"
    r"(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,24}"
)
_ENOUGH_DIGITS = re.compile(r"(?:\d[\s().-]{0,3}){7}")
_A_SUM_FOLLOWS = re.compile(r"\s?(?:元|块|万|萬|亿|美元|美金|%|台|套|个|人)")
_AMERICAN = re.compile(r"\(?[2-79]\d\d\)?[-. ]\d{3}[-. ]\d{4}")
"""Written as in America without saying so; read as Chinese it would be somebody else's number."""
_CHINESE_TAX_ID = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RTUW-Y]{18}(?![0-9A-Za-z])", re.IGNORECASE)
_VAT_COUNTRIES = "AT|BE|BG|CY|CZ|DE|DK|EE|EL|GR|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
_EU_TAX_ID = re.compile(rf"(?<![0-9A-Za-z])(?:{_VAT_COUNTRIES})[ .-]?[0-9A-Z](?:[ .-]?[0-9A-Z]){{6,11}}(?![0-9A-Za-z])")

_STREET = r"(?:路|大街|街|大道|道|巷|弄|胡同|园区|工业园|产业园|科技园|软件园|开发区|大厦|广场|中心|村|镇|段)"
_DOOR = r"(?:[A-Za-z]?\d{1,5}(?:[-－—]\d{1,5})?(?:号楼|号院|号|號|樓|弄|栋|幢|座|楼|层|室|单元|F)?)"
_HAN = r"[\u4e00-\u9fff]"
_CHINESE_ADDRESS = re.compile(
    rf"(?P<place>{_HAN}[\u4e00-\u9fffA-Za-z]{{0,24}}?{_STREET})(?P<door>(?:(?:[东南西北中一二三四]|{_STREET})?\s?{_DOOR})+"
    rf"(?:{_HAN}{{2,10}}(?:大厦|广场|中心|园|大楼|楼|座|栋|公寓|花园|小区))?(?:\s?[A-Z]?座|\s?{_DOOR})*)"
)
_CHINESE_TOWN = re.compile(rf"(?P<place>{_HAN}{{2,4}}(?:省|市|区|县){_HAN}{{2,16}}{_STREET})(?P<door>)")
_LEAD_IN = re.compile(
    r"^.*(?:地址|搬到了?|搬去了?|搬至|迁到|迁至|迁往|换到了?|改到|改成|改为|换成|寄到|寄往|寄去|寄给?|换|送到|送去|发到|发往|"
    r"现在在|现在是|位于|在|到|至|是|往|的|我们|公司|了)(?=.{4})"
)
_ENGLISH_ADDRESS = re.compile(
    r"\b\d{1,5}[A-Za-z]?(?:[ ][A-Za-z][\w.'’-]{0,20}){1,4}?[ ](?:(?i:street|avenue|road|lane|boulevard|parkway|terrace|quay|"
    r"highway|crescent)\b|St\b|Ave\b|Rd\b|Ln\b|Blvd\b|Pkwy\b|Hwy\b|Dr\b|Drive|Way|Square|Court|Place|Row)\b\.?"
    r"(?:,? (?i:suite|unit|floor|apt|apartment|room|building|#)\.? ?\w{1,6}(?:-\w{1,4})?)?"
    r"(?:, ?[A-Z][A-Za-z.'’-]{1,20}(?: [A-Z][A-Za-z.'’-]{1,20}){0,2}){0,3}(?:,? [A-Z]{2} \d{5}"
    r"(?:-\d{4})?|,? [A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|,? \d{4,6})?"
)
_ENGLISH_WORDS_IN_ADDRESS = re.compile(
    r"\b\d{1,5}\b.*\b(?:on|in|at|the|this|our|my|for|are|is|to|by|of|off|seats|users|units)\b", re.I
)


def find_phones(text: str) -> Iterator[Slot]:
    """Yield valid phone numbers in E.164; those without a country code are Chinese."""
    if not _ENOUGH_DIGITS.search(text):
        return
    for match in phonenumbers.PhoneNumberMatcher(text, HOME_REGION):
        if not _A_SUM_FOLLOWS.match(text, match.end) and not _AMERICAN.fullmatch(match.raw_string):
            value = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
            yield Slot("phone", text[match.start : match.end], match.start, value)


def find_emails(text: str) -> Iterator[Slot]:
    """Yield e-mail addresses in lower case."""
    for match in _EMAIL.finditer(text):
        yield Slot("email", match[0], match.start(), match[0].lower())


def find_tax_ids(text: str) -> Iterator[Slot]:
    """Yield Chinese unified credit codes and EU VAT numbers whose check digits are right."""
    for match in _CHINESE_TAX_ID.finditer(text):
        if uscc.is_valid(match[0].upper()):
            yield Slot("tax_id", match[0], match.start(), match[0].upper())
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
            if match.end() - start >= 4:
                yield Slot("address", text[start : match.end()], start, text[start : match.end()])
    for match in _ENGLISH_ADDRESS.finditer(text):
        if not _ENGLISH_WORDS_IN_ADDRESS.search(match[0].split(",")[0]):
            written = match[0].rstrip(" .")
            yield Slot("address", written, match.start(), " ".join(written.split()))
