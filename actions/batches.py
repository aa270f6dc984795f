"""Commands over many records: all of it is done or nothing; what stood in the way is told, and the rest can be done alone.

phrase.py offers the rest on a button: a command of its own, down the same road.
"""

from dataclasses import dataclass, replace
from typing import Any

from actions.decide import may_touch
from actions.proposal import Command, Proposal


@dataclass(frozen=True)
class Rest:
    """The command without the records that stood in its way; `count` are left, `titles` name those in the way."""

    command: Command
    count: int
    titles: tuple[str, ...]


def rest_of(proposal: Proposal) -> Rest | None:
    """What can be done without those records that are gone or not the requester's; None where that is all or nothing."""
    command: Any = proposal.command
    field: str | None = getattr(command, "batch", None)
    if field is None:
        return None
    ids: tuple[str, ...] = tuple(dict.fromkeys(getattr(command, field)))
    gone = set(proposal.plan.data.get("gone", ()))
    barred = {one.id: one.title for one in proposal.plan.subjects if not may_touch(proposal.requester, one)}
    left = tuple(one for one in ids if one not in gone and one not in barred)
    if not left or len(left) == len(ids):
        return None
    in_the_way = tuple(barred.get(one, one) for one in ids if one not in left)
    return Rest(replace(command, **{field: left}), len(left), in_the_way)
