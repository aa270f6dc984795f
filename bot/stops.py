"""Where the road meets the breakers: signals heard are kept, stops are decided and recorded, releases are used up.

Everything is written through commands of its own, decided and carried out like any other.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.carry_out import carry_out
from actions.circumstances import digest_of_command, is_looked_at, known_of, released_by, stops, strange_in
from actions.commands.planning import new_id
from actions.commands.roster import COMMANDS, command_to_json
from actions.commands.stops import EndFiring, EndSignals, NoteSignal, RecordFiring, SpendRelease
from actions.crm import own
from actions.crm.records import Firing, Speaker
from actions.decide import decide, stopped_by
from actions.draft import draft
from actions.outside.store import Tx
from actions.outside.tables import FiringRow, ProposalRow, SignalRow
from actions.plays.plainly import plainly
from actions.policy.breakers import Breakers, Shown, shown_in
from actions.policy.policy import Finding, Policy
from actions.proposal import Basis, Command, Decision, Outcome, Proposal, Reason
from actions.situation import Situation
from actions.world import World
from bot.steps import Heard, Tell

_TELLS_NOTHING = ("knowledge.", "flow.", "approval.", "chat.", "escalation.", "report.", "crm.draft", "crm.set_reminder")
"""What a colleague says with these is no report of what a customer said."""


@dataclass(frozen=True)
class Paused:
    """A parked step that a firing stopped: its id and the digest a yes binds to."""

    proposal_id: str
    digest: str


class Stops:
    """Decides with what is known of the customer, and keeps what comes of it."""

    def __init__(self, world: World, policy: Callable[[], Policy], breakers: Callable[[], Breakers]) -> None:
        self._world = world
        self._policy = policy
        self._breakers = breakers

    async def decide(self, tx: Tx, proposal: Proposal, conversation: str) -> Decision:
        """What may happen with a proposal, breakers included; a release that was given for it is used up."""
        found = await self.unreleased(tx, proposal, conversation=conversation)
        return decide(proposal, self._policy(), self._world.now(), found)

    async def found(self, tx: Tx, proposal: Proposal) -> tuple[Finding, ...]:
        """What the breakers say of a proposal, whatever was released."""
        if not is_looked_at(proposal):
            return ()
        now = self._world.now()
        return stops(self._breakers(), proposal, await known_of(tx, proposal, now), self._policy(), now)

    async def unreleased(self, tx: Tx, proposal: Proposal, *, conversation: str) -> tuple[Finding, ...]:
        """What the breakers say of a proposal that is decided now; a release that was given for it is used up.

        What was released stays among the reasons, as one that stops nothing: so it is known at a later yes.
        """
        if not is_looked_at(proposal):
            return ()
        now, policy = self._world.now(), self._policy()
        known = await known_of(tx, proposal, now)
        found = stops(self._breakers(), proposal, known, policy, now)
        lets_go = ((finding.reason, released_by(known, finding.reason)) for finding in found)
        released = {reason.rule: firing for reason, firing in lets_go if firing is not None}
        if not any(finding.reason.rule in released for finding in found):
            return found
        rest = tuple(finding for finding in found if finding.reason.rule not in released)
        if decide(proposal, policy, now, rest).verdict == "refuse":
            return found
        after: list[Finding] = []
        for finding in found:
            firing = released.get(finding.reason.rule)
            if firing is not None and await self._spent(tx, firing, proposal, conversation):
                after.append(Finding(Reason(finding.reason.rule, "run", {"released": firing.id})))
            else:
                after.append(finding)
        return tuple(after)

    async def record(self, tx: Tx, outcome: Outcome, conversation: str) -> None:
        """Keep each firing of a breaker with its evidence, once."""
        is_no_step = bool(outcome.data.get("reason"))  # a press that did not count
        if is_no_step or outcome.kind not in ("waiting", "partial", "refused"):
            return
        for reason in stopped_by(outcome.decision):
            await self._do(
                tx, _firing(outcome.proposal, reason), outcome.proposal.requester, reason.data["firing"], conversation
            )

    async def paused(self, tx: Tx, firing_id: str) -> Paused | None:
        """The step that still waits behind a firing."""
        statement = (
            select(ProposalRow.id, ProposalRow.digest)
            .join(FiringRow, FiringRow.proposal_id == ProposalRow.id)
            .where(FiringRow.id == firing_id, ProposalRow.state == "pending")
        )
        row = (await tx.execute(statement)).first()
        return None if row is None else Paused(row.id, row.digest)

    async def spend(self, tx: Tx, firing_id: str, paused: Paused, person: Speaker, conversation: str) -> None:
        """The released step has gone on."""
        await self._do(tx, SpendRelease(firing_id, paused.proposal_id), person, f"{firing_id}:spent", conversation)

    async def end(self, tx: Tx, proposal: Proposal) -> None:
        """A step that waited behind stops is over: nobody rules on them any more."""
        open_ones = select(FiringRow.id).where(
            FiringRow.proposal_id == proposal.id, FiringRow.state.in_(("open", "appealed"))
        )
        for firing_id in (await tx.execute(open_ones.order_by(FiringRow.id))).scalars().all():
            await self._do(tx, EndFiring(firing_id), proposal.requester, f"{firing_id}:over", proposal.id)

    async def without_leaks(self, tx: Tx, heard: Heard, step: Tell) -> Tell:
        """An answer to a customer without sentences of a large model that hold another customer's data; that is recorded.

        The documents themselves say only what their readers may read.
        """
        written = step.answer.data.get("written")
        if heard.speaker.is_staff or not written:
            return step
        text = "\n".join(str(one["text"]) for one in written)
        strange = await strange_in(tx, text, heard.speaker.customer_id)
        if strange is None:
            return step
        breaker = next((one for one in self._breakers().breakers if "leaks" in one.seen), None)
        if breaker is not None:
            firing = RecordFiring(
                firing_id=new_id("F", f"{heard.message.key}:answer"),
                breaker=breaker.id,
                proposal_id=heard.message.key,
                deed="answer",
                digest="",
                command="",
                verdict="refuse",
                may_rule=tuple(sorted(breaker.release)),
                title=text[:40],
                why=breaker.says["zh"],
                why_en=breaker.says["en"],
                words=strange,
                said_by="",
                source="draft",
                customer_id=heard.speaker.customer_id,
            )
            await self._do(tx, firing, heard.speaker, firing.firing_id, heard.message.address.key)
        data = {name: value for name, value in step.answer.data.items() if name not in ("written", "cited")}
        return replace(step, answer=replace(step.answer, data=data))

    async def note(self, tx: Tx, heard: Heard, situation: Situation, key: str) -> tuple[Shown, ...]:
        """Keep what a customer's words show, or end what they say is over; what of it is new."""
        customer, read = situation.customer, situation.understanding
        if (
            customer is None
            or situation.not_yours is not None
            or heard.understanding is None
            or heard.speaker.role == "guest"
        ):
            return ()
        is_staff = heard.speaker.is_staff
        if is_staff and (plainly(situation.text) is not None or (read.sure and read.intent.startswith(_TELLS_NOTHING))):
            return ()
        intents = {one.intent: one.confidence for one in read.also}
        if read.sure:
            intents[read.intent] = read.confidence
        breakers, noted = self._breakers(), []
        for shown in shown_in(breakers, situation.text, intents, by_customer=not is_staff):
            open_ids = await _open_signals(tx, customer.id, shown.kind)
            if shown.is_over and not open_ids:
                continue
            command = (
                self._ended(customer.id, open_ids, read.evidence or situation.text)
                if shown.is_over
                else (self._noted(breakers, heard, situation, shown))
            )
            outcome = await self._do(tx, command, heard.speaker, f"{key}:{shown.kind}", heard.message.address.key)
            if outcome.kind == "done":
                noted.append(shown)
        return tuple(noted)

    def _ended(self, customer_id: str, signal_ids: tuple[str, ...], words: str) -> Command:
        return EndSignals(customer_id, signal_ids, words)

    def _noted(self, breakers: Breakers, heard: Heard, situation: Situation, shown: Shown) -> Command:
        kind, customer = breakers.kind(shown.kind), situation.customer
        assert kind is not None and customer is not None  # both were looked up a moment ago
        by_customer = not heard.speaker.is_staff
        said_by = heard.speaker.name if by_customer else situation.contact.name if situation.contact else customer.name
        return NoteSignal(
            customer_id=customer.id,
            kind=kind.id,
            words=(situation.understanding.evidence or situation.text)[:500],
            said_by=said_by,
            source="chat" if by_customer else "report",
            probability=shown.probability,
            until=heard.now + kind.lasts,
            may_lift=tuple(sorted(kind.lift_roles)),
            source_id=heard.message.key,
            deal_id=situation.deal.id if situation.deal else None,
        )

    async def _spent(self, tx: Tx, firing: Firing, proposal: Proposal, conversation: str) -> bool:
        is_sent = firing.state == "used"
        key = f"{firing.id}:sent" if is_sent else f"{firing.id}:spent"
        spending = SpendRelease(firing.id, proposal.id, is_sent=is_sent)
        return (await self._do(tx, spending, proposal.requester, key, conversation)).kind == "done"

    async def _do(self, tx: Tx, command: Command, speaker: Speaker, key: str, conversation: str) -> Outcome:
        facts = await own.get_many(tx, command.reads)
        proposal = draft(command, facts, speaker, Basis(message=key), key, self._world.now())
        decision = decide(proposal, self._policy(), self._world.now())
        return await carry_out(self._world, proposal, decision, conversation=f"house:{conversation}", tx=tx)


async def _open_signals(tx: Tx, customer_id: str, kind: str) -> tuple[str, ...]:
    open_ones = select(SignalRow.id).where(
        SignalRow.customer_id == customer_id, SignalRow.kind == kind, SignalRow.state == "open"
    )
    return tuple((await tx.execute(open_ones.order_by(SignalRow.id))).scalars())


def _written(command: Command) -> str:
    """The command in JSON; nothing of what is not on the roster (an undo), as nobody may send it."""
    return json.dumps(command_to_json(command), ensure_ascii=False) if command.name in COMMANDS else ""


def _firing(proposal: Proposal, reason: Reason) -> RecordFiring:
    data: dict[str, Any] = dict(reason.data)
    subjects = proposal.plan.subjects
    return RecordFiring(
        firing_id=data["firing"],
        breaker=data["breaker"],
        proposal_id=proposal.id,
        deed=proposal.command.name,
        digest=digest_of_command(proposal),
        command=_written(proposal.command),
        verdict="refuse" if reason.verdict == "refuse" else "confirm",
        may_rule=tuple(data["roles"]),
        title=subjects[0].title if subjects else "",
        why=data["says"]["zh"],
        why_en=data["says"]["en"],
        words=data["words"],
        said_by=data["who"],
        source=data["source"],
        said_at=datetime.fromisoformat(data["at"]) if data["at"] else None,
        customer_id=next((one.customer_id for one in subjects if one.customer_id), None),
        deal_id=next((one.id for one in subjects if one.kind == "deal"), None),
        signal_id=data["signal"],
    )
