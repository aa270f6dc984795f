"""Slots that are counted: amounts of money, percentages and discounts, quantities."""

import re
from collections.abc import Iterator

from intents.numerals import ARABIC, CHINESE, CHINESE_NUMERAL, ENGLISH, MIXED, MULTIPLIER, MULTIPLIERS, number, tidy
from intents.understanding import Slot

DEFAULT_CURRENCY = "CNY"

_CURRENCIES = {
    "CNY": "cny|rmb|人民币|人民幣|元|圆|块钱|块|塊|yuan|kuai|¥|￥",
    "USD": "usd|us dollars?|us\\$|美元|美金|美刀|刀|dollars?|bucks|\\$",
    "EUR": "eur|欧元|歐元|euros?|€",
    "GBP": "gbp|英镑|英鎊|pounds?|quid|£",
    "HKD": "hkd|hk\\$|港币|港元|港幣|港纸|港紙|蚊|hong kong dollars?",
    "JPY": "jpy|日元|日圆|yen|円",
    "SGD": "sgd|s\\$|新币|新加坡元|singapore dollars?",
    "AUD": "aud|au?\\$|澳元|australian dollars?",
    "CAD": "cad|c\\$|加元|canadian dollars?",
    "TWD": "twd|nt\\$|ntd|新台币|台币|新臺幣|臺幣|台幣|taiwan dollars?",
    "KRW": "krw|韩元|韓元|₩|won",
    "INR": "inr|rs\\.?|卢比|₹|rupees?",
    "MYR": "myr|rm|马币|馬幣|令吉|ringgits?",
    "THB": "thb|泰铢|泰銖|฿|baht",
    "CHF": "chf|瑞士法郎|francs?",
}
_CODES = {name: code for code, names in _CURRENCIES.items() for name in names.split("|")}
_SPELLED = sorted(_CODES, key=len, reverse=True)
_AFTER = "|".join(_SPELLED)
_BEFORE = "|".join(
    name
    for name in _SPELLED
    if not re.search(
        r"[元圆块塊刀币幣镑鎊]$|(?:dollars\?|yuan|kuai|bucks|quid|won|yen|蚊|纸|紙|baht|ringgits\?|francs\?)$", name
    )
)
_DOLLARS = re.compile(
    r"(?P<HKD>hk\$|\bhkd\b|港[币幣元纸紙])|(?P<TWD>nt\$|\bntd?\b|\btwd\b|[台臺][币幣])|(?P<SGD>(?<![a-z])s\$"
    r"|\bsgd\b|singapore)"
    r"|(?P<AUD>(?<![a-z])au?\$|\baud\b|australian)|(?P<CAD>(?<![a-z])c\$|\bcad\b|canadian)",
    re.IGNORECASE,
)
"""Whose dollars are meant by a bare $ beside it."""
_CURRENCY_OF = [(re.compile(pattern, re.IGNORECASE), code) for pattern, code in _CODES.items()]

_NOT_MONEY = (
    r"(?!多?\s*(?:人|台(?![币幣])|只|套|个|件|家|用户|名|份|吨|次|条|公里|米|平|平方|小时|天|年|月|票|粉|辆|股"
    r"|字|张|箱|"
    r"users?|seats?|people|units?|pcs|pieces|licen[cs]es|customers?|employees|staff|rows|records|contacts|calls|"
    r"hours?|days?|weeks?|months?|years?|min|km|kg|words)(?![a-z]))"
)
_EDGE = r"(?<![A-Za-z0-9._])(?<!\d,)"
_WITH_SIGN = re.compile(
    rf"(?<![A-Za-z])(?P<before>{_BEFORE})\s?(?P<number>{MIXED}|{ARABIC})(?:\s?(?P<times>{MULTIPLIER})(?![a-z]))?"
    rf"(?:\s?(?P<after>{_AFTER})(?![a-z]|(?<=\$)\d))?",
    re.IGNORECASE,
)
_WITH_UNIT = re.compile(
    rf"(?:{_EDGE}(?P<number>{MIXED}|{ARABIC})|(?P<chinese>{CHINESE})|\b(?P<english>{ENGLISH}))"
    rf"(?:\s?(?P<times>{MULTIPLIER})(?![a-z]))?\s?(?P<after>{_AFTER})(?![a-z]|(?<=\$)\d)",
    re.IGNORECASE,
)
_WITH_TIMES = re.compile(
    rf"(?:{_EDGE}(?!\d{{6,}}[a-z])(?P<number>{ARABIC})|\b(?P<english>{ENGLISH}))\s?(?P<times>{MULTIPLIER})"
    rf"(?![a-z0-9]| (?:and )?{ENGLISH}\b)整?{_NOT_MONEY}",
    re.IGNORECASE,
)
_MIXED_LARGE = re.compile(rf"{_EDGE}(?P<number>{MIXED})(?!\s?[%折号號楼樓]){_NOT_MONEY}")
_CHINESE_LARGE = re.compile(rf"(?P<chinese>(?>{CHINESE}))整?{_NOT_MONEY}")
_CHINESE_SHORT = re.compile(
    rf"(?<![第之{CHINESE_NUMERAL}])(?:(?P<chinese>[一二两三四五六七八九][千百][一二三四五六七八九])"
    rf"(?![{CHINESE_NUMERAL}点]){_NOT_MONEY}"
    rf"|(?P<other>[一二两三四五六七八九][万千百][一二三四五六七八九]?)(?=一[台套个张件条年月天次份组]))"
)
"""三千二 and 六百八, said so of prices: a count of things is said to the end (三千二百) or has its measure behind it."""
_ENGLISH_LARGE = re.compile(
    rf"\b(?P<english>(?>{ENGLISH}))\b(?! (?:million|billion|lakh|crore))"
    rf"{_NOT_MONEY}",
    re.IGNORECASE,
)
_LEAST_BARE_ENGLISH = 1_000
_CHINESE_CHANGE = re.compile(
    rf"(?:减|扣|便宜|让利?|抹掉?|省|多收|少收|多付|少付|多花|要少|别家少|调|降|涨|加|退|砍|给|报|到)了?(?:他|您"
    rf"|你)?[成到至的]?\s?"
    rf"(?:(?P<chinese>(?>{CHINESE}))|(?P<number>\d{{3,6}}(?:\.\d+)?)(?![\d.]))"
    rf"(?!\s?(?:[%成折号號页级度分倍部间層层楼室毫元块:/-]|点|多?年|多?个|工作日|左右个)){_NOT_MONEY}"
)
_LEAST_CHANGE = 100
_LEAST_SAID = 10
"""金额更新一下 says no amount of one."""
_COUNTED = r"(?:days?|seats?|users?|units?|months?|years?|people|points?|hours?|weeks?|licen[cs]es?|orders?)\b"
_ENGLISH_CHANGE = re.compile(
    rf"\b(?:(?:knock|take|shave|trim|cut)\s(?:another |a further )?(?P<number>{ARABIC}|{ENGLISH})(?= (?:off|from)\b)"
    rf"|(?:quoted|minus|revised to|beat (?:\w+ ){{0,2}}?(?:down to|by)|(?:comes?|came|bring it|goes|went|me|him"
    rf"|them|her) down (?:to|by)"
    rf"|instead of|up by|reduced (?:to|by)|raised (?:to|by))\s(?P<other>{ARABIC})(?![\d%.,]*\d|\s?(?:%|percent"
    rf"|per cent|{_COUNTED}|k\b)))"
    rf"|\b(?:to|at|be|is|one|than|of|under|over|above|by|it|deal|order"
    rf"|total) (?P<grouped>\d{{1,3}}(?:,\d{{3}})+(?:\.\d\d)?)(?!,?\d)"
    r"(?=\s*(?:$|[.!?;,)]|(?:please|pls|and|not|instead|flat|change|after|for|from|lah|now)\b))",
    re.IGNORECASE,
)
"""What is added to a price or taken off it; below a hundred it may as well be a percentage."""
_LEAST_BARE_CHINESE = 10_000
"""三万八 alone is money, 三千 alone is not."""
_LEAST_CHINESE_WITH_UNIT = 5
"""两块 and 一刀 count other things than money more often than not."""
_AFTER_CUE = re.compile(
    r"(?:金额|金額|总价|总额|单价|价格|价钱|报价|预算|合同额|额度|成交价|货款|费用|年费|运费|押金|定金|首付|尾款|"
    r"\bamount|\bvalue|\bprice|\bbudget|\bworth|\bquote|\bcost|\bdeposit)"
    r"(?P<link>(?:\s?(?:改|调|定|写|填|变|换|更新|是|为|成|到|在|约|大概|大约|差不多|[:：=]|of|is|to|at|about|"
    r"around|from|从|按|写错了|错了|,|on (?:it|this|that)|should be|was|now)){0,4})\s?"
    rf"(?:(?P<chinese>(?>{CHINESE}))(?!\s?[成折个號号年月天日周点部台套块元分]){_NOT_MONEY}|(?P<number>{ARABIC})"
    rf"(?![\d%.,]*\d|\s?(?:%|折|个|月|天|年|号|日|台|套|percent|months?|days?|points?|[:：/-]\d)))",
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
_TENTHS = re.compile(
    r"(?<![\d一二三四五六七八九十百千万这那哪])(?P<number>[一二两三四五六七八九])成(?P<half>半|五)?"
    r"(?=$|[\s,.;!?。、]|的|以[上下内]|左右|多|首付|预付|定金|订金|返利|折扣|利润|股份|毛利|回款|把握|行|吧|可)"
)
_DISCOUNT_OF = re.compile(
    rf"\bdiscount (?:\w+ ){{0,3}}?(?:to|at|of|above|over|is|by) (?P<number>{ARABIC})(?![\d%.,]*[\d%]"
    rf"|\s?(?:percent|per cent|k\b|{_COUNTED}))",
    re.IGNORECASE,
)
_FOLD = re.compile(
    r"(?<![\d.一二三四五六七八九])(?P<number>\d(?:\.\d)?|\d{2}|"
    r"[一二三四五六七八九][一二三四五六七八九点]{0,2})折(?!腾|叠|磨|旧|中|算|返|合)"
)
_HALF_OFF = re.compile(r"(?:打)?(?:对折|(?<!一)半价)|\bhalf[ -](?:off|price)\b", re.I)

_CHINESE_MEASURE = (
    "台|套|件|名|人|位|用户|账号|帐号|坐席|席位|席|份|箱|吨|公斤|千克|条|张|家|批|辆|把|支|瓶|盒|组|点位|站点|节点|车间|门店|"
    "部|枚|只|块屏|卷|桶|袋|根|片|本|平方米|平米|米|公里|次|单|间|床|个(?:坐席|席位|账号|帐号|用户|点位|站点|节点|座位)|个(?!人|孩|问题|电话|方面|月|点|小时|钟头|星期|礼拜|工作日|季度|百分|亿|财)"
)
_SINGLE = {"个", "份", "条", "家", "次", "单", "位", "人", "名", "件", "批", "张", "本", "部", "把", "只", "组", "片", "席"}
_QUANTITY = re.compile(
    rf"(?:{_EDGE}(?P<number>{ARABIC}\s?[万萬千]?)|(?<![第零〇一二两三四五六七八九十百千万.\d周期])"
    rf"(?P<chinese>{CHINESE}))"
    rf"\s?(?P<unit>{_CHINESE_MEASURE})"
)
_ENGLISH_UNIT = (
    r"(?:[a-z]+ )?(?:units?|seats?|users?|licen[cs]es?|pcs|pieces?|boxes|cartons?|pallets?|sets?|"
    r"machines?|devices?|tons?|tonnes?|kg|"
    r"people|employees|accounts?|contacts?|leads?|records?|stores?|sites?|copies|rolls?|metres?|meters?|samples?"
    r"|orders?|"
    r"chairs?|desks?|tables?|tablets?|screens?|printers?|laptops?|phones?|cameras?|trucks?|terminals?|kiosks?"
    r"|scanners?|beds?|panels?|"
    r"monitors?|tills?|fridges?|freezers?|chillers?|ovens?|mixers?|forklifts?|lathes?|compressors?|motors?"
    r"|valves?|filters?|bottles?|bags?|"
    r"drums?|packs?|pairs?|rooms?|vehicles?|servers?|agents?|customers?|items?|containers?|pumps?|robots?"
    r"|sensors?|heads?|headcount)"
)
_QUANTITY_EN = re.compile(
    rf"(?:{_EDGE}(?P<number>{ARABIC}k?)|\b(?P<english>{ENGLISH}))"
    rf"\s?(?P<unit>{_ENGLISH_UNIT})\b",
    re.I,
)


def find_amounts(text: str) -> Iterator[Slot]:
    """Yield amounts of money; without a currency they are in yuan."""
    for pattern in _AMOUNTS:
        for match in pattern.finditer(text):
            yield from _amount(match, pattern)


_AMOUNTS = (
    *(_WITH_SIGN, _WITH_UNIT, _WITH_TIMES, _MIXED_LARGE, _CHINESE_LARGE, _CHINESE_SHORT, _ENGLISH_LARGE),
    *(_AFTER_CUE, _CHINESE_CHANGE, _ENGLISH_CHANGE),
)
_BEHIND_A_CUE = (_AFTER_CUE, _CHINESE_CHANGE, _ENGLISH_CHANGE)


def _amount(match: re.Match[str], pattern: re.Pattern[str]) -> Iterator[Slot]:
    parts = match.groupdict()
    group = next(name for name in ("number", "other", "grouped", "chinese", "english") if parts.get(name))
    value, times = number(parts[group]), (parts.get("times") or "").lower()
    if value is None or not _is_money(match, pattern, value):
        return
    sign = parts.get("after") or parts.get("before") or ""
    start, end = match.span(group) if pattern in _BEHIND_A_CUE else match.span()
    worth: dict[str, object] = {
        "amount": tidy(value * MULTIPLIERS.get(times, 1)),
        "currency": _currency(sign, times, match.string),
    }
    yield Slot("amount", match.string[start:end], start, worth)


def _is_money(match: re.Match[str], pattern: re.Pattern[str], value: float) -> bool:
    """Tell whether a number is large or marked enough to be meant as money, by the way it was found."""
    parts = match.groupdict()
    if pattern is _CHINESE_LARGE:
        return value >= _LEAST_BARE_CHINESE and any(unit in parts["chinese"] for unit in "万萬亿億")
    if pattern is _ENGLISH_LARGE:
        return value >= _LEAST_BARE_ENGLISH
    if pattern is _AFTER_CUE:
        is_score = not parts["link"] and match[0][0].isascii()  # "quality 62, price 28"
        return value >= (_LEAST_CHANGE if is_score else _LEAST_SAID if parts["chinese"] else 0)
    if pattern in _BEHIND_A_CUE:
        return value >= _LEAST_CHANGE
    if pattern is _WITH_UNIT and parts["after"].lower() == "won":
        return value >= _LEAST_CHANGE  # "mark that one won"
    return not (pattern is _WITH_UNIT and parts["chinese"] and value < _LEAST_CHINESE_WITH_UNIT and not parts["times"])


def _currency(sign: str, times: str, text: str) -> str:
    if sign == "$" and (others := _DOLLARS.search(text)):
        return others.lastgroup or DEFAULT_CURRENCY
    default = "INR" if times.startswith(("lakh", "crore")) else DEFAULT_CURRENCY
    return next((code for pattern, code in _CURRENCY_OF if pattern.fullmatch(sign)), default)


def find_percents(text: str) -> Iterator[Slot]:
    """Yield percentages as numbers; a Chinese discount (八五折) is what it takes off (15)."""
    for pattern in (_PERCENT, _CHINESE_PERCENT, _POINTS):
        for match in pattern.finditer(text):
            parts = match.groupdict()
            value = number(parts["number"] or parts.get("english") or "")
            if value is not None:
                yield Slot("percent", match[0], match.start(), tidy(value))
    for match in _TENTHS.finditer(text):
        if (tenths := number(match["number"])) is not None:
            yield Slot("percent", match[0], match.start(), tidy(10 * tenths + (5 if match["half"] else 0)))
    for match in _DISCOUNT_OF.finditer(text):
        if (value := number(match["number"])) is not None and value < 100:
            yield Slot("percent", match["number"], match.start("number"), tidy(value))
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


def amount_of(words: str) -> dict[str, object] | None:
    """Return what words are worth that are known to be money, a bare number among them; None where they say no number."""
    found = next((slot.value for slot in find_amounts(words) if len(slot.text) == len(words)), None)
    if isinstance(found, dict):
        return found
    value = _bare(words)
    return None if value is None else {"amount": tidy(value), "currency": DEFAULT_CURRENCY}


def percent_of(words: str) -> float | None:
    """Return the number of words that are known to be a percentage, a bare number among them."""
    found = next((slot.value for slot in find_percents(words) if len(slot.text) == len(words)), None)
    return found if isinstance(found, int | float) else _bare(words)


def quantity_of(words: str) -> str:
    """Return words that are known to count something as number and unit, or as they are."""
    found = next((slot.value for slot in find_quantities(words) if len(slot.text) == len(words)), None)
    if isinstance(found, str):
        return found
    value = _bare(words)
    return words if value is None else str(tidy(value))


def _bare(words: str) -> float | None:
    match = _BARE.fullmatch(words.strip())
    value = number(match["number"]) if match else None
    return None if match is None or value is None else value * MULTIPLIERS.get((match["times"] or "").lower(), 1)


_BARE = re.compile(rf"(?P<number>{MIXED}|{ARABIC}|{CHINESE}|{ENGLISH})\s?(?P<times>{MULTIPLIER})?", re.IGNORECASE)


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
