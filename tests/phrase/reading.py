"""Reading replies in specifications: a mint that remembers, and what no reply may contain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.crm.records import Speaker
from actions.proposal import Basis, Command, Decision, Facts, Outcome, Proposal
from bot.message import Reply
from tests.plays import sample_house as house

LONGEST = {"zh": 400, "en": 700}
_ENGLISH_SENTENCE = re.compile(r"(?:\b[a-z]{2,}\b[ ,]+){4,}", re.IGNORECASE)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

FACTS = Facts(
    {
        ("customer", "C001"): house.HUAKANG,
        ("customer", "C002"): house.QUIET,
        ("deal", "D001"): house.DEAL,
        ("deal", "D002"): house.DOLLAR_DEAL,
        ("contact", "K001"): house.CONTACT,
        ("lead", "L001"): house.LEAD,
        ("ticket", "T001"): house.TICKET,
        ("ticket", "T002"): house.TAKEN,
        ("product", "P01"): house.PRODUCT,
        ("reminder", "R001"): house.REMINDER,
        ("desk", "deal:D001"): house.DESK,
        **{("employee", person.id): person for person in house.TEAM},
    }
)


@dataclass
class RememberingMint:
    """Hands out tokens t1, t2, … and keeps what each stands for."""

    made: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def __call__(self, action: str, data: Mapping[str, Any]) -> str:
        self.made.append((action, data))
        return f"t{len(self.made)}"

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.made]


def proposed(command: Command, requester: Speaker = house.REP, basis: Basis | None = None) -> Proposal:
    plan = command.plan(FACTS, requester, "P-1", house.NOW)
    return Proposal("P-1", command, plan, requester, basis or Basis(), "digest")


def outcome(kind: Any, proposal: Proposal, decision: Decision | None = None, **known: Any) -> Outcome:
    return Outcome(kind, proposal, decision or Decision("run", ()), **known)


def all_text(reply: Reply) -> str:
    return "\n".join([reply.text, *(button.label for button in reply.card.buttons)] if reply.card else [reply.text])


def complaints(reply: Reply) -> list[str]:
    """What is wrong with a reply as a reply on a phone; nothing for a good one."""
    text = all_text(reply)
    found = []
    if not reply.text.strip():
        found.append("it is empty")
    if "{" in text or "}" in text or re.search(r"\bNone\b(?! of)", text):
        found.append("a value was not filled in")
    if len(reply.text) > LONGEST[reply.lang]:
        found.append(f"it is too long ({len(reply.text)})")
    if reply.lang == "zh" and _ENGLISH_SENTENCE.search(text):
        found.append("it has an English sentence")
    if reply.card and len(reply.card.buttons) > 6:
        found.append("it has too many buttons")
    if reply.card and any(not button.label for button in reply.card.buttons):
        found.append("a button has no label")
    return found
