"""What a call that was listened to leaves in the CRM: a call on record with its moments, signals, reminders; plans only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from pydantic import AwareDatetime

from actions.commands.crm import reminder_timer
from actions.commands.dispatch import dispatch_again, dispatch_timer
from actions.commands.planning import (
    MAX_TEXT,
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
from actions.commands.stops import LONGEST_WORDS, lifting, may_rule, taken_back
from actions.crm.own import json_value
from actions.crm.records import Customer, Deal, Recording, Signal, Speaker
from actions.proposal import Create, Effect, Facts, Json, Plan, Remove, Schedule, Subject, Unschedule, Update


@dataclass(frozen=True)
class CallMoment:
    """What a customer showed in a call: the intent, what that is `called`, the second in the recording, and the words."""

    intent: str
    called: str
    second: Decimal
    words: str


@dataclass(frozen=True)
class CallSignal:
    """A signal that a customer gave in a call: of which kind, with the words and their second.

    `probability` (0 … 1) is the reading's. It counts for `lasts_days` from the call; `may_lift` are the roles that may lift
    it sooner.
    """

    kind: str
    second: Decimal
    words: str
    probability: Decimal
    lasts_days: int
    may_lift: tuple[str, ...]


@dataclass(frozen=True)
class CallPromise:
    """What we promised in a call and by when: whoever writes the call down is reminded of it. `turn` is where it was said,
    the turns counted from 0."""

    text: str
    due_at: AwareDatetime
    turn: int | None = None


@dataclass(frozen=True)
class CallLift:
    """An open signal that the customer took back in a call: with these words, at this second.

    `by_anyone`: the house takes such words from anybody; else whoever writes the call down must be of the signal's roles.
    """

    signal_id: str
    second: Decimal
    words: str
    by_anyone: bool = False


@dataclass(frozen=True)
class WriteCall:
    """Write a call down with its customer, once: the call with its moments, its signals, a reminder for each promise, and
    what it says is over of what the customer had shown before.

    `text` is how the call is told. The records are named after the recording, so that the same call is not written down
    twice. A recording that belonged to no customer belongs to this one afterwards.
    """

    recording_id: str
    customer_id: str
    text: str
    moments: tuple[CallMoment, ...] = ()
    signals: tuple[CallSignal, ...] = ()
    promises: tuple[CallPromise, ...] = ()
    deal_id: str | None = None
    lifts: tuple[CallLift, ...] = ()

    name: ClassVar[str] = "write_call"
    roles: ClassVar[frozenset[str]] = SALES

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        written = ("activity", call_activity(self.recording_id))
        return (
            ("recording", self.recording_id),
            *named(("customer", self.customer_id), ("deal", self.deal_id)),
            *(("signal", one.signal_id) for one in self.lifts),
            written,
        )

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        if missing := first_missing(facts, named(("customer", self.customer_id), ("deal", self.deal_id))):
            return missing
        customer: Customer = facts.get("customer", self.customer_id)
        deal: Deal | None = facts.get("deal", self.deal_id)
        about = (
            *((about_deal(deal),) if deal else ()),
            about_customer(customer),
            Subject("recording", recording.id, recording.name, owner_id=recording.by_id),
        )
        if (wrong := self._wrong(facts, recording, deal)) is not None:
            return problem(wrong, *about)
        lifted = self._lifted(facts, customer, recording, speaker, now)
        if lifted is None:
            return problem("may_not_lift", *about)
        activity_id = call_activity(recording.id)
        values: dict[str, Json] = {
            "kind": "call",
            "text": call_text(self.text, self.moments),
            "at": stamp(recording.created_at),
            "customer_id": customer.id,
            "deal_id": self.deal_id,
            "by_id": speaker.person_id,
            "intent": self.moments[0].intent if self.moments else None,
        }
        belongs = changes("recording", recording, {"customer_id": customer.id, "deal_id": self.deal_id or recording.deal_id})
        again = (dispatch_again(recording.id, now),) if belongs.updates else ()
        by, deal_id = speaker.person_id, self.deal_id
        kinds = {one.kind: one for one in self.signals}.values()
        signals = [signal_of_call(one, customer, recording, by, deal_id) for one in kinds]
        reminders = [(one, promise) for one, promise in self._reminders() if promise.due_at > now]
        reminded: list[Effect] = []
        for reminder_id, promise in reminders:
            reminded += reminder_of_call(reminder_id, promise, customer.id, deal_id, by, recording)
        inverse: list[Effect] = []
        for reminder_id, _ in reversed(reminders):
            inverse += [Unschedule(reminder_timer(reminder_id)), Remove("reminder", reminder_id)]
        inverse += [Unschedule(dispatch_timer(recording.id))] if again else []
        inverse += [Remove("signal", one.id) for one in reversed(signals)]
        return Plan(
            (Create("activity", activity_id, values), *belongs.updates, *lifted, *signals, *reminded, *again),
            about,
            inverse=(*inverse, *taken_back(lifted), *belongs.inverse, Remove("activity", activity_id)),
            data={
                "name": recording.name,
                "customer": {"zh": customer.name, "en": customer.name_en or customer.name},
                "signals": len(signals) or None,
                "reminders": len(reminders) or None,
                "lifted": len({one.id for one in lifted}) or None,
            },
        )

    def _wrong(self, facts: Facts, recording: Recording, deal: Deal | None) -> str | None:
        """Why this call cannot be written down."""
        if recording.state != "done" or recording.is_message:
            return "recording_deleted" if recording.state == "deleted" else "call_not_heard"
        if deal is not None and deal.customer_id != self.customer_id:
            return "wrong_customer"
        if recording.customer_id not in (None, self.customer_id):
            return "wrong_customer"
        if facts.get("activity", call_activity(recording.id)) is not None:
            return "call_written"
        return None if is_text(self.text) else "no_text"

    def _lifted(
        self, facts: Facts, customer: Customer, recording: Recording, speaker: Speaker, now: datetime
    ) -> tuple[Update, ...] | None:
        """Each open signal of this customer that the call ends, with the recording and its second as the evidence.

        None where one is somebody else's to lift.
        """
        updates: dict[str, tuple[Update, ...]] = {}
        for one in self.lifts:
            signal: Signal | None = facts.get("signal", one.signal_id)
            if signal is None or signal.state != "open" or signal.customer_id != customer.id:
                continue
            if not one.by_anyone and not may_rule(signal.roles, about_customer(customer), speaker):
                return None
            updates[signal.id] = lifting(signal, speaker, now, lifted_words(one, recording))
        return tuple(update for one in updates.values() for update in one)

    def _reminders(self) -> list[tuple[str, CallPromise]]:
        said: dict[int | None, int] = {}
        found = []
        for promise in self.promises:
            number = said.get(promise.turn, 0)
            said[promise.turn] = number + 1
            found.append((call_reminder(self.recording_id, promise.turn, number), promise))
        return found


def lifted_words(one: CallLift, recording: Recording) -> str:
    """By which words a signal is lifted, as it is kept: with the recording and its second as the evidence."""
    return f"{one.words.strip()} ({recording.name} {recording_second(one.second)})"[:LONGEST_WORDS]


def call_text(text: str, moments: tuple[CallMoment, ...]) -> str:
    """The call as it stands on record: what it was, and each moment with its second."""
    lines = [f"[{recording_second(one.second)}] {one.called} “{one.words}”" for one in moments]
    return "\n".join([text.strip(), *lines])[:MAX_TEXT]


def signal_of_call(
    one: CallSignal, customer: Customer, recording: Recording, reported_by: str | None, deal_id: str | None
) -> Create:
    """A customer's signal, with the recording and the second as its source; a call leaves one of a kind."""
    return Create(
        "signal",
        call_signal(recording.id, one.kind),
        {
            "customer_id": customer.id,
            "kind": one.kind,
            "words": one.words.strip()[:LONGEST_WORDS],
            "said_by": customer.name,
            "at": stamp(recording.created_at),
            "source": "call",
            "source_id": recording.id,
            "second": json_value(one.second),
            "probability": json_value(one.probability),
            "deal_id": deal_id,
            "reported_by": reported_by,
            "until": stamp(recording.created_at + timedelta(days=one.lasts_days)),
            "roles": "|".join(one.may_lift),
        },
    )


def reminder_of_call(
    reminder_id: str,
    promise: CallPromise,
    customer_id: str,
    deal_id: str | None,
    person_id: str | None,
    recording: Recording,
) -> tuple[Create, Schedule]:
    """A promise of ours as a reminder of whoever wrote the call down, and its timer. It stands since the call."""
    values: dict[str, Json] = {
        "person_id": person_id,
        "text": promise.text.strip()[:MAX_TEXT],
        "due_at": stamp(promise.due_at),
        "customer_id": customer_id,
        "deal_id": deal_id,
        "created_at": stamp(recording.created_at),
    }
    timer = Schedule(reminder_timer(reminder_id), "reminder", promise.due_at, {"reminder": reminder_id})
    return Create("reminder", reminder_id, values), timer


def call_signal(recording_id: str, kind: str) -> str:
    """The id of a call's signal of this kind."""
    return new_id("S", f"{recording_id}:{kind}")


def call_reminder(recording_id: str, turn: int | None, number: int) -> str:
    """The id of the reminder of what was promised in a turn; `number` tells those of one turn apart."""
    return new_id("R", f"{recording_id}:{number}" if turn is None else f"{recording_id}:{turn}:{number}")


def call_activity(recording_id: str) -> str:
    """The id under which a call is on record, whoever writes it down."""
    return new_id("A", f"call:{recording_id}")


def recording_second(second: Decimal | float) -> str:
    """A place in a recording as a player shows it: `12:35`, `1:02:03`."""
    hours, rest = divmod(int(second), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
