"""Battle facts: what is known about a competitor that was named, each with its source and date."""

from actions.crm.records import BattleFact
from actions.plays.told import iso
from actions.proposal import Json
from actions.situation import Situation


def facts(s: Situation) -> list[BattleFact]:
    return [row for row in s.rows.get("battle_facts", ()) if isinstance(row, BattleFact)]


def facts_about(s: Situation, text: str) -> list[BattleFact]:
    """Those about a competitor whose name or alias stands in the text."""
    return [fact for fact in facts(s) if _is_mentioned(fact, text)]


def fact_row(fact: BattleFact, lang: str) -> dict[str, Json]:
    is_english = lang == "en"
    return {
        "row": "battle_fact",
        "competitor": fact.competitor,
        "point": fact.topic_en if is_english else fact.topic,
        "ours": _clause(fact.ours_en if is_english else fact.ours),
        "theirs": _clause(fact.theirs_en if is_english else fact.theirs),
        "source": _in_language(fact.source, lang),
        "as_of": iso(fact.as_of),
    }


def _clause(text: str) -> str:
    """A fact without its full stop, to stand inside a line."""
    return text.strip().rstrip(".。;；")


def _in_language(text: str, lang: str) -> str:
    """A source may be named in both languages, Chinese first: 对战卡 / battle card."""
    zh, _, en = text.partition("/ ")
    return (en if lang == "en" and en else zh).strip()


def _is_mentioned(fact: BattleFact, text: str) -> bool:
    names = (fact.competitor, *fact.aliases.split("|"))
    lowered = text.casefold()
    return any(name and name.casefold() in lowered for name in names)
