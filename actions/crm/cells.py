"""One cell of an import file: the text a person typed, read as the value its column means, or one sentence on why not."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers

from actions.crm.columns import Column
from actions.crm.own import MAX_MONEY

HOUSE_ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of a time that names none."""

LONGEST_CELL = 10_000  # characters; more is a file in the wrong place, not a field

_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_RELATIVE = re.compile(r"([+-]\d{1,4})([db])(?:\s+(\d{1,2}:\d{2}))?")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_CLOCK = re.compile(r"(\d{1,2})[::](\d{2})(?:[::](\d{2})(?:\.\d+)?)?")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_MONEY = re.compile(r"([+-]?)(\d+(?:\.\d+)?)([万亿kKmM]?)")
_TIMES: Mapping[str, int] = {"": 1, "k": 1_000, "m": 1_000_000, "万": 10_000, "亿": 100_000_000}
_CURRENCY_SIGNS: Mapping[str, str] = {
    "¥": "CNY",
    "元": "CNY",
    "人民币": "CNY",
    "RMB": "CNY",
    "US$": "USD",
    "$": "USD",
    "美元": "USD",
    "€": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "英镑": "GBP",
    "S$": "SGD",
    "新加坡元": "SGD",
    "新币": "SGD",
    "HK$": "HKD",
    "港币": "HKD",
    "日元": "JPY",
}
_BY_LENGTH = sorted(map(re.escape, _CURRENCY_SIGNS), key=len, reverse=True)
_SIGN = re.compile("|".join([*_BY_LENGTH, "(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])"]))
_COUNTRIES: Mapping[str, str] = {
    "中国": "CN",
    "美国": "US",
    "新加坡": "SG",
    "德国": "DE",
    "法国": "FR",
    "荷兰": "NL",
    "英国": "GB",
    "瑞典": "SE",
    "爱尔兰": "IE",
    "日本": "JP",
}
_FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "y", "1", "是", "对", "√"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否", "不", "×"), False),
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "role": {"销售": "rep", "经理": "manager", "总监": "director", "顾问": "consultant", "法务": "legal"},
    "lang": {"中文": "zh", "英文": "en"},
    "stage": {"线索": "lead", "意向": "qualified", "方案": "proposal", "报价": "proposal", "谈判": "negotiation"}
    | {"赢单": "won", "成交": "won", "输单": "lost", "丢单": "lost"},
    "waiting_on": {"法务": "legal", "资料": "materials", "材料": "materials"},
    "severity": {"低": "low", "普通": "normal", "一般": "normal", "高": "high", "紧急": "high"},
    "kind": {"拜访": "visit", "电话": "call", "邮件": "mail", "备注": "note", "聊天": "chat"}
    | {"投诉": "complaint", "故障": "fault", "发票": "invoice", "退款": "refund", "取消": "cancel", "转人工": "handoff"}
    | {"资料请求": "data_request", "请求": "request"},
    "state": {"新": "new", "跟进中": "working", "已转化": "converted", "无效": "invalid", "重复": "duplicate"}
    | {"待处理": "open", "处理中": "taken", "已关闭": "closed", "生效": "active", "已到期": "ended", "草稿": "draft"}
    | {"等待": "waiting", "已发送": "sent", "已取消": "cancelled"},
    "channel": {"企业微信": "wecom", "微信": "wechat", "网页": "web"},
}


def clean(text: str) -> str:
    """The text without outer white space; ValueError where it is too long or holds characters nobody can see."""
    text = text.strip().lstrip("\ufeff")
    if len(text) > LONGEST_CELL:
        raise ValueError(f"is {len(text):,} characters long; at most {LONGEST_CELL:,} are kept")
    if _UNSEEN.search(text):
        raise ValueError("holds control characters")
    return text


def read_cell(column: Column, text: str, *, today: date, country: str = "CN") -> Any:
    """The value of a cell that is not empty (see `clean`); ValueError says what is wrong with it.

    `today` is what relative dates count from (`-12d`, `+3b 09:00`, the latter in working days); `country` is whose
    telephone numbers are meant when they name no country.
    """
    if column.shape == "phone":
        return read_phone(text, country)
    if column.shape == "choice":
        return _choice(column, text)
    return _READERS[column.shape](text, today)


def read_money(text: str) -> tuple[Decimal, str | None]:
    """An exact amount and the currency named beside it, if any: `¥480,000`, `48万`, `USD 12k`, `1.2亿元`."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("'", "")
    signs = {_CURRENCY_SIGNS.get(sign, sign) for sign in _SIGN.findall(plain)}
    number = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", _SIGN.sub("", plain))
    found = _MONEY.fullmatch(number)
    if found is None or len(signs) > 1:
        raise ValueError("is not an amount of money such as 480000, ¥480,000 or 48万")
    sign, digits, factor = found.groups()
    amount = Decimal(sign + digits) * _TIMES[factor.lower()]
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("has more than two decimals")
    if amount < 0:
        raise ValueError("is less than nothing")
    if amount >= MAX_MONEY:
        raise ValueError("is more money than can be kept")
    return amount, signs.pop() if signs else None


def read_phone(text: str, country: str = "CN") -> str:
    """E.164, with ` ext. 12` where there is an extension."""
    spelled = re.sub(r"\s*(?:转|分机)\s*", " ext. ", unicodedata.normalize("NFKC", text))
    try:
        number = phonenumbers.parse(spelled, country)
    except phonenumbers.NumberParseException:
        number = None
    # possible, not valid: number plans change faster than their published tables
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError("is not a telephone number")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{written} ext. {number.extension}" if number.extension else written


def read_date(text: str, today: date) -> date:
    """A day: `2026-11-03`, `2026/11/3`, `2026年11月3日`, `-12d`, `+3b`; a time of day behind it is dropped."""
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return _counted(today, int(relative[1]), relative[2])
    found = _DAY.match(text)
    rest = text[found.end() :].strip(" T") if found else ""
    if found is None or (rest and not _CLOCK.match(rest)):
        raise ValueError("is not a date such as 2026-11-03")
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def read_moment(text: str, today: date) -> datetime:
    """A time, in UTC: ISO 8601, or a day with a clock time in HOUSE_ZONE (without one, the start of that day)."""
    try:
        moment = _stamped(text) or datetime.combine(read_date(text, today), _clock_in(text), HOUSE_ZONE)
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not a day of the calendar") from None


def _stamped(text: str) -> datetime | None:
    """The time where the text is ISO 8601 with its zone."""
    if not _STAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a time of the calendar and clock") from None


def _clock_in(text: str) -> time:
    """The clock time behind a day that read_date has read."""
    found = _CLOCK.search(text)
    if found is None:
        return time(0)
    hour, minute, second = (int(part or 0) for part in found.groups())
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("is not a time of day")
    return time(hour, minute, second)


def _counted(today: date, count: int, unit: str) -> date:
    """`d` counts days; `b` counts working days (Monday to Friday), `+0b` being today or the next one."""
    if unit == "d":
        return today + timedelta(days=count)
    step = 1 if count >= 0 else -1
    day = today
    while count >= 0 and day.weekday() > 4:
        day += timedelta(days=1)
    for _ in range(abs(count)):
        day += timedelta(days=step)
        while day.weekday() > 4:
            day += timedelta(days=step)
    return day


def _choice(column: Column, text: str) -> str:
    value = _WORDS.get(column.name, {}).get(text, text.lower())
    if value not in column.choices:
        raise ValueError(f"is none of {', '.join(column.choices)}")
    return value


def _percent(text: str, _today: date) -> Decimal:
    try:
        value = Decimal(unicodedata.normalize("NFKC", text).strip().removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError("is not a percentage such as 12 or 12.5%") from None
    if not value.is_finite() or not 0 <= value <= 100 or value != value.quantize(Decimal("0.01")):
        raise ValueError("is not a percentage from 0 to 100 with at most two decimals")
    return value


def _currency(text: str, _today: date) -> str:
    value = _CURRENCY_SIGNS.get(text, text.upper())
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("is not a currency such as CNY or USD")
    return value


def _country(text: str, _today: date) -> str:
    value = _COUNTRIES.get(text, text.upper())
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError("is not a country code such as CN or US")
    return value


def _zone(text: str, _today: date) -> str:
    if text not in available_timezones():
        raise ValueError("is not a time zone such as Asia/Shanghai")
    return text


def _flag(text: str, _today: date) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError("is neither yes nor no")
    return _FLAGS[text.lower()]


_READERS: Mapping[str, Callable[[str, date], Any]] = {
    "text": lambda text, _today: text,
    "money": lambda text, _today: read_money(text)[0],
    "percent": _percent,
    "currency": _currency,
    "country": _country,
    "zone": _zone,
    "date": read_date,
    "moment": read_moment,
    "flag": _flag,
}
