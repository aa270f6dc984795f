"""Questions that no document answered: kept when they are asked, and put together where they ask the same."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import yaml
from sqlalchemy import or_, select, update

from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import EmployeeRow, GapRow
from actions.readers import audience_of
from bot.review import masked
from bot.steps import Heard
from retrieval.passage import Passage
from retrieval.search import Library
from retrieval.words import terms

ASKS_DOCUMENTS = frozenset({"knowledge.ask", "service.how_to", "buying.product_question"})
"""Intents that the documents should answer; when they do not, something is missing in them."""
ALIKE = 0.5
"""Share of all their words that two questions have in common, from which they ask the same."""
_NEAR = 3
"""Passages that a draft sets beside a question."""
_LATEST = 500
"""Waiting questions that a new one is compared with."""
_OF_LEGAL = re.compile(r"法务|\blegal\b", re.IGNORECASE)


@dataclass(frozen=True)
class Gap:
    """What is missing: its first question, everyone's wordings, by whom (rep, manager, customer), and how often.

    `id` is short and stays the same as long as the first question waits. `documents` are the titles of those that were
    cited and did not help; none where nothing was found.
    """

    id: str
    question: str
    others: tuple[str, ...]
    audiences: tuple[str, ...]
    documents: tuple[str, ...]
    count: int
    last: datetime
    lang: str


async def keep_gap(tx: Tx, key: str, heard: Heard, question: str, document: str | None = None) -> bool:
    """Keep a question once, without what reaches a person. Whether it is the first that asks this."""
    asked = masked(question)
    row = {
        "key": key,
        "question": asked,
        "lang": heard.lang,
        "audience": audience_of(heard.speaker),
        "at": heard.now,
        "settled_at": None,
        "document": document,
    }
    waiting = select(GapRow.question).where(GapRow.settled_at.is_(None), GapRow.key != key)
    others = (await tx.execute(waiting.order_by(GapRow.at.desc()).limit(_LATEST))).scalars().all()
    await insert_new(tx, GapRow, [row], GapRow.key)
    words = frozenset(terms(asked))
    return not any(_same(asked, words, other, frozenset(terms(other))) for other in others)


async def who_answers_for(tx: Tx, passage: Passage | None) -> str:
    """Whom a gap concerns, as in Notify: the owner of the nearest document where that is somebody, else the managers."""
    owner = passage.owner if passage else ""
    by_name = or_(
        EmployeeRow.id == owner, EmployeeRow.name == owner, EmployeeRow.name_en == owner, EmployeeRow.email == owner
    )
    person = await tx.scalar(select(EmployeeRow.id).where(by_name).order_by(EmployeeRow.id).limit(1)) if owner else None
    if person is not None:
        return f"person:{person}"
    return "group:@legal" if _OF_LEGAL.search(owner) else "group:@managers"


async def gaps(store: Store) -> list[Gap]:
    """What is missing, the most asked first; questions that share most of their words are one gap."""
    async with store.read() as tx:
        waiting = select(GapRow.question, GapRow.audience, GapRow.at, GapRow.document, GapRow.lang)
        rows = (await tx.execute(waiting.where(GapRow.settled_at.is_(None)).order_by(GapRow.at, GapRow.key))).all()
    return sorted(map(_gap, _grouped(rows)), key=lambda gap: (-gap.count, gap.last))


async def settle_gap(store: Store, gap: Gap, now: datetime) -> None:
    """Somebody has seen to it: its questions no longer wait."""
    async with store.write() as tx:
        asked = (gap.question, *gap.others)
        await tx.execute(
            update(GapRow).where(GapRow.question.in_(asked), GapRow.settled_at.is_(None)).values(settled_at=now)
        )


def drafted(gap: Gap, library: Library, today: date) -> str:
    """A document to be finished by whoever knows the answer: the question as its heading, every wording of it, and what
    the nearest passages say. Until somebody is named who answers for it, it is not taken in."""
    audience = "customer" if "customer" in gap.audiences else "rep"
    near = [hit.passage for hit in library.ranked(gap.question, audience=audience, k=_NEAR)]
    title = " ".join(gap.question.split())
    head = {
        "id": f"gap-{gap.id}",
        "title": title,
        "lang": gap.lang,
        "owner": "",
        "version": "1",
        "valid_from": today.isoformat(),
        "audience": sorted({*gap.audiences, "manager"}),
    }
    asked = [f"<!-- {other.replace('-->', '')} -->" for other in (gap.question, *gap.others)]
    beside = [f"<!-- {_in_a_line(one)} -->" for one in near]
    front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)
    return "\n".join(["---", f"{front}---", f"# {title}", "", f"## {title}", *asked, *beside, ""])


def _in_a_line(passage: Passage) -> str:
    words = " ".join(passage.text.split()).replace("-->", "")
    return f"{passage.title} / {passage.section} ({passage.version}): {words}"


def _grouped(rows: Iterable[Any]) -> list[list[Any]]:
    """The questions by what they ask; each is compared with those first questions that share a word with it."""
    groups: list[tuple[frozenset[str], list[Any]]] = []
    by_question: dict[str, int] = {}
    by_term: dict[str, list[int]] = {}
    for row in rows:
        words = frozenset(terms(row.question))
        found = by_question.get(row.question)
        near = dict.fromkeys(number for term in sorted(words) for number in by_term.get(term, ()))
        if found is None:
            found = next(
                (n for n in sorted(near) if _same(groups[n][1][0].question, groups[n][0], row.question, words)), None
            )
        if found is None:
            found = len(groups)
            groups.append((words, []))
            for term in words:
                by_term.setdefault(term, []).append(found)
        by_question[row.question] = found
        groups[found][1].append(row)
    return [group for _, group in groups]


def _same(one: str, words: frozenset[str], other: str, others: frozenset[str]) -> bool:
    either = words | others
    return one == other or (bool(either) and len(words & others) / len(either) >= ALIKE)


def _gap(group: Sequence[Any]) -> Gap:
    first = group[0]
    return Gap(
        id=sha256(first.question.encode()).hexdigest()[:6],
        question=first.question,
        others=tuple(dict.fromkeys(one.question for one in group if one.question != first.question)),
        audiences=tuple(sorted({one.audience for one in group})),
        documents=tuple(dict.fromkeys(one.document for one in group if one.document)),
        count=len(group),
        last=max(one.at for one in group),
        lang=first.lang,
    )
