"""Documents that a review lacks: asked for, chased, reported as come, ticked when somebody has looked. Plans only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import SALES, about_customer, about_deal, changes, customer_name, new_id, problem, stamp
from actions.commands.reviews import (
    STAFF,
    about_review,
    about_signature,
    asked,
    cannot_sign,
    chase_timer,
    deal_waits,
    not_open,
    review_card,
    review_reads,
    signing_of,
    to_asker,
    waits_on,
)
from actions.crm.records import Desk, Material, Speaker
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Remove, Schedule, Unschedule
from actions.signing import MORNING_HOUR, Signing, next_good_time, work_days_later

MOST_WANTED = 8
LONGEST_NAME = 60
_WORKS_ON = ("open", "returned")
"""States in which documents still matter."""


@dataclass(frozen=True)
class AskMaterials:
    """Whoever reviews asks for further documents: the rep is told, and can pass it on to the customer with one press."""

    review_id: str
    wanted: tuple[str, ...]

    name: ClassVar[str] = "ask_materials"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review, subject = found.review, about_signature(found, speaker)
        if review.state not in _WORKS_ON:
            return not_open(found, subject)
        if (cannot := cannot_sign(found, subject, speaker)) is not None:
            return cannot
        known = {one.name for one in found.missing}
        names = tuple(dict.fromkeys(one.strip()[:LONGEST_NAME] for one in self.wanted if one.strip()))
        names = tuple(one for one in names if one not in known)[:MOST_WANTED]
        if not names:
            return problem("no_materials_named", subject)
        new = [
            Material(new_id("N", f"{key}:{name}"), review.id, name, review.customer_id, wanted_by=speaker.person_id)
            for name in names
        ]
        after = Signing(replace(found.desk, materials=(*found.desk.materials, *new)), review)
        told = _told(after, facts, speaker) | {"wanted": [found.desk.rules.called(name) for name in names]}
        wanted_by = speaker.person_id
        effects: tuple[Effect, ...] = (
            *(
                Create(
                    "material",
                    one.id,
                    {"review_id": one.review_id, "name": one.name, "customer_id": one.customer_id, "wanted_by": wanted_by},
                )
                for one in new
            ),
            Notify(to_asker(found), "materials_wanted", told, offers=(AskCustomer(review.id),)),
        )
        return Plan(effects, (subject,), inverse=tuple(Remove("material", one.id) for one in new), data=told)


@dataclass(frozen=True)
class AskCustomer:
    """Ask the customer's contact, politely, for what is missing; from then on it is chased on time until it is there.

    It goes out through the policy and the breakers like everything that reaches a customer. What was sent cannot be taken
    back, so there is no inverse.
    """

    review_id: str

    name: ClassVar[str] = "ask_customer"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review, desk = found.review, found.desk
        assert desk.deal is not None  # signing_of has looked
        subjects = (about_deal(desk.deal), about_review(review))
        if review.state not in _WORKS_ON:
            return not_open(found, subjects[0])
        if not found.missing:
            return problem("nothing_missing", *subjects)
        told = _told(found, facts, speaker)
        contact = desk.contact
        if contact is None or not desk.is_reachable:
            reach = " · ".join(filter(None, (contact.phone, contact.email))) if contact else None
            who = contact.name if contact else None
            return problem("contact_unreachable", *subjects, **told, who=who, reach=reach or None)
        effects: tuple[Effect, ...] = (
            *(
                update
                for one in found.missing
                for update in changes(
                    "material", one, {"state": "asked", "asked_at": one.asked_at or now, "contact_id": contact.id}
                ).updates
            ),
            *(deal_waits(found, "materials") if review.state == "open" else ()),
            _noted(found, speaker, key, now),
            *_next_chase(found, 1, now),
            Notify(f"person:{contact.id}", "materials_asked", _to_customer(found, speaker)),
        )
        data = told | {"addressee": {"zh": contact.name, "en": contact.name_en or contact.name}}
        return Plan(effects, subjects, {"outward": True, "contacts": True}, data=data)


@dataclass(frozen=True)
class ChaseMaterials:
    """Remind the customer of what has not come, for the `number`th time; nothing where it has come or was sent before.

    In the customer's quiet hours, or when the rep does not work, it waits for a better time.
    """

    review_id: str
    number: int

    name: ClassVar[str] = "chase_materials"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review, desk = found.review, found.desk
        assert desk.deal is not None  # signing_of has looked
        subjects = (about_deal(desk.deal), about_review(review))
        due = tuple(one for one in found.missing if one.state == "asked" and one.chased < self.number)
        if review.state not in _WORKS_ON or not due or desk.contact is None or not desk.is_reachable:
            return problem("nothing_missing", *subjects)
        rep = desk.person(speaker.person_id)
        country = desk.customer.country if desk.customer else ""
        later = now if rep is None else next_good_time(desk.hours, now, rep, country)
        if later > now:  # where no hour suits both, the policy asks
            return Plan((_chase_at(review.id, self.number, later),), subjects)
        told = _told(found, facts, speaker)
        is_last = self.number >= len(desk.rules.chase_days)
        effects: tuple[Effect, ...] = (
            *(update for one in due for update in changes("material", one, {"chased": self.number}).updates),
            _noted(found, speaker, key, now),
            *_next_chase(found, self.number + 1, now),
            Notify(f"person:{desk.contact.id}", "materials_chased", _to_customer(found, speaker)),
            *([Notify(to_asker(found), "chased_enough", told)] if is_last else ()),
        )
        return Plan(effects, subjects, {"outward": True, "contacts": True}, data=told)


@dataclass(frozen=True)
class TellUnchased:
    """The customer was not reminded, as the policy or a breaker stood in the way: the rep learns why and decides."""

    review_id: str
    number: int
    why: str
    why_en: str

    name: ClassVar[str] = "tell_unchased"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        told = _told(found, facts, speaker) | {"why": {"zh": self.why, "en": self.why_en}}
        notice = Notify(to_asker(found), "not_chased", told, offers=(AskCustomer(found.review.id),))
        return Plan((notice,), (about_review(found.review),), data=told)


@dataclass(frozen=True)
class ReportMaterials:
    """A customer says, or sends, that a document has come: their rep is asked to look and tick it off."""

    review_id: str
    text: str
    files: tuple[str, ...] = ()

    name: ClassVar[str] = "report_materials"
    roles: ClassVar[frozenset[str]] = frozenset({"customer"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        if found.desk.customer is None or not found.missing:
            return problem("nothing_missing")
        ticks = ticks_for(found, named_first=self.text)
        told = _told(found, facts, speaker) | {
            "text": self.text.strip()[:200] or None,
            "files": ", ".join(self.files) or None,
        }
        notice = Notify(to_asker(found), "materials_came", told, offers=ticks)
        return Plan((notice,), (about_customer(found.desk.customer),), data={"missing": told["missing"]})


@dataclass(frozen=True)
class TickMaterials:
    """Somebody has looked: the document is there. The last one stops the chasing and lets the review go on."""

    review_id: str
    material_id: str
    called: str = ""

    name: ClassVar[str] = "tick_materials"
    roles: ClassVar[frozenset[str]] = SALES | {"legal"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return review_reads(self.review_id)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        found = signing_of(facts, self.review_id)
        if isinstance(found, Plan):
            return found
        review = found.review
        subject = about_review(review)
        material = next((one for one in found.desk.materials if one.id == self.material_id), None)
        if material is None or material.review_id != review.id:
            return problem("not_found", subject, kind="material", id=self.material_id)
        what = found.desk.rules.called(material.name)
        if material.state == "arrived":
            return problem("ticked_already", subject, what=what)
        if review.state not in _WORKS_ON:
            return not_open(found, subject)
        ticked = changes("material", material, {"state": "arrived", "arrived_at": now, "ticked_by": speaker.person_id})
        left = [one for one in found.missing if one.id != material.id]
        told = _told(found, facts, speaker) | {
            "what_came": what,
            "missing": [found.desk.rules.called(one.name) for one in left],
        }
        effects: tuple[Effect, ...] = ticked.updates
        if not left:
            after = Signing(_without(found, material), review)
            complete = asked(after, "materials_complete", told) if review.state == "open" else ()
            waits = deal_waits(found, waits_on(review)) if review.state == "open" else ()
            effects = (*ticked.updates, *waits, Unschedule(chase_timer(review.id)), *complete)
        inverse: tuple[Effect, ...] = ticked.inverse
        if material.state == "asked" and not left:
            inverse = (*ticked.inverse, *_next_chase(found, material.chased + 1, now))
        data = told | {"is_complete": True if not left else None}
        return Plan(effects, (subject,), inverse=inverse, data=data, offers=ticks_for(found, but=material.id))


# --- shared by the commands above ------------------------------------------------------------------------------------------


def ticks_for(signing: Signing, *, but: str = "", named_first: str = "") -> tuple[TickMaterials, ...]:
    """A button for each document that is missing, those that the words name first."""
    rules = signing.desk.rules
    said = rules.named_in(named_first)
    missing: Sequence[Material] = sorted(signing.missing, key=lambda one: one.name not in said)
    asker = signing.desk.person(signing.review.asked_by)
    lang = "en" if asker is not None and asker.lang == "en" else "zh"
    return tuple(TickMaterials(signing.review.id, one.id, rules.called(one.name)[lang]) for one in missing if one.id != but)[
        :3
    ]


def _without(signing: Signing, material: Material) -> Desk:
    rest = tuple(one for one in signing.desk.materials if one.id != material.id)
    return replace(signing.desk, materials=rest)


def _told(signing: Signing, facts: Facts, speaker: Speaker) -> dict[str, Json]:
    review = signing.review
    card = review_card(signing, customer_name(facts, review.customer_id))
    return card | {"by": speaker.name, "by_en": speaker.called("en")}


def _to_customer(signing: Signing, speaker: Speaker) -> dict[str, Json]:
    """What the customer reads: only what is wanted of them, and from whom."""
    missing = [signing.desk.rules.called(one.name) for one in signing.missing]
    return {"review": signing.review.id, "missing": missing, "by": speaker.name, "by_en": speaker.called("en")}


def _noted(signing: Signing, speaker: Speaker, key: str, now: datetime) -> Create:
    """That the customer was written to stands with them, like every message."""
    rules, review = signing.desk.rules, signing.review
    names = ", ".join(
        rules.called(one.name)[speaker.lang if speaker.lang in ("zh", "en") else "zh"] for one in signing.missing
    )
    values: dict[str, Json] = {
        "kind": "chat",
        "text": f"{review.title}: {names}",
        "at": stamp(now),
        "customer_id": review.customer_id,
        "deal_id": review.deal_id,
        "by_id": speaker.person_id,
    }
    return Create("activity", new_id("A", key), values)


def _next_chase(signing: Signing, number: int, now: datetime) -> tuple[Effect, ...]:
    """The timer of the next reminder: counted in working days from when it was asked for first."""
    desk, review = signing.desk, signing.review
    days = desk.rules.chase_days
    rep = desk.person(to_asker(signing).removeprefix("person:"))
    if number > len(days) or rep is None:
        return ()
    since = min((one.asked_at for one in signing.missing if one.asked_at), default=now)
    country = desk.customer.country if desk.customer else ""
    at = work_days_later(desk.hours, since, days[number - 1], rep, country, MORNING_HOUR)
    if at <= now:
        at = work_days_later(desk.hours, now, 1, rep, country, MORNING_HOUR)
    return (_chase_at(review.id, number, at),)


def _chase_at(review_id: str, number: int, at: datetime) -> Schedule:
    return Schedule(chase_timer(review_id), "chase", at, {"review": review_id, "number": number})
