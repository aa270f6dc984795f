"""Where the road meets reviews: what the clock does about them, and a customer who sends what was missing.

Everything is written through commands, decided and carried out like any other.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select

from actions.carry_out import carry_out
from actions.commands.materials import ChaseMaterials, ReportMaterials, TellUnchased
from actions.commands.reviews import TellOverdue, signing_of, to_asker
from actions.crm import own, people
from actions.crm.records import Speaker
from actions.draft import draft
from actions.outside.store import Tx
from actions.outside.tables import MaterialRow, ReviewRow
from actions.plays.reviews import ARRIVED, is_not_yet
from actions.proposal import Basis, Command, Outcome, Proposal
from actions.signing import Signing
from actions.world import World
from bot.phrase import phrase_reason
from bot.steps import Do, Heard, Plain, Step
from bot.stops import Stops
from bot.wording.fill import Voice

log = structlog.get_logger()
_SHORT = 12
"""Characters of words beside a file that say nothing of their own."""


class ReviewClock:
    """What comes due: a review that nobody has answered, a customer who has not sent what was asked for."""

    def __init__(self, world: World, stops: Stops) -> None:
        self._world = world
        self._stops = stops

    async def overdue(self, review_id: str, number: int) -> None:
        """Nobody has answered the `number`th round in time."""
        async with self._world.store.write() as tx:
            await self._do(tx, TellOverdue(review_id, number), f"review_due:{review_id}:{number}")

    async def chase(self, review_id: str, number: int, due_at: datetime) -> None:
        """Remind the customer; where something stands in the way, the rep learns what, and decides."""
        cause = f"chase:{review_id}:{number}:{due_at.isoformat()}"
        async with self._world.store.write() as tx:
            outcome = await self._do(tx, ChaseMaterials(review_id, number), cause, asks=False)
            if outcome is None or outcome.kind not in ("refused", "waiting"):
                return
            reasons = [one for one in outcome.decision.reasons if one.verdict != "run"]
            why, why_en = (phrase_reason(reasons[0], Voice(lang)) if reasons else "" for lang in ("zh", "en"))
            await self._do(tx, TellUnchased(review_id, number, why, why_en), f"{cause}:not")

    async def _do(self, tx: Tx, command: Command, cause: str, *, asks: bool = True) -> Outcome | None:
        """Decide and carry out; with `asks` False nothing is parked, as nobody is there who would be asked."""
        facts = await own.get_many(tx, command.reads)
        found = signing_of(facts, getattr(command, "review_id", ""))
        speaker = await _on_behalf_of(tx, found) if isinstance(found, Signing) else None
        if speaker is None:
            log.warning("timer_for_nobody", command=command.name)
            return None
        proposal: Proposal = draft(command, facts, speaker, Basis(), cause, self._world.now())
        if not proposal.plan.effects:
            return None
        decision = await self._stops.decide(tx, proposal, cause)
        if decision.verdict == "confirm" and not asks:
            return Outcome("waiting", proposal, decision)
        outcome = await carry_out(self._world, proposal, decision, conversation=cause, tx=tx)
        await self._stops.record(tx, outcome, cause)
        return outcome


async def _on_behalf_of(tx: Tx, signing: Signing) -> Speaker | None:
    speaker = await people.speaker_of(tx, to_asker(signing).removeprefix("person:"))
    return speaker if speaker is not None and speaker.is_staff else None


async def materials_came(tx: Tx, heard: Heard, kept: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with which a customer's files, or words, about missing documents reach their rep; else what was kept.

    The files themselves are kept already; whether they are what was asked for, a person sees.
    """
    message, speaker = heard.message, heard.speaker
    files = tuple(one.name or one.kind for one in message.attachments if one.kind != "voice")
    text = message.text.strip()
    says_so = bool(ARRIVED.fullmatch(text)) and not is_not_yet(text)
    if speaker.role != "customer" or speaker.customer_id is None or not (files or says_so):
        return tuple(kept)
    if files and not says_so and len(text) > _SHORT:
        return tuple(kept)
    statement = (
        select(ReviewRow.id)
        .join(MaterialRow, MaterialRow.review_id == ReviewRow.id)
        .where(ReviewRow.customer_id == speaker.customer_id, ReviewRow.state.in_(("open", "returned")))
        .where(MaterialRow.state.in_(("missing", "asked")))
        .order_by(ReviewRow.asked_at.desc(), ReviewRow.id)
        .limit(1)
    )
    review_id = (await tx.execute(statement)).scalar_one_or_none()
    if review_id is None:
        return tuple(kept)
    basis = Basis(text=text, confidence=1.0, message=message.key)
    came = Do(ReportMaterials(review_id, text[:200], files), basis, f"{message.key}:materials")
    others = [step for step in kept if not (isinstance(step, Plain) and step.key == "file_kept")]
    return (*others, came)
