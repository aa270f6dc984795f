"""Deal status in the jargon of sales: held, released, waiting, won, lost; told, or asked for."""

import re
from collections.abc import Callable

from actions.commands.crm import HoldDeal, LogActivity, ReleaseDeal, SetWaiting, UpdateStage
from actions.crm.records import Deal
from actions.plays import reviews
from actions.plays.briefs import deal_row
from actions.plays.how_it_stands import asked_about, how_it_stands
from actions.plays.meant import LONGEST_NOTE, the_deal
from actions.plays.play import Result
from actions.plays.said import is_customer, to_owner
from actions.plays.told import deal_subject
from actions.proposal import Answer, Command
from actions.situation import Situation

_GIVES_UP = re.compile(
    r"公海|不(?:再|想)?跟了|跟不动|(?:转|让|移交|交接)给|\bpool\b"
    r"|\b(?:giv(?:e|ing)|hand(?:ing)?|pass(?:ing)?) (?:\w+ ){0,4}?(?:up\b|over\b|back\b|away\b|to (?-i:[A-Z]))"
    r"|\bstepping away\b",
    re.IGNORECASE,
)


def hold_deal(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: HoldDeal(deal_id=deal.id))


def release_deal(s: Situation) -> Result:
    """A deal that was held goes on; one that is given up stays as it is: who has it next is for a manager to say."""
    if not is_customer(s) and _GIVES_UP.search(s.plain_text):
        deal = the_deal(s)
        return _given_up(s, deal) if isinstance(deal, Deal) else deal
    return _on_the_deal(s, lambda deal: ReleaseDeal(deal_id=deal.id))


def stuck_legal(s: Situation) -> Result:
    """Where a review of the deal is open, how it stands; else it is noted that the deal waits."""
    if not is_customer(s) and (known := reviews.known(s)) is not None:
        return known
    return _on_the_deal(s, lambda deal: SetWaiting(deal_id=deal.id, waiting_on="legal"))


def waiting_materials(s: Situation) -> Result:
    """The same: which documents are missing, and since when they were asked for."""
    if not is_customer(s) and (known := reviews.known(s)) is not None:
        return known
    return _on_the_deal(s, lambda deal: SetWaiting(deal_id=deal.id, waiting_on="materials"))


def won(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: UpdateStage(deal_id=deal.id, stage="won"))


def lost(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: UpdateStage(deal_id=deal.id, stage="lost"))


def _given_up(s: Situation, deal: Deal) -> Answer:
    said = LogActivity(
        kind="note", text=s.text[:LONGEST_NOTE], customer_id=deal.customer_id, deal_id=deal.id, intent=s.intent
    )
    return Answer("given_up", {}, rows=(deal_row(deal),), offers=(said,), subject=deal_subject(deal))


def _on_the_deal(s: Situation, command: Callable[[Deal], Command]) -> Result:
    if is_customer(s):
        return to_owner(s)
    if asked_about(s) and (answer := how_it_stands(s)) is not None:
        return answer
    deal = the_deal(s)
    return command(deal) if isinstance(deal, Deal) else deal
