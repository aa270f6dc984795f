"""A consultant's hour: held, booked, moved, cancelled, declined, reminded of; plans only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import AwareDatetime

from actions.commands.appointment import (
    Appointment,
    asks_of,
    called,
    hold_ends,
    hold_timer,
    meeting_timer,
    next_slots,
    state_of,
)
from actions.commands.planning import (
    SALES,
    about_contact,
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
from actions.crm.records import Booking, Customer, Diary, Employee, Speaker
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
    Schedule,
    Subject,
    Unschedule,
    Vacate,
)
from actions.slots import LENGTH, is_consultant, is_free

HELD_FOR = timedelta(minutes=15)
"""How long an hour is held that nobody has booked: time to ask the customer, not to forget it."""
FARTHEST = timedelta(days=366)
"""How far ahead an hour can be booked."""
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
            replace(self, consultant_id=one.id, person=called(one, owner.lang), starts=starts)
            for one, starts in next_slots(diary, owner, self.consultant_id, self.title, self.starts, now)
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state == "booked":
            return meeting.cannot("already_booked")
        if booking.state == "cancelled":
            return _instead(meeting.cannot("hold_ended"), _again(meeting))
        if booking.starts <= now:
            return _instead(meeting.cannot("slot_past"), moves_of(meeting))
        if not is_consultant(meeting.consultant):
            return _instead(meeting.cannot("consultant_gone"), _again(meeting))
        if not is_free(meeting.diary, meeting.people, booking.starts, booking.ends, but=booking.id):
            return _instead(meeting.cannot("slot_taken"), moves_of(meeting))
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
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
                Notify(f"person:{booking.owner_id}", "hold_ended", told, offers=_again(meeting, but=booking.id)),
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
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
            return _instead(meeting.cannot("slot_past"), moves_of(meeting))
        if not is_consultant(meeting.consultant):
            return _instead(meeting.cannot("consultant_gone"), _again(meeting, others_first=True))
        ends = self.starts + (booking.ends - booking.starts)
        if not is_free(meeting.diary, meeting.people, self.starts, ends, but=booking.id):
            taken = meeting.cannot("slot_taken", starts=stamp(self.starts))
            return _instead(taken, moves_of(meeting, self.starts))
        moved = replace(booking, starts=self.starts, ends=ends, sequence=booking.sequence + 1)
        back = replace(booking, sequence=booking.sequence + 2)
        return Plan(
            effects=(*self._shift(meeting, booking, moved), *meeting.news("meeting_moved", moved)),
            subjects=meeting.subjects,
            inverse=(*self._shift(meeting, moved, back), *meeting.news("meeting_moved", back)),
            measures=meeting.measures,
            data=meeting.told("meeting_moved", moved, was=stamp(booking.starts)),
        )

    def _shift(self, meeting: "Appointment", old: Booking, new: Booking) -> tuple[Effect, ...]:
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state == "cancelled":
            return meeting.cannot("booking_cancelled")
        gone = replace(booking, state="cancelled", sequence=booking.sequence + 1, reason=self.reason[:200])
        back = replace(booking, sequence=booking.sequence + 2)
        timer = meeting_timer(booking.id) if booking.state == "booked" else hold_timer(booking.id)
        was_held = () if booking.held_until is None else (hold_ends(booking.id, booking.held_until),)
        return Plan(
            effects=(*meeting.ended(gone, timer), *meeting.news("meeting_cancelled", gone)),
            subjects=meeting.subjects,
            inverse=(
                *changes("booking", gone, state_of(back)).updates,
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
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
            Notify(f"person:{booking.owner_id}", "meeting_declined", told, offers=_again(meeting, others_first=True))
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
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
        meeting = Appointment.of(facts, self.booking_id, speaker, now)
        if isinstance(meeting, Plan):
            return meeting
        booking = meeting.booking
        if booking.state != "booked" or booking.starts <= now:
            return meeting.cannot("not_waiting")
        told = meeting.told("meeting_soon", booking, file=False)
        return Plan(
            effects=tuple(
                Notify(f"person:{one.id}", "meeting_soon", told | {"asks": asks_of(booking, one.id)})
                for one in meeting.people
            ),
            subjects=meeting.subjects,
        )


# --- shared by the commands above ------------------------------------------------------------------------------------------


def moves_of(meeting: Appointment, since: datetime | None = None) -> tuple[Command, ...]:
    """This meeting at the next free hours of the same consultant."""
    return tuple(RebookConsultant(meeting.booking.id, starts) for starts in meeting.moves(since))


def _again(meeting: Appointment, *, but: str | None = None, others_first: bool = False) -> tuple[Command, ...]:
    """Holds of the next free hours for the same purpose."""
    booking = meeting.booking
    return tuple(
        HoldSlot(
            consultant_id=one.id,
            person=called(one, meeting.owner.lang),
            starts=starts,
            owner_id=booking.owner_id,
            title=booking.title,
            customer_id=booking.customer_id,
            deal_id=booking.deal_id,
        )
        for one, starts in meeting.others(but=but, others_first=others_first)
    )


def _instead(plan: Plan, offers: Iterable[Command]) -> Plan:
    return replace(plan, offers=tuple(offers))


def _about(facts: Facts, customer_id: str | None, deal_id: str | None) -> tuple[Subject, ...]:
    deal, customer = facts.get("deal", deal_id), facts.get("customer", customer_id)
    about_it: list[Subject] = [about_deal(deal)] if deal else []
    return (*about_it, *((about_customer(customer),) if isinstance(customer, Customer) else ()))


def _both(consultant_id: str, owner_id: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((consultant_id, owner_id)))
