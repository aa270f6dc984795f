"""Deal status in the jargon of sales: held, released, waiting, won, lost."""

from collections.abc import Callable

from actions.commands.crm import HoldDeal, ReleaseDeal, SetWaiting, UpdateStage
from actions.crm.records import Deal
from actions.plays import reviews
from actions.plays.meant import the_deal
from actions.plays.play import Result
from actions.plays.said import is_customer, to_owner
from actions.proposal import Command
from actions.situation import Situation


def hold_deal(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: HoldDeal(deal_id=deal.id))


def release_deal(s: Situation) -> Result:
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


def _on_the_deal(s: Situation, command: Callable[[Deal], Command]) -> Result:
    if is_customer(s):
        return to_owner(s)
    deal = the_deal(s)
    return command(deal) if isinstance(deal, Deal) else deal
