"""Putting right what was heard in a call, and with it what was written down of it: words, speakers, customer; plans only."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from actions.commands.calls import (
    CallLift,
    CallMoment,
    CallPromise,
    CallSignal,
    call_activity,
    call_text,
    lifted_words,
    recording_second,
    reminder_of_call,
    signal_of_call,
)
from actions.commands.crm import reminder_timer
from actions.commands.planning import MAX_TEXT, about_customer, changes, new_id, not_found, problem, stamp
from actions.commands.recordings import STAFF, recording_data
from actions.commands.stops import LONGEST_WORDS, lifting, may_rule
from actions.crm.own import json_value, to_json
from actions.crm.records import (
    CallFile,
    Corrected,
    Customer,
    Record,
    Recording,
    Reminder,
    Signal,
    Speaker,
)
from actions.proposal import Create, Effect, Facts, Json, Notify, Plan, Remove, Schedule, Subject, Unschedule, Update

_LONGEST_NAME = 40
_CERTAIN = 100


@dataclass(frozen=True)
class RevisedPromise:
    """A reminder of a call as it should be once the call is put right; without a `due_at` there should be none."""

    reminder_id: str
    text: str
    due_at: AwareDatetime | None


@dataclass(frozen=True)
class CallRevision:
    """What a call that was written down comes to once it is put right: how it is told, its moments, every signal of its,
    those of its promises whose reminder should be otherwise, and every earlier signal that it says is over."""

    text: str
    moments: tuple[CallMoment, ...]
    signals: tuple[CallSignal, ...]
    promises: tuple[RevisedPromise, ...]
    lifts: tuple[CallLift, ...] = ()


@dataclass(frozen=True)
class CorrectCall:
    """Put right what was heard in a recording: the words of a turn, whose the turn is, or which speaker is the customer.

    `place` counts the turns from 0; about the customer it is None. `value` is the text, or the speaker ("" where nobody
    knows who the customer is). What the model heard stays as it was, and the latest correction of a turn holds. `upon` is
    the correction that was the latest when this one was made, so that nobody corrects what they have not seen.
    A call that was written down is `revised` in the same deed: undone together, and shown together before it is done.
    """

    recording_id: str
    what: Corrected
    value: str
    place: int | None = None
    upon: str = ""
    revised: CallRevision | None = None

    name: ClassVar[str] = "correct_call"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        promised, lifts = (self.revised.promises, self.revised.lifts) if self.revised else ((), ())
        return (
            ("recording", self.recording_id),
            ("call_file", call_file(self.recording_id)),
            *(("reminder", one.reminder_id) for one in promised),
            *(("signal", one.signal_id) for one in lifts),
        )

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        file: CallFile = facts.get("call_file", call_file(recording.id)) or CallFile("")
        # whoever sent the same bytes has the recording as well
        owner = speaker.person_id if speaker.person_id in file.senders else recording.by_id
        customer: Customer | None = facts.get("customer", recording.customer_id)
        is_written = file.activity is not None and customer is not None
        about = (
            Subject("recording", recording.id, recording.name, owner_id=owner),
            *((about_customer(customer),) if is_written and customer else ()),
        )
        value = " ".join(self.value.split())[:MAX_TEXT]
        if (wrong := self._wrong(recording, file, value, is_written=is_written)) is not None:
            return problem(wrong, *about)
        values: dict[str, Json] = {
            "recording_id": recording.id,
            "number": max((one.number for one in file.corrections), default=0) + 1,
            "what": self.what,
            "place": self.place,
            "value": value,
            "by_id": speaker.person_id,
            "at": stamp(now),
        }
        made = Create("call_correction", new_id("RC", key), values)
        effects: list[Effect] = [made]
        inverse: list[Effect] = [Remove(made.kind, made.id)]
        if self.what == "customer":
            is_customer = changes("recording", recording, {"customer_speaker": value or None, "customer_percent": _CERTAIN})
            effects += is_customer.updates
            inverse = [*is_customer.inverse, *inverse]
        revising = _Revising(recording, file, facts, speaker, now)
        if self.revised is not None and customer is not None:
            if not revising.may_lift(self.revised.lifts, customer):
                return problem("may_not_lift", *about)
            revising.revise(self.revised, customer)
        tells = Schedule(f"corrected:{recording.id}", "corrected", now, {"recording": recording.id})
        return Plan(
            (*effects, *revising.effects, tells),
            about,
            inverse=(*reversed(revising.inverse), *inverse, tells),
            data={**recording_data(recording), **self._told(file, value), **revising.told},
        )

    def _wrong(self, recording: Recording, file: CallFile, value: str, *, is_written: bool) -> str | None:
        """Why this cannot be put right as asked."""
        if recording.state == "deleted":
            return "recording_deleted"
        if recording.state != "done":
            return "not_heard_yet"
        latest = file.corrections[-1].id if file.corrections else ""
        if self.upon != latest or is_written != (self.revised is not None):
            return "corrected_meanwhile"
        if self.what == "customer":
            speakers = {turn.speaker for turn in file.turns}
            now = recording.customer_speaker or ("" if recording.customer_percent is not None else None)
            is_said = recording.customer_percent == _CERTAIN and now == value
            return "no_such_speaker" if value and value not in speakers else "nothing_to_correct" if is_said else None
        if self.place is None or not 0 <= self.place < len(file.turns):
            return "no_such_turn"
        turn = file.turns[self.place]
        if not value or (self.what == "speaker" and len(value) > _LONGEST_NAME):
            return "no_words" if self.what == "text" else "no_such_speaker"
        is_so = turn.text == value if self.what == "text" else turn.speaker == value and not turn.speaker_is_estimated
        return "nothing_to_correct" if is_so else None

    def _told(self, file: CallFile, value: str) -> dict[str, Json]:
        """What a person is told: where, what was there, and what is there now."""
        if self.place is None:
            return {"what": self.what, "whose": "known" if value else "nobody", "speaker": value or None}
        turn = file.turns[self.place]
        told: dict[str, Json] = {"what": self.what, "at": recording_second(turn.start)}
        if self.what == "text":
            return {**told, "before": turn.text, "after": value}
        return {**told, "words": turn.text, "speaker": value}


class _Revising:
    """Collects what must change so that what was written down of a call says what the call now says."""

    def __init__(self, recording: Recording, file: CallFile, facts: Facts, speaker: Speaker, now: datetime) -> None:
        self.effects: list[Effect] = []
        self.inverse: list[Effect] = []
        self.told: dict[str, Json] = {}
        self._recording = recording
        self._file = file
        self._facts = facts
        self._speaker = speaker
        self._now = now

    def revise(self, revised: CallRevision, customer: Customer) -> None:
        """Everything that was written down: the call as it is told, its signals, its reminders."""
        activity = self._file.activity
        assert activity is not None  # a call that was not written down is not revised
        intent = revised.moments[0].intent if revised.moments else None
        self._change("activity", activity, {"text": call_text(revised.text, revised.moments), "intent": intent})
        self.told["on_record"] = "told" if self.effects else None
        wanted = {one.kind: one for one in reversed(revised.signals)}
        there = {one.kind: one for one in self._file.signals}
        for kind, signal in there.items():
            self._signal(signal, wanted.get(kind))
        for kind, one in wanted.items():
            if kind not in there:
                self._count("signals_new", kind)
                self._make(signal_of_call(one, customer, self._recording, activity.by_id, activity.deal_id))
        self._lifts({one.signal_id: one for one in revised.lifts}, customer)
        for promise in revised.promises:
            self._reminder(promise, customer.id, activity.deal_id, activity.by_id)

    def may_lift(self, lifts: tuple[CallLift, ...], customer: Customer) -> bool:
        """Whether this speaker may lift all that the call ends beyond what it has lifted before."""
        return all(
            one.by_anyone or may_rule(signal.roles, about_customer(customer), self._speaker)
            for one in lifts
            if (signal := self._ends(one, customer)) is not None
        )

    def _ends(self, lift: CallLift, customer: Customer) -> Signal | None:
        """The open signal that these words end; None where somebody has decided about it meanwhile."""
        signal: Signal | None = self._facts.get("signal", lift.signal_id)
        is_open = signal is not None and signal.state == "open" and signal.customer_id == customer.id
        return signal if is_open else None

    def _lifts(self, wanted: dict[str, CallLift], customer: Customer) -> None:
        """What the call had lifted and does not end any more counts again, as if it had not been lifted; what it ends now is
        lifted. A signal that somebody lifted or opened by hand since is not among those that the call had lifted."""
        for signal in self._file.lifted:
            lift = wanted.pop(signal.id, None)
            if lift is not None:
                self._change("signal", signal, {"lifted_words": lifted_words(lift, self._recording)})
            else:
                self._count("signals_back", signal.kind)
                back = {"state": "open", "lifted_by": None, "lifted_at": None, "lifted_words": None}
                self._change("signal", signal, back)
        for lift in wanted.values():
            if (open_one := self._ends(lift, customer)) is not None:
                self._count("signals_lifted", open_one.kind)
                for update in lifting(open_one, self._speaker, self._now, lifted_words(lift, self._recording)):
                    self._also(update, Update(update.kind, update.id, update.field, old=update.new, new=update.old))

    def _signal(self, signal: Signal, wanted: CallSignal | None) -> None:
        """What somebody lifted stays lifted. A signal that stopped something stays on record, as withdrawn."""
        if signal.state == "lifted":
            return
        if wanted is not None:
            said = {
                "words": wanted.words.strip()[:LONGEST_WORDS],
                "second": wanted.second,
                "probability": wanted.probability,
            }
            if signal.state == "withdrawn":
                self._count("signals_new", signal.kind)
            elif signal.words != said["words"]:
                self._count("signals_changed", signal.kind)
                self._tell_who_waits(signal, str(said["words"]))
            self._change("signal", signal, {**said, "state": "open"})
        elif signal.state == "open":
            self._count("signals_gone", signal.kind)
            self._tell_who_waits(signal, None)
            if any(one.signal_id == signal.id for one in self._file.firings):
                self._change("signal", signal, {"state": "withdrawn"})
            else:
                self._take_away("signal", signal)

    def _tell_who_waits(self, signal: Signal, words: str | None) -> None:
        """What this signal stopped and still waits for a yes: whoever asked, and who may rule, hear that it rests on other
        words now, or on none. What was shown to them then stays as it was."""
        for firing in self._file.firings:
            if firing.signal_id == signal.id and firing.verdict == "confirm" and firing.state in ("open", "appealed"):
                by = {"by": self._speaker.name, "by_en": self._speaker.called("en")}
                told = {"title": firing.title, "firing": firing.id, "at": recording_second(signal.second or 0), **by}
                offices = {"manager", "director", "legal"} & set(firing.roles.split("|"))
                groups = sorted({"group:@legal" if one == "legal" else "group:@managers" for one in offices})
                now = {"before": signal.words, "after": words, "gone": None if words else "gone"}
                back = {"before": words, "after": signal.words, "gone": None}
                for to in (f"person:{firing.person_id}", *groups):
                    effect = Notify(to, "evidence_changed", {**told, **now})
                    self._also(effect, replace(effect, data={**told, **back}))

    def _reminder(self, promise: RevisedPromise, customer_id: str, deal_id: str | None, person_id: str | None) -> None:
        """A reminder that was sent, or that its owner cancelled, stays as it is."""
        reminder: Reminder | None = self._facts.get("reminder", promise.reminder_id)
        due = promise.due_at if promise.due_at is not None and promise.due_at > self._now else None
        timer = reminder_timer(promise.reminder_id)
        if reminder is None:
            if due is not None:
                self._count("reminders_new", due)
                wanted = CallPromise(promise.text, due)
                made, wakes = reminder_of_call(promise.reminder_id, wanted, customer_id, deal_id, person_id, self._recording)
                self._make(made)
                self._also(wakes, Unschedule(timer))
            return
        if reminder.state != "waiting":
            return
        again = Schedule(timer, "reminder", reminder.due_at, {"reminder": reminder.id})
        if due is None and promise.due_at != reminder.due_at:
            self._count("reminders_gone", reminder.due_at)
            self._also(Unschedule(timer), again)
            self._take_away("reminder", reminder)
        elif due is not None:
            self._change("reminder", reminder, {"text": promise.text.strip()[:MAX_TEXT], "due_at": due})
            if due != reminder.due_at:
                self._count("reminders_moved", due)
                self._also(Schedule(timer, "reminder", due, {"reminder": reminder.id}), again)

    def _change(self, kind: str, record: Record, wanted: dict[str, Json]) -> None:
        for one, back in zip(*_both_ways(kind, record, wanted), strict=True):
            self._also(one, back)

    def _make(self, made: Create) -> None:
        self._also(made, Remove(made.kind, made.id))

    def _take_away(self, kind: str, record: Record) -> None:
        values = {field: value for field, value in to_json(record).items() if field != "id"}
        self._also(Remove(kind, record.id), Create(kind, record.id, values))

    def _also(self, effect: Effect, back: Effect) -> None:
        """`inverse` is applied from its end."""
        self.effects.append(effect)
        self.inverse.append(back)

    def _count(self, name: str, what: object) -> None:
        self.told[name] = [*(self.told.get(name) or ()), json_value(what)]


def _both_ways(kind: str, record: Record, wanted: dict[str, Json]) -> tuple[tuple[Effect, ...], tuple[Effect, ...]]:
    changed = changes(kind, record, wanted)
    return changed.updates, tuple(reversed(changed.inverse))


def call_file(recording_id: str) -> str:
    """The key of everything on file of a recording, with the call that it was written down as."""
    return f"{recording_id}#{call_activity(recording_id)}"
