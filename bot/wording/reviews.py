"""What the sentences about a review can speak of: changed clauses with their sources, missing documents, differences."""

from collections.abc import Mapping
from typing import Any

from bot.wording.changes import changed_field, shortened
from bot.wording.fill import Voice

CLAUSE_LIMIT = {"zh": 90, "en": 160}  # characters of one changed clause on a card
MOST_CLAUSES = 4


def told_of_review(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """The lists of a review as text in the reader's language."""
    told: dict[str, Any] = {}
    if isinstance(data.get("items"), list | tuple):
        told["lines"] = "\n".join(clause_line(one, voice) for one in data["items"][:MOST_CLAUSES]) or None
    for name in ("missing", "wanted"):
        if isinstance(data.get(name), list | tuple):
            told[name] = voice.join([str(one[voice.lang]) for one in data[name]]) or None
    if isinstance(data.get("changes_since"), list | tuple):
        money = (str(data.get("currency") or "CNY"),) * 2
        lines = [changed_field(one["field"], one["old"], one["new"], voice, money) for one in data["changes_since"]]
        told["differences"] = "\n".join(lines) or None
    return told


def clause_line(item: Mapping[str, Any], voice: Voice) -> str:
    """A changed clause, old to new, with where it comes from."""
    line = " · ".join(voice.say("row.review_item", item).split("\n"))
    return shortened(line, CLAUSE_LIMIT[voice.lang])
