"""Who can be asked for a yes today: the people behind a rule's words, who stands in for one who left, who comes next.

carry_out.py asks before it parks a proposal, at each answer, and when the time to answer has run out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from actions.crm.records import Employee, Speaker
from actions.decide import may_answer, still_needed
from actions.outside.store import Tx
from actions.outside.tables import EmployeeRow
from actions.policy.policy import Policy
from actions.proposal import Confirmers, Decision, Need, Proposal, Reason, Yes

MOST_STEPS = 2
"""How often a question goes one up before it ends unanswered."""
_NEXT_UP = {"manager": "director", "legal": "director"}


@dataclass(frozen=True)
class Staff:
    """Everyone who works here or did, by id."""

    employees: Mapping[str, Employee]

    def is_here(self, person_id: str | None) -> bool:
        employee = self.employees.get(person_id or "")
        return employee is not None and not employee.has_left

    def speakers(self) -> tuple[Speaker, ...]:
        """Those who can be asked, with the teams they answer for."""
        here = [one for one in self.employees.values() if not one.has_left]
        return tuple(self._speaker(one) for one in sorted(here, key=lambda one: one.id))

    def speaker(self, person_id: str) -> Speaker | None:
        """One of them, whether they still work here or not."""
        one = self.employees.get(person_id)
        return None if one is None else self._speaker(one)

    def _speaker(self, one: Employee) -> Speaker:
        others = self.employees.values()
        team = {"manager": {o.id for o in others if o.manager_id == one.id}, "director": {o.id for o in others} - {one.id}}
        name = one.name_en or one.name if one.lang == "en" else one.name
        return Speaker(
            one.id,
            one.role,
            name,
            lang=one.lang,
            region=one.region,
            zone=one.zone,
            manager_id=one.manager_id,
            team=frozenset(team.get(one.role, ())),
            name_en=one.name_en,
        )

    def deputy_of(self, person_id: str) -> str | None:
        """Who stands in for them and is here; deputies of deputies who left count."""
        seen = {person_id}
        employee = self.employees.get(person_id)
        while employee is not None and employee.deputy_id and employee.deputy_id not in seen:
            seen.add(employee.deputy_id)
            if self.is_here(employee.deputy_id):
                return employee.deputy_id
            employee = self.employees.get(employee.deputy_id)
        return None

    def stood_in_for(self, person_id: str) -> frozenset[str]:
        """Those whose manager has left, with this person as the deputy who is asked in the manager's place."""
        gone = {one.id for one in self.employees.values() if one.has_left and self.deputy_of(one.id) == person_id}
        return frozenset(one.id for one in self.employees.values() if one.manager_id in gone and one.id != person_id)


@dataclass(frozen=True)
class StandIn:
    """Somebody whom a rule names has left: a person by id, or an office, is asked in their place."""

    gone: str
    person: str | None = None
    office: str | None = None


async def read_staff(tx: Tx) -> Staff:
    rows = (await tx.execute(select(EmployeeRow.__table__))).mappings()
    return Staff({row["id"]: Employee(**row) for row in rows})


def who_can(need: Need, proposal: Proposal, staff: Staff) -> tuple[str, ...]:
    """The ids of those who may meet this need today, the requester among them where the rule lets them."""
    others = (one for one in staff.speakers() if one.person_id != proposal.requester.person_id)
    found = [one.person_id for one in others if one.person_id and may_answer(proposal, need.confirmers, one)]
    own = proposal.requester.person_id
    return (own, *found) if own and not need.confirmers.not_requester else tuple(found)


def with_stand_ins(decision: Decision, proposal: Proposal, staff: Staff) -> tuple[Decision, tuple[StandIn, ...]]:
    """The decision as it can be answered by those who are here.

    In place of a named person who left comes their deputy, else who stands above them, else the directors. Where still
    fewer people can answer than a rule needs, the verdict is refuse: a question that nobody can answer is not asked.
    """
    if decision.verdict != "confirm":
        return decision, ()
    needs, told = [], []
    for need in decision.needs:
        now_asked, stand_ins = _in_their_place(need, proposal, staff)
        if len(who_can(now_asked, proposal, staff)) < need.confirmers.needed:
            now_asked = _with_office(now_asked, "director")
        if len(who_can(now_asked, proposal, staff)) < need.confirmers.needed:
            reason = Reason("nobody_to_confirm", "refuse", {"needed": need.confirmers.needed, "rule": need.rules[0]})
            return replace(decision, verdict="refuse", reasons=(reason, *decision.reasons), needs=()), ()
        needs.append(now_asked)
        told += stand_ins
    return replace(decision, needs=tuple(needs)), tuple(dict.fromkeys(told))


def _in_their_place(need: Need, proposal: Proposal, staff: Staff) -> tuple[Need, list[StandIn]]:
    told = []
    asked = need.confirmers
    for person_id in sorted(asked.people):
        if staff.is_here(person_id):
            continue
        deputy = staff.deputy_of(person_id)
        gone = staff.employees.get(person_id)
        above = gone.manager_id if gone and staff.is_here(gone.manager_id) else None
        barred = proposal.requester.person_id if asked.not_requester else None
        person = next((one for one in (deputy, above) if one is not None and one != barred), None)
        asked = replace(asked, people=asked.people - {person_id})
        if person is None:
            asked = replace(asked, roles=asked.roles | {"director"})
        else:
            asked = replace(asked, people=asked.people | {person})
        told.append(StandIn(person_id, person, None if person else "director"))
    # the requester's own manager is whom the office means first
    manager_id = proposal.requester.manager_id
    has_left = manager_id in staff.employees and not staff.is_here(manager_id)
    if "manager" in asked.roles and manager_id is not None and has_left:
        deputy = staff.deputy_of(manager_id)
        if deputy is not None and deputy != proposal.requester.person_id:
            asked = replace(asked, people=asked.people | {deputy})
            told.append(StandIn(manager_id, deputy))
        else:
            told.append(StandIn(manager_id, None, "director"))
    return replace(need, confirmers=asked), told


def one_up(decision: Decision, proposal: Proposal, yeses: Sequence[Yes], staff: Staff) -> Decision | None:
    """The decision asking the next ones up too, for every need that is still open; None if that reaches nobody new."""
    still_open = {need.rules for need in still_needed(decision, yeses)}
    needs, is_wider = [], False
    for need in decision.needs:
        if need.rules not in still_open:
            needs.append(need)
            continue
        asked = who_can(need, proposal, staff)
        wider = replace(need, confirmers=_wider(need.confirmers, asked, staff))
        is_wider = is_wider or set(who_can(wider, proposal, staff)) > set(asked)
        needs.append(wider)
    return replace(decision, needs=tuple(needs)) if is_wider else None


def _wider(confirmers: Confirmers, asked: Sequence[str], staff: Staff) -> Confirmers:
    stand_ins = {deputy for one in asked if (deputy := staff.deputy_of(one)) is not None and _answers_for(deputy, staff)}
    deputies = stand_ins - set(asked)
    above = {staff.employees[one].manager_id for one in confirmers.people if one in staff.employees}
    offices = {_NEXT_UP[office] for office in confirmers.roles if office in _NEXT_UP}
    if confirmers.people and not any(staff.is_here(one) for one in above):
        offices |= {"director"}
    people = confirmers.people | deputies | {one for one in above if one is not None and staff.is_here(one)}
    return replace(confirmers, roles=confirmers.roles | offices, people=frozenset(people))


def _answers_for(person_id: str, staff: Staff) -> bool:
    """A rep who stands in at the customer's does not stand in for a signature."""
    return staff.employees[person_id].role in ("manager", "director", "legal")


def _with_office(need: Need, office: str) -> Need:
    confirmers = need.confirmers
    return replace(need, confirmers=replace(confirmers, roles=confirmers.roles | {office}))


def policy_gaps(policy: Policy, staff: Staff) -> tuple[tuple[str, str], ...]:
    """Rules and reviews that the people of this house cannot answer as written: which, and who is missing.

    Who is missing is a person's id that nobody has or who has left, or an office that too few hold.
    """
    gaps: list[tuple[str, str]] = []
    here = [one for one in staff.employees.values() if not one.has_left]
    for rule in policy.rules:
        asked = rule.confirmers
        gaps += [(rule.id, one) for one in sorted(asked.people) if not staff.is_here(one)]
        holders = {
            one.id for one in here if one.role in asked.roles or ("manager" in asked.roles and one.role == "director")
        }
        if rule.verdict == "confirm" and len(holders | asked.people) + (not asked.not_requester) < asked.needed:
            gaps.append((rule.id, ", ".join(sorted(asked.roles))))
    for kind, review in policy.reviews.kinds.items():
        for signers in review.signers:
            gaps += [(f"review {kind}", one) for one in sorted(signers.people) if not staff.is_here(one)]
            offices = signers.roles | ({"director"} if "manager" in signers.roles else frozenset())
            can = {one.id for one in here if one.role in offices or one.id in signers.people}
            if signers.roles and len(can) < signers.needed:
                gaps.append((f"review {kind}", ", ".join(sorted(signers.roles))))
    return tuple(gaps)
