"""Filling a sentence: each value told in the reader's language and zone, a line without its value left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from string import Formatter
from typing import Any

from actions.commands.calls import recording_second
from bot.wording import moments
from bot.wording.money import money
from bot.wording.sentences import Language, sentence, sentences, word


@dataclass(frozen=True)
class Voice:
    """For whom a sentence is filled: their language and zone, and the time of speaking where it is known."""

    lang: Language
    zone: str = "Asia/Shanghai"
    now: datetime | None = None

    def say(self, key: str, data: Mapping[str, Any] | None = None) -> str:
        """The sentence with its values; lines in which one is missing are left out. Raises KeyError for no such key."""
        return fill(sentence(key, self.lang), data or {}, self)

    def word(self, kind: str, value: str) -> str:
        return word(kind, value, self.lang) or value

    def intent(self, intent: str) -> str:
        """What an intent is called in the words of the business; one that the company added, by its own name."""
        return sentences(self.lang).get(f"intent.{intent}") or intent.rpartition(".")[2].replace("_", " ")

    def join(self, parts: list[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(parts)

    def either(self, parts: list[str]) -> str:
        """One of these."""
        return ("或" if self.lang == "zh" else " or ").join(parts)

    def then(self, parts: list[str]) -> str:
        """Whole clauses one after the other."""
        return ("；" if self.lang == "zh" else "; ").join(parts)


def fill(template: str, data: Mapping[str, Any], voice: Voice) -> str:
    lines = (_line(line, data, voice) for line in template.split("\n"))
    return "\n".join(line for line in lines if line is not None)


def placeholders(template: str) -> list[tuple[str, str]]:
    """Name and manner of telling of each value in a template, in order."""
    return [(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name is not None]


def _line(line: str, data: Mapping[str, Any], voice: Voice) -> str | None:
    filled = []
    for text, name, spec, _ in Formatter().parse(line):
        filled.append(text)
        if name is None:
            continue
        told = tell(data.get(name), spec or "", data, voice)
        if not told:
            return None
        filled.append(told)
    return "".join(filled)


def tell(value: Any, spec: str, data: Mapping[str, Any], voice: Voice) -> str:
    """A value in words; empty where there is none. `data` lends an amount its currency."""
    if value is None or value in ("", []):
        return ""
    if isinstance(value, list) and spec not in ("", "money", "roles"):
        return voice.join([tell(one, spec, data, voice) for one in value])
    match spec:
        case "":
            return str(value)
        case "money":
            return _money(value, data, voice)
        case "percent":
            number = _decimal(value)
            return str(value) if number is None else f"{number.normalize():f}%"
        case "when" | "near" | "day":
            return _moment(value, spec, voice)
        case "meaning" | "draft":
            return sentences(voice.lang).get(f"{spec}.{value}", "")
        case "intent":
            return voice.intent(str(value))
        case "roles":
            return voice.either([voice.word("role", role) for role in value])
        case "source" if str(value).startswith("call@"):
            return voice.word("source", "recording") + " " + recording_second(Decimal(str(value).removeprefix("call@")))
        case _ if "|" in spec:
            one, many = spec.split("|")
            return f"{value} {one if value == 1 else many}"
        case _:
            return voice.word(spec, str(value))


def _money(value: Any, data: Mapping[str, Any], voice: Voice) -> str:
    if isinstance(value, list):
        return " + ".join(_money(one, data, voice) for one in value)
    if isinstance(value, Mapping):
        amount, currency = value.get("amount"), str(value.get("currency") or "CNY")
    else:
        amount, currency = value, str(data.get("currency") or "CNY")
    number = _decimal(amount)
    return str(amount) if number is None else money(number, currency, voice.lang)


def _moment(value: Any, spec: str, voice: Voice) -> str:
    at = _parsed(value)
    if at is None:
        return str(value)
    if not isinstance(at, datetime):
        return moments.day(at, voice.lang, voice.now)
    if spec == "day":
        return moments.local_day(at, voice.lang, voice.zone, voice.now)
    return (
        moments.near(at, voice.lang, voice.zone, voice.now) if spec == "near" else moments.when(at, voice.lang, voice.zone)
    )


def _parsed(value: Any) -> date | None:
    """A date or an aware time from what JSON holds; None for anything else."""
    if isinstance(value, date):
        return value
    try:
        if len(str(value)) == len("2026-01-31"):
            return date.fromisoformat(str(value))
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
