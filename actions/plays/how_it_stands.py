"""Questions about where deals stand: what waits for legal or for papers, what is held, what became of one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from actions.crm.records import Deal
from actions.plays import briefs
from actions.plays.meant import is_named, unclear
from actions.plays.play import Result
from actions.plays.told import deal_subject, sums
from actions.proposal import Answer, Json
from actions.situation import Situation

_ASKS = re.compile(
    r"[?？]\s*$|(?:吗|么|没有?|了没)[\s。.!！]*$|哪些|哪几|有哪|多少|几[单个笔]"
    r"|^\s*(?:is|are|was|were|did|do|does|has|have|which|what|any|who|how many)\b",
    re.IGNORECASE,
)
_ASKS_FOR_IT = re.compile(
    r"可以|可不可以|能不能|能否|能|行不行|帮|麻烦|\b(?:can|could|would|will|shall|please|let's)\b", re.IGNORECASE
)
"""A request put as a question: 可以先压一压吗."""
_ASKS_FOR_ALL = re.compile(
    r"哪些|哪几|有哪|所有|全部|多少|几[单个笔]|\b(?:which|what|what's|any|all|every|list|how many|everything)\b",
    re.IGNORECASE,
)
_LEGAL = re.compile(r"法务|\blegal\b", re.IGNORECASE)
_MATERIALS = re.compile(
    r"(?:补|等|缺|差|交).{0,8}(?:材料|资料|证照)|(?:材料|资料).{0,4}(?:没齐|没补|不齐)"
    r"|\b(?:wait|missing|owe|outstanding)\w*\b.{0,30}\b(?:papers|paperwork|documents|materials|customers?)\b",
    re.IGNORECASE,
)
_HELD = re.compile(r"压(?:单|着|住|了)|\bon hold\b|\bheld\b|\bparked\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Kind:
    """A way for a deal to wait, with the sentences that answer a question about it: yes, no, these, none."""

    is_so: Callable[[Deal], bool]
    waiting_on: str | None
    yes: str
    no: str
    these: str
    none: str


def _waiting(on: str) -> _Kind:
    return _Kind(lambda deal: deal.waiting_on == on, on, "is_waiting", "is_not_waiting", "waiting_deals", "no_waiting_deals")


_KINDS = {
    "legal": _waiting("legal"),
    "materials": _waiting("materials"),
    "held": _Kind(lambda deal: deal.held, None, "is_held", "is_not_held", "held_deals", "no_held_deals"),
}
_OF_INTENT = {
    "status.stuck_legal": "legal",
    "status.waiting_materials": "materials",
    "status.hold_deal": "held",
    "status.release_deal": "held",
}


def asked_about(s: Situation) -> bool:
    """Whether the words ask how it stands and tell nothing: a question closes no deal, and holds none."""
    if not _ASKS.search(s.plain_text):
        return False
    return s.intent not in ("status.hold_deal", "status.release_deal") or not _ASKS_FOR_IT.search(s.plain_text)


def how_it_stands(s: Situation) -> Result | None:
    """The answer to such a question: one deal as it is, or all that wait; None where it is not clear what is asked."""
    kind = _OF_INTENT.get(s.intent)
    if kind is not None and not is_named(s) and (s.deal is None or _ASKS_FOR_ALL.search(s.plain_text)):
        return all_that(s, kind)
    if s.deal is None or s.not_yours is not None:
        return unclear(s)
    asked = _KINDS.get(kind or "")
    topic = "deal_now" if asked is None else asked.yes if asked.is_so(s.deal) else asked.no
    told: dict[str, Json] = {"waiting_on": asked.waiting_on if asked else None}
    return Answer(topic, told, rows=(briefs.deal_row(s.deal),), subject=deal_subject(s.deal))


def kind_asked(text: str) -> str | None:
    """What the deals asked for wait for: legal, materials, or held; None for deals of any kind."""
    found = (kind for kind, said in (("legal", _LEGAL), ("materials", _MATERIALS), ("held", _HELD)) if said.search(text))
    return next(found, None)


def all_that(s: Situation, kind: str) -> Answer:
    """The open deals that wait for this, the largest first."""
    asked = _KINDS[kind]
    deals = [deal for deal in briefs.wanted_deals(s) if asked.is_so(deal)]
    told: dict[str, Json] = {"waiting_on": asked.waiting_on}
    if not deals:
        return Answer(asked.none, told, says=("open_deals",))
    rows = tuple(briefs.deal_row(deal) for deal in deals)
    told |= {"count": len(deals), "sums": sums((deal.amount, deal.currency) for deal in deals)}
    return Answer(asked.these, told, rows=rows, says=("open_deals",))
