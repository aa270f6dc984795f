"""A consultant's hour: held, booked, moved, cancelled, declined, reminded of; and a calendar taken in. Plans only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import AwareDatetime

from actions.commands.planning import (
    SALES,
    about_contact,
    about_customer,
    about_deal,
    changes,
    customer_name,
    first_missing,
    is_text,
    named,
    new_id,
    not_found,
    problem,
    stamp,
)
from actions.crm.diary import ends_of
from actions.crm.records import Booking, Contact, Customer, Diary, Employee, Speaker
from actions.proposal import (
    Command,
    Create,
    Effect,
    Facts,
    Json,
    Notify,
    Occupy,
    Plan,
    Remove,
    ReplaceBusy,
    Schedule,
    Subject,
    Unschedule,
    Vacate,
)
from actions.slots import LENGTH, Fit, Wish, fitting, free_slots, is_consultant, is_free

HELD_FOR = timedelta(minutes=15)
"""How long an hour is held that nobody has booked: time to ask the customer, not to forget it."""
REMINDED = timedelta(hours=1)
"""How long before a meeting both are reminded of it."""
FARTHEST = timedelta(days=366)
"""How far ahead an hour can be booked."""
MOST_SPANS = 1000
"""Stretches of one calendar that are taken in: two for every working hour of three months, and some."""
_OUTWARD: Mapping[str, bool] = {"outward": True}
_COLLEAGUES = SALES | {"consultant", "legal"}


# --- held and booked --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HoldSlot:
    """Keep a consultant's hour for a quarter of an hour. `person` is what the consultant is called on the button."""

    consultant_id: str
    person: str
    starts: AwareDatetime
    owner_id: str
    title: str = ""
    customer_id: str | None = None
    deal_id: str | None = None

    name: ClassVar[str] = "hold_slot"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (*named(("customer", self.customer_id), ("deal", self.deal_id)), ("diary", self._diary))

    @property
    def _diary(self) -> str:
        return f"{stamp(self.starts)}|{self.owner_id}"

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if missing := first_missing(facts, self.reads[:-1]):
            return missing
        diary: Diary = facts.get("diary", self._diary) or Diary("")
        booking_id = new_id("M", key)
        owner = diary.person(self.owner_id)
        subject = Subject("booking", booking_id, self.title or self.person, self.customer_id, self.owner_id)
        subjects = (subject, *_about(facts, self.customer_id, self.deal_id))
        if owner is None:
            return problem("not_found", *subjects, kind="employee", id=self.owner_id)
        if self.starts > now + FARTHEST:
            return problem("slot_far", *subjects)
        if self.starts <= now:
            return _instead(problem("slot_past", *subjects, person=self.person), self._others(diary, owner, now))
        consultant = diary.person(self.consultant_id)
        if not is_consultant(consultant):
            return _instead(problem("consultant_gone", *subjects, person=self.person), self._others(diary, owner, now))
        ends = self.starts + LENGTH
        if not is_free(diary, (consultant, owner), self.starts, ends):
            taken = problem("slot_taken", *subjects, person=self.person, starts=stamp(self.starts))
            return _instead(taken, self._others(diary, owner, now))
        until = now + HELD_FOR
        values: dict[str, Json] = {
            "consultant_id": consultant.id,
            "owner_id": owner.id,
            "starts": stamp(self.starts),
            "ends": stamp(ends),
            "title": self.title[:200],
            "customer_id": self.customer_id,
            "deal_id": self.deal_id,
            "held_until": stamp(until),
        }
        return Plan(
            effects=(
                Occupy(booking_id, _both(consultant.id, owner.id), self.starts, ends),
                Create("booking", booking_id, values),
                Schedule(hold_timer(booking_id), "hold_ends", until, {"booking": booking_id}),
            ),
            subjects=subjects,
            inverse=(Unschedule(hold_timer(booking_id)), Vacate(booking_id), Remove("booking", booking_id)),
            data={"booking": booking_id, "starts": stamp(self.starts), "held_until": stamp(until)},
            offers=(BookConsultant(booking_id),),
        )

    def _others(self, diary: Diary, owner: Employee, now: datetime) -> tuple[Command, ...]:
        return tuple(
            replace(self, consultant_id=one.id, person=_called(one, owner.lang), starts=starts)
            for one, starts in _next_slots(diary, owner, self.consultant_id, self.title, self.starts, now)
        )


@dataclass(frozen=True)
class BookConsultant:
    """Make a held hour a meeting: the consultant is told, with the invitation; both are reminded before it."""

    booking_id: str

    name: ClassVar[str] = "book_consultant"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state == "booked":
            return meeting.cannot("already_booked")
        if booking.state == "cancelled":
            return _instead(meeting.cannot("hold_ended"), meeting.again())
        if booking.starts <= now:
            return _instead(meeting.cannot("slot_past"), meeting.moves())
        if not is_consultant(meeting.consultant):
            return _instead(meeting.cannot("consultant_gone"), meeting.again())
        if not is_free(meeting.diary, meeting.people, booking.starts, booking.ends, but=booking.id):
            return _instead(meeting.cannot("slot_taken"), meeting.moves())
        booked = replace(booking, state="booked", held_until=None)
        dropped = replace(booked, state="cancelled", sequence=booked.sequence + 1)
        contact = meeting.contact
        return Plan(
            effects=(
                *changes("booking", booking, {"state": "booked", "held_until": None}).updates,
                Unschedule(hold_timer(booking.id)),
                *meeting.reminder(booked.starts),
                *meeting.notices("meeting_booked", booked),
            ),
            subjects=meeting.subjects,
            inverse=(
                *changes("booking", booked, {"state": "cancelled", "sequence": dropped.sequence}).updates,
                Vacate(booking.id),
                Unschedule(meeting_timer(booking.id)),
                *meeting.notices("meeting_cancelled", dropped),
            ),
            data=meeting.told("meeting_booked", booked),
            offers=(SendInvitation(booking.id, contact.id, contact.name),) if contact else (),
        )


@dataclass(frozen=True)
class ReleaseHold:
    """A held hour that nobody booked in time is free again; whoever held it is told, and may hold it anew."""

    booking_id: str

    name: ClassVar[str] = "release_hold"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state != "held":
            return meeting.cannot("not_held")
        told = meeting.told("hold_ended", replace(booking, state="cancelled"))
        return Plan(
            effects=(
                *changes("booking", booking, {"state": "cancelled"}).updates,
                Vacate(booking.id),
                Unschedule(hold_timer(booking.id)),
                Notify(f"person:{booking.owner_id}", "hold_ended", told, offers=meeting.again(but=booking.id)),
            ),
            subjects=meeting.subjects,
        )


# --- moved, cancelled, declined ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RebookConsultant:
    """Move a meeting, or a hold, to another time with the same consultant; the other side is told."""

    booking_id: str
    starts: AwareDatetime

    name: ClassVar[str] = "rebook_consultant"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state == "cancelled":
            return meeting.cannot("booking_cancelled")
        if self.starts == booking.starts:
            return meeting.cannot("same_time")
        if self.starts > now + FARTHEST:
            return meeting.cannot("slot_far")
        if self.starts <= now:
            return _instead(meeting.cannot("slot_past"), meeting.moves())
        if not is_consultant(meeting.consultant):
            return _instead(meeting.cannot("consultant_gone"), meeting.again(others_first=True))
        ends = self.starts + (booking.ends - booking.starts)
        if not is_free(meeting.diary, meeting.people, self.starts, ends, but=booking.id):
            taken = meeting.cannot("slot_taken", starts=stamp(self.starts))
            return _instead(taken, meeting.moves(self.starts))
        moved = replace(booking, starts=self.starts, ends=ends, sequence=booking.sequence + 1)
        back = replace(booking, sequence=booking.sequence + 2)
        return Plan(
            effects=(*self._shift(meeting, booking, moved), *meeting.news("meeting_moved", moved)),
            subjects=meeting.subjects,
            inverse=(*self._shift(meeting, moved, back), *meeting.news("meeting_moved", back)),
            measures=meeting.measures,
            data=meeting.told("meeting_moved", moved, was=stamp(booking.starts)),
        )

    def _shift(self, meeting: "_Meeting", old: Booking, new: Booking) -> tuple[Effect, ...]:
        wanted = {"starts": new.starts, "ends": new.ends, "sequence": new.sequence}
        return (
            *changes("booking", old, wanted).updates,
            Vacate(old.id),
            Occupy(old.id, _both(old.consultant_id, old.owner_id), new.starts, new.ends),
            *(meeting.reminder(new.starts) if old.state == "booked" else ()),
        )


@dataclass(frozen=True)
class CancelBooking:
    """Call a meeting off, or let a hold go; everybody who was told of it hears that."""

    booking_id: str
    reason: str = ""

    name: ClassVar[str] = "cancel_booking"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state == "cancelled":
            return meeting.cannot("booking_cancelled")
        gone = replace(booking, state="cancelled", sequence=booking.sequence + 1, reason=self.reason[:200])
        back = replace(booking, sequence=booking.sequence + 2)
        timer = meeting_timer(booking.id) if booking.state == "booked" else hold_timer(booking.id)
        was_held = () if booking.held_until is None else (_hold_ends(booking.id, booking.held_until),)
        return Plan(
            effects=(*meeting.ended(gone, timer), *meeting.news("meeting_cancelled", gone)),
            subjects=meeting.subjects,
            inverse=(
                *changes("booking", gone, _state_of(back)).updates,
                Occupy(booking.id, _both(booking.consultant_id, booking.owner_id), booking.starts, booking.ends),
                *(meeting.reminder(booking.starts) if booking.state == "booked" else was_held),
                *meeting.news("meeting_booked", back),
            ),
            measures=meeting.measures,
            data=meeting.told("meeting_cancelled", gone),
        )


@dataclass(frozen=True)
class DeclineBooking:
    """The consultant cannot come, and says why; the rep gets the next free hours at once."""

    booking_id: str
    reason: str

    name: ClassVar[str] = "decline_booking"
    roles: ClassVar[frozenset[str]] = frozenset({"consultant"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if not is_text(self.reason):
            return problem("no_text", *meeting.subjects, field="reason")
        if booking.state == "cancelled":
            return meeting.cannot("booking_cancelled")
        gone = replace(booking, state="cancelled", sequence=booking.sequence + 1, reason=self.reason.strip()[:200])
        told = meeting.told("meeting_declined", gone)
        others: list[Effect] = [
            Notify(f"person:{booking.owner_id}", "meeting_declined", told, offers=meeting.again(others_first=True))
        ]
        if booking.told:
            others.append(Notify(f"person:{booking.told}", "meeting_cancelled", meeting.told("meeting_cancelled", gone)))
        return Plan(
            effects=(*meeting.ended(gone, meeting_timer(booking.id)), *others),
            subjects=meeting.subjects,
            measures=meeting.measures,
            data=told,
        )


# --- the customer's invitation, the reminder -----------------------------------------------------------------------------


@dataclass(frozen=True)
class SendInvitation:
    """Send the invitation to the customer's contact, as whoever presses has just seen it. What is sent is sent."""

    booking_id: str
    contact_id: str
    contact: str

    name: ClassVar[str] = "send_invitation"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id), ("contact", self.contact_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking, contact = meeting.booking, facts.get("contact", self.contact_id)
        if contact is None:
            return not_found("contact", self.contact_id)
        if contact.customer_id != booking.customer_id:
            return problem("wrong_customer", *meeting.subjects, contact=contact.id)
        if booking.state != "booked":
            return meeting.cannot("booking_cancelled")
        if booking.told == contact.id:
            return meeting.cannot("invitation_sent", contact=contact.name)
        told = replace(booking, told=contact.id)
        return Plan(
            effects=(
                *changes("booking", booking, {"told": contact.id}).updates,
                Notify(f"person:{contact.id}", "meeting_invitation", meeting.told("meeting_booked", told)),
            ),
            subjects=(*meeting.subjects, about_contact(contact, facts)),
            measures=_OUTWARD,
        )


@dataclass(frozen=True)
class RemindMeeting:
    """Remind both of a meeting that is about to begin."""

    booking_id: str

    name: ClassVar[str] = "remind_meeting"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("booking", self.booking_id), ("diary", self.booking_id))

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        meeting = _Meeting.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state != "booked" or booking.starts <= now:
            return meeting.cannot("not_waiting")
        told = meeting.told("meeting_soon", booking, file=False)
        return Plan(
            effects=tuple(
                Notify(f"person:{one.id}", "meeting_soon", told | {"asks": _asks(booking, one.id)}) for one in meeting.people
            ),
            subjects=meeting.subjects,
        )


# --- calendars -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TakeCalendar:
    """What takes a colleague's time by their own calendar, in place of what it took before. Only when, never what."""

    person_id: str
    spans: tuple[str, ...]
    file: str = ""

    name: ClassVar[str] = "take_calendar"
    roles: ClassVar[frozenset[str]] = _COLLEAGUES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("employee", self.person_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        person: Employee | None = facts.get("employee", self.person_id)
        if person is None:
            return not_found("employee", self.person_id)
        if speaker.person_id != person.id:
            return problem("not_your_calendar", person=person.name)
        if len(self.spans) > MOST_SPANS or not all(_is_span(one) for one in self.spans):
            return problem("calendar_broken", file=self.file)
        return Plan(
            effects=(
                ReplaceBusy(person.id, self.spans),
                Schedule(clash_timer(person.id), "calendar_taken", now, {"person": person.id}),
            ),
            data={"count": len(self.spans), "file": self.file},
        )


@dataclass(frozen=True)
class TellClashes:
    """Tell both sides of every meeting that a calendar taken in since leaves no room for, with other times."""

    person_id: str
    since: AwareDatetime

    name: ClassVar[str] = "tell_clashes"
    roles: ClassVar[frozenset[str]] = _COLLEAGUES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("diary", self._diary),)

    @property
    def _diary(self) -> str:
        return f"{stamp(self.since)}|{self.person_id}"

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        diary: Diary = facts.get("diary", self._diary) or Diary("")
        if self.since > now + FARTHEST:
            return problem("slot_far")
        theirs = [one for one in diary.busy if one.employee_id == self.person_id]
        notices: list[Effect] = []
        for booking in diary.bookings:
            is_theirs = self.person_id in (booking.consultant_id, booking.owner_id)
            collides = any(one.starts < booking.ends and one.ends > booking.starts for one in theirs)
            consultant, owner = diary.person(booking.consultant_id), diary.person(booking.owner_id)
            if booking.starts > now and is_theirs and collides and consultant and owner:
                meeting = _Meeting(booking, diary, consultant, owner, "", speaker, (), now)
                told = meeting.told("meeting_clash", booking, file=False)
                told |= {"whose": _names(consultant if consultant.id == self.person_id else owner)}
                offers = (*meeting.moves()[:2], CancelBooking(booking.id))
                notices += [Notify(f"person:{one.id}", "meeting_clash", told, offers=offers) for one in meeting.people]
        return Plan(effects=tuple(notices), data={"count": len(notices) // 2})


# --- shared by the commands above ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Meeting:
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
    def of(facts: Facts, booking_id: str, speaker: Speaker, now: datetime) -> "_Meeting | Plan":
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
        return _Meeting(
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
        person = _called(self.consultant, self.speaker.lang)
        return problem(name, *self.subjects, **{"person": person, "starts": stamp(self.booking.starts), **data})

    def reminder(self, starts: datetime) -> tuple[Effect, ...]:
        """Wake before it begins; of a meeting that begins at once nobody needs to be reminded."""
        timer = meeting_timer(self.booking.id)
        if starts - REMINDED <= self.now:
            return (Unschedule(timer),)
        return (Schedule(timer, "meeting_soon", starts - REMINDED, {"booking": self.booking.id}),)

    def ended(self, gone: Booking, timer: str) -> tuple[Effect, ...]:
        return (
            *changes("booking", self.booking, _state_of(gone)).updates,
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
        notices = [Notify(f"person:{one.id}", topic, told | {"asks": _asks(now_so, one.id)}) for one in others]
        if now_so.told:
            notices.append(Notify(f"person:{now_so.told}", topic, told))
        return tuple(notices)

    def told(self, topic: str, now_so: Booking, *, file: bool = True, **more: Json) -> dict[str, Json]:
        """What the sentences about it can name, and what its invitation is made of."""
        told: dict[str, Json] = {
            "booking": now_so.id,
            "title": now_so.title or None,
            "about": now_so.title or None,
            "consultant": _names(self.consultant),
            "rep": _names(self.owner),
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

    def moves(self, since: datetime | None = None) -> tuple[Command, ...]:
        """This meeting at the next free hours of the same consultant."""
        wish = Wish(since or self.booking.starts)
        slots = free_slots(self.diary, [Fit(self.consultant)], self.owner, wish, self.now, but=self.booking.id)
        fresh = [slot.starts for slot in slots if slot.starts != self.booking.starts]
        return tuple(RebookConsultant(self.booking.id, starts) for starts in fresh)

    def again(self, *, but: str | None = None, others_first: bool = False) -> tuple[Command, ...]:
        """Holds of the next free hours for the same purpose."""
        booking = self.booking
        found = _next_slots(
            self.diary,
            self.owner,
            booking.consultant_id,
            booking.title,
            booking.starts,
            self.now,
            but=but,
            others_first=others_first,
        )
        return tuple(
            HoldSlot(
                consultant_id=one.id,
                person=_called(one, self.owner.lang),
                starts=starts,
                owner_id=booking.owner_id,
                title=booking.title,
                customer_id=booking.customer_id,
                deal_id=booking.deal_id,
            )
            for one, starts in found
        )


def _next_slots(
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


def _instead(plan: Plan, offers: Iterable[Command]) -> Plan:
    return replace(plan, offers=tuple(offers))


def _about(facts: Facts, customer_id: str | None, deal_id: str | None) -> tuple[Subject, ...]:
    deal, customer = facts.get("deal", deal_id), facts.get("customer", customer_id)
    about_it: list[Subject] = [about_deal(deal)] if deal else []
    return (*about_it, *((about_customer(customer),) if isinstance(customer, Customer) else ()))


def _asks(booking: Booking, person_id: str) -> list[str]:
    """What somebody who is told of it can do about it on a button."""
    if booking.state != "booked":
        return []
    return ["decline", "move"] if person_id == booking.consultant_id else ["move", "cancel"]


def _state_of(booking: Booking) -> dict[str, Any]:
    return {name: getattr(booking, name) for name in ("state", "held_until", "sequence", "reason")}


def _both(consultant_id: str, owner_id: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((consultant_id, owner_id)))


def _names(person: Employee) -> dict[str, Json]:
    return {lang: _called(person, lang) for lang in ("zh", "en")}


def _called(person: Employee, lang: str) -> str:
    return (person.name_en or person.name) if lang == "en" else (person.name or person.name_en)


def _hold_ends(booking_id: str, until: datetime) -> Schedule:
    return Schedule(hold_timer(booking_id), "hold_ends", until, {"booking": booking_id})


def _is_span(text: str) -> bool:
    try:
        ends_of(text)
    except ValueError:
        return False
    return True


def hold_timer(booking_id: str) -> str:
    """The key of the timer that ends a hold."""
    return f"hold:{booking_id}"


def meeting_timer(booking_id: str) -> str:
    """The key of the timer that reminds both of a meeting."""
    return f"meeting:{booking_id}"


def clash_timer(person_id: str) -> str:
    """The key of the timer that looks for meetings which a calendar taken in leaves no room for."""
    return f"calendar:{person_id}"
