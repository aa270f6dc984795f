"""From a proposal to a decision: small checks, each a reason or nothing; the severest verdict wins and all are told."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from actions.crm.records import Speaker
from actions.policy.fields import RECORDS, Sight, command_values, speaker_values, values_of
from actions.policy.hours import zone_of
from actions.policy.policy import Finding, Policy
from actions.policy.weigh import weigh, weighed_check
from actions.proposal import (
    SEVERITY,
    Confirmers,
    Decision,
    Grounds,
    Need,
    Notify,
    OnExpiry,
    Proposal,
    Reason,
    Seen,
    Subject,
    Yes,
)

WAITS = timedelta(hours=24)
"""How long a question stays open where no rule says otherwise."""
MANY = 1e9
"""More records than any house has; keeps a count within what an expression can hold."""


def decide(
    proposal: Proposal, policy: Policy, now: datetime, stops: Sequence[Finding] = (), beside: Sequence[Finding] = ()
) -> Decision:
    """What may happen with the proposal. Never raises, and never milder for one check more.

    `stops` is what the breakers say, from what is known of the customer: whoever may not do this at all is not told what the
    customer has shown, so then they stay out. `beside` are findings of the house about it that are none of the policy's.
    """
    return decide_on(proposal, policy, see(proposal, policy, now), stops, beside)


def decide_on(
    proposal: Proposal, policy: Policy, seen: Seen, stops: Sequence[Finding] = (), beside: Sequence[Finding] = ()
) -> Decision:
    """What may happen with the proposal by what was seen of it; the decision carries its grounds."""
    checked = tuple((check.__name__, check(proposal)) for check in CHECKS)
    put = weigh(policy, seen)
    refusals = tuple(Finding(reason) for _, reason in checked if reason is not None)
    rules = (one.finding for one in put if one.finding is not None)
    findings = (*refusals, *rules, *_unknown_currency(proposal, policy, seen.at))
    weighed = (*(weighed_check(name, reason) for name, reason in checked), *(one.weighed for one in put))
    judged = for_requester(combine(findings, policy.version), proposal.requester)
    others = (*beside, *(() if refusals else stops))
    decision = for_requester(combine((*findings, *others), policy.version), proposal.requester) if others else judged
    return replace(decision, grounds=Grounds(seen, weighed, judged))


def for_requester(decision: Decision, requester: Speaker) -> Decision:
    """Nobody is confirmed by an equal: what a manager asks for goes up, and a director's to another one, or to legal."""
    needs = tuple(replace(need, confirmers=_above(need.confirmers, requester)) for need in decision.needs)
    return replace(decision, needs=needs)


def _above(confirmers: Confirmers, requester: Speaker) -> Confirmers:
    roles = confirmers.roles
    if not confirmers.not_requester:
        return confirmers
    if requester.role == "director" and roles:
        return replace(confirmers, roles=roles - {"manager"} | {"director", "legal"})
    if requester.role == "manager" and "manager" in roles:
        return replace(confirmers, roles=roles - {"manager"} | {"director"})
    return confirmers


def combine(findings: Sequence[Finding], version: str) -> Decision:
    """The severest verdict, all reasons (severest first), a yes for each rule that asks, the shortest time."""
    reasons = sorted((finding.reason for finding in findings), key=lambda reason: -SEVERITY[reason.verdict])
    verdict = reasons[0].verdict if reasons else "run"
    asks = [finding for finding in findings if finding.reason.verdict == "confirm"]
    return Decision(
        verdict=verdict,
        reasons=tuple(reasons),
        needs=needs_of(asks) if verdict == "confirm" else (),
        expires_in=min((finding.expires_in for finding in asks), default=WAITS),
        policy=version,
        on_expiry=max((one.on_expiry for one in _binding(asks)), key=_STRICTNESS.__getitem__, default="escalate"),
    )


def needs_of(asks: Sequence[Finding]) -> tuple[Need, ...]:
    """What yeses these rules ask for; rules that ask the same people share one.

    What a breaker stopped needs a yes of its own: whoever agrees to a discount has not let go on what the customer's words
    speak against. Where a rule keeps the requester out, rules that would let them look again themselves count as met by
    whoever looks instead.
    """
    rules: dict[tuple[Confirmers, str | None], tuple[str, ...]] = {}
    for finding in _binding(asks):
        one = finding.confirmers
        if one.not_requester and not one.roles and not one.people:
            one = replace(one, roles=frozenset({"director"}))
        asked = (one, finding.reason.rule if is_stop(finding.reason) else None)
        rules[asked] = tuple(dict.fromkeys((*rules.get(asked, ()), finding.reason.rule)))
    return tuple(Need(named, confirmers) for (confirmers, _), named in rules.items())


def _binding(asks: Sequence[Finding]) -> Sequence[Finding]:
    """Those that no other person's look makes superfluous."""
    return [one for one in asks if one.confirmers.not_requester or one.confirmers.needed > 1] or asks


_STRICTNESS: dict[OnExpiry, int] = {"wait": 0, "escalate": 1, "refuse": 2}


def may_answer(proposal: Proposal, confirmers: Confirmers, person: Speaker) -> bool:
    """Whether this person is one of those."""
    if person.person_id is None:
        return False
    if person.person_id == proposal.requester.person_id:
        return not confirmers.not_requester
    if person.person_id in confirmers.people and person.is_staff:
        return True
    return any(_holds(office, proposal, person) for office in confirmers.roles)


def is_stop(reason: Reason) -> bool:
    """Whether a breaker gave this reason."""
    return "breaker" in reason.data


def stopped_by(decision: Decision) -> tuple[Reason, ...]:
    """The reasons of breakers in a decision: what they stopped goes on only with a reason of whoever lets it."""
    return tuple(reason for reason in decision.reasons if is_stop(reason))


def may_confirm(proposal: Proposal, decision: Decision, person: Speaker) -> bool:
    """Whether this person's yes counts for anything that the proposal needs."""
    return decision.verdict == "confirm" and bool(answered(proposal, decision, person))


def answered(proposal: Proposal, decision: Decision, person: Speaker) -> tuple[str, ...]:
    """The rules for which this person's yes counts."""
    met = (need.rules for need in decision.needs if may_answer(proposal, need.confirmers, person))
    return tuple(rule for rules in met for rule in rules)


def still_needed(decision: Decision, yeses: Sequence[Yes]) -> tuple[Need, ...]:
    """The needs that these yeses leave open, each with the number of people that it still lacks."""
    left = ((need, need.confirmers.needed - len(said_for(need, yeses))) for need in decision.needs)
    return tuple(replace(one, confirmers=replace(one.confirmers, needed=lacks)) for one, lacks in left if lacks > 0)


def said_for(need: Need, yeses: Sequence[Yes]) -> tuple[str, ...]:
    """The different people whose yes counts for this need, in the order in which they said it."""
    return tuple(dict.fromkeys(yes.person_id for yes in yeses if set(need.rules) <= set(yes.rules)))


# --- the small checks ---------------------------------------------------------------------------------------------------


def role(proposal: Proposal) -> Reason | None:
    """The command is nothing that someone in this role may ask for."""
    if proposal.requester.role in proposal.command.roles:
        return None
    return Reason("role", "refuse", {"role": proposal.requester.role, "command": proposal.command.name})


def ownership(proposal: Proposal) -> Reason | None:
    """A record among the subjects is out of the requester's reach."""
    for subject in proposal.plan.subjects:
        if not may_touch(proposal.requester, subject):
            return Reason("ownership", "refuse", {"kind": subject.kind, "id": subject.id, "owner_id": subject.owner_id})
    return None


def new_owner(proposal: Proposal) -> Reason | None:
    """Records would be given to someone that the requester may not give them to.

    A rep hands over what is theirs, and takes from the pool only for themselves; a manager gives to the team.
    """
    to, speaker = proposal.plan.measures.get("new_owner"), proposal.requester
    if not to or to == speaker.person_id or speaker.role == "director":
        return None
    from_pool = any(subject.owner_id is None for subject in proposal.plan.subjects)
    if (speaker.role == "manager" and to in speaker.team) or (speaker.role == "rep" and not from_pool):
        return None
    return Reason("new_owner", "refuse", {"to_id": to})


def problem(proposal: Proposal) -> Reason | None:
    """The plan itself cannot be carried out."""
    if proposal.plan.problem is None:
        return None
    return Reason("problem", "refuse", {**proposal.plan.data, "problem": proposal.plan.problem})


CHECKS: tuple[Callable[[Proposal], Reason | None], ...] = (role, ownership, new_owner, problem)


def may_touch(speaker: Speaker, subject: Subject) -> bool:
    """A rep their own and the pool's leads, a manager the team's and what nobody owns, a director all, a customer only
    their own company's; a guest nothing that belongs to anyone; a deputy what a manager who left had to rule on."""
    if subject.kind == "firing" and subject.owner_id in speaker.stands_in_for:
        return True
    match speaker.role:
        case "director":
            return True
        case "manager":
            return subject.owner_id is None or subject.owner_id == speaker.person_id or subject.owner_id in speaker.team
        case "rep":
            return _is_own(speaker, subject) or _is_anyones(subject)
        case "customer":
            if subject.customer_id is None:  # the ticket of someone whose company is not known yet
                return subject.kind == "ticket" and speaker.customer_id is None
            return subject.customer_id == speaker.customer_id and subject.kind in ("customer", "contact", "ticket")
        case "guest":
            return subject.kind == "ticket" and subject.customer_id is None
        case "legal":
            return subject.kind in ("firing", "review", "recording") or (
                subject.kind == "signature" and _is_own(speaker, subject)
            )
        case "consultant":
            return subject.kind in ("booking", "signature", "recording", "call_correction") and _is_own(speaker, subject)


def _is_own(speaker: Speaker, subject: Subject) -> bool:
    return speaker.person_id is not None and subject.owner_id == speaker.person_id


def _is_anyones(subject: Subject) -> bool:
    """A lead in the pool, or a ticket of nobody's customer."""
    return subject.owner_id is None and subject.kind in ("lead", "ticket") and subject.customer_id is None


# --- the policy file ----------------------------------------------------------------------------------------------------


def see(proposal: Proposal, policy: Policy, now: datetime) -> Seen:
    """What the policy's rules look at of a proposal."""
    sight = sight_of(proposal, _amount_cny(proposal, policy, now) or 0.0, now, policy)
    return Seen(now, sight, further_sights(proposal, sight) if policy.looks_at_records else ())


def see_again(proposal: Proposal, policy: Policy, seen: Seen) -> Seen:
    """What was seen then, with the rates, hours and holidays of this policy; `proposal` as it was then."""
    speaker = proposal.requester

    def again(sight: Sight) -> Sight:
        amount = _amount_cny(proposal, policy, seen.at) or 0.0
        return {**sight, "amount_cny": amount, **_timing(policy, seen.at, speaker.zone, speaker.region, sight)}

    return replace(seen, sight=again(seen.sight), further=tuple(again(sight) for sight in seen.further))


def _unknown_currency(proposal: Proposal, policy: Policy, now: datetime) -> tuple[Finding, ...]:
    """A contract in a currency that has no rate is for a person."""
    if _amount_cny(proposal, policy, now) is not None:
        return ()
    reason = Reason("unknown_currency", "confirm", {"currency": proposal.plan.measures.get("currency", "")})
    return (Finding(reason, Confirmers(frozenset({"manager", "director"}))),)


def sight_of(proposal: Proposal, amount_cny: float, now: datetime, policy: Policy | None = None) -> Sight:
    """What the policy's expressions see of a proposal; of several records of a kind the first.

    Without a policy, hours and rates are unknown to the rules that ask for them.
    """
    measures, speaker = proposal.plan.measures, proposal.requester
    local = now.astimezone(zone_of(speaker.zone))
    sight: dict[str, Any] = {
        "command": proposal.command.name,
        "role": speaker.role,
        "region": speaker.region,
        "amount_cny": amount_cny,
        "currency": str(measures.get("currency", "")),
        "contract": bool(measures.get("contract", False)),
        "discount": _number(measures.get("discount", 0.0)),
        "discount_agreed": _number(measures.get("discount_agreed", 0.0)),
        "records": _count(measures.get("records", 0.0)) or len(proposal.plan.subjects),
        "crosses_border": bool(measures.get("crosses_border", False)),
        "destination": str(measures.get("destination", "")),
        "legal_data": bool(measures.get("legal_data", False)),
        "outward": _goes_outside(proposal),
        # a pressed button was not read from words: nothing about it is unsure
        "confidence": proposal.basis.confidence if proposal.basis.intent else 1.0,
        "hour": local.hour,
        "weekday": local.isoweekday(),
        "now": now.astimezone(UTC),
    }
    # people nobody has counted are missing, not none
    counts = ("people", "people_year", "people_destination", "sensitive_year")
    sight |= {name: _count(measures[name]) for name in counts if name in measures}
    if "signed_by" in measures:
        sight["signed_by"] = [office for office in str(measures["signed_by"]).split("|") if office]
    for kind in RECORDS:
        found = _records_of(proposal, kind)
        sight |= values_of(kind, found[0] if found else None)
    sight |= speaker_values(speaker) | command_values(proposal.command)
    return sight if policy is None else sight | _timing(policy, now, speaker.zone, speaker.region, sight)


def further_sights(proposal: Proposal, sight: Sight) -> tuple[Sight, ...]:
    """The sight with each further record of the act in place of the first of its kind."""
    return tuple(
        {**{name: value for name, value in sight.items() if not name.startswith(f"{kind}.")}, **values_of(kind, record)}
        for kind in RECORDS
        for record in _records_of(proposal, kind)[1:]
    )


def _timing(policy: Policy, now: datetime, zone: str, region: str, sight: Mapping[str, Any]) -> dict[str, Any]:
    """What the clock, the calendar and the date of the rates say."""
    day = now.astimezone(zone_of(zone)).date()
    age = policy.rates.age(day)
    return {
        "working_time": policy.hours.is_working(now, zone, region),
        "quiet_time": policy.hours.is_quiet(now, str(sight.get("customer.country", "")), zone),
        "rates_age_days": age,
        "rates_day": policy.rates.on(day).as_of.isoformat(),
        "rates_are_stale": age > policy.rates.stale_after,
    }


def _records_of(proposal: Proposal, kind: str) -> list[Any]:
    """The records of a kind that the act is about, as they stand before it; for customers, those of its deals as well."""
    ids = [subject.id for subject in proposal.plan.subjects if subject.kind == kind]
    if kind == "customer":
        ids += [subject.customer_id for subject in proposal.plan.subjects if subject.customer_id is not None]
    found = (proposal.seen.get(kind, record_id) for record_id in dict.fromkeys(ids))
    return [record for record in found if record is not None]


def _goes_outside(proposal: Proposal) -> bool:
    """Whether somebody who does not work here would be written to."""
    if proposal.plan.measures.get("outward", False):
        return True
    told = {effect.to for effect in proposal.plan.effects if isinstance(effect, Notify)}
    contacts = {record_id for kind, record_id in proposal.seen.records if kind == "contact"}
    return any(f"person:{contact}" in told for contact in contacts)


def _amount_cny(proposal: Proposal, policy: Policy, now: datetime) -> float | None:
    """What is at stake in CNY at the rates of the day; None where it is money in a currency without a rate, and a
    contract."""
    measures = proposal.plan.measures
    if "amount_cny" in measures:
        return _number(measures["amount_cny"])
    day = now.astimezone(zone_of(proposal.requester.zone)).date()
    amount = policy.rates.to_cny(_number(measures.get("amount", 0.0)), str(measures.get("currency", "CNY")), day)
    # nothing is being agreed: the currency does not matter
    return 0.0 if amount is None and not measures.get("contract", False) else amount


def _count(value: float | bool | str) -> int:
    """A measure as a count that an expression can hold."""
    return int(max(0.0, min(_number(value), MANY)))


def _number(value: float | bool | str) -> float:
    """A measure as a number; one that is none counts as boundless, so that it is never judged too mildly."""
    try:
        number = float(value)
    except ValueError:
        return math.inf
    return number if math.isfinite(number) else math.inf


# --- offices ------------------------------------------------------------------------------------------------------------


def _holds(office: str, proposal: Proposal, person: Speaker) -> bool:
    """Whether the person holds this office towards the requester; for a customer, towards the rep who looks after them."""
    if person.role == "director":
        return office in ("manager", "director")
    if office == "legal":
        return person.role == "legal"
    if office != "manager" or person.role != "manager":
        return False
    requester = proposal.requester
    if requester.is_staff:
        # a manager's own proposal goes up, not sideways
        return requester.role == "rep" and requester.person_id in person.team
    owner_id = next((subject.owner_id for subject in proposal.plan.subjects), None)
    return owner_id is None or owner_id == person.person_id or owner_id in person.team
