"""How long recordings are kept and on what basis they may be listened to, as a file beside the policy says."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import yaml

from actions.crm.records import AskedBasis

SHIPPED_RECORDINGS = Path(__file__).with_name("recordings.yaml")
BASES: tuple[AskedBasis, ...] = get_args(AskedBasis)
_MOST_DAYS = 3660
_KEYS = frozenset({"keep_days", "message_days", "unanswered_hours", "keep_transcripts", "bases", "customer_channel"})
_CHANNELS = {"none": None, "left": 0, "right": 1}


@dataclass(frozen=True)
class RecordingRules:
    """What the house has said about recordings. `bases` in the order in which they are offered.

    `customer_channel` is 0 (left) or 1 (right) where every recording with a channel for each side has the customer there.
    """

    keep_for: timedelta
    messages_for: timedelta
    unanswered_for: timedelta
    keeps_transcripts: bool
    bases: tuple[str, ...]
    customer_channel: int | None = None

    @classmethod
    def read(cls, text: str, place: str) -> "RecordingRules":
        """Raises ValueError naming the place and what is wrong there."""
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"{place}: cannot be read as YAML") from error
        if not isinstance(data, dict):
            raise ValueError(f"{place}: is written as key: value")
        if unknown := [str(key) for key in data if key not in _KEYS]:
            raise ValueError(f"{place}: there is no such key as {unknown[0]}")
        keeps, bases = data.get("keep_transcripts", True), data.get("bases")
        if not isinstance(keeps, bool):
            raise ValueError(f"{place}: keep_transcripts is true or false")
        if not isinstance(bases, list) or not bases or any(one not in BASES for one in bases):
            raise ValueError(f"{place}: bases is a list of {', '.join(BASES)}")
        channel = data.get("customer_channel", "none")
        if not isinstance(channel, str) or channel not in _CHANNELS:
            raise ValueError(f"{place}: customer_channel is {', '.join(_CHANNELS)}")
        return cls(
            timedelta(days=_whole(data, "keep_days", _MOST_DAYS, place)),
            timedelta(days=_whole(data, "message_days", _MOST_DAYS, place)),
            timedelta(hours=_whole(data, "unanswered_hours", 24 * 30, place)),
            keeps,
            tuple(dict.fromkeys(bases)),
            _CHANNELS[channel],
        )


def _whole(data: dict[Any, Any], key: str, most: int, place: str) -> int:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(f"{place}: {key} is a whole number from 1 to {most}")
    return value


@lru_cache(maxsize=1)
def shipped_recordings() -> RecordingRules:
    """What counts where nobody has written anything else."""
    return RecordingRules.read(SHIPPED_RECORDINGS.read_text(encoding="utf-8"), SHIPPED_RECORDINGS.name)
