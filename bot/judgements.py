"""What people say of the passages they were shown: kept for each person, and weighed when others ask alike."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func, select

from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import JudgementRow
from bot.review import masked
from retrieval.judged import Judged, Judgement

_MOST = 5_000
"""Judgements that are weighed, the latest: what was said of documents long changed weighs nothing anyway."""


async def keep_judgement(tx: Tx, by: str, question: str, passage_id: str, now: datetime, *, is_helpful: bool) -> None:
    """Keep one person's word on a passage for a question; a later one takes its place."""
    asked = masked(question)
    key = sha256("\x1f".join((by, asked, passage_id)).encode()).hexdigest()
    row = {"key": key, "question": asked, "passage_id": passage_id, "is_helpful": is_helpful, "at": now}
    await tx.execute(delete(JudgementRow).where(JudgementRow.key == key))
    await insert_new(tx, JudgementRow, [row], JudgementRow.key)


async def count_judgements(store: Store) -> tuple[int, datetime | None]:
    """What tells cheaply whether anything was said since."""
    async with store.read() as tx:
        counted, last = (await tx.execute(select(func.count(), func.max(JudgementRow.at)))).one()
    return int(counted), last


async def judgements(store: Store) -> Judged:
    """What was said, ready to weigh."""
    latest = select(JudgementRow.question, JudgementRow.passage_id, JudgementRow.is_helpful)
    async with store.read() as tx:
        rows = (await tx.execute(latest.order_by(JudgementRow.at.desc(), JudgementRow.key).limit(_MOST))).all()
    return Judged(Judgement(*row) for row in rows)
