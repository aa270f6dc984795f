"""A colleague's calendar taken in, and whoever it leaves no room for told of it; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from actions.commands.appointment import Appointment, names_of
from actions.commands.meetings import FARTHEST, CancelBooking, moves_of
from actions.commands.planning import (
    SALES,
    not_found,
    problem,
    stamp,
)
from actions.crm.diary import ends_of
from actions.crm.records import Diary, Employee, Speaker
from actions.proposal import (
    Effect,
    Facts,
    Notify,
    Plan,
    ReplaceBusy,
    Schedule,
)

MOST_SPANS = 1000
"""Stretches of one calendar that are taken in: two for every working hour of three months, and some."""
_COLLEAGUES = SALES | {"consultant", "legal"}


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
                meeting = Appointment(booking, diary, consultant, owner, "", speaker, (), now)
                told = meeting.told("meeting_clash", booking, file=False)
                told |= {"whose": names_of(consultant if consultant.id == self.person_id else owner)}
                offers = (*moves_of(meeting)[:2], CancelBooking(booking.id))
                notices += [Notify(f"person:{one.id}", "meeting_clash", told, offers=offers) for one in meeting.people]
        return Plan(effects=tuple(notices), data={"count": len(notices) // 2})


def _is_span(text: str) -> bool:
    try:
        ends_of(text)
    except ValueError:
        return False
    return True


def clash_timer(person_id: str) -> str:
    """The key of the timer that looks for meetings which a calendar taken in leaves no room for."""
    return f"calendar:{person_id}"
