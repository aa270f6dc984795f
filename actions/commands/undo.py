"""Taking back a deed, as a command like any other: its plan is the inverse that the deed left behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import SALES
from actions.crm.records import Speaker
from actions.proposal import Effect, Facts, Plan, Subject


@dataclass(frozen=True)
class Undo:
    """Take back the deed with this key, which was a `did` (a command's name). Made by actions/undoing.py only.

    It is not on the roster: what an undo does is read from the deed, never from what someone sends.
    """

    deed: str
    did: str
    effects: tuple[Effect, ...] = ()
    subjects: tuple[Subject, ...] = ()
    problem: str | None = None
    measures: Mapping[str, float | bool | str] = field(default_factory=dict)

    name: ClassVar[str] = "undo"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant", "customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return tuple((subject.kind, subject.id) for subject in self.subjects)

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        return Plan(self.effects, self.subjects, self.measures, problem=self.problem, data={"did": self.did})
