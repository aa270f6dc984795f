"""The slots of a text: each family looks for its own, the stronger claim to a place wins, corrections overrule."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from intents.characters import plain, simple
from intents.contact import find_addresses, find_emails, find_phones, find_tax_ids
from intents.money import amount_of, find_amounts, find_percents, find_quantities, percent_of, quantity_of
from intents.names import Names
from intents.parties import find_companies, find_people
from intents.stages import find_stages, stage_of
from intents.tags import Span
from intents.understanding import Slot, SlotValue
from intents.when.dates import find_dates
from intents.when.known import date_of
from intents.when.spans import find_durations

_CORRECTION = re.compile(
    r"不对|错了|说错|写错|打错|更正|纠正|口误|应该是|不是这个|哦不|改口|"
    r"\bno,? wait\b|\bwait,? no\b|\bscratch that\b|\bi mean\b|\bi meant\b|\bcorrection\b|\bsorry\b|"
    r"\bactually\b|\bmake (?:it|that)\b|\bmy bad\b|\bor rather\b",
    re.IGNORECASE,
)
_REPLACEMENT = re.compile(
    r"\s?(?:的)?(?:单子|那单)?(?:改成|改为|改到|换成|换到|换为|变更为|变为|调整?[到为成]|提到|降到|"
    r"涨到|推[到迟]|→|->|=>|to)了?\s?"
)
_LOST_TO = re.compile(r"\b(?:lost|losing|lose)\b[^.!?\n]*\bto\s?$", re.IGNORECASE)
"""Before the winner of a deal: in "lost Acme to Initech" the second company does not take the place of the first."""
_NEGATED = re.compile(r"(?:不是|别写|别用|不再是|\bnot|\binstead of|\brather than)\s?$", re.IGNORECASE)
"""Before the value that is not meant: 是9.9万不是99万."""
_REACH = 14
"""Characters between a correcting word and the value it brings."""

_AROUND = " \t\r\n,.;:!?\"'“”‘’「」『』()《》,。;:!?、"

_SEEN_WHOLE = frozenset({"date", "duration"})
"""Kinds that are cut as the model sees them; for the others the rules did better on the validation voices."""

_Family = Callable[[str], Iterator[Slot]]
_BEFORE_NAMES: tuple[_Family, ...] = (find_emails, find_tax_ids, find_phones)
_MEASURED: tuple[_Family, ...] = (find_percents, find_amounts, find_addresses)
_AFTER_NAMES: tuple[_Family, ...] = (find_stages, find_companies, find_people)


def find_slots(text: str, sent_at: datetime, names: Names, seen: Iterable[Span] = ()) -> tuple[Slot, ...]:
    """Return the slots in the order of the text; none overlap, and a corrected value is left out.

    `seen` is what the model sees. What the house knows by name, and what a pattern proves (a phone, an amount, …公司,
    Mr …), comes first; what the model sees fills what is left. Only of times the model sees the ends better.
    Raise ValueError when `sent_at` has no zone: a date needs one to be resolved in.
    """
    if sent_at.tzinfo is None:
        raise ValueError("sent_at must carry its time zone")
    written = plain(text)
    read = simple(written)
    claims: list[Slot] = []
    for family in _BEFORE_NAMES:
        _claim(claims, family(written))
    _claim(claims, _known(written, names))
    sights = list(seen)
    _claim(claims, _seen(written, (span for span in sights if span[0] in _SEEN_WHOLE), sent_at))
    for family in _MEASURED:
        _claim(claims, family(read))
    _claim(claims, find_dates(read, sent_at))
    for family in (find_durations, *_AFTER_NAMES):
        _claim(claims, family(read))
    _claim(claims, _seen(written, sights, sent_at))
    _claim(claims, find_quantities(read))
    found = sorted(claims, key=lambda slot: slot.start)
    return tuple(_as_written(text, written, slot) for slot in _corrected(read, found))


def _known(text: str, names: Names) -> Iterator[Slot]:
    for mention in names.find(text):
        value = mention.values[0] if len(mention.values) == 1 else mention.text
        yield Slot(mention.kind, mention.text, mention.start, value)


def _seen(text: str, spans: Iterable[Span], sent_at: datetime) -> Iterator[Slot]:
    """Yield what the model sees, without the blanks and signs around it, where it can be told what it stands for."""
    for kind, start, end in spans:
        words = text[start:end]
        bare = words.strip(_AROUND)
        value = _value(kind, bare, sent_at) if bare else None
        if value is not None:
            yield Slot(kind, bare, start + words.index(bare), value)


def _value(kind: str, words: str, sent_at: datetime) -> SlotValue | None:
    """Return what words of a kind stand for; None where they name no stage, say no number, or are no date."""
    match kind:
        case "stage":
            return stage_of(words)
        case "amount":
            return amount_of(simple(words))
        case "percent":
            return percent_of(simple(words))
        case "quantity":
            return quantity_of(words)
        case "date":
            return date_of(simple(words), sent_at)
        case "duration":
            return _only(find_durations(simple(words)))
    return words


def _only(found: Iterable[Slot]) -> SlotValue | None:
    """Return the value of the one slot found; words with two say neither."""
    slots = list(found)
    return slots[0].value if len(slots) == 1 else None


def _claim(claims: list[Slot], found: Iterable[Slot]) -> None:
    """Add what does not lie on ground already taken; within one family the longest comes first."""
    for slot in sorted(found, key=lambda one: (-len(one.text), one.start)):
        end = slot.start + len(slot.text)
        if all(end <= other.start or other.start + len(other.text) <= slot.start for other in claims):
            claims.append(slot)


def _corrected(text: str, slots: list[Slot]) -> list[Slot]:
    """Drop a value when a later one of its type is said to be the right one."""
    dropped: set[int] = set()
    corrections = [match.end() for match in _CORRECTION.finditer(text)]
    for place, slot in enumerate(slots):
        same = [one for one in range(len(slots)) if slots[one].type == slot.type]
        if len(same) > 1 and _NEGATED.search(text, 0, slot.start):
            dropped.add(place)
        earlier = [one for one in same if one < place]
        if not earlier:
            continue
        last = slots[earlier[-1]]
        between = text[last.start + len(last.text) : slot.start]
        is_the_winner = slot.type == "company" and _LOST_TO.search(text, 0, slot.start) is not None
        if _REPLACEMENT.fullmatch(between) and not is_the_winner:
            dropped.add(earlier[-1])
        if any(last.start < end <= slot.start <= end + _REACH for end in corrections):
            dropped.update(earlier)
    return [slot for place, slot in enumerate(slots) if place not in dropped]


def _as_written(text: str, written: str, slot: Slot) -> Slot:
    """Give the slot the characters of the text; a name keeps its traditional ones as its value, too."""
    end = slot.start + len(slot.text)
    value = written[slot.start : end] if slot.value == slot.text else slot.value
    return Slot(slot.type, text[slot.start : end], slot.start, value)
