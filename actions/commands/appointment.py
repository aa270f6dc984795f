"""A booking with its two people, as whoever speaks may touch it: what is told of it, and the free hours beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.commands.planning import (
    changes,
    customer_name,
    not_found,
    problem,
    stamp,
)
from actions.crm.records import Booking, Contact, Diary, Employee, Speaker
from actions.proposal import (
    Effect,
    Facts,
    Json,
    Notify,
    Plan,
    Schedule,
    Subject,
    Unschedule,
    Vacate,
)
from actions.slots import Fit, Wish, fitting, free_slots

REMINDED = timedelta(hours=1)
"""How long before a meeting both are reminded of it."""
_OUTWARD: Mapping[str, bool] = {"outward": True}


@dataclass(frozen=True)
class Appointment:
    """A booking with its two people, as whoever speaks may touch it."""

    booking: Booking
    diary: Diary
    consultant: Employee
    owner: Employee
    customer: str
    speaker: Speaker
    subjects: tuple[Subject, ...]
    now: datetime

    @staticmethod
    def of(facts: Facts, booking_id: str, speaker: Speaker, now: datetime) -> "Appointment | Plan":
        booking: Booking | None = facts.get("booking", booking_id)
        diary: Diary = facts.get("diary", booking_id) or Diary("")
        if booking is None:
            return not_found("booking", booking_id)
        consultant, owner = diary.person(booking.consultant_id), diary.person(booking.owner_id)
        may_decide = speaker.person_id in (booking.consultant_id, booking.owner_id)
        owner_id = speaker.person_id if may_decide else booking.owner_id
        title = booking.title or (consultant.name if consultant else booking.id)
        subject = Subject("booking", booking.id, title, booking.customer_id, owner_id)
        if consultant is None or owner is None:
            return problem("consultant_gone", subject, person=booking.consultant_id)
        return Appointment(
            booking, diary, consultant, owner, customer_name(facts, booking.customer_id), speaker, (subject,), now
        )

    @property
    def people(self) -> tuple[Employee, ...]:
        return tuple({one.id: one for one in (self.consultant, self.owner)}.values())

    @property
    def contact(self) -> Contact | None:
        return self.diary.contact

    @property
    def measures(self) -> Mapping[str, bool]:
        """For the policy: whoever changes a meeting of which the customer was told writes to the customer."""
        return _OUTWARD if self.booking.told else {}

    def cannot(self, name: str, **data: Json) -> Plan:
        person = called(self.consultant, self.speaker.lang)
        return problem(name, *self.subjects, **{"person": person, "starts": stamp(self.booking.starts), **data})

    def reminder(self, starts: datetime) -> tuple[Effect, ...]:
        """Wake before it begins; of a meeting that begins at once nobody needs to be reminded."""
        timer = meeting_timer(self.booking.id)
        if starts - REMINDED <= self.now:
            return (Unschedule(timer),)
        return (Schedule(timer, "meeting_soon", starts - REMINDED, {"booking": self.booking.id}),)

    def ended(self, gone: Booking, timer: str) -> tuple[Effect, ...]:
        return (
            *changes("booking", self.booking, state_of(gone)).updates,
            Vacate(gone.id),
            Unschedule(timer),
        )

    def news(self, topic: str, now_so: Booking) -> tuple[Effect, ...]:
        """The notices of a change; of what was merely held nobody else knows."""
        return self.notices(topic, now_so) if self.booking.state == "booked" else ()

    def notices(self, topic: str, now_so: Booking) -> tuple[Effect, ...]:
        """A notice for each of the two who did not do it, and for the contact who has the invitation."""
        told = self.told(topic, now_so)
        others = [one for one in self.people if one.id != self.speaker.person_id]
        notices = [Notify(f"person:{one.id}", topic, told | {"asks": asks_of(now_so, one.id)}) for one in others]
        if now_so.told:
            notices.append(Notify(f"person:{now_so.told}", topic, told))
        return tuple(notices)

    def told(self, topic: str, now_so: Booking, *, file: bool = True, **more: Json) -> dict[str, Json]:
        """What the sentences about it can name, and what its invitation is made of."""
        told: dict[str, Json] = {
            "booking": now_so.id,
            "title": now_so.title or None,
            "about": now_so.title or None,
            "consultant": names_of(self.consultant),
            "rep": names_of(self.owner),
            "customer": self.customer or None,
            "starts": stamp(now_so.starts),
            "ends": stamp(now_so.ends),
            "reason": now_so.reason or None,
            "by": {"zh": self.speaker.name, "en": self.speaker.called("en")},
            "at": stamp(self.now),
            "state": now_so.state,
            **more,
        }
        if file:
            told["invitation"] = self._invitation(now_so)
        return told

    def _invitation(self, now_so: Booking) -> dict[str, Json]:
        guests: list[Employee | Contact] = [self.consultant]
        if self.contact is not None and now_so.told == self.contact.id:
            guests.append(self.contact)
        return {
            "uid": f"{now_so.id}@parley",
            "sequence": now_so.sequence,
            "method": "CANCEL" if now_so.state == "cancelled" else "REQUEST",
            "starts": stamp(now_so.starts),
            "ends": stamp(now_so.ends),
            "title": " · ".join(dict.fromkeys(part for part in (self.customer, now_so.title, self.consultant.name) if part)),
            "organizer": {"name": self.owner.name, "email": self.owner.email},
            "guests": [{"name": one.name, "email": one.email} for one in guests],
        }

    def moves(self, since: datetime | None = None) -> tuple[datetime, ...]:
        """The next free hours of the same consultant, other than its own."""
        wish = Wish(since or self.booking.starts)
        slots = free_slots(self.diary, [Fit(self.consultant)], self.owner, wish, self.now, but=self.booking.id)
        return tuple(slot.starts for slot in slots if slot.starts != self.booking.starts)

    def others(self, *, but: str | None = None, others_first: bool = False) -> list[tuple[Employee, datetime]]:
        """The next free hours for the same purpose."""
        booking = self.booking
        return next_slots(
            self.diary,
            self.owner,
            booking.consultant_id,
            booking.title,
            booking.starts,
            self.now,
            but=but,
            others_first=others_first,
        )


def next_slots(
    diary: Diary,
    owner: Employee,
    consultant_id: str,
    title: str,
    since: datetime,
    now: datetime,
    *,
    but: str | None = None,
    others_first: bool = False,
) -> list[tuple[Employee, datetime]]:
    """The next free hours: of the consultant who was wanted first, unless it is they who cannot."""
    fits = sorted(fitting(diary.people, title, owner.region, owner.lang), key=lambda fit: fit.person.id != consultant_id)
    if others_first:
        fits = [*(fit for fit in fits if fit.person.id != consultant_id), *(fit for fit in fits[:1] if not fits[1:])]
    return [(slot.fit.person, slot.starts) for slot in free_slots(diary, fits, owner, Wish(since), now, but=but)]


def asks_of(booking: Booking, person_id: str) -> list[str]:
    """What somebody who is told of it can do about it on a button."""
    if booking.state != "booked":
        return []
    return ["decline", "move"] if person_id == booking.consultant_id else ["move", "cancel"]


def state_of(booking: Booking) -> dict[str, Any]:
    return {name: getattr(booking, name) for name in ("state", "held_until", "sequence", "reason")}


def names_of(person: Employee) -> dict[str, Json]:
    return {lang: called(person, lang) for lang in ("zh", "en")}


def called(person: Employee, lang: str) -> str:
    return (person.name_en or person.name) if lang == "en" else (person.name or person.name_en)


def hold_ends(booking_id: str, until: datetime) -> Schedule:
    return Schedule(hold_timer(booking_id), "hold_ends", until, {"booking": booking_id})


def hold_timer(booking_id: str) -> str:
    """The key of the timer that ends a hold."""
    return f"hold:{booking_id}"


def meeting_timer(booking_id: str) -> str:
    """The key of the timer that reminds both of a meeting."""
    return f"meeting:{booking_id}"
