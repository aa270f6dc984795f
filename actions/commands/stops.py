"""What is done about stopped steps: signals kept and ended, firings recorded, appealed, ruled on; a cheaper plan taken."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import AwareDatetime

from actions.commands.planning import (
    SALES,
    about_customer,
    about_deal,
    changes,
    first_missing,
    is_text,
    named,
    new_id,
    not_found,
    problem,
    stamp,
)
from actions.crm.own import json_value
from actions.crm.records import OPEN_STAGES, Customer, Deal, Firing, Product, Signal, Speaker
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Remove, Subject, Update

EVERYONE = frozenset({"rep", "manager", "director", "consultant", "legal", "customer"})
RULERS = frozenset({"manager", "director", "legal", "rep", "consultant"})
"""Who may be asked to rule: those of a breaker's roles, and whoever stands in for a manager who left, whatever they are."""
LONGEST_WORDS = 500
"""Characters kept of the words that showed a signal."""
Source = Literal["chat", "mail", "call", "report"]
Ruling = Literal["released", "lifted", "upheld"]


@dataclass(frozen=True)
class NoteSignal:
    """Keep what a customer has shown, with the very words, until a time; `may_lift` are the roles that may lift it.

    `source_id` names the message, mail or call; of a call `second` is the place in the recording.
    """

    customer_id: str
    kind: str
    words: str
    said_by: str
    source: Source
    probability: Decimal
    until: AwareDatetime
    may_lift: tuple[str, ...]
    source_id: str | None = None
    second: Decimal | None = None
    deal_id: str | None = None

    name: ClassVar[str] = "note_signal"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("customer", self.customer_id), ("deal", self.deal_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        deal: Deal | None = facts.get("deal", self.deal_id)
        if deal is not None and deal.customer_id != customer.id:
            return problem("wrong_customer", about_customer(customer))
        if not is_text(self.words):
            return problem("no_text", about_customer(customer), field="words")
        record_id = new_id("S", key)
        values: dict[str, Json] = {
            "customer_id": customer.id,
            "kind": self.kind,
            "words": self.words.strip()[:LONGEST_WORDS],
            "said_by": self.said_by,
            "at": stamp(now),
            "source": self.source,
            "source_id": self.source_id,
            "second": json_value(self.second),
            "probability": json_value(self.probability),
            "deal_id": self.deal_id,
            "reported_by": speaker.person_id if speaker.is_staff else None,
            "until": stamp(self.until),
            "roles": "|".join(self.may_lift),
        }
        return Plan(
            (Create("signal", record_id, values),), (about_customer(customer),), inverse=(Remove("signal", record_id),)
        )


@dataclass(frozen=True)
class EndSignals:
    """What a customer has shown is over, as these words say."""

    customer_id: str
    signal_ids: tuple[str, ...]
    words: str

    name: ClassVar[str] = "end_signals"
    roles: ClassVar[frozenset[str]] = SALES | {"customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("customer", self.customer_id), *(("signal", one) for one in dict.fromkeys(self.signal_ids)))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        signals: list[Signal] = [facts.get("signal", one) for one in dict.fromkeys(self.signal_ids)]
        if any(one.customer_id != customer.id for one in signals):
            return problem("wrong_customer", about_customer(customer))
        updates = tuple(
            update
            for one in signals
            if one.state == "open"
            for update in lifting(one, speaker, now, self.words[:LONGEST_WORDS])
        )
        if not updates:
            return problem("unchanged", about_customer(customer), field="state", value="lifted")
        return Plan(updates, (about_customer(customer),), inverse=taken_back(updates))


@dataclass(frozen=True)
class LiftSignal:
    """Somebody of the signal's roles decides that it counts no more, and says why."""

    signal_id: str
    reason: str

    name: ClassVar[str] = "lift_signal"
    roles: ClassVar[frozenset[str]] = RULERS

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("signal", self.signal_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        signal: Signal | None = facts.get("signal", self.signal_id)
        if signal is None:
            return not_found("signal", self.signal_id)
        customer: Customer | None = facts.get("customer", signal.customer_id)
        owner = customer.owner_id if customer else None
        subject = Subject("firing", signal.id, customer.name if customer else "", signal.customer_id, owner)
        if (cannot := _cannot_rule(subject, speaker, signal.roles, self.reason, signal.state, ("open",))) is not None:
            return cannot
        updates = lifting(signal, speaker, now, self.reason.strip())
        return Plan(updates, (subject,), inverse=taken_back(updates))


@dataclass(frozen=True)
class RecordFiring:
    """A breaker has stopped a step: keep that with its evidence."""

    firing_id: str
    breaker: str
    proposal_id: str
    deed: str
    digest: str
    command: str
    verdict: Literal["confirm", "refuse"]
    may_rule: tuple[str, ...]
    title: str
    why: str
    why_en: str
    words: str
    said_by: str
    source: str
    said_at: AwareDatetime | None = None
    customer_id: str | None = None
    deal_id: str | None = None
    signal_id: str | None = None

    name: ClassVar[str] = "record_firing"
    roles: ClassVar[frozenset[str]] = EVERYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("firing", self.firing_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if facts.get("firing", self.firing_id) is not None:
            return problem("unchanged")
        values: dict[str, Json] = {
            "breaker": self.breaker,
            "person_id": speaker.person_id or "",
            "proposal_id": self.proposal_id,
            "deed": self.deed,
            "digest": self.digest,
            "verdict": self.verdict,
            "roles": "|".join(self.may_rule),
            "at": stamp(now),
            "customer_id": self.customer_id,
            "deal_id": self.deal_id,
            "title": self.title,
            "why": self.why,
            "why_en": self.why_en,
            "command": self.command,
            "words": self.words,
            "said_by": self.said_by,
            "said_at": json_value(self.said_at),
            "source": self.source,
            "signal_id": self.signal_id,
        }
        return Plan((Create("firing", self.firing_id, values),))


@dataclass(frozen=True)
class AppealFiring:
    """Whoever was stopped asks those who may rule to look at it; `words` say why, if they do."""

    firing_id: str
    words: str = ""

    name: ClassVar[str] = "appeal_firing"
    roles: ClassVar[frozenset[str]] = EVERYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("firing", self.firing_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        firing: Firing | None = facts.get("firing", self.firing_id)
        if firing is None:
            return not_found("firing", self.firing_id)
        subject = about_firing(firing)
        if firing.person_id != speaker.person_id:
            return problem("not_your_stop", subject)
        if firing.state != "open":
            return problem({"appealed": "already_appealed", "over": "stop_over"}.get(firing.state, "already_ruled"), subject)
        words = self.words.strip()[:LONGEST_WORDS] or None
        told = {**firing_card(firing), "by": speaker.name, "by_en": speaker.called("en"), "appeal": words}
        return Plan(
            effects=(
                *changes("firing", firing, {"state": "appealed", "appeal": words}).updates,
                *(Notify(to, "stop_appealed", told) for to in _who_rules(firing.roles, speaker)),
            ),
            subjects=(subject,),
        )


@dataclass(frozen=True)
class RuleOnFiring:
    """Somebody of the breaker's roles lets the step go on once, lifts the signal behind it, or upholds the stop."""

    firing_id: str
    ruling: Ruling
    reason: str
    signal_id: str | None = None

    name: ClassVar[str] = "rule_on_firing"
    roles: ClassVar[frozenset[str]] = RULERS

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return named(("firing", self.firing_id), ("signal", self.signal_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        firing: Firing = facts.get("firing", self.firing_id)
        signal: Signal | None = facts.get("signal", self.signal_id)
        subject = about_firing(firing)
        roles = signal.roles if signal is not None and self.ruling == "lifted" else firing.roles
        if (cannot := _cannot_rule(subject, speaker, roles, self.reason, firing.state, ("open", "appealed"))) is not None:
            return cannot
        reason = self.reason.strip()
        lifted: tuple[Update, ...] = ()
        if self.ruling == "lifted":
            if signal is None or signal.id != firing.signal_id:
                return problem("no_signal", subject)
            lifted = lifting(signal, speaker, now, reason) if signal.state == "open" else ()
        settled = {"state": self.ruling, "ruled_by": speaker.person_id, "ruled_at": now, "ruling": reason}
        told = {**firing_card(firing), "by": speaker.name, "by_en": speaker.called("en"), "reason": reason}
        told["command"] = firing.command if firing.verdict == "refuse" and self.ruling != "upheld" else None
        effects: tuple[Effect, ...] = (
            *changes("firing", firing, settled).updates,
            *lifted,
            Notify(f"person:{firing.person_id}", f"stop_{self.ruling}", told),
        )
        return Plan(effects, (subject,), data={"ruling": self.ruling})


@dataclass(frozen=True)
class SpendRelease:
    """A step that was released once goes on: the release is used up, and bound to the step that did.

    `is_sent`: what that step made goes out by the same release, which ends there.
    """

    firing_id: str
    proposal_id: str
    is_sent: bool = False

    name: ClassVar[str] = "spend_release"
    roles: ClassVar[frozenset[str]] = EVERYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("firing", self.firing_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        firing: Firing | None = facts.get("firing", self.firing_id)
        if firing is None or firing.state != ("used" if self.is_sent else "released"):
            return problem("unchanged")
        wanted = {"state": "sent"} if self.is_sent else {"state": "used", "proposal_id": self.proposal_id}
        return Plan(changes("firing", firing, wanted).updates)


@dataclass(frozen=True)
class EndFiring:
    """The step that a stop holds was withdrawn, or is asked anew on other evidence: nobody rules on this stop any more."""

    firing_id: str

    name: ClassVar[str] = "end_firing"
    roles: ClassVar[frozenset[str]] = EVERYONE

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("firing", self.firing_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        firing: Firing | None = facts.get("firing", self.firing_id)
        if firing is None or firing.state not in ("open", "appealed"):
            return problem("unchanged")
        return Plan(changes("firing", firing, {"state": "over"}).updates)


@dataclass(frozen=True)
class TakeAlternative:
    """Turn a deal to a cheaper product: as many of it, at the same discount. `called` names it on the button."""

    deal_id: str
    product_id: str
    instead_of: str
    called: str = ""

    name: ClassVar[str] = "take_alternative"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("deal", self.deal_id), ("product", self.product_id), ("product", self.instead_of))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads):
            return missing
        deal: Deal = facts.get("deal", self.deal_id)
        product: Product = facts.get("product", self.product_id)
        if deal.stage not in OPEN_STAGES:
            return problem("closed", about_deal(deal), stage=deal.stage)
        before: Product = facts.get("product", self.instead_of)
        if deal.product_id != before.id:
            return problem("unchanged", about_deal(deal), field="product_id")
        amount = _at_the_price_of(deal, before, product)
        if amount is None:
            return problem("no_list_price", about_deal(deal))
        change = changes("deal", deal, {"product_id": product.id, "amount": amount})
        measures: dict[str, float | bool | str] = {"amount": float(amount), "currency": deal.currency}
        if amount > deal.amount:
            measures["contract"] = True
        return Plan(change.updates, (about_deal(deal),), measures, inverse=change.inverse)


# --- shared by the commands above ----------------------------------------------------------------------------------------


def _at_the_price_of(deal: Deal, before: Product, product: Product) -> Decimal | None:
    """What the deal is worth with the other product; None where the price list does not say."""
    in_dollars = deal.currency == "USD" and before.price_usd and product.price_usd
    old, new = (before.price_usd, product.price_usd) if in_dollars else (before.price, product.price)
    if not old or not new or before.currency != product.currency:
        return None
    return (deal.amount * new / old).quantize(Decimal("0.01"))


def about_firing(firing: Firing) -> Subject:
    """A stop is about whoever was stopped: their manager may look at it."""
    return Subject("firing", firing.id, firing.title, firing.customer_id, firing.person_id)


def firing_card(firing: Firing) -> dict[str, Json]:
    """What a person is told of a stop."""
    return {
        "firing": firing.id,
        "title": firing.title,
        "deed": firing.deed,
        "why": {"zh": firing.why, "en": firing.why_en},
        "words": firing.words or None,
        "who": firing.said_by or None,
        "said_at": json_value(firing.said_at),
        "source": firing.source or None,
        "signal": firing.signal_id,
    }


def may_rule(roles: str, subject: Subject, speaker: Speaker) -> bool:
    """Whether this person may rule on something of these roles: never on their own, a manager on their team's.

    In place of a manager who left their deputy may, as with a confirmation (actions/approvers.py).
    """
    if speaker.person_id == subject.owner_id and subject.id.startswith("F"):
        return False
    if "manager" in roles.split("|") and subject.owner_id in speaker.stands_in_for:
        return True
    if speaker.role == "manager":
        return "manager" in roles.split("|") and subject.owner_id in {*speaker.team, speaker.person_id}
    if speaker.role == "director":
        return bool({"manager", "director"} & set(roles.split("|")))
    return speaker.role in roles.split("|")


def _cannot_rule(
    subject: Subject, speaker: Speaker, roles: str, reason: str, state: str, open_states: tuple[str, ...]
) -> Plan | None:
    if not may_rule(roles, subject, speaker):
        return problem("may_not_rule", subject, roles=roles.split("|"))
    if not is_text(reason):
        return problem("no_reason", subject)
    return None if state in open_states else problem("stop_over" if state == "over" else "already_ruled", subject)


def lifting(signal: Signal, speaker: Speaker, now: datetime, words: str) -> tuple[Update, ...]:
    """What changes of a signal that is lifted, by these words."""
    wanted = {"state": "lifted", "lifted_by": speaker.person_id, "lifted_at": now, "lifted_words": words}
    return changes("signal", signal, wanted).updates


def taken_back(updates: tuple[Update, ...]) -> tuple[Update, ...]:
    """The same fields back, in reverse order."""
    return tuple(Update(one.kind, one.id, one.field, old=one.new, new=one.old) for one in reversed(updates))


def _who_rules(roles: str, speaker: Speaker) -> tuple[str, ...]:
    """Who is asked first: the person's own manager where a manager may rule, else the groups of those who may.

    In place of a manager who left that is their deputy.
    """
    named_roles = set(roles.split("|"))
    asked = speaker.manager_deputy_id if speaker.manager_has_left else speaker.manager_id
    if "manager" in named_roles and asked:
        return (f"person:{asked}",)
    groups = ("group:@managers",) if named_roles & {"manager", "director"} else ()
    return (*groups, "group:@legal") if "legal" in named_roles else groups
