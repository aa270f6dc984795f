"""Every intent of the dictionary and the play it leads to, with what that play wants to see; a new intent is one row."""

from actions.plays import (
    added,
    approval,
    buying,
    chat,
    crm,
    data,
    escalation,
    flow,
    knowledge,
    objection,
    report,
    reviews,
    service,
    status,
)
from actions.plays.play import Play
from actions.plays.playbook import check_intents
from actions.plays.ranking import playbook


def _needs(*names: str) -> frozenset[str]:
    return frozenset(names)


_PRODUCTS = _needs("products", "owner")
_OWNER = _needs("owner")
_PAPER = _needs("owner", "products", "contacts", "deals", "contracts", "for_customer")
# what the ranking weighs; what a step looks at beside it stands in its row
_RANKED = _needs("owner", "signals", "activities", "history", "means")
_DEAL = _needs("deal", "owner")
_STANDING = _needs("deal", "owner", "pipeline")
_CUSTOMER = _needs("customer", "owner")
_CONTACTS = _needs("customer", "contacts", "owner")
_REVIEW = reviews.NEEDS

PLAYS: dict[str, Play] = {
    "objection.stall": Play(objection.stall, _PAPER | _RANKED | {"battle_facts", "team"}),
    "objection.price": Play(objection.price, _PAPER | _RANKED),
    "objection.budget_freeze": Play(objection.budget_freeze, _PAPER | _RANKED),
    "objection.competitor": Play(objection.competitor, _PAPER | _RANKED | {"battle_facts", "team", "references"}),
    "objection.authority": Play(objection.authority, _PAPER | _RANKED),
    "objection.timing": Play(objection.timing, _PAPER | _RANKED),
    "objection.no_need": Play(objection.no_need, _RANKED),
    "objection.trust": Play(objection.trust, _PAPER | _RANKED | {"team", "references"}),
    "objection.contract_terms": Play(objection.contract_terms, _RANKED | _REVIEW),
    "objection.integration": Play(objection.integration, _PAPER | _RANKED | {"team"}),
    "buying.quote_request": Play(buying.quote_request, _PAPER | _RANKED),
    "buying.discount_request": Play(buying.discount_request, _PAPER | _RANKED | _REVIEW),
    "buying.demo_request": Play(buying.demo_request, _PAPER | _RANKED | {"team"}),
    "buying.proposal_request": Play(buying.proposal_request, _PAPER | _RANKED),
    "buying.delivery_inquiry": Play(buying.delivery_inquiry, _PAPER | _RANKED),
    "buying.product_question": Play(buying.product_question, _PAPER | _RANKED | {"team"}),
    "buying.contract_request": Play(buying.contract_request, _PAPER | _RANKED | _REVIEW),
    "buying.commitment": Play(buying.commitment, _PAPER | _RANKED | _REVIEW),
    "buying.renewal": Play(buying.renewal, _PAPER | _RANKED),
    "status.hold_deal": Play(status.hold_deal, _STANDING),
    "status.release_deal": Play(status.release_deal, _STANDING),
    "status.stuck_legal": Play(status.stuck_legal, _STANDING | _REVIEW),
    "status.waiting_materials": Play(status.waiting_materials, _STANDING | _REVIEW),
    "status.won": Play(status.won, _DEAL),
    "status.lost": Play(status.lost, _DEAL),
    "service.complaint": Play(service.complaint, _CUSTOMER),
    "service.fault": Play(service.fault, _CUSTOMER),
    "service.invoice": Play(service.invoice, _CUSTOMER),
    "service.refund": Play(service.refund, _CUSTOMER),
    "service.cancel": Play(service.cancel, _CUSTOMER),
    "service.human_handoff": Play(service.human_handoff),
    "service.progress_query": Play(service.progress_query, _needs("tickets", "deals", "open_tickets", "owner")),
    "service.how_to": Play(service.how_to),
    "data.update_address": Play(data.update_address, _CUSTOMER),
    "data.update_contact": Play(data.update_contact, _CONTACTS),
    "data.update_company": Play(data.update_company, _CUSTOMER),
    "data.view_my_data": Play(data.view_my_data, _CONTACTS | {"tickets", "activities"}),
    "data.export_my_data": Play(data.export_my_data, _CUSTOMER),
    "data.grant_consent": Play(data.grant_consent, _CUSTOMER),
    "data.revoke_consent": Play(data.revoke_consent, _CUSTOMER),
    "data.delete_my_data": Play(data.delete_my_data, _CUSTOMER),
    "crm.lookup_customer": Play(
        crm.lookup_customer, _CUSTOMER | {"deals", "contacts", "activities", "tickets", "contracts", "team"}, "colleagues"
    ),
    "crm.lookup_pipeline": Play(crm.lookup_pipeline, _needs("pipeline"), "colleagues"),
    "crm.create_lead": Play(crm.create_lead, _PRODUCTS, "colleagues"),
    "crm.create_opportunity": Play(crm.create_opportunity, _CUSTOMER | _PRODUCTS | {"deals"}, "colleagues"),
    "crm.update_stage": Play(crm.update_stage, _DEAL, "colleagues"),
    "crm.update_amount": Play(crm.update_amount, _DEAL, "colleagues"),
    "crm.log_activity": Play(crm.log_activity, _OWNER, "colleagues"),
    "crm.set_reminder": Play(crm.set_reminder, frozenset(), "colleagues"),
    "crm.assign_lead": Play(crm.assign_lead, _needs("leads", "team"), "colleagues"),
    "crm.submit_approval": Play(crm.submit_approval, _DEAL | _REVIEW, "colleagues"),
    "crm.book_consultant": Play(crm.book_consultant, _needs("diary", "owner"), "colleagues"),
    "crm.compare_competitor": Play(crm.compare_competitor, _PAPER | {"battle_facts"}, "colleagues"),
    "crm.draft_followup": Play(crm.draft_followup, _needs("contacts", "activities", "owner"), "colleagues"),
    "crm.morning_brief": Play(
        crm.morning_brief, _needs("reminders", "pipeline", "open_tickets", "renewals", "visible_customers"), "colleagues"
    ),
    "crm.transfer_data": Play(crm.transfer_data, _needs("visible_customers", "owner"), "colleagues"),
    "crm.analyse_call": Play(crm.analyse_call, frozenset(), "colleagues"),
    "flow.define": Play(flow.define, frozenset(), "colleagues"),
    "flow.manage": Play(flow.manage, frozenset(), "colleagues"),
    "approval.confirm": Play(approval.confirm, _needs("reviews")),
    "approval.reject": Play(approval.reject, _needs("reviews")),
    "escalation.take": Play(escalation.take, _needs("open_tickets"), "colleagues"),
    "escalation.status": Play(escalation.status, _needs("open_tickets", "team", "visible_customers"), "colleagues"),
    "report.value_decay": Play(report.value_decay, _needs("quiet_customers"), "colleagues"),
    "knowledge.ask": Play(knowledge.ask),
    "chat.greeting": Play(chat.greeting),
    "chat.thanks": Play(chat.thanks),
    "out_of_scope": Play(chat.out_of_scope),
}

_ADDED = Play(added.added, _OWNER)


def play_of(intent: str) -> Play:
    """The play of an intent; one that the company added by itself leads to what its documents say."""
    return PLAYS.get(intent, _ADDED)


check_intents(playbook(), PLAYS, [intent for intent in PLAYS if intent.startswith(("objection.", "buying."))])
