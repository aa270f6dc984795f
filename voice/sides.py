"""Which speaker is the customer: by the channel where a setting says so, else by what is said; doubtful stays doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from voice.languages import READ
from voice.speakers import NAMES
from voice.transcript import Transcript, Turn

_FIRST_GREETS = 0.5
"""What it counts that somebody speaks first: who picks up is mostly the company, but it may have called."""
_SURE, _LEAST_LEAD = 3.0, 1.0


@dataclass(frozen=True)
class Cues:
    """What is said on either side of a call, in lower case."""

    agent: tuple[str, ...]
    customer: tuple[str, ...]


@cache
def shipped_cues() -> Cues:
    """What people in sales and service calls say, in Chinese and English."""
    said = yaml.safe_load(Path(__file__).with_name("sides.yaml").read_text(encoding="utf-8"))
    return Cues(tuple(said["agent"]), tuple(said["customer"]))


def customer_of(turns: Sequence[Turn], cues: Cues) -> tuple[str | None, float]:
    """Return the speaker who is the customer and how certain that is (0 … 1), None where it is doubtful.

    Only of two it can be said; what somebody says alone is a note, and has no customer in it.
    """
    speakers = tuple(dict.fromkeys(turn.speaker for turn in turns))
    if len(speakers) != 2:
        return None, 0.0
    leads = {speaker: _FIRST_GREETS if speaker == speakers[0] else 0.0 for speaker in speakers}
    for turn in turns:
        if turn.lang not in READ:
            continue
        text = turn.text.lower()
        said = sum(cue in text for cue in cues.agent) - sum(cue in text for cue in cues.customer)
        leads[turn.speaker] += said * turn.speaker_certainty
    agent, customer = sorted(speakers, key=lambda speaker: leads[speaker], reverse=True)
    lead = leads[agent] - leads[customer]
    if lead < _LEAST_LEAD:
        return None, 0.0
    return customer, round(min(0.99, 0.5 + 0.5 * lead / (lead + _SURE)), 3)


def with_customer(transcript: Transcript, channel: int | None = None, cues: Cues | None = None) -> Transcript:
    """Return the transcript with who is the customer; `channel` (0 left, 1 right) is what the source is set to."""
    if channel is not None and transcript.two_channels:
        return replace(transcript, customer=NAMES[channel], customer_certainty=1.0)
    customer, certainty = customer_of(transcript.turns, cues or shipped_cues())
    return replace(transcript, customer=customer, customer_certainty=certainty)
