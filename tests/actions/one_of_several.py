"""A process of its own for the race tests: does what it is told, line by line, over one database.

Usage: python -m tests.actions.one_of_several URL HOME; says `{"up": true}`, then answers each JSON line with how it ended
(`kind`) and what its person is told (`says`).
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from actions.carry_out import carry_out, confirm, undo
from actions.commands.meetings import HoldSlot
from actions.decide import decide
from actions.outside.store import Store
from actions.proposal import Outcome
from bot.buttons import Mint
from bot.phrase import phrase_outcome
from tests.actions.house import CHAT, EVERYONE, NOW, POLICY, FakeWorld

PEOPLE = {speaker.person_id: speaker for speaker in EVERYONE}


async def act(world: FakeWorld, told: dict[str, Any]) -> Outcome:
    person = PEOPLE[told["person"]]
    match told["act"]:
        case "confirm":
            outcome = await confirm(world, told["proposal"], told["digest"], person, True, CHAT, policy=POLICY)
            assert outcome is not None
            return outcome
        case "hold":
            command = HoldSlot("E31", "样例顾问", datetime.fromisoformat(told["at"]), str(person.person_id))
            proposal = await world.propose(command, person, f"web:{person.person_id}")
            assert proposal.plan.problem is None, "the hour is free as long as nobody has taken it"
            answer({"ready": True})
            await asyncio.to_thread(sys.stdin.readline)  # all have seen it free before anybody takes it
            return await carry_out(world, proposal, decide(proposal, POLICY, world.now()), conversation=CHAT)
        case "undo":
            return await undo(world, told["deed"], person, CHAT, POLICY)
    raise ValueError(told["act"])


async def main(url: str, home: Path) -> None:
    store = Store(url)
    world = FakeWorld(store, home)
    answer({"up": True})
    while line := await asyncio.to_thread(sys.stdin.readline):
        told = json.loads(line)
        outcome = await act(world, told)
        phrased = phrase_outcome(outcome, PEOPLE[told["person"]], "zh", Mint("race", CHAT, NOW))
        answer({"kind": outcome.kind, "says": phrased.reply.text})
    await store.close()


def answer(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
