"""Words that change a paper just shown: another discount, quantity or validity, read from the slots of the message."""

import re
from dataclasses import replace
from decimal import Decimal

from actions.commands.papers import LONGEST_VALIDITY, PreparePaper, from_recipe
from actions.crm.records import Paper
from actions.papers.sums import MOST_QUANTITY
from actions.plays.told import exact
from actions.proposal import Basis
from intents.understanding import Understanding

_DISCOUNT = re.compile(r"折|优惠|让利|便宜|个点|discount|\boff\b|reduc", re.IGNORECASE)
_QUANTITY = re.compile(
    r"数量|(?:改|换|要|做)(?:成|到|为)?\s*\d+\s*[台套件个站年]|quantity|\bmake it \d+ (?:units?|pieces?|of)", re.IGNORECASE
)
_VALIDITY = re.compile(r"有效|valid", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,7}")
_DAYS = re.compile(r"(\d{1,4})\s*(?:个)?\s*(天|日|周|星期|月|days?|weeks?|months?)", re.IGNORECASE)
_LENGTH = {"天": 1, "日": 1, "周": 7, "星期": 7, "月": 30, "day": 1, "week": 7, "month": 30}
# what the customer wants is news of the customer, and no order of the colleague who reports it
_REPORTS = re.compile(
    r"客户|他们|对方|[他她](?:说|想|要|问)|问能|想要|能不能|可以吗|\b(?:they|he|she|customer|client|asks?|asked|wants?)\b|\?|？",
    re.IGNORECASE,
)
_LONGEST = 60
"""Characters of words that are still an order about a paper and not a new story."""


def speaks_of_a_paper(read: Understanding) -> bool:
    """Whether the words could change a paper at all; cheap, before anything is looked up."""
    if (
        len(read.text) > _LONGEST
        or _REPORTS.search(read.text)
        or any(slot.type in ("company", "date") for slot in read.slots)
    ):
        return False
    return any(pattern.search(read.text) for pattern in (_DISCOUNT, _QUANTITY, _VALIDITY))


def changed(paper: Paper, read: Understanding) -> PreparePaper | None:
    """The order for the next version of this paper; None where the words change nothing of it."""
    try:
        before = from_recipe(paper)
    except ValueError:
        return None
    after = before
    discount, quantity, days = _discount(read), _quantity(read), _days(read)
    if discount is not None:
        after = replace(after, discount=discount)
    if quantity is not None and after.lines:
        after = replace(after, lines=(replace(after.lines[0], quantity=quantity), *after.lines[1:]))
    if days is not None:
        after = replace(after, valid_days=days)
    return replace(after, replaces=paper.id, version=paper.version + 1) if after != before else None


def basis_of_words(read: Understanding, message: str) -> Basis:
    """The words the order was given in. What they change was shown just before, so there is no other reading of them."""
    return Basis(text=read.text, confidence=1.0, message=message, model=read.model)


def _discount(read: Understanding) -> Decimal | None:
    percent = next((exact(slot.value) for slot in read.slots if slot.type == "percent"), None)
    return percent if percent is not None and _DISCOUNT.search(read.text) and 0 <= percent <= 100 else None


def _quantity(read: Understanding) -> int | None:
    found = _QUANTITY.search(read.text)
    number = _NUMBER.search(read.text, found.start()) if found else None
    return int(number[0]) if number and 1 <= int(number[0]) <= MOST_QUANTITY else None


def _days(read: Understanding) -> int | None:
    found = _DAYS.search(read.text) if _VALIDITY.search(read.text) else None
    if found is None:
        return None
    days = int(found[1]) * _LENGTH[found[2].lower().rstrip("s")]
    return days if 1 <= days <= LONGEST_VALIDITY else None
