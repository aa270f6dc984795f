"""What is done with parts of recordings: shared with somebody who could not hear them otherwise; plans only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from actions.proposal import Json

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
