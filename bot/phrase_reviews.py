"""What a person sees of a review: the buttons by which it is signed, returned, or shown with its sources."""

from collections.abc import Mapping, Sequence
from typing import Any

from actions.commands.papers import SendPaper
from actions.commands.reviews import SubmitApproval
from actions.proposal import Notify, Proposal, Reason
from bot.message import Button
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, to_do
from bot.wording.reviews import told_of_review

_ASKS = ("approval_submitted", "review_overdue", "materials_complete")
"""Notices that ask for a signature."""


def on_a_review(notice: Notify, voice: Voice, mint: Mint) -> list[MakeButton]:
    """Beside signing: giving it back, which asks for a sentence, and what stands behind each changed clause."""
    data = notice.data
    if notice.topic not in _ASKS or "review" not in data:
        return []
    buttons = [to_do(command, voice, mint) for command in notice.offers]
    buttons.append(_says(voice.say("ruling.return"), voice.say("button.return"), data, mint))
    if data.get("items"):
        buttons.append(_says(voice.say("ruling.basis"), voice.say("button.basis"), data, mint))
    return buttons


def to_have_signed(proposal: Proposal, reasons: Sequence[Reason], voice: Voice, mint: Mint) -> list[MakeButton]:
    """Where a paper may not go out unsigned: the button that hands in exactly this paper."""
    command = proposal.command
    needs_it = any("signed_by" in reason.data for reason in reasons)
    if not needs_it or not isinstance(command, SendPaper) or command.deal_id is None:
        return []
    what = str(proposal.plan.data.get("document") or "")
    return [to_do(SubmitApproval(command.deal_id, what, "contract", (), command.paper_id), voice, mint)]


def _says(verb: str, label: str, data: Mapping[str, Any], mint: Mint) -> MakeButton:
    text = f"{verb} {data['review']}"
    return lambda: Button(mint("say", {"text": text}), label)


def review_notice(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """What a notice about a review can name, in the reader's language."""
    return dict(data) | told_of_review(data, voice)
