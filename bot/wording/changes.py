"""Exactly what a plan changes, old to new, in words: for the card before and the reply after."""

from collections.abc import Iterator, Mapping
from typing import Any

from actions.proposal import CountCrossing, Create, Notify, Plan, TakeIn, Update, WriteFile
from bot.wording.fill import Voice, tell
from bot.wording.sentences import word

_SILENT = frozenset({"stage_since", "closed_at", "taken_by", "owner_id", "product_id"})
"""Fields that follow from another change and say nothing to a person by themselves."""
_TOLD_OTHERWISE = frozenset({"paper", "review", "material"})
"""Records whose sentence says what has become of them, better than their fields."""
_SHOWN_WHOLE = frozenset({"message_from_colleague"})
"""Notices whose very words stand on the card: that somebody hears of it goes without saying."""
_SHOWN_WHEN_NEW = ("title", "company", "name", "person", "phone", "email", "amount", "stage", "subject", "text", "due_at")
_MANNER = {
    "amount": "money",
    "discount": "percent",
    "stage": "stage",
    "state": "state",
    "held": "yesno",
    "waiting_on": "waiting_on",
    "due_at": "when",
    "subject": "subject",
}


def change_lines(plan: Plan, voice: Voice) -> list[str]:
    """One line for each change that a person would want to see."""
    return list(_lines(plan, voice))


def _lines(plan: Plan, voice: Voice) -> Iterator[str]:
    if "to" in plan.data and "count" in plan.data:
        yield voice.say("change.assign", plan.data)
    for effect in plan.effects:
        match effect:
            case Update() if effect.field not in _SILENT and effect.kind not in _TOLD_OTHERWISE:
                yield changed_field(effect.field, effect.old, effect.new, voice, currencies(plan))
            case Create():
                yield from _created(effect, voice)
            case TakeIn():
                key = "change.take_in_customers" if "customer" in effect.audience else "change.take_in"
                yield voice.say(key, plan.data)
            case CountCrossing() if plan.data.get("destination"):
                yield voice.say("change.destination", plan.data)
            case WriteFile():
                yield voice.say("change.file", {"count": len(effect.ids)})
                yield from (
                    voice.say(f"change.{part}", plan.data) for part in ("destination", "recipient") if plan.data.get(part)
                )


def notified(plan: Plan, voice: Voice) -> list[str]:
    """Who will hear of it, each once."""
    if plan.data.get("receiver"):
        return [voice.say("change.notify_receiver", plan.data)]
    told = dict.fromkeys(
        effect.to for effect in plan.effects if isinstance(effect, Notify) and effect.topic not in _SHOWN_WHOLE
    )
    return list(dict.fromkeys(_told(to, voice) for to in told))


def _told(to: str, voice: Voice) -> str:
    kind, _, name = to.partition(":")
    return voice.say("change.notify_group", {"group": name}) if kind == "group" else voice.say("change.notify_person")


def changed_field(field: str, old: Any, new: Any, voice: Voice, money: tuple[str, str] = ("CNY", "CNY")) -> str:
    """A line "field: old → new"; `money` is the currency before and after."""
    told = {"field": field, "old": _value(field, old, voice, money[0]), "new": _value(field, new, voice, money[1])}
    return voice.say("change.line", told)


def currencies(plan: Plan) -> tuple[str, str]:
    """The currency of amounts before and after: the one the plan measures, unless it changes it."""
    current = str(plan.measures.get("currency") or "CNY")
    for effect in plan.effects:
        if isinstance(effect, Update) and effect.field == "currency":
            return str(effect.old), str(effect.new)
    return current, current


def _created(effect: Create, voice: Voice) -> Iterator[str]:
    if effect.kind == "review_item":
        old = effect.values["old"] or voice.say("change.empty")
        yield voice.say("change.line", {"field": effect.values["place"], "old": old, "new": effect.values["new"]})
    if effect.kind in ("review", "review_item", "material"):
        return
    shown = (*_SHOWN_WHEN_NEW, "discount") if effect.kind == "paper" else _SHOWN_WHEN_NEW
    for field in shown:
        if effect.values.get(field):
            new = _value(field, effect.values[field], voice, str(effect.values.get("currency") or "CNY"))
            yield voice.say("change.added", {"field": field, "new": shortened(new, 80)})


def _value(field: str, value: Any, voice: Voice, currency: str) -> str:
    if value is None or value == "":
        return voice.say("change.empty")
    data: Mapping[str, Any] = {"currency": currency}
    manner = _MANNER.get(field, "")
    # a subject is free text except for the kinds of data requests
    if manner == "subject" and word("subject", str(value), voice.lang) is None:
        manner = ""
    return tell(value, manner, data, voice)


def shortened(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
