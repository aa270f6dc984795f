"""What a person sees of a review: the buttons by which it is signed, returned, or shown with its sources."""

from collections.abc import Mapping
from typing import Any

from actions.proposal import Notify
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


def _says(verb: str, label: str, data: Mapping[str, Any], mint: Mint) -> MakeButton:
    text = f"{verb} {data['review']}"
    return lambda: Button(mint("say", {"text": text}), label)


def review_notice(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """What a notice about a review can name, in the reader's language."""
    return dict(data) | told_of_review(data, voice)
