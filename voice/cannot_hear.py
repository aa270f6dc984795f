"""Why a recording cannot be heard: a reason that the roof tells in the language of whoever sent it."""

from typing import Literal, get_args

Reason = Literal[
    "empty",  # there is not one byte, or not one sample
    "no_sound",  # a video without a sound track
    "unknown",  # none of the formats of recordings
    "encrypted",  # locked, or as random as if it were
    "headerless",  # bare samples, without the rate and the format that they are to be read by
    "damaged",  # a recording by its beginning, of which nothing could be decoded
    "too_long",  # longer than what is allowed; `seconds`, `limit`
    "bomb",  # unpacks to more than a recording of its size can hold
    "silk_missing",  # SILK, whose decoder is an extra; `extra`
    "no_room",  # the disk for what is decoded is full
    "model_missing",  # there is no model where the setting points; `setting`, `model`
    "model_broken",  # what is there is no model, or its profile is wrong; `setting`, `model`
    "silence",  # nobody speaks in it
    "not_understood",  # music, or a language that the model does not know
    "seal_broken",  # the kept file is not what was sealed
    "gone",  # the kept file is missing
    "outside",  # the moment asked for is after its end; `at`
    "broken",  # listening failed again and again
]
REASONS: tuple[str, ...] = get_args(Reason)


class CannotHear(Exception):
    """A recording, or the model that should hear it, cannot be used; `facts` are what the sentence about it names."""

    def __init__(self, reason: Reason, **facts: str | float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts
