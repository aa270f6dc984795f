"""Station phrase, for plays: the next steps as buttons, best first, each with a reason beside it; and how they came so."""

from dataclasses import replace
from typing import Any

from actions.commands.roster import command_to_json
from actions.proposal import Answer, Basis, Because, NextStep, Ranked
from bot.message import Button, Card, Reply
from bot.steps import Rest
from bot.wording.changes import shortened
from bot.wording.deeds import command_label
from bot.wording.fill import Voice
from bot.wording.layout import Mint, Phrased, reply_of, to_do
from bot.wording.sentences import Language, has

MOST_STEPS = 3
"""Next steps on one card; the others come with "more"."""
LINE_LIMIT = {"zh": 60, "en": 120}  # characters of a step with its reason


def with_steps(phrased: Phrased, card: Card, answer: Answer, voice: Voice, mint: Mint) -> Phrased:
    """The card with its best next steps, numbered as their buttons are, then the note of what was said, then "more"."""
    shown, rest = answer.steps[:MOST_STEPS], answer.steps[MOST_STEPS:]
    later = tuple(_unminted(step, voice) for step in rest)
    lines = [_line(number, step.ranked, voice) for number, step in enumerate(shown, start=1)]
    buttons = [_button(_unminted(step, voice), mint) for step in shown]
    if len(buttons) > 1:
        buttons[0] = replace(buttons[0], style="primary")
    buttons += [to_do(command, voice, mint)() for command in answer.offers]
    further = [_line(number, step.ranked, voice) for number, step in enumerate(rest, start=1)]
    more = "\n".join([*further, *([phrased.more] if phrased.more else [])]) or None
    if more is not None:
        buttons.append(Button(mint("more", {}), voice.say("button.more")))
    reply = reply_of(replace(card, lines=(*card.lines, *lines), buttons=tuple(buttons)), voice)
    why = replace(phrased.why, ranked=tuple(step.ranked for step in answer.steps)) if phrased.why else None
    return replace(phrased, reply=reply, more=more, why=why, later=later)


def phrase_rest(step: Rest, lang: Language, mint: Mint) -> Phrased:
    """What did not fit: the further steps with their buttons, and the rest of what was quoted."""
    if not step.later:
        return Phrased(Reply(step.text, lang))
    title, *lines = step.text.split("\n")
    card = Card(title, tuple(lines), buttons=tuple(_button(one, mint) for one in step.later))
    return Phrased(reply_of(card, Voice(lang)), why=step.basis)


def ranking_lines(basis: Basis, voice: Voice) -> list[str]:
    """For "why?": of the best steps everything that was counted, with its points."""
    return [_sum(number, ranked, voice) for number, ranked in enumerate(basis.ranked[:MOST_STEPS], start=1)]


def _line(number: int, ranked: Ranked, voice: Voice) -> str:
    """A step with what weighs most for it or against it, and with what comes next where there is room; where nothing moves
    it, with what it is good for."""
    about = {"number": number, "step": voice.say(f"step_name.{ranked.step}")}
    reasons = [text for one in ranked.because if one.points and (text := _because(one, ranked.step, voice))]
    reasons = reasons or [voice.say(f"step_why.{ranked.step}")]
    whole = voice.say("step_line", {**about, "why": voice.then(reasons[:2])})
    if len(whole) <= LINE_LIMIT[voice.lang]:
        return whole
    return shortened(voice.say("step_line", {**about, "why": reasons[0]}), LINE_LIMIT[voice.lang])


def _because(one: Because, step: str, voice: Voice) -> str:
    if one.key == "experience":
        did = voice.say(f"step_done.{step}")
        return voice.say(f"experience.{one.data['segment']}", {**one.data, "did": did})
    told = voice.say(f"because.{one.key}", one.data)
    return told or (voice.say(f"because.{one.key}_plain", one.data) if has(f"because.{one.key}_plain") else "")


def _sum(number: int, ranked: Ranked, voice: Voice) -> str:
    parts = [voice.say("step_weight", {"points": f"{ranked.weight:g}"})]
    for one in ranked.because:
        if one.points and (text := _because(one, ranked.step, voice)):
            if one.data.get("lost"):
                text = voice.say("step_lost", {**one.data, "reason": text})
            parts.append(voice.say("step_points", {"reason": text, "points": f"{one.points:+g}"}))
    told = {
        "number": number,
        "step": voice.say(f"step_name.{ranked.step}"),
        "score": f"{ranked.score:g}",
        "parts": voice.then(parts),
    }
    return voice.say("step_sum", told)


def _unminted(step: NextStep, voice: Voice) -> dict[str, Any]:
    """A step's button as it is kept until it is shown."""
    key = f"step_button.{step.ranked.step}"
    if step.command is not None:
        label = voice.say(key, step.label) if has(key) else command_label(step.command, voice)
        return {"action": "do", "data": {"command": command_to_json(step.command)}, "label": label}
    text = voice.say(f"say.{step.says}")
    return {"action": "say", "data": {"text": text}, "label": text}


def _button(one: Any, mint: Mint) -> Button:
    return Button(mint(str(one["action"]), dict(one["data"])), str(one["label"]))
