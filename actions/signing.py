"""What is reviewed, who must sign it, who has, and when somebody is reminded; thinks, touches nothing.

Who may sign follows the rules of confirmations (actions/approvers.py): offices, named people, N of M, stand-ins for whoever
has left.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from actions.approvers import Staff, one_up, who_can, with_stand_ins
from actions.canonical import digest_of
from actions.crm.own import json_value
from actions.crm.records import Deal, Desk, Employee, Material, Paper, Review, ReviewItem, Speaker
from actions.decide import answered, still_needed
from actions.policy.hours import Hours, zone_of
from actions.policy.reviews import ReviewKind, ReviewRule, Reviews
from actions.proposal import Basis, Confirmers, Decision, Facts, Json, Need, Plan, Proposal, Yes

DISCOUNT = ("折扣", "discount")
"""What the place of a special price is called in a review."""
CLOSED_PAPER = ("replaced", "discarded")
"""States in which a paper is not what would go out any more."""
MORNING_HOUR = 10
"""When a customer is reminded: after their first hour of work, before noon."""
ITEM = "review_item"
"""The name of a fact that is a changed clause; its value is the clause in JSON."""
_STEP = timedelta(minutes=30)
_FARTHEST = timedelta(days=21)
_GROUPS = {"manager": "group:@managers", "director": "group:@managers", "legal": "group:@legal"}
_NOW = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
"""Where a yes needs a moment that nothing looks at."""


# --- what is reviewed ---------------------------------------------------------------------------------------------------


def content_of(kind: ReviewKind, deal: Deal, paper: Paper | None, items: Sequence[tuple[str, str, str]]) -> dict[str, Json]:
    """Exactly what a signature is for: the deal's terms, the paper, and each changed clause as (place, old, new)."""
    return {
        "kind": kind,
        "amount": json_value(deal.amount),
        "currency": deal.currency,
        "discount": json_value(deal.discount),
        "product": deal.product_id,
        "paper": None if paper is None or paper.state in CLOSED_PAPER else f"{paper.id} {paper.digest}",
        "items": sorted(list(item) for item in items),
    }


def written(content: Mapping[str, Json]) -> tuple[str, str]:
    """The content as it is kept, and its digest."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True), digest_of(dict(content))


def triple(item: ReviewItem) -> tuple[str, str, str]:
    return item.place, item.old, item.new


# --- who must sign ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Request:
    """The request for a review, as something that is asked of people."""

    name: ClassVar[str] = "submit_approval"
    roles: ClassVar[frozenset[str]] = frozenset()

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return ()

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return Plan()


@dataclass(frozen=True)
class Signing:
    """One review as it stands: what it is about now, who has signed that, and whose signature it still needs."""

    desk: Desk
    review: Review

    @property
    def rule(self) -> ReviewRule:
        return self.desk.rules.kinds[self.review.kind]

    @property
    def items(self) -> tuple[ReviewItem, ...]:
        """What differs, as it was handed in last."""
        return tuple(one for one in self._all_items if one.round == max(each.round for each in self._all_items))

    @property
    def _all_items(self) -> tuple[ReviewItem, ...]:
        return tuple(one for one in self.desk.items if one.review_id == self.review.id)

    @property
    def paper(self) -> Paper | None:
        return next((one for one in self.desk.papers if one.id == self.review.paper_id), None)

    @cached_property
    def content(self) -> tuple[str, str]:
        """What is reviewed as the records say now, and its digest."""
        assert self.desk.deal is not None  # whoever signs has looked
        return written(content_of(self.review.kind, self.desk.deal, self.paper, [triple(one) for one in self.items]))

    @property
    def differences(self) -> list[dict[str, Json]]:
        """What of the deal has changed since it was shown: `field`, `old`, `new`."""
        shown, now = json.loads(self.review.content), json.loads(self.content[0])
        fields = ("amount", "currency", "discount")
        return [
            {"field": field, "old": shown.get(field), "new": now.get(field)}
            for field in fields
            if shown.get(field) != now.get(field)
        ]

    @property
    def missing(self) -> tuple[Material, ...]:
        """Documents that have not come, in the order of the policy, then what somebody asked for."""
        lacks = (one for one in self.desk.materials if one.review_id == self.review.id and one.state in ("missing", "asked"))
        known = {name: number for number, name in enumerate(self.rule.materials)}
        return tuple(sorted(lacks, key=lambda one: (known.get(one.name, len(known)), one.name, one.id)))

    @cached_property
    def staff(self) -> Staff:
        return Staff({one.id: one for one in self.desk.people})

    @cached_property
    def _asked(self) -> Proposal:
        """The request in the shape that the rules of confirmations look at."""
        asker = self.staff.speaker(self.review.asked_by) or Speaker(self.review.asked_by, "rep", "")
        return Proposal(self.review.id, _Request(), Plan(), asker, Basis(), "")

    @cached_property
    def decision(self) -> Decision:
        """Who must sign, by those who are here today; `refuse` where too few people are."""
        needs = needs_from(self.review.needs)
        return with_stand_ins(Decision("confirm", (), needs), self._asked, self.staff)[0]

    @property
    def yeses(self) -> tuple[Yes, ...]:
        """The signatures that count: those on what is reviewed now."""
        digest = self.content[1]
        given = json.loads(self.review.signed)
        return tuple(Yes(one["person"], _NOW, tuple(one["rules"])) for one in given if one["digest"] == digest)

    @property
    def open_needs(self) -> tuple[Need, ...]:
        return still_needed(self.decision, self.yeses)

    def rules_for(self, person: Speaker) -> tuple[str, ...]:
        """The needs that this person's signature would count for; none where they may not sign."""
        return answered(self._asked, self.decision, person)

    def may_sign(self, person: Speaker) -> bool:
        return bool(self.rules_for(person))

    def with_yes(self, person_id: str, rules: Sequence[str]) -> str:
        """The signatures with this one added; those on what it was before fall away."""
        digest = self.content[1]
        kept = [one for one in json.loads(self.review.signed) if one["digest"] == digest]
        return json.dumps([*kept, {"person": person_id, "rules": list(rules), "digest": digest}])

    def lacks(self, signed: str) -> tuple[Need, ...]:
        """What would still be needed with these signatures."""
        given = json.loads(signed)
        return still_needed(self.decision, [Yes(one["person"], _NOW, tuple(one["rules"])) for one in given])

    def put_to(self, needs: Sequence[Need]) -> tuple[str, ...]:
        """Where those are reached who may sign: people named by themselves, the others as the office they hold."""
        found: dict[str, None] = {}
        for need in needs:
            for person_id in who_can(need, self._asked, self.staff):
                role = self.staff.employees[person_id].role
                is_named = person_id in need.confirmers.people or role not in _GROUPS
                found[f"person:{person_id}" if is_named else _GROUPS[role]] = None
        return tuple(found)

    def wider(self) -> str | None:
        """The needs with deputies and the next office up asked too; None where that reaches nobody new."""
        up = one_up(self.decision, self._asked, self.yeses, self.staff)
        return None if up is None else needs_to(up.needs)

    def names(self, person_ids: Sequence[str]) -> dict[str, str] | None:
        """People by name in both languages, as one text each; None for nobody."""
        found = [one for person_id in person_ids if (one := self.desk.person(person_id)) is not None]
        if not found:
            return None
        return {"zh": "、".join(one.name for one in found), "en": ", ".join(one.name_en or one.name for one in found)}

    @property
    def signers(self) -> dict[str, str] | None:
        """Who still must or may sign, by name. A director who may in a manager's place goes without saying."""
        ids = dict.fromkeys(one for need in self.open_needs for one in who_can(need, self._asked, self.staff))
        roles = {office for need in self.open_needs for office in need.confirmers.roles}
        told = [one for one in ids if self.staff.employees[one].role != "director" or "director" in roles]
        return self.names(told or list(ids))


def needs_of(kind: ReviewKind, rules: Reviews) -> str:
    """Whose signatures a review of this kind needs, as it is kept."""
    rule = rules.kinds[kind]
    needs = [
        Need((f"{kind}.{number}",), Confirmers(one.roles, not rule.own, one.people, one.needed))
        for number, one in enumerate(rule.signers)
    ]
    return needs_to(needs)


def needs_to(needs: Sequence[Need]) -> str:
    """Needs in JSON, as a review keeps them."""
    rows = [
        {
            "rules": list(need.rules),
            "roles": sorted(need.confirmers.roles),
            "people": sorted(need.confirmers.people),
            "needed": need.confirmers.needed,
            "not_requester": need.confirmers.not_requester,
        }
        for need in needs
    ]
    return json.dumps(rows)


def needs_from(text: str) -> tuple[Need, ...]:
    return tuple(
        Need(
            tuple(one["rules"]),
            Confirmers(frozenset(one["roles"]), one["not_requester"], frozenset(one["people"]), one["needed"]),
        )
        for one in json.loads(text)
    )


def signed_by(desk: Desk, paper: Paper | None = None) -> str:
    """The offices that have signed the deal's contract or a clause as it stands now, separated by `|`; for the policy.

    Where another version of the reviewed paper is about to go out, that review does not count.
    """
    found: set[str] = set()
    for review in desk.reviews:
        if review.kind == "special_price" or review.state != "signed" or desk.deal is None:
            continue
        signing = Signing(desk, review)
        reviewed = signing.paper
        if paper is not None and reviewed is not None and paper.kind == reviewed.kind and paper.id != reviewed.id:
            continue
        for yes in signing.yeses:
            person = desk.person(yes.person_id)
            found |= {person.role} if person else set()
            offices = [need.confirmers.roles for need in needs_from(review.needs) if set(need.rules) <= set(yes.rules)]
            found |= {office for roles in offices if len(roles) == 1 for office in roles}
    return "|".join(sorted(found))


def agreed_discount(desk: Desk) -> Decimal | None:
    """Percent off the deal that a special price in force allows, as those who must have signed it; None where none is.

    It holds for the terms that were signed: a deal whose amount or currency has changed since asks anew. That the deal has
    the agreed discount by now changes nothing.
    """
    for review in desk.reviews:
        signing = Signing(desk, review)
        if review.kind != "special_price" or review.state != "signed" or desk.deal is None:
            continue
        wanted = max((_percent(one.new) for one in signing.items if one.place in DISCOUNT), default=Decimal(0))
        changed = {str(one["field"]) for one in signing.differences}
        if wanted and (not changed or (changed == {"discount"} and desk.deal.discount == wanted)):
            return wanted
    return None


def _percent(text: str) -> Decimal:
    return Decimal(text.rstrip("%")) if re.fullmatch(r"\d+(?:\.\d+)?%", text) else Decimal(0)


def with_items(proposal: Proposal) -> Proposal:
    """The proposal with each changed clause of its review among the facts that it rests on, and where that comes from."""
    items = proposal.plan.data.get("items") if "review" in proposal.plan.data else None
    if not items:
        return proposal
    basis = proposal.basis
    facts = tuple((ITEM, json.dumps(item, ensure_ascii=False)) for item in items)
    refs = tuple(str(item["ref"]) for item in items)
    return replace(proposal, basis=replace(basis, facts=(*facts, *basis.facts), sources=(*refs, *basis.sources)))


# --- when ---------------------------------------------------------------------------------------------------------------


def is_good_time(hours: Hours, at: datetime, person: Employee, country: str) -> bool:
    """Whether this person works then and a customer of this country may be written to."""
    return hours.is_working(at, person.zone, person.region) and not hours.is_quiet(at, country, person.zone)


def next_good_time(hours: Hours, at: datetime, person: Employee, country: str) -> datetime:
    """The first such time from `at` on; `at` itself where none is near: the customer sleeps while they work."""
    moment = at
    while not is_good_time(hours, moment, person, country):
        moment += _STEP
        if moment > at + _FARTHEST:
            return at
    return moment


def work_days_later(
    hours: Hours, now: datetime, days: int, person: Employee, country: str, hour: int | None = None
) -> datetime:
    """So many working days of this person's later, at this hour of theirs (else the same), and then at a good time."""
    local = now.astimezone(zone_of(person.zone))
    left = days
    while left > 0 and local - now < _FARTHEST * 20:
        local += timedelta(days=1)
        left -= hours.is_working_day(local.date(), person.zone, person.region)
    if hour is not None:
        local = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return next_good_time(hours, local, person, country)
