"""Meetings in words: the invitation that goes with a reply, and the buttons by which a meeting is changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from actions.crm.invitation import file_name, invitation
from bot.message import Button, File, Reply
from bot.thread import Question, question_to_json
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint

BOOKS = "crm.book_consultant"
"""The intent in which everything about a consultant's hour is worked on."""


def with_invitation(reply: Reply, told: Mapping[str, Any]) -> Reply:
    """The reply with the calendar file of the meeting that it tells of, if it tells of one."""
    meeting = told.get("invitation")
    if not isinstance(meeting, Mapping):
        return reply
    text = invitation(meeting, datetime.fromisoformat(str(told["at"])))
    mime = f"text/calendar; charset=utf-8; method={meeting['method']}"
    return replace(reply, files=(*reply.files, File(file_name(meeting), text=text, mime=mime)))


def can_be_changed(told: Mapping[str, Any], ways: Iterable[str], voice: Voice, mint: Mint) -> list[MakeButton]:
    """A button for each way (move, decline, cancel) in which the meeting told of can be changed, while it stands."""
    if told.get("state") != "booked":
        return []
    at = datetime.fromisoformat(str(told["at"]))
    question = question_to_json(Question(BOOKS, "change", " ", at, {"booking": told["booking"]}, (), True))

    def button(way: str) -> MakeButton:
        label = voice.say(f"button.{way}")
        bound = {"question": question, "slot": "change", "value": way, "label": label}
        return lambda: Button(mint("fill", bound), label)

    return [button(way) for way in ways]


def in_ones_language(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """The data with each name that is given in both languages in the reader's."""
    return {
        name: value[voice.lang] if isinstance(value, Mapping) and value.keys() == {"zh", "en"} else value
        for name, value in data.items()
    }
