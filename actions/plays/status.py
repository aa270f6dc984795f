"""Deal status in the jargon of sales: held, released, waiting, won, lost; told, or asked for."""

from collections.abc import Callable

from actions.commands.crm import HoldDeal, ReleaseDeal, SetWaiting, UpdateStage
from actions.crm.records import Deal
from actions.plays.how_it_stands import asked_about, how_it_stands
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
    return _on_the_deal(s, lambda deal: SetWaiting(deal_id=deal.id, waiting_on="legal"))


def waiting_materials(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: SetWaiting(deal_id=deal.id, waiting_on="materials"))


def won(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: UpdateStage(deal_id=deal.id, stage="won"))


def lost(s: Situation) -> Result:
    return _on_the_deal(s, lambda deal: UpdateStage(deal_id=deal.id, stage="lost"))


def _on_the_deal(s: Situation, command: Callable[[Deal], Command]) -> Result:
    if is_customer(s):
        return to_owner(s)
    if asked_about(s) and (answer := how_it_stands(s)) is not None:
        return answer
    deal = the_deal(s)
    return command(deal) if isinstance(deal, Deal) else deal
