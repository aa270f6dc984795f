"""What words to a customer promise off the price, and what in them belongs to another customer; thinks, asks nobody."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

from actions.crm.records import Product

_FIGURE = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(万|千|k\b)?", re.IGNORECASE)
_TIMES = {"万": 10000, "千": 1000, "k": 1000}
_OFF = re.compile(
    r"(?P<fold>[一二三四五六七八九\d](?:\.?[\d一二三四五六七八九])?)\s*折(?!扣)"
    r"|(?:便宜|优惠|让利|让价|降价?|减|折扣)[^。，,\d]{0,4}(?P<less>\d+(?:\.\d+)?)\s*%"
    r"|(?P<off>\d+(?:\.\d+)?)\s*%\s*(?:off|discount|cheaper|less)|(?P<half>half (?:the )?price|半价)",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(?:只要|仅需|一口价|单价|报价|价格|算您|给您|for (?:just|only)|price (?:of|is)|at (?:just|only))"
    r"[^。，,.\d]{0,8}[¥$€￥]?\s*(?P<figure>\d[\d,]*(?:\.\d+)?)\s*(?P<times>万|千|k\b)?(?!\s*[%折])",
    re.IGNORECASE,
)
_DIGITS = {digit: str(number) for number, digit in enumerate("零一二三四五六七八九")}


def promised_off(words: str, product: Product | None, products: Sequence[Product]) -> tuple[float, str | None]:
    """How many percent off the list price these words promise, in percent or by a price, and the words that do."""
    most, text = 0.0, None
    for found in _OFF.finditer(words):
        off = _percent_off(found)
        if off > most:
            most, text = off, found.group(0)
    spoken_of = next((one for one in products if any(name in words for name in _called(one))), product)
    if spoken_of is None:
        return most, text
    for found in _PRICE.finditer(words):
        figure = _times(found["figure"], found["times"])
        is_dollars = spoken_of.price_usd is not None and "$" in found.group(0)
        price = spoken_of.price_usd if is_dollars and spoken_of.price_usd else spoken_of.price
        # far below the list it is a part of the price: a deposit, a rate
        if price and price * Decimal("0.3") < figure < price:
            off = float((price - figure) / price * 100)
            if off > most:
                most, text = off, found.group(0)
    return most, text


def _percent_off(found: re.Match[str]) -> float:
    if found["half"]:
        return 50.0
    if found["fold"]:
        digits = "".join(_DIGITS.get(one, one) for one in found["fold"] if one != ".")
        return 100.0 - float(digits) * (10.0 if len(digits) == 1 else 1.0)
    return float(found["less"] or found["off"])


def _called(product: Product) -> list[str]:
    return [name for name in (product.name, product.name_en, *product.aliases.split("|")) if name]


def figures_in(words: str) -> list[Decimal]:
    """Every figure in these words, 万 and k multiplied out."""
    return [_times(found[1], found[2]) for found in _FIGURE.finditer(words)]


def _times(figure: str, times: str | None) -> Decimal:
    return Decimal(figure.replace(",", "")) * _TIMES.get((times or "").lower(), 1)


_TITLED = "总|经理|主任|先生|女士|老师|院长|科长|处长|主管|的电话|的手机|的邮箱"


def plain(text: str) -> str:
    """Text as names are compared: one width, one case, without spaces and signs."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def strange_name(words: str, *, own: Sequence[str], others: Sequence[str], people: Sequence[str] = ()) -> str | None:
    """A name of another customer in these words, or of one of their people; this customer's own names do not count.

    The longest names are looked for first: one of another that begins like this customer's is that other's, and the other
    way round. A person's name of two characters may be a word as well: it counts with what people are called by.
    """
    mine, persons = {plain(name) for name in own}, set(people)
    names = {name: plain(name) for name in (*own, *others, *persons)}
    text, rest = unicodedata.normalize("NFKC", words).casefold(), plain(words)
    for name, short in sorted(names.items(), key=lambda named: (-len(named[1]), named[1] not in mine)):
        if len(short) < 2 or short not in rest:
            continue
        if short in mine:
            rest = rest.replace(short, "\n")
        elif _is_meant(name, short, text, rest, is_person=name in persons):
            return name
    return None


def _is_meant(name: str, short: str, text: str, rest: str, *, is_person: bool) -> bool:
    if not short.isascii():
        return not is_person or len(short) > 2 or re.search(rf"{re.escape(short)}(?:{_TITLED})", rest) is not None
    # Latin letters: whole words only, and nothing as short as "Ed"
    spelt = r"\s+".join(re.escape(word) for word in unicodedata.normalize("NFKC", name).casefold().split())
    return len(short) > 3 and re.search(rf"(?<![0-9a-z]){spelt}(?![0-9a-z])", text) is not None


def strange_address(words: str, reached: Mapping[bool, Sequence[str]]) -> str | None:
    """A phone or mail address in these words that is another's (False) and not this customer's or the house's (True)."""
    digits, text = re.sub(r"\D", "", words), words.casefold()
    own = {one.casefold() for one in reached[True]}
    for one_address in reached[False]:
        if one_address.casefold() in own:
            continue
        if "@" in one_address:
            if one_address.casefold() in text:
                return one_address
        elif len(bare := re.sub(r"\D", "", one_address)) >= 8 and (bare in digits or bare.removeprefix("86") in digits):
            return one_address
    return None
