"""What follows from a customer's call by itself: a ticket opened, raised, put right; and the template saved. Plans only."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import AwareDatetime, TypeAdapter

from actions.commands.planning import (
    MAX_TEXT,
    about_customer,
    about_ticket,
    changes,
    named,
    new_id,
    not_found,
    problem,
    stamp,
)
from actions.commands.service import TakeTicket
from actions.crm.own import json_value
from actions.crm.records import Customer, DispatchVersion, Recording, Speaker, Ticket, TicketKind
from actions.policy.dispatch import BASE, PRIORITIES, CallFacts, DispatchTemplate, Priority, differences
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Redraw, Schedule, Subject

CLIP_SECONDS = 10
"""Seconds of sound that go with a card, the peak in their middle."""
_MOST_NOTE = 200
_LONGEST_SUBJECT = 60
_FACTS = TypeAdapter(CallFacts)
_MOST_TOLD = 30


@dataclass(frozen=True)
class Figure:
    """A number or name that fills in a reason."""

    name: str
    value: str


@dataclass(frozen=True)
class DispatchReason:
    """A reason for where a call goes: a key of the wording, its points, and its figures."""

    key: str
    points: Decimal
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class PeakWords:
    """What the customer said, and at which second: where they sounded angriest (`is_mood`), else what weighs most."""

    second: Decimal
    words: str
    is_mood: bool


@dataclass(frozen=True)
class DeskName:
    """A line as it is called, and who sits there: `owner` is the customer's account owner."""

    line: str
    zh: str = ""
    en: str = ""
    to: str = ""


@dataclass(frozen=True)
class DispatchCall:
    """Send a call to a line by what it showed, once for each version of its facts; that nothing is to be done is kept too.

    `number` counts the dispatches of this recording before; `facts`, `version` and `reasons` say why. With a `priority`
    there is a ticket: the one named (of this very call, or an open one of the same customer and matter), or a new one of
    `kind` until `due_at`. A call put right since takes its own ticket with it: down as well as up, to another customer, or
    away.
    """

    recording_id: str
    customer_id: str
    number: int
    version: str
    facts: CallFacts
    priority: Priority
    desk: DeskName
    reasons: tuple[DispatchReason, ...]
    kind: TicketKind
    due_at: AwareDatetime
    peak: PeakWords | None = None
    ticket_id: str | None = None

    name: ClassVar[str] = "dispatch_call"
    roles: ClassVar[frozenset[str]] = frozenset({"director"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (
            ("recording", self.recording_id),
            ("customer", self.customer_id),
            ("dispatch", dispatch_id(self.recording_id, self.number)),
            *named(("ticket", self.ticket_id)),
        )

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        customer: Customer | None = facts.get("customer", self.customer_id)
        if recording is None or customer is None:
            return not_found(*(("customer", self.customer_id) if recording else ("recording", self.recording_id)))
        about = (about_customer(customer), Subject("recording", recording.id, recording.name, owner_id=recording.by_id))
        if (wrong := self._wrong(facts, recording)) is not None:
            return problem(wrong, *about)
        ticket: Ticket | None = facts.get("ticket", self.ticket_id)
        if ticket is not None and ticket.state == "closed" and ticket.recording_id != recording.id:
            ticket = None
        told = self._told(recording, customer, ticket)
        if self.priority == "none":
            sent, ticket_id = self._nothing(ticket, recording, told, now), None
        elif ticket is None or ticket.state == "closed":
            sent, ticket_id = self._opened(recording, customer, told, now), told["ticket"]
        else:
            sent, ticket_id = self._raised(ticket, recording, customer, told), ticket.id
        kept = Create("dispatch", dispatch_id(self.recording_id, self.number), self._kept(ticket_id, now))
        subjects = (*about, about_ticket(ticket, facts)) if ticket else about
        return Plan((kept, *sent), subjects, data={**told, "ticket": ticket_id, "dispatch": kept.id})

    def _wrong(self, facts: Facts, recording: Recording) -> str | None:
        if facts.get("dispatch", dispatch_id(self.recording_id, self.number)) is not None:
            return "call_dispatched"
        if recording.state != "done" or recording.is_message:
            return "recording_deleted" if recording.state == "deleted" else "call_not_heard"
        return "wrong_customer" if recording.customer_id != self.customer_id else None

    def _kept(self, ticket_id: str | None, now: datetime) -> dict[str, Json]:
        return {
            "recording_id": self.recording_id,
            "version": self.version,
            "priority": self.priority,
            "line": self.desk.line,
            "facts": facts_to_json(self.facts, self.customer_id),
            "ticket_id": ticket_id,
            "at": stamp(now),
        }

    def _opened(self, recording: Recording, customer: Customer, told: dict[str, Json], now: datetime) -> tuple[Effect, ...]:
        values: dict[str, Json] = {
            "kind": self.kind,
            **self._words(recording),
            "customer_id": customer.id,
            "severity": self.priority,
            "opened_by": recording.by_id,
            "opened_at": stamp(now),
            "due_at": stamp(self.due_at),
            "line": self.desk.line,
            "recording_id": recording.id,
        }
        return (Create("ticket", told["ticket"], values), *self._tell(told, customer, recording.by_id, is_open=True))

    def _words(self, recording: Recording) -> dict[str, Json]:
        """What a ticket of this call is about: the words that weigh most."""
        words = self.peak.words if self.peak else ""
        return {"subject": words[:_LONGEST_SUBJECT] or recording.name, "text": words[:MAX_TEXT]}

    def _raised(self, ticket: Ticket, recording: Recording, customer: Customer, told: dict[str, Json]) -> tuple[Effect, ...]:
        """An open ticket becomes more urgent, never less; that of this very call becomes what the call says now."""
        is_own = ticket.recording_id == recording.id
        rises = PRIORITIES.index(self.priority) > PRIORITIES.index(ticket.severity)
        wanted: dict[str, Any] = {}
        if is_own or rises:
            wanted |= {"severity": self.priority, "line": self.desk.line}
        due_at = self.due_at if ticket.due_at is None else min(self.due_at, ticket.due_at)
        wanted |= {"due_at": due_at}
        if is_own:
            wanted |= {"customer_id": customer.id, "kind": self.kind}
            told |= {"kind": self.kind}
            if self.peak is not None:  # what was put right was never said
                wanted |= self._words(recording)
        changed = changes("ticket", ticket, wanted)
        if not changed.updates:
            return ()
        told |= {"due_at": stamp(due_at), "severity": wanted.get("severity", ticket.severity)}
        is_open = ticket.state == "open"
        card = (Redraw(f"ticket:{ticket.id}", "ticket_redirected", told),) if is_open else ()
        heard = self._tell(told, customer, recording.by_id, is_open=is_open)
        taker: tuple[Effect, ...] = ()
        if ticket.taken_by is not None:
            taker = (Notify(f"person:{ticket.taken_by}", "ticket_redirected", told, view_of=f"ticket:{ticket.id}"),)
        # whoever has it hears of it; where it is nobody's yet, or goes up, the line does as well
        return (*changed.updates, *card, *taker, *(heard if rises or is_open else ()))

    def _nothing(
        self, ticket: Ticket | None, recording: Recording, told: dict[str, Json], now: datetime
    ) -> tuple[Effect, ...]:
        """Nothing is to be done; a ticket that only this call was the reason for goes, unless somebody has it in hand."""
        if ticket is None or ticket.recording_id != recording.id or ticket.state == "closed":
            return ()
        if ticket.taken_by is not None:
            return (Notify(f"person:{ticket.taken_by}", "ticket_doubtful", told),)
        closed = changes("ticket", ticket, {"state": "closed", "closed_at": now})
        return (*closed.updates, Redraw(f"ticket:{ticket.id}", "ticket_groundless", told))

    def _tell(self, told: dict[str, Json], customer: Customer, by_id: str | None, *, is_open: bool) -> tuple[Effect, ...]:
        """The card where the line sits; the account owner learns of it as well."""
        topic = "ticket_redirected" if told["is_again"] else "ticket_dispatched"
        card = f"ticket:{told['ticket']}"
        offers = (TakeTicket(told["ticket"]),) if is_open else ()
        to = self.desk.to
        if to == "owner":
            to = f"person:{customer.owner_id}" if customer.owner_id else "group:@managers"
        found: list[Effect] = [Notify(to, topic, told, view_of=card, offers=offers)]
        owner = f"person:{customer.owner_id}"
        if customer.owner_id is not None and owner != to and customer.owner_id != by_id:
            without_sound = {name: value for name, value in told.items() if name != "clip"}
            found.append(Notify(owner, topic, without_sound, view_of=card, offers=offers))
        return tuple(found)

    def _told(self, recording: Recording, customer: Customer, ticket: Ticket | None) -> dict[str, Json]:
        """What the card and the report say. `clip` is the sound that goes with it."""
        is_there = ticket is not None and ticket.state != "closed"
        told: dict[str, Json] = {
            "ticket": ticket.id if ticket is not None and is_there else new_id("T", f"{recording.id}:{self.number}"),
            "recording": recording.id,
            "name": recording.name,
            "kind": ticket.kind if ticket is not None and is_there else self.kind,
            "severity": self.priority,
            "customer": {"zh": customer.name, "en": customer.name_en or customer.name},
            "line": {"zh": self.desk.zh, "en": self.desk.en},
            "due_at": stamp(self.due_at),
            "technical": "、".join(self.facts.technical[:_MOST_TOLD]),
            "reasons": [
                {"key": one.key, "points": json_value(one.points), **{each.name: each.value for each in one.figures}}
                for one in self.reasons
            ],
            "version": self.version,
            "is_again": is_there or self.number > 0,
        }
        if self.peak is not None:
            start = max(Decimal(0), self.peak.second - CLIP_SECONDS // 2)
            told["peak"] = {"second": json_value(self.peak.second), "words": self.peak.words, "is_mood": self.peak.is_mood}
            told["clip"] = {"recording": recording.id, "start": float(start), "seconds": CLIP_SECONDS}
        return told


@dataclass(frozen=True)
class TemplateChange:
    """One line of a template before and after; "" where there is none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True)
class SaveDispatchTemplate:
    """Put a template in force, with a note that says why. `over` is the version that it was made from, with its text
    `before` and what is `changed` of it; where another is in force by now, the plan says so. Saving an older one again is
    how to go back."""

    text: str
    note: str
    over: str
    before: str
    changed: tuple[TemplateChange, ...] = ()

    name: ClassVar[str] = "save_dispatch_template"
    roles: ClassVar[frozenset[str]] = frozenset({"manager", "director"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return () if self.over == BASE else (("dispatch_template", self.over),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        subject = Subject("dispatch_template", self.over, self.over, owner_id=speaker.person_id)
        was: DispatchVersion | None = facts.get("dispatch_template", self.over)
        if not self.before or (self.over != BASE and (was is None or was.text != self.before)):
            return problem("dispatch_changed_since", subject)
        if not 0 < len(self.note.strip()) <= _MOST_NOTE:
            return problem("dispatch_note", subject, most=_MOST_NOTE)
        try:
            before, after = DispatchTemplate.read(self.before), DispatchTemplate.read(self.text)
        except ValueError as error:
            return problem("dispatch_unreadable", subject, fault=str(error)[:300])
        changed = changes_of(before, after)
        if not changed:
            return problem("dispatch_unchanged", subject)
        if changed != self.changed:  # the record must say what really changes
            return problem("dispatch_changed_since", subject)
        version = new_id("DT", self.over)  # one follows another: of two people who save at once, one is too late
        follows = was.at + timedelta(microseconds=1) if was is not None and was.at is not None else now
        values: dict[str, Json] = {
            "text": self.text,
            "note": self.note.strip(),
            "by_id": speaker.person_id,
            "at": stamp(max(now, follows)),
        }
        return Plan(
            (Create("dispatch_template", version, values),),
            (subject,),
            data={"version": version, "over": self.over, "count": len(changed)},
        )


def changes_of(before: DispatchTemplate, after: DispatchTemplate) -> tuple[TemplateChange, ...]:
    """What one template has other than another, a line each."""
    return tuple(TemplateChange(*one) for one in differences(before, after))


def dispatch_again(recording_id: str, now: datetime) -> Schedule:
    """What is true of a call has changed: it is read and weighed again, at once. For the commands that put a call right."""
    return Schedule(dispatch_timer(recording_id), "dispatch", now, {"recording": recording_id})


def dispatch_timer(recording_id: str) -> str:
    return f"dispatch:{recording_id}"


def facts_to_json(facts: CallFacts, customer_id: str) -> str:
    """Facts as they are kept with a dispatch, with whose call it was."""
    return json.dumps({"customer": customer_id, **_FACTS.dump_python(facts, mode="json")}, ensure_ascii=False)


def facts_from_json(text: str) -> tuple[CallFacts, str]:
    """What `facts_to_json` wrote."""
    data = json.loads(text)
    customer_id = data.pop("customer")
    return _FACTS.validate_python(data), customer_id


def dispatch_id(recording_id: str, number: int) -> str:
    """The name of a recording's dispatch: of two workers who make the same one, one is too late."""
    return new_id("DP", f"{recording_id}:{number}")
