"""What a person sees of a step that a breaker stopped: the words that speak against it and the ways on."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.commands.roster import command_from_json
from actions.commands.stops import AppealFiring, TakeAlternative
from actions.crm.records import Speaker
from actions.policy.breakers import Shown
from actions.proposal import Notify, Proposal, Reason
from bot.message import Button
from bot.wording.changes import shortened
from bot.wording.deeds import command_label
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, card_of, reply_of, to_do
from bot.wording.sentences import Language

EVIDENCE_LIMIT = 100  # characters of the words that a stop rests on


def stop_lines(reason: Reason, voice: Voice) -> list[str]:
    """Why, in the breaker's own sentence, and below it who said what, when and where."""
    return says_why(reason.data, voice)


def says_why(data: Mapping[str, Any], voice: Voice) -> list[str]:
    """The same of a reason's data."""
    says = str(data["says"][voice.lang])
    if data.get("is_broken"):
        says = voice.say("stop.unclear", {"says": says})
    return [says, *evidence(data, voice)]


def evidence(data: Mapping[str, Any], voice: Voice) -> list[str]:
    """The line with the words that showed it; none where there are no words."""
    told = {**data, "words": shortened(str(data.get("words") or ""), EVIDENCE_LIMIT)}
    for key in ("evidence", "evidence_dated", "evidence_plain"):
        if line := voice.say(f"stop.{key}", told):
            return [line]
    return []


def ways_on(proposal: Proposal, reasons: tuple[Reason, ...], voice: Voice, mint: Mint) -> list[MakeButton]:
    """The cheaper plan where there is one, and the appeal."""
    buttons: list[MakeButton] = []
    other = next((reason.data["alternative"] for reason in reasons if reason.data.get("alternative")), None)
    if other is not None:
        command = TakeAlternative(other["deal_id"], other["product_id"], other["instead_of"], other[voice.lang])
        buttons.append(to_do(command, voice, mint))
    if proposal.requester.person_id is not None:
        buttons.append(to_do(AppealFiring(str(reasons[0].data["firing"])), voice, mint))
    return buttons


def rulings(firing: str, voice: Voice, mint: Mint, *, can_lift: bool) -> list[MakeButton]:
    """What whoever may rule can do; each asks for a sentence that says why."""
    names = ["release", "uphold", *(["lift"] if can_lift else [])]
    return [_ruling(name, firing, voice, mint) for name in names]


def _ruling(name: str, firing: str, voice: Voice, mint: Mint) -> MakeButton:
    style = {"release": "primary", "uphold": "danger"}.get(name, "plain")
    text = f"{voice.say(f'ruling.{name}')} {firing}"
    return lambda: Button(mint("say", {"text": text}), voice.say(f"button.{name}"), style)  # type: ignore[arg-type]


def on_a_stop(notice: Notify, voice: Voice, mint: Mint) -> list[MakeButton]:
    """The buttons of a notice about a stop: rulings on an appeal; the step itself where it may go on now."""
    data = notice.data
    if notice.topic == "stop_appealed":
        return rulings(str(data["firing"]), voice, mint, can_lift=bool(data.get("signal")))
    if data.get("command"):
        command = command_from_json(json.loads(str(data["command"])))
        return [to_do(command, voice, mint)] if command_label(command, voice) else []
    return []


def stop_notice(data: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """What a notice about a stop can name, in the reader's language."""
    told = dict(data)
    told["why"] = data["why"][voice.lang] if isinstance(data.get("why"), Mapping) else data.get("why")
    told["by"] = data.get("by_en") if voice.lang == "en" else data.get("by")
    told["evidence"] = "\n".join(evidence({**data, "at": data.get("said_at")}, voice)) or None
    told["deed"] = voice.say(f"deed.{data['deed']}") if data.get("deed") else None
    return told


def phrase_noted(phrased: Phrased, shown: tuple[Shown, ...], speaker: Speaker, lang: Language) -> Phrased:
    """Tell a colleague which signals of their customer were kept, or ended; a customer is not told how they are seen."""
    if not shown or not speaker.is_staff:
        return phrased
    voice = Voice(lang, speaker.zone)
    lines = [voice.say("noted.over" if one.is_over else "noted.shown", {"kind": one.kind}) for one in shown]
    card = phrased.reply.card or card_of(phrased.reply.text)
    return replace(phrased, reply=reply_of(replace(card, lines=(*card.lines, *lines)), voice))
