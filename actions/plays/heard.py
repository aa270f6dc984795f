"""When a colleague reports a customer's words: what they mean, what the SOP says, and the next steps that fit."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from actions.commands.crm import LogActivity, SetReminder
from actions.plays.local_time import work_morning_in
from actions.plays.meant import LONGEST_NOTE, the_alternative, unclear
from actions.plays.play import Result
from actions.plays.said import is_customer, to_owner
from actions.plays.told import customer_subject, deal_data, deal_subject, money, named
from actions.proposal import Answer, Command, Json, Subject
from actions.situation import Situation

MOST_STEPS = 3


def heard(
    s: Situation,
    *offers: Command,
    again: int | datetime | None = 3,
    says: tuple[str, ...] = (),
    data: dict[str, Json] | None = None,
    rows: Sequence[Mapping[str, Json]] = (),
    of_one_deal: bool = False,
) -> Result:
    """`again` is when to come back: a number of days, or a time; None where the customer wants to be left alone.

    With several deals open the words are the customer's as a whole, unless what they lead to is `of_one_deal`.
    """
    if is_customer(s):
        return to_owner(s)
    question = unclear(s)
    if question is not None and (s.customer is None or of_one_deal):
        return question
    steps = (*_note(s), *offers, *_come_back(s, again))[:MOST_STEPS]
    told: dict[str, Json] = {"intent": s.intent, **_about(s), **(data or {})}
    missing = "customer" if "nobody" in told else None
    return Answer(
        "heard", told, tuple(rows), passages=s.passages[:1], offers=steps, says=says, subject=_subject(s), awaits=missing
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


def _come_back(s: Situation, again: int | datetime | None) -> tuple[Command, ...]:
    if again is None:
        return ()
    due = work_morning_in(again, s.now, s.speaker) if isinstance(again, int) else again
    about = s.deal.title if s.deal else named(s.customer, s.lang) if s.customer else ""
    said = s.text[:120]
    return (
        SetReminder(
            text=f"{about}: {said}" if about else said,
            due_at=due,
            customer_id=s.customer.id if s.customer else s.deal.customer_id if s.deal else None,
            deal_id=s.deal.id if s.deal else None,
        ),
    )
