"""Says why a recording cannot be heard, or the model that should hear it cannot be used, and what to do about it."""

from bot.wording.fill import Voice
from bot.wording.sentences import Language
from voice.cannot_hear import CannotHear


def tell_unheard(why: CannotHear, lang: Language) -> str:
    """The sentence for this reason, with what it names."""
    limit = why.facts.get("limit")
    hours = f"{float(limit) / 3600:.0f}" if limit is not None else None
    return Voice(lang).say(f"unheard.{why.reason}", {**why.facts, "hours": hours})
