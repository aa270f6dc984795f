"""A person's answer to a parked proposal, in one transaction: a yes, a no, or other arguments; carry_out.py calls it.

The first answer that ends a proposal counts. A yes that is not enough is kept until the others have come; it applies only
to the very arguments that were shown, while the records are as they were shown.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import RowMapping

from actions import audit, decide
from actions.approvers import MOST_STEPS, Staff, one_up, read_staff, with_stand_ins
from actions.audit import Entry
from actions.circumstances import rebound
from actions.commands.roster import command_from_json, command_to_json
from actions.commands.undo import Undo
from actions.crm import own
from actions.crm.records import Speaker
from actions.deed import opening, ref, with_fresh_plan
from actions.draft import draft, is_still
from actions.outside.store import Tx
from actions.parked import add_yes, ask_on, park, parked, settle, settled_before, supersede
from actions.policy.policy import Finding, Policy
from actions.proposal import SEVERITY, Command, Decision, Json, Outcome, Proposal, Reason, Yes
from actions.proposal_json import decision_from_json, proposal_from_json, yeses_from_json
from actions.world import World

Carry = Callable[[Proposal, Decision, Entry], Awaitable[Outcome]]
"""Does what has been agreed to, with this entry of the record before it."""

Stopping = Callable[[Tx, Proposal], Awaitable[Sequence[Finding]]]
"""What the breakers say of a proposal now, from what is known of the customer."""


BORDER = frozenset({"crosses_border", "destination", "people", "people_year", "people_destination", "sensitive_year"})
"""What a rule about data that leaves the country looks at; the counts go on while a question waits."""


async def nothing_stops(tx: Tx, proposal: Proposal) -> Sequence[Finding]:
    """For a house without breakers."""
    return ()


class Answering:
    """One person's answer to one parked proposal, whose row was read to be changed; `note` is why, in their words.

    `policy` is the one in force: what crosses a border is put to it once more at the yes.
    """

    def __init__(
        self,
        world: World,
        tx: Tx,
        row: RowMapping,
        staff: Staff,
        person: Speaker,
        *,
        stopping: Stopping = nothing_stops,
        note: str | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.world, self.tx, self.row, self.staff, self.person = world, tx, row, staff, person
        self.stopping, self.note, self.policy = stopping, note, policy
        self.now = world.now()
        self.proposal = proposal_from_json(row["proposal"])
        asked = decision_from_json(row["decision"])
        answerable, _ = with_stand_ins(asked, self.proposal, staff)
        self.decision = answerable if answerable.verdict == "confirm" else asked
        self.yeses = yeses_from_json(row["yeses"])
        self.ref = ref(row["id"])

    async def yes(self, digest: str, carry: Carry) -> Outcome:
        if before := await self._cannot_count(digest, is_allowed=self._may_confirm()):
            return before
        if (stop := self.stop_without_reason()) is not None:
            return await self._turned_away("reason_needed", firing=stop.data.get("firing"))
        fresh = await with_fresh_plan(self.tx, self.proposal, self.now)
        if not is_still(self.proposal, fresh) or decide.ownership(fresh) is not None:
            return await self._turned_stale(fresh)
        if new_stops := await self._new_stops(fresh):
            return await self._turned_stale(fresh, stopped=new_stops)
        if severer := self._severer(fresh):
            return await self._turned_stale(fresh, severer=severer)
        person_id = self.person.person_id
        assert person_id is not None  # may confirm
        said = Yes(person_id, self.now, self._agreed_to())
        missing = decide.still_needed(self.decision, (*self.yeses, said))
        if missing:
            return await self._keep(said, missing)
        if not await self._settle("done"):
            return await self._too_late()
        return await carry(fresh, self.decision, self._said(yes=True))

    async def no(self, digest: str) -> Outcome:
        person_id = self.person.person_id
        is_withdrawn = person_id is not None and person_id == self.proposal.requester.person_id
        if before := await self._cannot_count(digest, is_allowed=is_withdrawn or self._may_confirm()):
            return before
        if not await self._settle("rejected"):
            return await self._too_late()
        await audit.append(self.tx, self.now, self._said(yes=False))
        data = {"is_withdrawn": is_withdrawn}
        return Outcome("rejected", self.proposal, self.decision, decided_by=person_id, data=data)

    async def edit(self, digest: str, changes: Mapping[str, Json], policy: Policy) -> Outcome:
        """Other arguments in place of those asked for: a proposal of its own, judged anew; this one is then over.

        `waiting` with the new proposal and what was `edited` in it. What the policy refuses, or what cannot be done, changes
        nothing: the question as it was stays open.
        """
        if before := await self._cannot_count(digest, is_allowed=self._may_confirm()):
            return before
        try:
            command = edited(self.proposal.command, changes)
        except ValueError as fault:
            return Outcome("impossible", self.proposal, self.decision, data={"reason": str(fault)})
        facts = await own.get_many(self.tx, command.reads)
        basis = replace(self.proposal.basis, facts=())  # they told of the record as it was
        new = draft(command, facts, self.proposal.requester, basis, f"{self.row['id']}:edited", self.now)
        judged = decide.decide(new, policy, self.now, await self.stopping(self.tx, new))
        decision, _ = with_stand_ins(self._as_strict(judged, new), new, self.staff)
        if decision.verdict == "refuse" or new.plan.problem is not None:
            return await self._edited_in_vain(new, decision)
        if not await self._settle("superseded"):
            return await self._too_late()
        await supersede(self.tx, self.row["id"], new.id)
        told: dict[str, Json] = {
            "by": self.person.person_id,
            "instead_of": self.row["id"],
            "changes": differences(self.proposal.command, command),
        }
        await audit.append(self.tx, self.now, Entry("edit", self.person.person_id, self.ref, {**told, "to": new.id}))
        await park(self.tx, new, decision, self.row["address"], self.row["lang"], self.now, edited=told)
        return Outcome("waiting", new, decision, decided_by=self.person.person_id, data={"edited": told})

    async def is_as_shown(self) -> bool:
        """Whether the records are still what this proposal was made from."""
        return is_still(self.proposal, await with_fresh_plan(self.tx, self.proposal, self.now))

    def stop_without_reason(self) -> Reason | None:
        """The open stop that this person could release, were there a word why; None where a yes is enough of them."""
        stops = {} if self.note else self._stops()
        still = (rule for need in decide.still_needed(self.decision, self.yeses) for rule in need.rules)
        mine = decide.answered(self.proposal, self.decision, self.person)
        return next((stops[rule] for rule in still if rule in stops and rule in mine), None)

    def _agreed_to(self) -> tuple[str, ...]:
        """The rules for which this yes counts: what a breaker stopped goes on only with a reason."""
        stops = {} if self.note else self._stops()
        return tuple(rule for rule in decide.answered(self.proposal, self.decision, self.person) if rule not in stops)

    def _stops(self) -> dict[str, Reason]:
        return {reason.rule: reason for reason in decide.stopped_by(self.decision)}

    async def _new_stops(self, fresh: Proposal) -> tuple[Reason, ...]:
        """What breakers say now and did not when it was asked: the yes was to something else."""
        known = {reason.rule for reason in self.decision.reasons if decide.is_stop(reason) or "released" in reason.data}
        found = (finding.reason for finding in await self.stopping(self.tx, fresh))
        return tuple(reason for reason in found if reason.rule not in known)

    def _severer(self, fresh: Proposal) -> tuple[Reason, ...]:
        """What the rules about borders say now more severely than when it was asked: the year's count has gone on since."""
        if self.policy is None or not fresh.plan.measures.get("crosses_border"):
            return ()
        about_borders = {rule.id for rule in self.policy.rules if BORDER & set(rule.seen)}
        then = {_rule_of(reason): SEVERITY[reason.verdict] for reason in self.decision.reasons}
        today = decide.decide(fresh, self.policy, self.now).reasons
        return tuple(
            reason
            for reason in today
            if _rule_of(reason) in about_borders and SEVERITY[reason.verdict] > then.get(_rule_of(reason), 0)
        )

    def _as_strict(self, judged: Decision, new: Proposal) -> Decision:
        """What would need no yes at all with other arguments still needs the one that was asked for."""
        if judged.verdict != "run":
            return judged
        reasons = tuple(rebound(reason, new) for reason in self.decision.reasons if reason.verdict == "confirm")
        return replace(self.decision, reasons=(*reasons, *judged.reasons), policy=judged.policy, grounds=judged.grounds)

    def _may_confirm(self) -> bool:
        return decide.may_confirm(self.proposal, self.decision, self.person)

    async def _keep(self, said: Yes, missing: tuple[Any, ...]) -> Outcome:
        is_again = any(one.person_id == said.person_id and one.rules == said.rules for one in self.yeses)
        if not is_again:
            await add_yes(self.tx, self.row, said)
            await audit.append(
                self.tx, self.now, self._said(yes=True, still=[rule for one in missing for rule in one.rules])
            )
        data = {"is_again": is_again}
        return Outcome("partial", self.proposal, self.decision, decided_by=said.person_id, data=data)

    async def _cannot_count(self, digest: str, *, is_allowed: bool) -> Outcome | None:
        """Why this answer changes nothing, or None if it counts."""
        if digest != self.row["digest"]:
            return await self._turned_away("wrong_digest")
        if self.row["state"] != "pending":
            return settled_before(self.row)
        if is_over(self.row, self.decision, self.proposal, self.staff, self.world):
            if not await self._settle("expired"):
                return await self._too_late()
            await audit.append(self.tx, self.now, ran_out(self.row["id"]))
            return Outcome("expired", self.proposal, self.decision)
        return None if is_allowed else await self._turned_away("may_not_confirm")

    async def _turned_away(self, rule: str, **told: Json) -> Outcome:
        await audit.append(self.tx, self.now, Entry("refusal", self.person.person_id, self.ref, {"kind": rule}))
        reason = Reason(rule, "refuse", {"roles": sorted(self.decision.roles), **told})
        refusal = replace(self.decision, verdict="refuse", reasons=(reason,))
        return Outcome("refused", self.proposal, refusal, data={"reason": rule})

    async def _edited_in_vain(self, new: Proposal, decision: Decision) -> Outcome:
        trace = Entry("refusal", self.person.person_id, self.ref, {"kind": "edit", "digest": new.digest})
        await audit.append(self.tx, self.now, *opening(new, decision), trace)
        kind: Any = "refused" if decision.verdict == "refuse" and new.plan.problem is None else "impossible"
        return Outcome(kind, new, decision, data={**new.plan.data, "is_open": True})

    async def _turned_stale(
        self, fresh: Proposal, stopped: Sequence[Reason] = (), severer: Sequence[Reason] = ()
    ) -> Outcome:
        """What was agreed to is no more what was shown: the record has changed, or what is known of the customer has."""
        if not await self._settle("stale"):
            return await self._too_late()
        trace = Entry("deed_failed", self.person.person_id, self.ref, {"kind": "stale"})
        await audit.append(self.tx, self.now, self._said(yes=True), trace)
        data: dict[str, Json] = {"stopped": [dict(reason.data) for reason in stopped]} if stopped else {}
        if severer:
            data["severer"] = [asdict(reason) for reason in severer]
        return Outcome("stale", fresh, self.decision, decided_by=self.person.person_id, data=data)

    async def _settle(self, state: str) -> bool:
        by = None if state == "expired" else self.person.person_id
        return await settle(self.tx, self.row["id"], state, by, self.now)

    async def _too_late(self) -> Outcome:
        row = await parked(self.tx, self.row["id"])
        assert row is not None  # proposals are never deleted
        return settled_before(row)

    def _said(self, *, yes: bool, still: list[str] | None = None) -> Entry:
        body: dict[str, Json] = {"yes": yes, "digest": self.row["digest"]}
        if self.note:
            body["note"] = self.note
        return Entry("confirmation", self.person.person_id, self.ref, {**body, "still": still} if still else body)


def _rule_of(reason: Reason) -> str:
    """The rule behind a reason; one that could not be evaluated is named in the reason's data."""
    return str(reason.data["rule"]) if reason.rule == "policy_error" else reason.rule


def editable(command: Command) -> tuple[str, ...]:
    """The arguments of a command that a confirmer may change before they approve."""
    return tuple(getattr(command, "editable", ()))


def edited(command: Command, changes: Mapping[str, Json]) -> Command:
    """The command with other arguments.

    ValueError `not_editable`, `bad_value` or `unchanged`: one may not be changed, does not fit, or is what it was.
    """
    if not changes or not changes.keys() <= set(editable(command)):
        raise ValueError("not_editable")
    written = command_to_json(command)
    try:
        new = command_from_json({**written, "args": {**written["args"], **changes}})
    except ValueError:
        raise ValueError("bad_value") from None
    if new == command:
        raise ValueError("unchanged")
    return new


def differences(before: Command, after: Command) -> list[dict[str, Json]]:
    """The arguments that differ, `old` and `new` as JSON."""
    old, new = command_to_json(before)["args"], command_to_json(after)["args"]
    names = (field.name for field in fields(before))  # type: ignore[arg-type]  # all commands are dataclasses
    return [{"field": name, "old": old[name], "new": new[name]} for name in names if old[name] != new[name]]


# --- time ---------------------------------------------------------------------------------------------------------------


async def run_out(world: World, tx: Tx, row: RowMapping) -> Outcome | None:
    """What becomes of a proposal whose time to answer has come; None if it was answered, or has time left.

    What is asked for stays open under the same digest: `escalated` (the next ones up are asked too) or `reminded`. All else
    has `expired`. Time is compared with the row alone, so that a timer that rings twice, or a clock that was set back, does
    nothing.
    """
    now = world.now()
    if row["state"] != "pending" or row["expires_at"] is None or row["expires_at"] > now:
        return None
    staff, proposal = await read_staff(tx), proposal_from_json(row["proposal"])
    decision, stand_ins = with_stand_ins(decision_from_json(row["decision"]), proposal, staff)
    wider = _next_asked(row, decision, proposal, staff)
    if wider is None:
        if not await settle(tx, row["id"], "expired", None, now):
            return None
        await audit.append(tx, now, ran_out(row["id"]))
        return Outcome("expired", proposal, decision_from_json(row["decision"]), data={"step": row["step"]})
    is_wider = decision.on_expiry == "escalate"
    step = row["step"] + 1
    until = await ask_on(tx, row, wider, step, now)
    kind: Any = "escalated" if is_wider else "reminded"
    body = {"kind": "proposal_expires", "then": kind, "step": step, "until": own.json_value(until)}
    await audit.append(tx, now, Entry("timer", None, ref(row["id"]), body))
    data = {"step": step, "expires_at": own.json_value(until), "stand_ins": [asdict(one) for one in stand_ins]}
    return Outcome(kind, proposal, wider, data=data)


def is_over(row: RowMapping, decision: Decision, proposal: Proposal, staff: Staff, world: World) -> bool:
    """Whether the time to answer has run out for good; what is passed on or waits may still be answered meanwhile."""
    if row["expires_at"] is None or row["expires_at"] > world.now():
        return False
    return _next_asked(row, decision, proposal, staff) is None


def _next_asked(row: RowMapping, decision: Decision, proposal: Proposal, staff: Staff) -> Decision | None:
    """The decision with those who are asked from now on; None where it ends."""
    if decision.verdict != "confirm" or decision.on_expiry == "refuse":
        return None
    if decision.on_expiry == "wait":
        return decision
    return one_up(decision, proposal, yeses_from_json(row["yeses"]), staff) if row["step"] < MOST_STEPS else None


def ran_out(proposal_id: str) -> Entry:
    return Entry("timer", None, ref(proposal_id), {"kind": "proposal_expires"})


def takes_back(proposal: Proposal) -> bool:
    return isinstance(proposal.command, Undo)
