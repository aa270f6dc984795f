"""Questions that no document answered: kept when they are asked, and put together where they ask the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update

from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import GapRow
from actions.situation import Situation
from bot.review import masked
from retrieval.words import terms

ASKS_DOCUMENTS = frozenset({"knowledge.ask", "service.how_to", "buying.product_question"})
"""Intents that the documents should answer; when they do not, something is missing in them."""
ALIKE = 0.5
"""Share of all their words that two questions have in common, from which they ask the same."""


@dataclass(frozen=True)
class Gap:
    """What is missing: its first question, everyone's wordings, by whom (rep, manager, customer), and how often.

    `id` is short and stays the same as long as the first question waits.
    """

    id: str
    question: str
    others: tuple[str, ...]
    audiences: tuple[str, ...]
    count: int
    last: datetime


async def keep_gap(tx: Tx, key: str, s: Situation, now: datetime) -> None:
    """Keep a question once, without what reaches a person."""
    audience = s.speaker.role if s.speaker.is_staff else "customer"
    row = {"key": key, "question": masked(s.text), "lang": s.lang, "audience": audience, "at": now, "settled_at": None}
    await insert_new(tx, GapRow, [row], GapRow.key)


async def gaps(store: Store) -> list[Gap]:
    """What is missing, the most asked first; questions that share most of their words are one gap."""
    async with store.read() as tx:
        waiting = select(GapRow.question, GapRow.audience, GapRow.at)
        rows = (await tx.execute(waiting.where(GapRow.settled_at.is_(None)).order_by(GapRow.at, GapRow.key))).all()
    groups: list[list[_Asked]] = []
    for row in rows:
        one = _Asked(*row, frozenset(terms(row.question)))
        group = next((found for found in groups if _asks_the_same(found[0], one)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return sorted(map(_gap, groups), key=lambda gap: (-gap.count, gap.last))


async def settle_gap(store: Store, gap: Gap, now: datetime) -> None:
    """Somebody has seen to it: its questions no longer wait."""
    async with store.write() as tx:
        asked = (gap.question, *gap.others)
        await tx.execute(
            update(GapRow).where(GapRow.question.in_(asked), GapRow.settled_at.is_(None)).values(settled_at=now)
        )


@dataclass(frozen=True)
class _Asked:
    question: str
    audience: str
    at: datetime
    terms: frozenset[str]


def _asks_the_same(first: _Asked, other: _Asked) -> bool:
    either = first.terms | other.terms
    shared = len(first.terms & other.terms) / len(either) if either else 0.0
    return first.question == other.question or shared >= ALIKE


def _gap(group: Sequence[_Asked]) -> Gap:
    first = group[0]
    others = tuple(dict.fromkeys(one.question for one in group if one.question != first.question))
    audiences = tuple(sorted({one.audience for one in group}))
    id_ = sha256(first.question.encode()).hexdigest()[:6]
    return Gap(id_, first.question, others, audiences, len(group), max(one.at for one in group))
