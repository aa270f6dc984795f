"""The slots that the reader finds against all that are marked in the held-out voices, with no name known beforehand.

In the test voices every slot is marked, so what is found and not marked is spurious. The rules alone stand beside the whole
reader, rules and encoder. The marks had one reader at speed: a share of the misses are the marks'.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import thread_time

from bench.table import Figure, Result, spread
from intents.names import Names
from intents.slots import find_slots
from intents.training.split import SPLIT_FILE, read_split
from intents.understand import Reader
from intents.understanding import Slot

_DATA = Path(__file__).parent.parent / "intents" / "data"
_MODEL = _DATA.parent / "model"
_DICTIONARY = _DATA.parent / "dictionary.yaml"
_SENT_AT = datetime(2026, 3, 4, 10, tzinfo=timezone(timedelta(hours=8)))
"""The moment that the marked dates were counted from."""
_SHOWN = 6
"""Spurious slots shown for each type, drawn by chance and always the same."""
_TYPES = (
    *("company", "person", "phone", "email", "address", "amount", "percent"),
    *("date", "duration", "product", "quantity", "stage", "tax_id"),
)


@dataclass(frozen=True)
class Marked:
    """One utterance of a voice that has marks, and what is marked in it: type, text and value (None where none is given)."""

    text: str
    voice: str
    marks: tuple[tuple[str, str, object], ...]


@dataclass(frozen=True)
class Tally:
    """How one type fared: marks, slots found, those at their exact place, and those with the right value there."""

    marked: int
    found: int
    placed: int
    right: int

    def f1(self, hits: int) -> float:
        """Return the F1 of the hits."""
        return 2 * hits / (self.marked + self.found) if self.marked + self.found else 0.0


def measure() -> Result:
    judged = read_split(_DATA / SPLIT_FILE).test
    spoken = [one for one in read_marked(_DATA) if one.voice in judged]
    reader = Reader.load(_MODEL, _DICTIONARY)
    paces: list[float] = []
    found: list[tuple[Slot, ...]] = []
    for one in spoken:
        began = thread_time()
        found.append(reader.understand(one.text, sent_at=_SENT_AT).slots)
        paces.append((thread_time() - began) * 1000)
    by_rules = tallies(spoken, [find_slots(one.text, _SENT_AT, Names.empty()) for one in spoken])
    by_both = tallies(spoken, found)
    return Result(
        f"Slots: {sum(len(one.marks) for one in spoken)} marked in {len(spoken)} held-out utterances, F1",
        [
            *(figure for kind in (*_TYPES, "all") for figure in _figures(kind, by_both[kind], by_rules[kind])),
            *spread("the whole reading of one utterance (time of the processor)", paces),
        ],
        list(_notes_on(spoken, found)),
    )


def read_marked(folder: Path) -> Iterator[Marked]:
    """Yield the utterances of which every slot is marked."""
    for file in sorted(folder.glob("*.jsonl")):
        lines = (json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip())
        for line in lines:
            if line.get("all_marked"):
                yield Marked(line["text"], line["voice"], tuple(_mark(mark) for mark in line.get("slots", ())))


def _mark(mark: Mapping[str, object]) -> tuple[str, str, object]:
    """A quantity that was only written down as it stands says nothing of its value: 20 台 is 20台."""
    kind, text, value = str(mark["type"]), str(mark["text"]), mark.get("value")
    return kind, text, None if kind == "quantity" and value == text else value


def tallies(spoken: Sequence[Marked], found: Sequence[Sequence[Slot]]) -> Mapping[str, Tally]:
    """Count by type and in all; a mark without a value is right where its place is."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one, slots in zip(spoken, found, strict=True):
        for kind, text, value in one.marks:
            there = [slot.value for slot in slots if slot.type == kind and slot.text == text]
            for name in (kind, "all"):
                counts[name]["marked"] += 1
                counts[name]["placed"] += bool(there)
                counts[name]["right"] += bool(there) and (value is None or value in there)
        for slot in slots:
            counts[slot.type]["found"] += 1
            counts["all"]["found"] += 1
    return {
        kind: Tally(*(counts[kind][name] for name in ("marked", "found", "placed", "right"))) for kind in (*_TYPES, "all")
    }


def spurious(spoken: Sequence[Marked], found: Sequence[Sequence[Slot]]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return by type the slots that nobody marked, each with its utterance."""
    unmarked: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one, slots in zip(spoken, found, strict=True):
        marked = {(kind, text) for kind, text, _ in one.marks}
        for slot in slots:
            if (slot.type, slot.text) not in marked:
                unmarked[slot.type].append((slot.text, one.text))
    return unmarked


def _figures(kind: str, both: Tally, rules: Tally) -> Iterator[Figure]:
    yield Figure(f"{kind} ({both.marked} marked), exact place", both.f1(both.placed), "", "rules", rules.f1(rules.placed))
    yield Figure(f"{kind}, exact place and value", both.f1(both.right), "", "rules", rules.f1(rules.right))


def _notes_on(spoken: Sequence[Marked], found: Sequence[Sequence[Slot]]) -> Iterator[str]:
    unmarked = spurious(spoken, found)
    chance = random.Random(0)
    for kind in _TYPES:
        if there := unmarked.get(kind):
            shown = chance.sample(there, min(_SHOWN, len(there)))
            yield f"{kind}: {len(there)} found and not marked, such as " + "; ".join(f"{text!r}" for text, _ in shown)
