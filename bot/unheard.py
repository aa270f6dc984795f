"""Says why a recording cannot be heard, or the model that should hear it cannot be used, and what to do about it."""

from bot.wording.fill import Voice
from bot.wording.sentences import Language, has
from voice.cannot_hear import CannotHear


def tell_unheard(why: CannotHear, lang: Language) -> str:
    """The sentence for this reason, with what it names: for whoever runs the house, as it may name settings and folders."""
    limit = why.facts.get("limit")
    hours = f"{float(limit) / 3600:.0f}" if limit is not None else None
    return Voice(lang).say(f"unheard.{why.reason}", {**why.facts, "hours": hours})


def tell_in_chat(reason: str, voice: Voice) -> str:
    """The sentence for people in the chat, who can change no setting; a reason without words is a fault of ours."""
    known = reason if has(f"unheard.{reason}") else "broken"
    key = f"unheard.{known}_in_chat"
    return voice.say(key if has(key) else f"unheard.{known}")
