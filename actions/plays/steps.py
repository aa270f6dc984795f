"""The next steps that plays choose from, one row each: what a step would be in this situation, or None where it cannot."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from actions.commands.crm import CreateDeal, SetReminder, UpdateAmount, UpdateStage
from actions.commands.papers import PaperLine, PreparePaper
from actions.crm.records import OPEN_STAGES, STAGES, Activity, BattleFact, Contact, Contract, Customer, Signal, Stage
from actions.papers.compare import MOST_COLUMNS, competitors_of
from actions.papers.sheet import PaperKind
from actions.papers.write import price_of
from actions.plays import battle, papers, reviews
from actions.plays.local_time import moment, work_morning_in
from actions.plays.meant import the_alternative, the_product
from actions.plays.playbook import Candidate
from actions.plays.told import exact, iso, money, named
from actions.proposal import Command, Json
from actions.situation import Situation
from actions.slots import fitting

LEAD_TIME = timedelta(days=14)
"""A customer who named a date is contacted two weeks before it, so that there is time to prepare (objection handbook)."""
MOST_REFERENCES = 3

_LEAVE_ALONE = re.compile(
    r"别(?:再)?(?:打|联系|加)|不要再|不用再"
    r"|stop (?:calling|contacting|e-?mailing)|don't (?:call|contact)|leave (?:us|me) alone",
    re.IGNORECASE,
)
_DECIDES = re.compile(
    r"总(?:经理|裁|监)?$|院长|董事|老板|\b(?:CEO|CFO|COO|chief|president|director|head|owner)\b", re.IGNORECASE
)
_MEET = {"zh": "约决策人见面", "en": "meet whoever decides"}


@dataclass(frozen=True)
class Means:
    """What is there to act with: the discount that the speaker may give on this deal by themselves (percent off, None: no
    more than it has), what the deal is worth in CNY at the rates of the day, and the consultants of the house."""

    own_limit: Decimal | None = None
    amount_cny: float | None = None
    has_consultants: bool = False


@dataclass(frozen=True)
class Offer:
    """What a step would be now. `found` are the facts that speak for it (of playbook.FACTS) with what fills them in."""

    command: Command | None = None
    says: str | None = None
    found: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    label: Mapping[str, Json] = field(default_factory=dict)


Make = Callable[[Situation, Candidate], Offer | None]


def means_of(s: Situation) -> Means:
    return next((row for row in s.rows.get("means", ()) if isinstance(row, Means)), Means())


def has_signal(s: Situation, kind: str) -> bool:
    """Whether the customer has shown this and it still counts."""
    return any(isinstance(row, Signal) and row.kind == kind for row in s.rows.get("signals", ()))


def is_to_be_left_alone(s: Situation) -> bool:
    """Whether they asked, in these words or before, not to be contacted."""
    return _LEAVE_ALONE.search(s.text) is not None or has_signal(s, "do_not_contact")


# --- coming back ---------------------------------------------------------------------------------------------------------


def _follow_up(s: Situation, candidate: Candidate) -> Offer | None:
    """A dated task: before the day that the customer named, else after so many days."""
    if is_to_be_left_alone(s):
        return None
    early = _before_the_named_date(s)
    due = early or work_morning_in(candidate.days or 0, s.now, s.speaker)
    if due <= s.now:
        return None
    found = (("named_day", {"day": iso(moment(s.slot("date"), s.now, s.speaker))}),) if early else ()
    return Offer(_reminder(s, s.text[:120], due), found=found)


def _meeting(s: Situation, _: Candidate) -> Offer | None:
    """A task to meet whoever decides, with the one-pager in hand: their calendar is not ours to look into."""
    if s.customer is None or is_to_be_left_alone(s):
        return None
    decider = _decider(s)
    whom = f"{named(decider, s.lang)} {decider.title}".strip() if decider else ""
    about = _MEET["en" if s.lang == "en" else "zh"] + (f" ({whom})" if whom else "")
    due = work_morning_in(1, s.now, s.speaker)
    found = (("decider", {"person": named(decider, s.lang), "job": decider.title or None}),) if decider else ()
    return Offer(_reminder(s, about, due), found=found)


def _reminder(s: Situation, text: str, due: datetime) -> SetReminder:
    about = s.deal.title if s.deal else named(s.customer, s.lang) if s.customer else ""
    return SetReminder(
        text=f"{about}: {text}" if about else text,
        due_at=due,
        customer_id=s.customer.id if s.customer else s.deal.customer_id if s.deal else None,
        deal_id=s.deal.id if s.deal else None,
    )


def _before_the_named_date(s: Situation) -> datetime | None:
    day = moment(s.slot("date"), s.now, s.speaker)
    if day is None or day <= s.now:
        return None
    early = day - LEAD_TIME
    return early if early > s.now + timedelta(days=1) else day


def _decider(s: Situation) -> Contact | None:
    contacts = [row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)]
    return next((one for one in contacts if _DECIDES.search(one.title)), None)


def _message(s: Situation, _: Candidate) -> Offer | None:
    return None if is_to_be_left_alone(s) else Offer(says="draft_followup")


def _consultant(s: Situation, _: Candidate) -> Offer | None:
    """Their free hours are looked up when it is pressed; here only whether there is anybody, and who knows about it."""
    if not means_of(s).has_consultants:
        return None
    team = [row for row in s.rows.get("team", ()) if hasattr(row, "expertise")]
    about = f"{s.plain_text} {s.deal.title if s.deal else ''}"
    best = next(iter(fitting(team, about, s.customer.region if s.customer else "", s.lang)), None)
    knows = best is not None and bool(best.topics)
    between = "、" if s.lang == "zh" else ", "
    found = (
        (("topic", {"person": named(best.person, s.lang), "topics": between.join(best.topics[:2])}),)
        if best is not None and knows
        else ()
    )
    return Offer(says="consultant", found=found)


# --- papers --------------------------------------------------------------------------------------------------------------


def _paper(kind: PaperKind) -> Make:
    def prepared(s: Situation, _: Candidate) -> Offer | None:
        made = papers.prepare(s, kind)
        return Offer(made[0], found=tuple(_of_paper(s, made[0]))) if made else None

    return prepared


def _of_paper(s: Situation, paper: PreparePaper) -> Iterator[tuple[str, Mapping[str, Json]]]:
    if paper.contract_ids:
        running = next(row for row in s.rows["contracts"] if row.id == paper.contract_ids[0])
        yield "running", {"contract": running.title}
    product = the_product(s)
    price = price_of(product, paper.currency) if product and paper.currency else None
    if product is not None and price is not None and paper.currency is not None:
        yield "priced", {"product": named(product, s.lang), "price": money(price, paper.currency)}


def _comparison(s: Situation, _: Candidate) -> Offer | None:
    """With whoever was named, else whom the notes on this customer name; with nobody known it is asked. Without a battle
    card there is nothing to compare."""
    if not battle.facts(s):
        return None
    about, key = _competition(s)
    if not about:
        return Offer(says="compare", found=(("card", {"count": len(competitors_of(battle.facts(s)))}),))
    if s.customer is None or len(competitors_of(about)) > MOST_COLUMNS:
        return Offer(says="compare", found=((key, {"competitor": about[0].competitor}),))
    told = {"competitor": about[0].competitor, "count": len(about)}
    return Offer(papers.comparison(s, about), found=((key, told),))


def _competition(s: Situation) -> tuple[list[BattleFact], str]:
    said = battle.facts_about(s, s.plain_text)
    if said:
        return said, "named"
    notes = sorted(
        (row for row in s.rows.get("activities", ()) if isinstance(row, Activity)), key=lambda row: row.at, reverse=True
    )
    for note in notes:
        if known := battle.facts_about(s, note.text):
            return known, "mentioned"
    return [], "card"


def _alternative(s: Situation, _: Candidate) -> Offer | None:
    """The cheaper way as a plan of its own, to be looked at and sent."""
    cheaper, product = the_alternative(s), the_product(s)
    made = papers.prepare(s, "proposal")
    if cheaper is None or product is None or not made:
        return None
    wanted = made[0].currency
    currency = wanted if wanted and price_of(cheaper, wanted) is not None else cheaper.currency
    price, ours = price_of(cheaper, currency), price_of(product, currency)
    if price is None or ours is None or price >= ours:
        return None
    lines = (PaperLine(cheaper.id, made[0].lines[0].quantity if made[0].lines else 1),)
    paper = replace(made[0], lines=lines, alternative_id=None, currency=currency)
    told = {"product": named(cheaper, s.lang), "less": money(ours - price, currency)}
    return Offer(paper, found=(("cheaper", told),), label={"product": named(cheaper, s.lang)})


def _references(s: Situation, _: Candidate) -> Offer | None:
    """Customers who agreed to be named: of the same trade, those of the same region first; else who has the same product."""
    made = papers.references(s, MOST_REFERENCES)
    if made is None:
        return None
    paper, theirs, is_trade = made
    between = "、" if s.lang == "zh" else ", "
    told: dict[str, Json] = {
        "names": between.join(named(one, s.lang) for one in theirs),
        "region": _shared_region(s, theirs),
    }
    return Offer(paper, found=(("references" if is_trade else "users", told),))


def _shared_region(s: Situation, theirs: tuple[Customer, ...]) -> str | None:
    region = s.customer.region if s.customer else ""
    return region if region and all(one.region == region for one in theirs) else None


# --- the deal ------------------------------------------------------------------------------------------------------------


def _discount(s: Situation, _: Candidate) -> Offer | None:
    """What the customer named, or what the speaker may give, whichever is less; never more than they may give themselves.

    To customers whose budget is frozen no discount is offered: it is stopped anyway (docs/breakers.md).
    """
    limit = means_of(s).own_limit
    if s.deal is None or not _is_open(s) or has_signal(s, "budget_freeze"):
        return None
    if limit is None or limit <= s.deal.discount:
        return None
    wanted = exact(s.slot("percent"))
    if wanted is not None and not 0 < wanted < 100:
        wanted = None
    if wanted is not None and wanted <= s.deal.discount:
        return None
    given = _a_step_towards(limit, s.deal.discount) if wanted is None else min(wanted, limit)
    fact = "own_limit" if wanted is None else "percent" if wanted <= limit else "capped"
    told = {"limit": str(limit), "wanted": None if wanted is None else str(wanted)}
    command = UpdateAmount(deal_id=s.deal.id, amount=None, currency=None, discount=given)
    return Offer(command, found=((fact, told),))


def _is_open(s: Situation) -> bool:
    return s.deal is not None and s.deal.stage in OPEN_STAGES


def _a_step_towards(limit: Decimal, now: Decimal) -> Decimal:
    """Half of the way in whole percent, so that there is something left to give for a second time."""
    half = ((now + limit) / 2).to_integral_value(ROUND_FLOOR)
    return half if half > now else limit


def legal(s: Situation) -> Command | None:
    """The review that fits, each clause or price with its source; None where there is no open deal, or one is under way."""
    if not _is_open(s) or reviews.is_under_review(s):
        return None
    return next(iter(reviews.submission(s)), None)


def _legal(s: Situation, _: Candidate) -> Offer | None:
    command = legal(s)
    return Offer(command) if command is not None else None


def _special_price(s: Situation, _: Candidate) -> Offer | None:
    """A discount beyond what the speaker may give, put to those who may."""
    wanted, limit = exact(s.slot("percent")), means_of(s).own_limit
    if wanted is None or not 0 < wanted < 100 or (limit is not None and wanted <= limit):
        return None
    command = legal(s)
    told = {"limit": str(limit), "wanted": str(wanted)}
    return Offer(command, found=(("capped", told),) if limit is not None else ()) if command is not None else None


def _forward(stage: Stage) -> Make:
    def moved(s: Situation, _: Candidate) -> Offer | None:
        """The move to a later stage; a deal that is there or beyond stays."""
        if s.deal is None or STAGES.index(s.deal.stage) >= STAGES.index(stage):
            return None
        return Offer(UpdateStage(deal_id=s.deal.id, stage=stage))

    return moved


def the_renewal(s: Situation) -> Contract | None:
    """The contract that is up for renewal: what runs before what ended, the first to end before the others."""
    ending = [row for row in s.rows.get("contracts", ()) if isinstance(row, Contract) and row.ends is not None]
    return min(ending, key=lambda row: (row.state != "active", row.ends), default=None)


def _renewal(s: Situation, _: Candidate) -> Offer | None:
    contract = the_renewal(s)
    if contract is None or s.customer is None or s.deal is not None:
        return None
    mark = "renewal" if s.lang == "en" else "续约"
    title = f"{named(s.customer, s.lang)} · {mark}"
    deal = CreateDeal(customer_id=s.customer.id, title=title, amount=contract.amount, currency=contract.currency)
    return Offer(deal, found=(("running", {"contract": contract.title}),))


STEPS: Mapping[str, Make] = {
    "follow_up": _follow_up,
    "meeting": _meeting,
    "message": _message,
    "consultant": _consultant,
    "comparison": _comparison,
    "value_summary": _paper("value_summary"),
    "alternative": _alternative,
    "one_page": _paper("one_page"),
    "quote": _paper("quote"),
    "proposal": _paper("proposal"),
    "demo_agenda": _paper("demo_agenda"),
    "contract_paper": _paper("contract_request"),
    "references": _references,
    "discount": _discount,
    "legal": _legal,
    "special_price": _special_price,
    "to_proposal": _forward("proposal"),
    "to_negotiation": _forward("negotiation"),
    "renewal": _renewal,
}
"""Every next step by its name in plays.yaml; a new one is a function and a row."""
