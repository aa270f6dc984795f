"""When a colleague reports a customer's words: what they mean, what the SOP says, and the next steps, best first."""

from collections.abc import Mapping, Sequence

from actions.commands.crm import LogActivity
from actions.plays.meant import LONGEST_NOTE, the_alternative, unclear
from actions.plays.play import Result
from actions.plays.ranking import ranked_steps
from actions.plays.said import is_customer, to_owner
from actions.plays.told import customer_subject, deal_data, deal_subject, money, named
from actions.proposal import Answer, Command, Json, Subject
from actions.situation import Situation


def heard(
    s: Situation,
    *,
    data: dict[str, Json] | None = None,
    rows: Sequence[Mapping[str, Json]] = (),
    of_one_deal: bool = False,
) -> Result:
    """The play of the words (plays.yaml), and the note of what was said.

    With several deals open the words are the customer's as a whole, unless what they lead to is `of_one_deal`.
    """
    if is_customer(s):
        return to_owner(s)
    question = unclear(s)
    if question is not None and (s.customer is None or of_one_deal):
        return question
    told: dict[str, Json] = {"intent": s.intent, **_about(s), **(data or {})}
    missing = "customer" if "nobody" in told else None
    return Answer(
        "heard",
        told,
        tuple(rows),
        passages=s.passages[:1],
        offers=_note(s),
        subject=_subject(s),
        awaits=missing,
        steps=ranked_steps(s),
    )


def with_alternative(s: Situation) -> dict[str, Json]:
    """The cheaper product and its price, where the one spoken of has one."""
    cheaper = the_alternative(s)
    if cheaper is None:
        return {}
    in_dollars = s.lang == "en" and cheaper.price_usd is not None
    price = money(cheaper.price_usd, "USD") if in_dollars and cheaper.price_usd else money(cheaper.price, cheaper.currency)
    return {"alternative": named(cheaper, s.lang), "alternative_price": price}


def _about(s: Situation) -> dict[str, Json]:
    if s.deal is not None:
        return deal_data(s.deal)
    return {"customer": named(s.customer, s.lang)} if s.customer is not None else {"nobody": True}


def _subject(s: Situation) -> Subject | None:
    if s.deal is not None:
        return deal_subject(s.deal)
    return customer_subject(s.customer, s.lang) if s.customer is not None else None


def _note(s: Situation) -> tuple[Command, ...]:
    if s.customer is None and s.deal is None:
        return ()
    return (
        LogActivity(
            kind="note",
            text=s.text[:LONGEST_NOTE],
            customer_id=s.customer.id if s.customer else s.deal.customer_id if s.deal else None,
            deal_id=s.deal.id if s.deal else None,
            intent=s.intent,
        ),
    )
