"""Battle facts: what is known about a competitor that was named, each with its source and date."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from actions.crm.records import BattleFact
from actions.papers.compare import Point, in_language
from actions.plays.told import iso
from actions.proposal import Json
from actions.situation import Situation


def facts(s: Situation) -> list[BattleFact]:
    return [row for row in s.rows.get("battle_facts", ()) if isinstance(row, BattleFact)]


def facts_about(s: Situation, text: str) -> list[BattleFact]:
    """Those about a competitor whose name or alias stands in the text."""
    return [fact for fact in facts(s) if _is_mentioned(fact, text)]


def competitors_named(s: Situation, text: str) -> tuple[str, ...]:
    """The competitors whose name or alias stands in the text, each once."""
    return tuple(dict.fromkeys(fact.competitor for fact in facts_about(s, text)))


def comparison_rows(points: Iterable[Point], competitors: Sequence[str], lang: str, on: date) -> Iterator[dict[str, Json]]:
    """The points of a comparison for a card: with two competitors both stand in the line."""
    is_pair = len(competitors) > 1
    for point in points:
        first = point.theirs[0] if point.theirs else None
        second = point.theirs[1] if is_pair else None
        known = [one for one in (point.ours, first, second) if one is not None]
        sourced = next((one for one in (first, second, point.ours) if one is not None), None)
        is_stale = any(one.is_stale(on) for one in known)
        yield {
            "row": ("pair" if is_pair else "point") + ("_stale" if is_stale else ""),
            "point": point.name,
            "ours": point.ours.text if point.ours else "unknown",
            "theirs": first.text if first else "unknown",
            "second": second.text if second else "unknown",
            "name": competitors[0],
            "other": competitors[1] if is_pair else None,
            "source": (sourced.source or "price_list") if sourced else "unknown",
            "as_of": iso(sourced.as_of) if sourced else None,
        }


def fact_row(fact: BattleFact, lang: str) -> dict[str, Json]:
    is_english = lang == "en"
    return {
        "row": "battle_fact",
        "competitor": fact.competitor,
        "point": fact.topic_en if is_english else fact.topic,
        "ours": _clause(fact.ours_en if is_english else fact.ours),
        "theirs": _clause(fact.theirs_en if is_english else fact.theirs),
        "source": in_language(fact.source, lang),
        "as_of": iso(fact.as_of),
    }


def _clause(text: str) -> str:
    """A fact without its full stop, to stand inside a line."""
    return text.strip().rstrip(".。;；")


def _is_mentioned(fact: BattleFact, text: str) -> bool:
    names = (fact.competitor, *fact.aliases.split("|"))
    lowered = text.casefold()
    return any(name and name.casefold() in lowered for name in names)
