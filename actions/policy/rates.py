"""Dated currency rates: how much an amount is in CNY, so that one threshold holds for every currency.

Each set of rates holds from its day until the next; an act is judged by the set in force on its day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

SHIPPED_RATES = Path(__file__).with_name("rates.yaml")
STALE_AFTER = 92
"""Days after which rates are called stale, where the file does not say: a quarter."""


@dataclass(frozen=True)
class RatesOf:
    """`cny` is what one unit of a currency is worth; `as_of` the day from which on it was."""

    as_of: date
    cny: Mapping[str, Decimal]


@dataclass(frozen=True)
class Rates:
    """Every set of rates, the earliest first; at least one. `stale_after` is in days."""

    sets: tuple[RatesOf, ...]
    stale_after: int = STALE_AFTER

    @classmethod
    def load(cls, path: Path = SHIPPED_RATES) -> "Rates":
        """ValueError naming the file and what is wrong with it."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: cannot be read as YAML") from error
        return cls.read(text, str(path))

    @classmethod
    def read(cls, text: str, place: str) -> "Rates":
        """Raises ValueError naming the place and what is wrong with it: `sets` (each `from` and `cny`), or one set alone
        as `as_of` and `cny`; beside them `stale_after_days`."""
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ValueError(f"{place}: cannot be read as YAML") from error
        if not isinstance(data, dict):
            raise ValueError(f"{place}: needs sets, each with from (a date) and cny (currency: rate)")
        stale_after = data.get("stale_after_days", STALE_AFTER)
        if isinstance(stale_after, bool) or not isinstance(stale_after, int) or stale_after < 1:
            raise ValueError(f"{place}: stale_after_days is a whole number above 0")
        given = data["sets"] if "sets" in data else [{"from": data.get("as_of"), "cny": data.get("cny")}]
        if not isinstance(given, list) or not given:
            raise ValueError(f"{place}: sets is a list of from (a date) and cny (currency: rate)")
        sets = sorted((_set(place, one) for one in given), key=lambda one: one.as_of)
        days = [one.as_of for one in sets]
        if len(set(days)) < len(days):
            raise ValueError(f"{place}: there are two sets from the same day")
        return cls(tuple(sets), stale_after)

    @property
    def as_of(self) -> date:
        """The day of the latest set."""
        return self.sets[-1].as_of

    @property
    def cny(self) -> Mapping[str, Decimal]:
        """The latest rates."""
        return self.sets[-1].cny

    def on(self, day: date | None) -> RatesOf:
        """The set in force on a day: the last one that had begun, before all of them the first. None is the latest."""
        if day is None:
            return self.sets[-1]
        begun = [one for one in self.sets if one.as_of <= day]
        return begun[-1] if begun else self.sets[0]

    def to_cny(self, amount: float, currency: str, day: date | None = None) -> float | None:
        """None where there is no rate for this currency on that day."""
        rate = self.on(day).cny.get(currency)
        return None if rate is None else float(Decimal(str(amount)) * rate)

    def age(self, day: date) -> int:
        """How many days old the rates in force on this day are; those that had not begun count from both sides."""
        return abs((day - self.on(day).as_of).days)


def _set(place: str, one: Any) -> RatesOf:
    if not isinstance(one, dict) or not isinstance(one.get("cny"), dict) or not isinstance(one.get("from"), date):
        raise ValueError(f"{place}: needs as_of (a date) and cny (currency: rate), or sets of from and cny")
    return RatesOf(one["from"], {str(code): _rate(place, code, rate) for code, rate in one["cny"].items()})


def _rate(place: str, code: Any, value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"{place}: the rate of {code} is not a positive number")
    return rate
