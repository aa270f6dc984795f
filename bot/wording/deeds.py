"""What the sentences about a deed can speak of: its arguments, its subject, its changes; and what its button is called."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from actions.commands.crm import UpdateAmount
from actions.commands.data import RequestData, UpdateContact
from actions.commands.knowledge import TakeInDocument
from actions.commands.reviews import SubmitApproval
from actions.commands.service import OpenTicket
from actions.proposal import Command, Create, Notify, Proposal
from bot.wording.changes import change_lines, shortened
from bot.wording.fill import Voice
from bot.wording.reviews import told_of_review

LONGEST_TEXT = 80


def arguments(command: Command) -> dict[str, Any]:
    return {field.name: getattr(command, field.name) for field in fields(command)} if is_dataclass(command) else {}


def command_label(command: Command, voice: Voice) -> str:
    """What the button says that carries out this command."""
    told = arguments(command)
    key = f"command.{command.name}"
    if isinstance(command, UpdateAmount) and command.amount is not None:
        key, told = f"{key}_money", {**told, "amount": {"amount": command.amount, "currency": command.currency}}
    if isinstance(command, SubmitApproval) and command.kind != "contract":
        key = f"{key}_{command.kind}"
    if isinstance(command, TakeInDocument) and "customer" in command.audience:
        key = f"{key}_customers"
    return voice.say(key, told)


def deed_name(proposal: Proposal, voice: Voice) -> str:
    """What the deed is called; of an undo, the deed that is taken back."""
    return voice.say(f"deed.{proposal.plan.data.get('did') or proposal.command.name}")


def title_of(proposal: Proposal, voice: Voice) -> str:
    """What the deed is about; of many records of one kind, the first and how many."""
    subjects = proposal.plan.subjects
    if not subjects:
        return ""
    alike = sum(1 for subject in subjects if subject.kind == subjects[0].kind)
    return voice.say("title.several", {"title": subjects[0].title, "count": alike}) if alike > 1 else subjects[0].title


def deed_data(proposal: Proposal, voice: Voice) -> dict[str, Any]:
    """Everything that `done.*` and `problem.*` can name."""
    plan = proposal.plan
    told = arguments(proposal.command)
    created: Mapping[str, Any] = next((effect.values for effect in plan.effects if isinstance(effect, Create)), {})
    data = {**{name: created[name] for name in ("stage", "due_at") if name in created}, **told, **plan.data}
    if "review" in data:
        data |= told_of_review(data, voice)
    data |= {name: value[voice.lang] for name, value in data.items() if _is_in_both(value)}
    data["is_told"] = any(isinstance(effect, Notify) for effect in plan.effects) or None
    data["deal_title"] = told.get("title")
    data["contact"] = next((subject.title for subject in plan.subjects if subject.kind == "contact"), None)
    data["title"] = title_of(proposal, voice)
    data["text"] = shortened(str(told["text"]), LONGEST_TEXT) if told.get("text") else None
    data["changes"] = "\n".join(change_lines(plan, voice))
    return data


def _is_in_both(value: Any) -> bool:
    """Whether it is a name in each language."""
    return isinstance(value, Mapping) and value.keys() == {"zh", "en"}


def done_key(proposal: Proposal, *, is_customer: bool) -> str:
    """Which sentence tells that it is done, to a colleague or to the customer who asked."""
    command = proposal.command
    name = command.name
    if isinstance(command, UpdateContact) and command.contact_id is None:
        name = "update_contact_added"
    if proposal.plan.subjects and proposal.plan.subjects[0].kind == "activity":
        name = "log_activity_own"
    if not is_customer:
        return f"done.{name}"
    if isinstance(command, OpenTicket):
        return f"done_customer.open_ticket.{command.kind}"
    if isinstance(command, RequestData):
        return f"done_customer.request_data.{command.what}"
    return f"done_customer.{name}"
