"""Station phrase, for dispatch: the card where a call was sent, the reasons for it one tap away, the line on the report."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actions.commands.calls import recording_second
from actions.commands.service import TakeTicket
from actions.proposal import Notify, Redraw
from bot.dispatching import SentCall
from bot.message import Button, Link, Reply
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, to_do, with_links

_WORDS = 80
"""Characters of the customer's words on a card: two lines of a phone."""
REASONS = {
    "anger": "dispatch.anger",
    "anger_alone": "dispatch.anger_alone",
    "anger_below": "dispatch.anger_below",
    "mood_unknown": "dispatch.mood_unknown",
    "mood_uncertain": "dispatch.mood_uncertain",
    "technical": "dispatch.technical",
    "technical_most": "dispatch.technical_most",
    "shows": "dispatch.shows",
    "urgent": "dispatch.urgent",
    "open_tickets": "dispatch.open_tickets",
    "tier": "dispatch.tier",
    "below": "dispatch.below",
    "reaches": "dispatch.reaches",
    "to_engineer": "dispatch.to_engineer",
    "outside_hours": "dispatch.outside_hours",
    "waits_for_hours": "dispatch.waits_for_hours",
}
"""The sentence of each reason that the weighing gives."""
_UNKNOWN = ("mood_unknown", "mood_uncertain")


def reason_line(key: str, figures: Mapping[str, str], voice: Voice) -> str:
    """One reason with its figures."""
    return voice.say(REASONS[key], {**figures, "line": figures.get(f"line_{voice.lang}")})


def on_a_dispatch(notice: Notify | Redraw, voice: Voice, mint: Mint) -> list[MakeButton]:
    """The buttons of a card about a call's ticket: take it where the card was redrawn, why it goes there, what was said."""
    data, make = notice.data, list[MakeButton]()
    if not data.get("recording") or not notice.topic.startswith("ticket_"):
        return make
    if isinstance(notice, Redraw) and notice.topic == "ticket_redirected":
        make.append(to_do(TakeTicket(str(data["ticket"])), voice, mint))
    if data.get("reasons"):
        text = why_sent(data, voice)
        make.append(lambda: Button(mint("more", {"text": text}), voice.say("button.why")))
    whole = {"recording": data["recording"], "start": 0}
    make.append(lambda: Button(mint("transcript", whole), voice.say("button.read_call")))
    return make


def dispatch_notice(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """What a notice about a call's ticket can name: the words at their second, and how far the mood is known."""
    told, peak = dict(data), data.get("peak")
    if peak:
        key = "dispatch.said_angriest" if peak["is_mood"] else "dispatch.said"
        at = recording_second(Decimal(peak["second"]))
        told["said"] = voice.say(key, {"at": at, "words": shortened(peak["words"], _WORDS)})
    is_known = not any(one["key"] in _UNKNOWN for one in data["reasons"])
    told["mood"] = voice.say("dispatch.estimated" if is_known else "dispatch.not_known")
    return told


def why_sent(data: Mapping[str, Any], voice: Voice) -> str:
    """The whole sum, a line for each reason."""
    lines = [reason_line(one["key"], one, voice) for one in data["reasons"]]
    return voice.say("dispatch.why", {"version": data["version"], "reasons": "\n".join(lines)})


def sent_line(sent: SentCall | None, voice: Voice) -> str | None:
    """What was done for a call, for the card of its report; None where there was nothing to do."""
    if sent is None:
        return None
    if sent.outcome is None:
        return _stands(sent, voice)
    match sent.outcome.kind:
        case "done" | "already":
            return _done(sent, voice)
        case "waiting":
            return voice.say("dispatch.sent_waiting")
        case "refused":
            return voice.say("dispatch.sent_refused")
        case _:
            return voice.say("dispatch.sent_failed")


def phrase_rules(links: tuple[Link, ...], voice: Voice) -> Phrased:
    """Where the rules are set; the page opens for one person, so no group gets its link."""
    text = voice.say("dispatch.rules" if links else "dispatch.rules_alone")
    return with_links(Phrased(Reply(text, voice.lang)), links)


def _stands(sent: SentCall, voice: Voice) -> str | None:
    """It had been sent before, and nothing has changed."""
    ticket = sent.ticket
    if ticket is None or ticket.state == "closed" or ticket.due_at is None:
        return None
    return voice.say("dispatch.sent", {"ticket": ticket.id, "line": sent.desk(voice.lang), "due_at": ticket.due_at})


def _done(sent: SentCall, voice: Voice) -> str | None:
    assert sent.outcome is not None  # what was done has an outcome
    data = sent.outcome.proposal.plan.data
    if data.get("ticket") is None:
        return voice.say("dispatch.sent_groundless") if sent.ticket else None
    return voice.say("dispatch.sent", {"ticket": data["ticket"], "line": sent.desk(voice.lang), "due_at": data["due_at"]})
