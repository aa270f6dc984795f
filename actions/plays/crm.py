"""What colleagues tell the CRM to do and ask it: deals, leads, activities, reminders, briefs, comparisons."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from actions.commands.crm import (
    AssignLeads,
    CreateDeal,
    CreateLead,
    ExportCustomers,
    LogActivity,
    MarkLead,
    SetReminder,
    UpdateAmount,
    UpdateStage,
)
from actions.crm.records import STAGES, Activity, Contact, Customer, Deal, Employee, Lead, Stage
from actions.papers.compare import MOST_COLUMNS, points_of
from actions.plays import battle, briefs, consultants, papers, reviews, spoken
from actions.plays.destination import destination, recipient
from actions.plays.how_it_stands import all_that, kind_asked
from actions.plays.local_time import moment, morning_of, today, work_morning_in
from actions.plays.meant import is_named, the_customer, the_deal, the_product, unclear
from actions.plays.play import Result
from actions.plays.told import amount_of, customer_subject, deal_subject, exact, iso, money, named, sums
from actions.proposal import Answer, Ask, Json, Option, Subject
from actions.situation import Situation

MOST_OPTIONS = 4


def lookup_customer(s: Situation) -> Result:
    customer = the_customer(s)
    if not isinstance(customer, Customer):
        return customer
    told = briefs.customer_data(s, customer)
    call = SetReminder(text=named(customer, s.lang), due_at=work_morning_in(1, s.now, s.speaker), customer_id=customer.id)
    rows = tuple(briefs.customer_rows(s))
    return Answer(
        "customer", told, rows=rows, offers=(call,), says=("draft_followup",), subject=customer_subject(customer, s.lang)
    )


def lookup_pipeline(s: Situation) -> Result:
    if (kind := kind_asked(s.plain_text)) is not None:
        return all_that(s, kind)
    deals = briefs.wanted_deals(s)
    if not deals:
        return Answer("no_deals", {"period": briefs.period_of(s.text)}, says=("all_deals",))
    rows = tuple(briefs.deal_row(deal) for deal in deals)
    told: dict[str, Json] = {
        "count": len(deals),
        "period": briefs.period_of(s.text),
        "sums": sums((deal.amount, deal.currency) for deal in deals),
    }
    return Answer("pipeline", told, rows=rows, says=("brief",))


def create_lead(s: Situation) -> Result:
    if s.customer is not None and is_named(s):
        again = _lead(s, named(s.customer, s.lang))
        told: dict[str, Json] = {"customer": named(s.customer, s.lang)}
        subject = customer_subject(s.customer, s.lang)
        return Answer("already_customer", told, offers=(again,), says=("create_deal",), subject=subject)
    if s.lead is not None and is_named(s):
        again = _lead(s, s.lead.company)
        return Answer("already_lead", {"company": s.lead.company}, offers=(again,), says=("open_deals",))
    company = s.answers.get("company") or s.unknown or _company_said(s)
    return _lead(s, str(company)) if company else Ask("company", "lead_company")


def create_opportunity(s: Situation) -> Result:
    customer = the_customer(s, "deal_customer")
    if not isinstance(customer, Customer):
        return customer
    amount = _amount_said(s)
    if amount is None:
        return Ask("amount", "deal_amount", {"customer": named(customer, s.lang)})
    product = the_product(replace(s, deal=None))  # what an earlier deal was about says nothing of this one
    what = named(product, s.lang) if product else ("new deal" if s.lang == "en" else "新商机")
    return CreateDeal(
        customer_id=customer.id,
        title=f"{named(customer, s.lang)} · {what}",
        amount=amount[0],
        currency=amount[1] or _their_currency(s),
        product_id=product.id if product else None,
    )


def update_stage(s: Situation) -> Result:
    mark = spoken.lead_mark(s.text)
    if mark is not None and (s.deal is None or spoken.speaks_of_a_lead(s.text)):
        lead = _the_lead(s)
        return MarkLead(lead_id=lead.id, state=mark) if isinstance(lead, Lead) else lead
    deal = the_deal(s)
    if not isinstance(deal, Deal):
        return deal
    stage = _stage(s.slot("stage"))
    if stage is None:
        others = [stage for stage in STAGES[1:] if stage != deal.stage]
        options = tuple(Option(other, other) for other in others[:MOST_OPTIONS])
        return Ask("stage", "which_stage", {"deal": deal.title, "stage": deal.stage}, options)
    return UpdateStage(deal_id=deal.id, stage=stage)


def update_amount(s: Situation) -> Result:
    deal = the_deal(s)
    if not isinstance(deal, Deal):
        return deal
    discount = exact(s.slot("percent"))
    said = _amount_said(s)
    if said is None and discount is None:
        return Ask("amount", "new_amount", {"deal": deal.title, "amount": money(deal.amount, deal.currency)})
    if said is None:
        return UpdateAmount(deal_id=deal.id, amount=None, currency=None, discount=discount)
    amount = spoken.new_amount(deal.amount, said[0], s.text)
    return UpdateAmount(deal_id=deal.id, amount=amount, currency=said[1] or deal.currency, discount=discount)


def log_activity(s: Situation) -> Result:
    customer = s.customer
    if s.deal is None and s.lead is None and customer is None:
        found = the_customer(s, "log_for_whom")
        if not isinstance(found, Customer):
            return found
        customer = found
    if (question := unclear(s)) is not None and customer is None:
        return question
    also = next((one.intent for one in s.understanding.also if one.intent.startswith(("objection.", "buying."))), None)
    return LogActivity(
        kind=spoken.activity_kind(s.text),
        text=spoken.note(s.text),
        customer_id=customer.id if customer else s.deal.customer_id if s.deal else None,
        deal_id=s.deal.id if s.deal else None,
        lead_id=s.lead.id if s.lead else None,
        intent=also,
    )


def set_reminder(s: Situation) -> Result:
    due = moment(s.slot("date"), s.now, s.speaker) or moment(s.slot("duration"), s.now, s.speaker)
    if spoken.recurs(s.text):
        once = due if due and due > s.now else work_morning_in(1, s.now, s.speaker)
        return Answer("no_rules_yet", offers=(SetReminder(text=_what_to_remember(s), due_at=once),))
    if due is None or due <= s.now:
        return Ask("date", "when" if due is None else "when_past", {}, _times(s))
    return SetReminder(
        text=_what_to_remember(s),
        due_at=due,
        customer_id=s.customer.id if s.customer else s.deal.customer_id if s.deal else None,
        deal_id=s.deal.id if s.deal else None,
    )


def assign_lead(s: Situation) -> Result:
    leads = _leads_meant(s)
    if not leads:
        return Answer("no_leads_waiting", says=("open_deals",))
    if s.lead is None and len(leads) > 1 and spoken.means_one(s.text):
        return unclear(s) or Ask("lead", "name_the_lead")
    reps = [row for row in s.rows.get("team", ()) if isinstance(row, Employee) and row.role == "rep"]
    to = _assignee(s, reps)
    if to is None and (spoken.is_automatic(s.text) or s.answers.get("person") == "auto"):
        to = _least_busy(s, reps, leads)
    if to is None:
        if s.choose.get("person"):
            return Ask("person", "which_person", {}, s.choose["person"])
        return Ask("person", "assign_to", {"count": len(leads)}, _rep_options(s, reps, leads))
    return AssignLeads(lead_ids=tuple(lead.id for lead in leads), to_id=to.id)


def submit_approval(s: Situation) -> Result:
    return reviews.hand_in(s)


def book_consultant(s: Situation) -> Result:
    return consultants.book(s)


def compare_competitor(s: Situation) -> Result:
    facts = battle.facts(s)
    about = battle.facts_about(s, str(s.answers.get("competitor", "")) or s.plain_text)
    if not facts:
        return Answer("no_battle_facts")
    competitors = tuple(dict.fromkeys(fact.competitor for fact in about))
    if not 1 <= len(competitors) <= MOST_COLUMNS:
        names = sorted(competitors or {row.competitor for row in facts})
        key = "which_competitor" if not competitors else "too_many_competitors"
        return Ask("competitor", key, {}, tuple(Option(name, name) for name in names[:MOST_OPTIONS]))
    paper = papers.comparison(s, about)
    lang: Literal["zh", "en"] = "en" if s.lang == "en" else "zh"
    points = points_of(about, the_product(s), lang, paper.currency or "CNY")
    rows = tuple(battle.comparison_rows(points, competitors, s.lang, today(s.now, s.speaker)))
    between = "、" if s.lang == "zh" else ", "
    told: dict[str, Json] = {"competitor": between.join(competitors), "count": len(rows)}
    return Answer("comparison", told, rows=rows, passages=s.passages[:1], offers=(paper,), subject=_subject(s))


def draft_followup(s: Situation) -> Result:
    """A draft from what the customer said last, with the SOP passage that stands behind it."""
    if s.customer is None and (question := unclear(s)) is not None:
        return question
    subject = _subject(s)
    contact = s.contact or next((row for row in s.rows.get("contacts", ()) if isinstance(row, Contact)), None)
    told: dict[str, Json] = {
        "contact": named(contact, s.lang) if contact and s.customer else None,
        "intent": _last_said(s) or "other",
    }
    remember: tuple[SetReminder, ...] = ()
    if subject is not None:
        due = work_morning_in(2, s.now, s.speaker)
        deal_id = s.deal.id if s.deal else None
        remember = (SetReminder(text=subject.title, due_at=due, customer_id=subject.customer_id, deal_id=deal_id),)
    return Answer("draft", told, passages=s.passages[:1], offers=remember, subject=subject)


def morning_brief(s: Situation) -> Result:
    rows = tuple(briefs.morning_rows(s))
    if not rows:
        return Answer("quiet_morning", {"day": iso(today(s.now, s.speaker))}, says=("open_deals",))
    return Answer("brief", {"day": iso(today(s.now, s.speaker)), "count": len(rows)}, rows=rows, says=("open_deals",))


def transfer_data(s: Situation) -> Result:
    where = s.answers.get("destination", destination(s.text))
    visible = [row for row in s.rows.get("visible_customers", ()) if isinstance(row, Customer)]
    if s.customer is not None and (is_named(s) or not spoken.means_all(s.text)):
        chosen = [s.customer]
    elif s.answers.get("customer") == "all" or spoken.means_all(s.text):
        chosen = visible
    else:
        everyone = Option("everyone", "all")
        return unclear(s) or Ask("customer", "which_to_send", {"count": len(visible)}, (everyone,) if visible else ())
    if not chosen:
        return Answer("nobody_to_send")
    if where is None:
        places = tuple(Option(place or "inside", place) for place in ("", "SG", "US", "EU"))
        return Ask("destination", "where_to", {"count": len(chosen)}, places)
    return ExportCustomers(
        customer_ids=tuple(customer.id for customer in chosen), destination=str(where), recipient=recipient(s.text)
    )


def analyse_call(s: Situation) -> Result:
    return Answer("send_the_call", says=("log_call",))


# --- pieces --------------------------------------------------------------------------------------------------------------


def _subject(s: Situation) -> Subject | None:
    if s.deal is not None:
        return deal_subject(s.deal)
    return customer_subject(s.customer, s.lang) if s.customer is not None else None


def _last_said(s: Situation) -> str | None:
    """The objection spoken of now, else the latest one on record."""
    now = [one.intent for one in s.understanding.also]
    before = [row.intent for row in s.rows.get("activities", ()) if isinstance(row, Activity) and row.intent]
    return next((intent for intent in (*now, *before) if intent.startswith("objection.")), None)


def _amount_said(s: Situation) -> tuple[Decimal, str | None] | None:
    """The amount, and its currency only if one was named: "300k" says nothing about it."""
    said = amount_of(s.slot("amount"))
    words = s.slots("amount")
    if said is None or "amount" in s.answers or not words:
        return said
    amount = -said[0] if spoken.is_negative(s.text, words[0]) else said[0]
    return amount, said[1] if spoken.names_a_currency(words[0].text) else None


def _their_currency(s: Situation) -> str:
    """What this customer's latest deal is in."""
    return next((row.currency for row in s.rows.get("deals", ()) if isinstance(row, Deal)), "CNY")


def _lead(s: Situation, company: str) -> CreateLead:
    product = the_product(s)
    person, phone, email = (s.slot(kind) for kind in ("person", "phone", "email"))
    return CreateLead(
        company=company,
        person=str(person) if person else "",
        phone=str(phone) if phone else None,
        email=str(email) if email else None,
        product_id=product.id if product else None,
        note=s.text[:500],
    )


def _company_said(s: Situation) -> str | None:
    return next((str(slot.text) for slot in s.slots("company")), None)


def _stage(value: object) -> Stage | None:
    return next((stage for stage in STAGES if stage == value), None)


def _what_to_remember(s: Situation) -> str:
    """The request without the words that say when, and without "remind me"."""
    rest = spoken.reminder(s.text, (*s.slots("date"), *s.slots("duration")))
    return rest or (s.deal.title if s.deal else named(s.customer, s.lang) if s.customer else s.text)


def _times(s: Situation) -> tuple[Option, ...]:
    """Tomorrow, in three days and next Monday, each in the morning; the label is the time itself."""
    day = today(s.now, s.speaker)
    monday = morning_of(day + timedelta(days=7 - day.weekday()), s.speaker)
    times = {work_morning_in(1, s.now, s.speaker), work_morning_in(3, s.now, s.speaker), monday}
    return tuple(Option(at.isoformat(), at.isoformat()) for at in sorted(times))


def _the_lead(s: Situation) -> Lead | Ask | Answer:
    if s.lead is not None:
        return s.lead
    if s.choose.get("lead"):
        return Ask("lead", "which_lead", {}, s.choose["lead"])
    return unclear(s) or Ask("lead", "name_the_lead")


def _leads_meant(s: Situation) -> list[Lead]:
    """The one spoken of; else those in the pool, of the speaker's region unless they look after all regions."""
    if s.lead is not None and (is_named(s) or spoken.means_one(s.text)):
        return [s.lead]
    pool = [row for row in s.rows.get("leads", ()) if isinstance(row, Lead) and row.owner_id is None and row.state == "new"]
    return [lead for lead in pool if s.speaker.role == "director" or not lead.region or lead.region == s.speaker.region]


def _assignee(s: Situation, reps: Iterable[Employee]) -> Employee | None:
    wanted = [str(s.answers["person"])] if "person" in s.answers else []
    wanted += [word for slot in s.slots("person") for word in (str(slot.value), slot.text)]
    lowered = {word.casefold() for word in wanted}
    return next((rep for rep in reps if lowered & {rep.id.casefold(), rep.name.casefold(), rep.name_en.casefold()}), None)


def _load(s: Situation, rep: Employee) -> int:
    """Leads this rep is working on."""
    return sum(1 for row in s.rows.get("leads", ()) if isinstance(row, Lead) and row.owner_id == rep.id)


def _in_region(reps: Iterable[Employee], leads: list[Lead]) -> list[Employee]:
    regions = {lead.region for lead in leads if lead.region}
    everyone = list(reps)
    return [rep for rep in everyone if rep.region in regions] or everyone


def _least_busy(s: Situation, reps: list[Employee], leads: list[Lead]) -> Employee | None:
    return min(_in_region(reps, leads), key=lambda rep: (_load(s, rep), rep.id), default=None)


def _rep_options(s: Situation, reps: list[Employee], leads: list[Lead]) -> tuple[Option, ...]:
    nearest = sorted(_in_region(reps, leads), key=lambda rep: (_load(s, rep), rep.id))[: MOST_OPTIONS - 1]
    return (*(Option(f"{named(rep, s.lang)} ({_load(s, rep)})", rep.id) for rep in nearest), Option("automatic", "auto"))
