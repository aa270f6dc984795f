"""A meeting as an iCalendar file (RFC 5545, RFC 5546): the invitation, its changes under one UID, its end; and a feed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar, Event, vCalAddress, vText

from actions.proposal import Json

OWN_UID = "@parley"
"""What the UIDs of our own meetings end with: a calendar that holds one says nothing new by it."""


def invitation(told: Mapping[str, Json], at: datetime) -> str:
    """The file of one invitation.

    `told` holds uid, sequence, method (REQUEST or CANCEL), starts and ends (ISO 8601), title, organizer and guests (each a
    name and an address or None). `at` is when it was written. Times stand in UTC: no zone can be misread.
    """
    calendar = _calendar(str(told["method"]))
    calendar.add_component(_event(told, at))
    return str(calendar.to_ical().decode())


def feed(meetings: Iterable[Mapping[str, Json]], at: datetime) -> str:
    """Many meetings as one calendar to subscribe to."""
    calendar = _calendar("PUBLISH")
    for told in meetings:
        calendar.add_component(_event(told, at))
    return str(calendar.to_ical().decode())


def file_name(told: Mapping[str, Json]) -> str:
    """What the file is called: the day and hour, and that it ends a meeting where it does."""
    starts = datetime.fromisoformat(str(told["starts"]))
    return f"{'cancel' if told['method'] == 'CANCEL' else 'meeting'}-{starts:%Y%m%d-%H%M}Z.ics"


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Parley//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _event(told: Mapping[str, Json], at: datetime) -> Event:
    event = Event()
    event.add("uid", str(told["uid"]))
    event.add("sequence", int(told["sequence"]))
    event.add("dtstamp", at.astimezone(UTC))
    event.add("dtstart", datetime.fromisoformat(str(told["starts"])).astimezone(UTC))
    event.add("dtend", datetime.fromisoformat(str(told["ends"])).astimezone(UTC))
    event.add("summary", str(told["title"]))
    event.add("status", "CANCELLED" if told["method"] == "CANCEL" else "CONFIRMED")
    organizer: Mapping[str, Any] = told["organizer"]
    if organizer.get("email"):
        event.add("organizer", _person(organizer))
    for guest in told["guests"]:
        if guest.get("email"):
            person = _person(guest)
            person.params["ROLE"] = vText("REQ-PARTICIPANT")
            person.params["PARTSTAT"] = vText("NEEDS-ACTION")
            person.params["RSVP"] = vText("TRUE")
            event.add("attendee", person)
    return event


def _person(who: Mapping[str, Any]) -> vCalAddress:
    person = vCalAddress(f"mailto:{who['email']}")
    person.params["CN"] = vText(str(who["name"]).replace('"', "'"))
    return person
