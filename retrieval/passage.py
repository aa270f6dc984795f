"""A passage of company knowledge and a hit on one: what leaves this room for the rest of the road."""

import datetime
from dataclasses import dataclass
from hashlib import sha256

AUDIENCES = frozenset({"rep", "manager", "customer"})
"""Who a document may be shown to; a document names its audiences in its front matter."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a passage: a file, what it shows in words, and the number of the step it belongs to, if to one."""

    alt: str
    path: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A quotable piece of one document, small enough to be read on a phone.

    `id` is a content hash: it changes when the words do, so a quotation can be traced to what was really said.
    `document` is shared by the translations of one document. `source` is relative to the SOP folder, with forward
    slashes; `line` is the 1-based line of that file where the passage begins, `page` its page where a file has pages.
    `date` is the day the document took effect, `valid_to` its last day if that is known, `owner` the role that answers
    for it, empty when nobody is named; `by` whoever wrote or took in this version, where that is known.

    `teams` are those it is for, empty for all. Where it holds a customer's data, `customer` is whose and `purpose` what
    they were given for. `fits` are the products, stages and industries it was written for, as (kind, word) in lower case.
    """

    id: str
    document: str
    title: str
    section: str
    lang: str
    text: str
    version: str
    date: datetime.date
    owner: str
    audience: frozenset[str]
    intents: frozenset[str]
    source: str
    line: int
    page: int | None = None
    valid_to: datetime.date | None = None
    by: str = ""
    teams: frozenset[str] = frozenset()
    customer: str = ""
    purpose: str = ""
    fits: frozenset[tuple[str, str]] = frozenset()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query. `score` is positive and orders the hits of one search; it is no probability.

    `is_sure`: it answers even where nobody knows whether a question to documents was meant.
    """

    passage: Passage
    score: float
    is_sure: bool = False


def content_hash(*parts: str) -> str:
    """The SHA-256 of the parts, in hexadecimal; where one part ends and the next begins counts."""
    return sha256("\x1f".join(parts).encode()).hexdigest()
