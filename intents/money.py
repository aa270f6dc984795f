"""Slots that are counted: amounts of money, percentages and discounts, quantities."""

import re
from collections.abc import Iterator

from intents.numerals import ARABIC, CHINESE, ENGLISH, MULTIPLIER, MULTIPLIERS, number, tidy
from intents.understanding import Slot

DEFAULT_CURRENCY = "CNY"

_CURRENCIES = {
    "CNY": "cny|rmb|人民币|人民幣|元|圆|块钱|块|塊|yuan|kuai|¥|￥",
    "USD": "usd|us dollars?|us\\$|美元|美金|美刀|刀|dollars?|bucks|\\$",
    "EUR": "eur|欧元|歐元|euros?|€",
    "GBP": "gbp|英镑|英鎊|pounds?|quid|£",
    "HKD": "hkd|hk\\$|港币|港元|港幣|hong kong dollars?",
    "JPY": "jpy|日元|日圆|yen|円",
    "SGD": "sgd|s\\$|新币|新加坡元|singapore dollars?",
    "AUD": "aud|a\\$|澳元|australian dollars?",
    "CAD": "cad|c\\$|加元|canadian dollars?",
    "TWD": "twd|nt\\$|新台币|台币|新臺幣|臺幣|台幣",
    "KRW": "krw|韩元|韓元|₩|won",
    "INR": "inr|卢比|₹|rupees?",
}
_CODES = {name: code for code, names in _CURRENCIES.items() for name in names.split("|")}
_SPELLED = sorted(_CODES, key=len, reverse=True)
_AFTER = "|".join(_SPELLED)
_BEFORE = "|".join(
    name for name in _SPELLED if not re.search(r"[元圆块塊刀币幣镑鎊]$|(?:dollars\?|yuan|kuai|bucks|quid|won|yen)$", name)
)
_CURRENCY_OF = [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in _CODES.items()]

_NOT_MONEY = (
    r"(?!多?\s*(?:人|台(?![币幣])|只|套|个|件|家|用户|名|份|吨|次|条|公里|米|平|平方|小时|天|年|月|票|粉|辆|股|字|张|箱|"
    r"users?|seats?|people|units?|pcs|pieces|licen[cs]es|customers?|employees|staff|rows|records|contacts|calls|"
    r"hours?|days?|weeks?|months?|years?|min|km|kg|words)(?![a-z]))"
)
_EDGE = r"(?<![A-Za-z0-9.,_])"
_WITH_SIGN = re.compile(
    rf"(?<![A-Za-z])(?P<before>{_BEFORE})\s?(?P<number>{ARABIC})(?:\s?(?P<times>{MULTIPLIER})(?![a-z]))?"
    rf"(?:\s?(?P<after>{_AFTER})(?![a-z]))?",
    re.IGNORECASE,
)
_WITH_UNIT = re.compile(
    rf"(?:{_EDGE}(?P<number>{ARABIC})|(?P<chinese>{CHINESE})|\b(?P<english>{ENGLISH}))"
    rf"(?:\s?(?P<times>{MULTIPLIER})(?![a-z]))?\s?(?P<after>{_AFTER})(?![a-z])",
    re.IGNORECASE,
)
_WITH_TIMES = re.compile(
    rf"(?:{_EDGE}(?P<number>{ARABIC})|\b(?P<english>{ENGLISH}))\s?(?P<times>{MULTIPLIER})(?![a-z0-9]){_NOT_MONEY}",
    re.IGNORECASE,
)
_CHINESE_LARGE = re.compile(rf"(?P<chinese>{CHINESE}){_NOT_MONEY}")
_LEAST_BARE_CHINESE = 10_000
"""三万八 alone is money, 三千 alone is not."""
_LEAST_CHINESE_WITH_UNIT = 5
"""两块 and 一刀 count other things than money more often than not."""
_AFTER_CUE = re.compile(
    r"(?:金额|金額|总价|单价|价格|价钱|报价|预算|合同额|额度|成交价|货款|费用|押金|定金|首付|尾款|"
    r"\bamount|\bvalue|\bprice|\bbudget|\bworth|\bquote|\bcost|\bdeposit)"
    r"(?:\s?(?:改|调|定|写|填|变|换|更新|是|为|成|到|在|约|大概|大约|差不多|[:：=]|of|is|to|at|about|"
    r"around|from|should be|was|now)){0,4}\s?"
    rf"(?P<number>{ARABIC})(?![\d%.,]*\d|\s?(?:%|折|个|月|天|年|号|日|台|套|percent|months?|days?|[:：/-]\d))",
    re.IGNORECASE,
)

_PERCENT = re.compile(
    rf"(?:{_EDGE}-?(?P<number>{ARABIC})|\b(?P<english>{ENGLISH}))\s?(?:%|percent\b|per cent\b|pct\b)", re.I
)
_CHINESE_PERCENT = re.compile(rf"百分之(?P<number>{CHINESE}|{ARABIC})")
_POINTS = re.compile(
    rf"(?<![\d.])(?P<number>{ARABIC}|[一二两三四五六七八九十]{{1,3}})(?:个(?:百分)?|"
    rf"百分)点(?![钟半一二三四五六七八九十\d儿击赞])"
)
_FOLD = re.compile(
    r"(?<![\d.一二三四五六七八九])(?P<number>\d(?:\.\d)?|\d{2}|"
    r"[一二三四五六七八九][一二三四五六七八九点]{0,2})折(?!腾|叠|磨|旧|中|算|返|合)"
)
_HALF_OFF = re.compile(r"(?:打)?(?:对折|半价)|\bhalf[ -](?:off|price)\b", re.I)

_CHINESE_MEASURE = (
    "台|套|件|名|人|位|用户|账号|帐号|坐席|席位|席|份|箱|吨|公斤|千克|条|张|家|批|辆|把|支|瓶|盒|组|点位|站点|节点|车间|门店|"
    "部|枚|只|块屏|卷|桶|袋|根|片|本|平方米|平米|米|公里|次|单|间|床|个(?!人|孩|问题|电话|方面|月|点|小时|钟头|星期|礼拜|工作日|季度|百分|亿|财)"
)
_SINGLE = {"个", "份", "条", "家", "次", "单", "位", "人", "名", "件", "批", "张", "本", "部", "把", "只", "组", "片", "席"}
_QUANTITY = re.compile(
    rf"(?:{_EDGE}(?P<number>{ARABIC}\s?[万萬千]?)|(?<![第零〇一二两三四五六七八九十百千万.\d周期])(?P<chinese>{CHINESE}))"
    rf"\s?(?P<unit>{_CHINESE_MEASURE})"
)
_ENGLISH_UNIT = (
    r"(?:[a-z]+ )?(?:units?|seats?|users?|licen[cs]es?|pcs|pieces?|boxes|cartons?|pallets?|sets?|"
    r"machines?|devices?|tons?|tonnes?|kg|"
    r"people|employees|accounts?|contacts?|leads?|records?|stores?|sites?|copies|rolls?|metres?|meters?|samples?|orders?|"
    r"servers?|agents?|customers?|items?|containers?|pumps?|robots?|sensors?|heads?|headcount)"
)
_QUANTITY_EN = re.compile(rf"(?:{_EDGE}(?P<number>{ARABIC}k?)|\b(?P<english>{ENGLISH}))\s?(?P<unit>{_ENGLISH_UNIT})\b", re.I)


def find_amounts(text: str) -> Iterator[Slot]:
    """Yield amounts of money; without a currency they are in yuan."""
    for pattern in (_WITH_SIGN, _WITH_UNIT, _WITH_TIMES, _CHINESE_LARGE, _AFTER_CUE):
        for match in pattern.finditer(text):
            yield from _amount(match, pattern)


def _amount(match: re.Match[str], pattern: re.Pattern[str]) -> Iterator[Slot]:
    parts = match.groupdict()
    written = parts.get("number") or parts.get("chinese") or parts.get("english") or ""
    value = number(written)
    if value is None or (pattern is _CHINESE_LARGE and not _is_large(written, value)):
        return
    if pattern is _WITH_UNIT and parts["chinese"] and value < _LEAST_CHINESE_WITH_UNIT and not parts["times"]:
        return
    amount = value * MULTIPLIERS.get((parts.get("times") or "").lower(), 1)
    sign = parts.get("after") or parts.get("before") or ""
    start = match.start("number") if pattern is _AFTER_CUE else match.start()
    text = match.string[start : match.end()]
    yield Slot("amount", text, start, {"amount": tidy(amount), "currency": _currency(sign)})


def _is_large(written: str, value: float) -> bool:
    return value >= _LEAST_BARE_CHINESE and any(unit in written for unit in "万萬亿億")


def _currency(sign: str) -> str:
    return next((code for pattern, code in _CURRENCY_OF if pattern.fullmatch(sign)), DEFAULT_CURRENCY)


def find_percents(text: str) -> Iterator[Slot]:
    """Yield percentages as numbers; a Chinese discount (八五折) is what it takes off (15)."""
    for pattern in (_PERCENT, _CHINESE_PERCENT, _POINTS):
        for match in pattern.finditer(text):
            parts = match.groupdict()
            value = number(parts["number"] or parts.get("english") or "")
            if value is not None:
                yield Slot("percent", match[0], match.start(), tidy(value))
    for match in _FOLD.finditer(text):
        if (kept := _kept(match["number"])) is not None:
            yield Slot("percent", match[0], match.start(), tidy(100 - kept))
    for match in _HALF_OFF.finditer(text):
        yield Slot("percent", match[0], match.start(), 50)


def _kept(written: str) -> float | None:
    """Return the per cent of the price that remains: 八五 and 85 and 8.5 are 85, 九 is 90."""
    if "." in written or "点" in written:
        value = number(written)
        return None if value is None else value * 10
    digits = [number(char) for char in written]
    if None in digits or len(digits) > 2:
        return None
    tens, ones = int(digits[0] or 0), int(digits[1] or 0) if len(digits) > 1 else 0
    return float(10 * tens + ones)


def find_quantities(text: str) -> Iterator[Slot]:
    """Yield counted things as number and unit ("50台", "50 seats"); a lone 一个 counts nothing."""
    for match in _QUANTITY.finditer(text):
        written, unit = match["number"] or match["chinese"], match["unit"]
        value = _scaled(written)
        if value is not None and not (match["chinese"] and value <= 1 and unit[0] in _SINGLE):
            yield Slot("quantity", match[0], match.start(), f"{tidy(value)}{unit}")
    for match in _QUANTITY_EN.finditer(text):
        value = _scaled(match["number"] or match["english"])
        if value is not None and (match["number"] or value > 1):
            yield Slot("quantity", match[0], match.start(), f"{tidy(value)} {match['unit'].lower()}")


def _scaled(written: str) -> float | None:
    if written and written[-1] in "万萬千kK" and written[0].isdigit():
        value = number(written[:-1])
        return None if value is None else value * MULTIPLIERS[written[-1].lower()]
    return number(written)
