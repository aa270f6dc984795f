"""What is done with parts of recordings: shared with somebody who could not hear them otherwise; plans only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from actions.commands.calls import recording_second
from actions.commands.crm import people_leaving
from actions.commands.planning import SALES, named, not_found, problem
from actions.crm.crossings import HOUSE_COUNTRY
from actions.crm.records import Employee, Recording, Speaker
from actions.proposal import CountCrossing, Facts, Json, Notify, Plan, Subject

LONGEST_CLIP = 60
"""Seconds: WeCom and WeChat take no longer sound, and whoever needs more reads the transcript."""


@dataclass(frozen=True)
class Part:
    """`seconds` of a recording from its second `start` on, each to the millisecond."""

    recording: str
    start: float
    seconds: float

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self | None:
        """The part that a notice names in its `data["clip"]`; None where it names none that there can be."""
        told = data.get("clip")
        if not isinstance(told, Mapping):
            return None
        try:
            part = cls(str(told["recording"]), round(float(told["start"]), 3), round(float(told["seconds"]), 3))
        except (KeyError, TypeError, ValueError):
            return None
        return part if part.is_possible else None

    @property
    def is_possible(self) -> bool:
        """Whether there can be such a part."""
        return math.isfinite(self.start) and self.start >= 0 and 0 < self.seconds <= LONGEST_CLIP

    @property
    def data(self) -> dict[str, Json]:
        """As a notice carries it, under `clip`."""
        return {"recording": self.recording, "start": self.start, "seconds": self.seconds}


GROUPS = frozenset({"@managers", "@legal", "@service"})
"""The groups of the house that a part of a recording can be shared with."""
_HOUSE_ZONES = frozenset(
    {"Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Urumqi", "Asia/Kashgar", "PRC"}
)
"""The time zones of the house's own country (IANA, zone.tab and its links): whoever lives by another one is abroad."""
_SOMEWHERE = "ZZ"
"""A country that is not known (the code that ISO 3166 leaves to its users, as CLDR uses it)."""
_LONGEST_WHY = 200


@dataclass(frozen=True)
class ShareClip:
    """Let somebody who could not hear it otherwise hear a part of a recording: a colleague, or a group of the house.

    `to` is `person:ID` or `group:@name`. `customer_id` is whose call it was, as the recording says. `destination` is the
    country (ISO) in which it will be heard, empty for inside; a colleague who lives by another country's clock is abroad in
    any case. What crosses the border is counted like any other data of the customer's. Customers are never sent a call.
    What was heard cannot be taken back, so there is no inverse.
    """

    recording_id: str
    start: float
    seconds: float
    to: str
    why: str = ""
    customer_id: str | None = None
    destination: str = ""

    name: ClassVar[str] = "share_clip"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant", "legal"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        kind, _, name = self.to.partition(":")
        about = named(("customer", self.customer_id), ("employee", name if kind == "person" else None))
        return (("recording", self.recording_id), *about, *((("crossings", self._abroad),) if self._abroad else ()))

    @property
    def part(self) -> Part:
        """Which part of which recording."""
        return Part(self.recording_id, self.start, self.seconds)

    @property
    def _abroad(self) -> str:
        country = self.destination.strip().upper()
        return "" if country == HOUSE_COUNTRY else country

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        recording: Recording | None = facts.get("recording", self.recording_id)
        if recording is None:
            return not_found("recording", self.recording_id)
        about = Subject("recording", recording.id, recording.name, recording.customer_id, recording.by_id)
        if (wrong := self._wrong(recording)) is not None:
            return problem(wrong, about)
        kind, _, name = self.to.partition(":")
        colleague: Employee | None = facts.get("employee", name) if kind == "person" else None
        if (colleague is None or colleague.has_left) if kind == "person" else (kind != "group" or name not in GROUPS):
            return problem("clip_for_nobody", about)
        crosses = bool(self._abroad) or (colleague is not None and colleague.zone not in _HOUSE_ZONES)
        at = f"{recording_second(self.start)}–{recording_second(self.start + self.seconds)}"
        told: dict[str, Json] = {
            "name": recording.name,
            "at": at,
            "by": speaker.name,
            "by_en": speaker.called("en"),
            "why": self.why.strip()[:_LONGEST_WHY],
            "clip": self.part.data,
        }
        return Plan(
            (*self._counted(crosses=crosses), Notify(self.to, "clip_shared", told)),
            (about,),
            measures={
                "crosses_border": crosses,
                "destination": self._abroad,
                **people_leaving(facts.crossings if self._abroad else None, now),
            },
            data={
                "name": recording.name,
                "at": at,
                "group": name if kind == "group" else None,
                "person": colleague.name if colleague else None,
                "destination": self._abroad or None,
            },
        )

    def _counted(self, *, crosses: bool) -> tuple[CountCrossing, ...]:
        if not crosses or self.customer_id is None:
            return ()
        return (CountCrossing((self.customer_id,), self._abroad or _SOMEWHERE),)

    def _wrong(self, recording: Recording) -> str | None:
        """Why this part of this recording cannot be shared with anybody."""
        if recording.state == "deleted":
            return "recording_deleted"
        if recording.basis is None:
            return "clip_without_basis"
        if self.customer_id != recording.customer_id:
            return "wrong_customer"
        ends = None if recording.duration_ms is None else recording.duration_ms / 1000
        is_inside = self.part.is_possible and (ends is None or self.start < ends)
        return None if is_inside else "clip_outside"
