"""Ours and theirs, point by point: from battle facts and the price list, each field with its source and date; thinks only.

What has no source is said to have none: nothing is guessed, and a fact that has grown old says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from actions.crm.records import BattleFact, Product
from actions.papers.sheet import Cell, Grid, Language
from actions.papers.words import day, money, say

STALE_AFTER = timedelta(days=180)
"""Competitors bring out price lists and service terms about twice a year: what is older may not hold any more."""

MOST_COLUMNS = 2
"""Competitors that fit side by side on a phone, beside ourselves."""

_PRICE = frozenset({"price", "unit price", "list price", "价格", "单价", "目录价"})
"""Points that say what the competitor asks for; ours is then taken from the price list."""


@dataclass(frozen=True)
class Known:
    """What is known of one side at one point; `source` None for the price list."""

    text: str
    source: str | None
    as_of: date | None

    def is_stale(self, on: date) -> bool:
        return self.as_of is not None and on - self.as_of > STALE_AFTER


@dataclass(frozen=True)
class Point:
    """One point: ours, and theirs in the order of the competitors; None where there is no source."""

    name: str
    ours: Known | None
    theirs: tuple[Known | None, ...]


def competitors_of(facts: Iterable[BattleFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.competitor for fact in facts))


def points_of(facts: Sequence[BattleFact], product: Product | None, lang: Language, currency: str) -> tuple[Point, ...]:
    """The points of comparison; every competitor that the facts are about has a place in each."""
    competitors = competitors_of(facts)
    topics: dict[str, list[BattleFact]] = {}
    for fact in facts:
        topics.setdefault(_topic(fact, lang).casefold(), []).append(fact)
    priced = [fact for name, group in topics.items() if name in _PRICE for fact in group]
    prices, points = [], []
    if product is not None and (price := listed(product, lang, currency)) is not None:
        prices.append(Point(say("point_list_price", lang), price, _theirs(priced, competitors, lang)))
        topics = {name: group for name, group in topics.items() if name not in _PRICE}
    for group in topics.values():
        ours = next((known for fact in group if (known := _known(fact, lang, ours=True))), None)
        points.append(Point(_topic(group[0], lang), ours, _theirs(group, competitors, lang)))
    # a price without theirs beside it says least: it comes last then
    return (*prices, *points) if any(any(one.theirs) for one in prices) else (*points, *prices)


def listed(product: Product, lang: Language, currency: str) -> Known | None:
    """Our price as the list has it, in this currency if the list has one in it."""
    price = product.price_usd if currency == "USD" and product.price_usd is not None else product.price
    if price <= 0:
        return None
    code = "USD" if currency == "USD" and product.price_usd is not None else product.currency
    name = (product.name_en or product.name) if lang == "en" else product.name
    key = "list_price" if product.unit else "list_price_plain"
    return Known(say(key, lang, price=money(price, code), unit=product.unit, product=name), None, product.priced_on)


def table_of(facts: Sequence[BattleFact], product: Product | None, lang: Language, currency: str, on: date) -> Grid:
    """The comparison as a table for a paper, as of a day."""
    competitors = [_name_in(competitor, lang) for competitor in competitors_of(facts)]
    rows = tuple(
        (Cell(point.name), *(_cell(known, lang, on) for known in (point.ours, *point.theirs)))
        for point in points_of(facts, product, lang, currency)
    )
    head = (say("column_point", lang), say("column_ours", lang), *competitors)
    return Grid(head, rows, (3, *(4 for _ in range(len(competitors) + 1))))


def in_language(text: str, lang: str) -> str:
    """A source may be named in both languages, Chinese first: 对战卡 / battle card."""
    zh, _, en = text.partition("/ ")
    return (en if lang == "en" and en else zh).strip()


def _cell(known: Known | None, lang: Language, on: date) -> Cell:
    if known is None:
        return Cell(say("no_source", lang), is_faint=True)
    if known.source is None:
        at = known.as_of
        note = say("source_list", lang, day=day(at, lang)) if at else say("source_list_undated", lang)
    else:
        note = say("source_battle", lang, source=known.source, day=day(known.as_of, lang) if known.as_of else "")
    if known.is_stale(on):
        return Cell(known.text, say("stale", lang, source=note, days=STALE_AFTER.days), is_stale=True)
    return Cell(known.text, note)


def _theirs(facts: Iterable[BattleFact], competitors: Sequence[str], lang: Language) -> tuple[Known | None, ...]:
    kept = list(facts)
    return tuple(
        next((_known(fact, lang, ours=False) for fact in kept if fact.competitor == competitor), None)
        for competitor in competitors
    )


def _known(fact: BattleFact, lang: Language, *, ours: bool) -> Known | None:
    said = (fact.ours_en if lang == "en" else fact.ours) if ours else (fact.theirs_en if lang == "en" else fact.theirs)
    text = said.strip().rstrip(".。;；")
    return Known(text, in_language(fact.source, lang), fact.as_of) if text else None


def _topic(fact: BattleFact, lang: Language) -> str:
    return (fact.topic_en or fact.topic) if lang == "en" else (fact.topic or fact.topic_en)


def _name_in(competitor: str, lang: Language) -> str:
    """A name may stand in both languages, the Latin one first: Corvex 科维. An English paper leaves the other out."""
    if lang == "zh":
        return competitor
    latin = " ".join(part for part in competitor.split() if part.isascii())
    return latin or competitor
