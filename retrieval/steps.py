"""The numbered steps of a procedure: what is done, who does it, what must be true before, and by when."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STEP = re.compile(r"\s{0,3}(\d{1,3})[.)、]\s*(\S.*)")
_FACTS = re.compile(r"\s*[(（]([^()（）]*[:：][^()（）]*)[)）]\s*[。.]?\s*$")
_PART = re.compile(r"\s*[;；]\s*")
_LABEL = re.compile(r"\s*([^:：]{1,16}?)\s*[:：]\s*(\S.*?)\s*$")
_LABELS = {
    **dict.fromkeys(("负责", "负责人", "责任人", "owner", "who"), "owner"),
    **dict.fromkeys(("前提", "条件", "needs", "precondition", "requires"), "needs"),
    **dict.fromkeys(("时限", "期限", "within", "time limit", "deadline"), "within"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step; what the document does not state is empty."""

    number: int
    text: str
    owner: str = ""
    needs: str = ""
    within: str = ""


def steps_of(text: str) -> Iterator[Step]:
    """The numbered steps of a passage in order, facts in brackets at their end taken out of the text.

    `1. Ask the customer. (owner: sales rep; needs: a signed form; within: 2 days)`, in Chinese (负责:…;前提:…;时限:…).
    """
    for line in text.split("\n"):
        if found := _STEP.fullmatch(line):
            said, facts = _facts(found[2])
            yield Step(int(found[1]), said, **facts)


def _facts(said: str) -> tuple[str, dict[str, str]]:
    """The words of a step without its facts, and the facts; a bracket with anything else in it belongs to the words."""
    bracket = _FACTS.search(said)
    parts = [_LABEL.fullmatch(part) for part in _PART.split(bracket[1])] if bracket else []
    names = [_LABELS.get(part[1].lower()) if part else None for part in parts]
    if bracket is None or None in names or len(set(names)) < len(names):
        return said.strip(), {}
    return said[: bracket.start()].strip(), {name: part[2] for name, part in zip(names, parts, strict=True) if name and part}
