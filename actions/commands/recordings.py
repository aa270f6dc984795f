"""What is done with recordings: taken in, listened to on a recorded basis, stopped, deleted with proof; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from actions.commands.calls import call_activity
from actions.commands.planning import SALES, changes, named, not_found, problem, stamp
from actions.crm.records import AskedBasis, Customer, Recording, Speaker
from actions.proposal import Create, Effect, Erase, Facts, Json, Plan, Redraw, Schedule, Subject

STAFF = SALES | {"consultant"}
HOUSE = Speaker(None, "director", "Parley")
"""Who acts where nobody asked just now: the clock that deletes what has been kept long enough, the worker that listens."""
Why = Literal["refused", "asked", "kept_long_enough", "unanswered"]


@dataclass(frozen=True)
class TakeRecording:
    """Keep a recording that somebody sent, sealed. Nothing listens to it before there is a basis for this very recording.

    `digest` is the SHA-256 of the bytes as they came, `size` how many. A voice message (`is_message`) that its sender spoke
    to the copilot is its own basis; sending it is the act. The same bytes again are the same recording. `bases` are those
    that the house accepts. `is_by_number` says that the customer is known by a telephone number in the file's name.
    """

    recording_id: str
    digest: str
    title: str
    mime: str
    size: int
    channel: str
    conversation: str
    is_message: bool = False
    customer_id: str | None = None
    deal_id: str | None = None
    bases: tuple[str, ...] = ()
    is_by_number: bool = False

    name: ClassVar[str] = "take_recording"
    roles: ClassVar[frozenset[str]] = STAFF | {"legal", "customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        about = named(("customer", self.customer_id), ("deal", self.deal_id))
        return (("recording", self.recording_id), *about)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        known: Recording | None = facts.get("recording", self.recording_id)
        if known is not None and known.state == "deleted":  # just now, while the same bytes were on their way
            return problem("recording_deleted", *_about(known, speaker))
        if known is not None:
            return Plan(
                subjects=_about(known, speaker), data={**recording_data(known), "is_again": True, "bases": list(self.bases)}
            )
        if not speaker.is_staff and not self.is_message:
            return problem("recording_of_customer")
        values: dict[str, Json] = {
            "digest": self.digest,
            "name": self.title[-120:],
            "mime": self.mime[:100],
            "size": self.size,
            "is_message": self.is_message,
            "by_id": speaker.person_id,
            "channel": self.channel,
            "conversation": self.conversation,
            "created_at": stamp(now),
            "state": "queued" if self.is_message else "awaiting_basis",
            "customer_id": self.customer_id,
            "deal_id": self.deal_id,
        }
        if self.is_message:
            values |= {"basis": "own_message", "basis_by": speaker.person_id, "basis_at": stamp(now)}
        made = Recording(id=self.recording_id, **{**values, "created_at": now, "basis_at": None})
        subjects = _about(made, speaker) if speaker.is_staff else ()
        data: dict[str, Json] = {**recording_data(made), "bases": list(self.bases)}
        customer: Customer | None = facts.get("customer", self.customer_id)
        if customer is not None and not self.is_message:
            data["by_number" if self.is_by_number else "spoken_of"] = _called(customer)
        return Plan((Create("recording", self.recording_id, values),), subjects, data=data)


@dataclass(frozen=True)
class RecordBasis:
    """Somebody says on what basis this recording may be listened to; it joins the queue."""

    recording_id: str
    basis: AskedBasis

    name: ClassVar[str] = "record_basis"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        about = _about(recording, speaker)
        if recording.state == "deleted":
            return problem("recording_deleted", *about)
        if recording.state != "awaiting_basis":
            return problem("recording_has_basis", *about, state=recording.state)
        wanted = {"state": "queued", "basis": self.basis, "basis_by": speaker.person_id, "basis_at": now}
        told = {
            "name": recording.name,
            "basis": self.basis,
            "by": speaker.name,
            "by_en": speaker.called("en"),
            "at": stamp(now),
        }
        return Plan(
            (
                *changes("recording", recording, wanted).updates,
                _wake(recording.id, now),
                Redraw(f"basis:{recording.id}", "recording_basis", told),
            ),
            about,
            data={**recording_data(recording), "state": "queued", "basis": self.basis},
        )


@dataclass(frozen=True)
class NotWithCustomer:
    """The call was not with the customer that its recording was put with; with whom is asked when it is written down."""

    recording_id: str
    customer_id: str

    name: ClassVar[str] = "not_with_customer"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (
            ("recording", self.recording_id),
            ("customer", self.customer_id),
            ("activity", call_activity(self.recording_id)),
        )

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        customer: Customer | None = facts.get("customer", self.customer_id)
        if recording is None or customer is None:
            return not_found("recording", self.recording_id)
        about = _about(recording, speaker) if recording.state == "awaiting_basis" else _theirs(recording)
        if recording.state == "deleted":
            return problem("recording_deleted", *about)
        if facts.get("activity", call_activity(recording.id)) is not None:
            return problem("call_written", *about)
        if recording.customer_id != customer.id:
            return problem("recording_elsewhere", *about)
        changed = changes("recording", recording, {"customer_id": None, "deal_id": None})
        data = {**recording_data(recording), "customer": _called(customer)}
        return Plan(changed.updates, about, inverse=changed.inverse, data=data)


@dataclass(frozen=True)
class ListenAgain:
    """Go on with a recording that was stopped or could not be listened to; parts that are done stay done."""

    recording_id: str

    name: ClassVar[str] = "listen_again"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        about = _theirs(recording)
        if recording.state == "deleted":
            return problem("recording_deleted", *about)
        if recording.state not in ("cancelled", "failed") or recording.basis is None:
            return problem("recording_has_basis", *about, state=recording.state)
        changed = changes("recording", recording, {"state": "queued", "reason": ""})
        return Plan(
            (*changed.updates, _wake(recording.id, now)), about, data={**recording_data(recording), "state": "queued"}
        )


@dataclass(frozen=True)
class CancelRecording:
    """Stop listening; what was heard so far stays."""

    recording_id: str

    name: ClassVar[str] = "cancel_recording"
    roles: ClassVar[frozenset[str]] = STAFF

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        about = _theirs(recording)
        if recording.state not in ("queued", "running"):
            return problem("recording_not_running", *about, state=recording.state)
        return Plan(
            (
                *changes("recording", recording, {"state": "cancelled"}).updates,
                Redraw(f"recording:{recording.id}", "recording_cancelled", {"name": recording.name}),
            ),
            about,
            data={**recording_data(recording), "state": "cancelled"},
            offers=(ListenAgain(recording.id), DeleteRecording(recording.id)),
        )


@dataclass(frozen=True)
class DeleteRecording:
    """Delete a recording for good: the sealed file and with it its key, and the words where `with_words`.

    The record keeps that there was one, its SHA-256 and size, when it went and why.
    """

    recording_id: str
    why: Why = "asked"
    with_words: bool = True

    name: ClassVar[str] = "delete_recording"
    roles: ClassVar[frozenset[str]] = STAFF | {"legal"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        # before there is a basis, whoever is asked may refuse; afterwards it is its owner's and their managers'
        owner = speaker.person_id if recording.state == "awaiting_basis" else recording.by_id
        about = (Subject("recording", recording.id, recording.name, owner_id=owner),)
        if recording.state == "deleted":
            return problem("recording_deleted", *about)
        told = {"name": recording.name, "why": self.why}
        wanted = {"state": "deleted", "deleted_at": now, "deleted_why": self.why}
        # what shows the words goes with the words
        views = ("basis", "recording", "clip", *(("transcript", "words") if self.with_words else ()))
        effects: tuple[Effect, ...] = (
            *changes("recording", recording, wanted).updates,
            *(Redraw(f"{view}:{recording.id}", "recording_deleted", told) for view in views),
            Erase(recording.id, recording.digest, self.with_words),
        )
        data = {**recording_data(recording), "state": "deleted", "why": self.why, "proof": recording.digest[:16]}
        return Plan(effects, about, data=data)


@dataclass(frozen=True)
class BeginListening:
    """The worker has opened the recording and knows how long it is, and whether each side has a channel of its own."""

    recording_id: str
    duration_ms: int
    two_channels: bool = False

    name: ClassVar[str] = "begin_listening"
    roles: ClassVar[frozenset[str]] = frozenset({"director"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        wanted = {"state": "running", "duration_ms": self.duration_ms, "two_channels": self.two_channels}
        return _by_the_worker(facts, self.recording_id, wanted)


@dataclass(frozen=True)
class EndListening:
    """The worker is through with a recording, or could not listen to it (`reason`). `model` is what listened.

    `customer` is the speaker who is the customer, None where that is doubtful, with a `certainty` from 0 to 1.
    """

    recording_id: str
    state: Literal["done", "failed"]
    reason: str = ""
    model: str = ""
    customer: str | None = None
    certainty: float = 0.0

    name: ClassVar[str] = "end_listening"
    roles: ClassVar[frozenset[str]] = frozenset({"director"})

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return (("recording", self.recording_id),)

    @property
    def wanted(self) -> dict[str, Any]:
        """What of the record becomes which."""
        return {
            "state": self.state,
            "reason": self.reason[:40],
            "model": self.model[:100],
            "customer_speaker": self.customer,
            "customer_percent": None if self.customer is None else round(self.certainty * 100),
        }

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return _by_the_worker(facts, self.recording_id, self.wanted)


def _by_the_worker(facts: Facts, recording_id: str, wanted: dict[str, Any]) -> Plan:
    recording: Recording | None = facts.get("recording", recording_id)
    if recording is None:
        return not_found("recording", recording_id)
    subjects = _theirs(recording)
    if recording.state not in ("queued", "running"):
        return problem("recording_not_running", *subjects, state=recording.state)
    return Plan(changes("recording", recording, wanted).updates, subjects, data=recording_data(recording))


def recording_data(recording: Recording) -> dict[str, Json]:
    """What sentences about a recording can name."""
    return {
        "recording": recording.id,
        "name": recording.name,
        "state": recording.state,
        "reason": recording.reason,
        "mega": f"{max(1, recording.size // 100_000) / 10:.1f}",
        "is_message": recording.is_message,
    }


def _called(customer: Customer) -> dict[str, Json]:
    return {"zh": customer.name, "en": customer.name_en or customer.name}


def stopping(recording: Recording) -> CancelRecording | DeleteRecording | None:
    """What "cancel" means for a recording as it stands; None where there is nothing to stop."""
    if recording.state == "awaiting_basis":
        return DeleteRecording(recording.id, "refused")
    return CancelRecording(recording.id) if recording.state in ("queued", "running") else None


def _theirs(recording: Recording) -> tuple[Subject, ...]:
    """It is whoever's who sent it, and their managers'."""
    return (Subject("recording", recording.id, recording.name, owner_id=recording.by_id),)


def _about(recording: Recording, speaker: Speaker) -> tuple[Subject, ...]:
    """A recording is in the hands of whoever has it in their chat; a customer's own is nobody else's record."""
    if not speaker.is_staff:
        return ()
    return (Subject("recording", recording.id, recording.name, owner_id=speaker.person_id),)


def _wake(recording_id: str, now: datetime) -> Schedule:
    return Schedule(f"listen:{recording_id}", "listen", now, {"recording": recording_id})
