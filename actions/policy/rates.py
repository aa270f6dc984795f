"""Dated currency rates: how much an amount is in CNY, so that one threshold holds for every currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml

SHIPPED_RATES = Path(__file__).with_name("rates.yaml")


@dataclass(frozen=True)
class Rates:
    """`cny` is what one unit of a currency is worth; `as_of` the day on which it was."""

    as_of: date
    cny: Mapping[str, Decimal]

    @classmethod
    def load(cls, path: Path = SHIPPED_RATES) -> "Rates":
        """ValueError naming the file and what is wrong with it."""
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ValueError(f"{path}: cannot be read as YAML") from error
        if not isinstance(data, dict) or not isinstance(data.get("cny"), dict) or not isinstance(data.get("as_of"), date):
            raise ValueError(f"{path}: needs as_of (a date) and cny (currency: rate)")
        return cls(data["as_of"], {str(code): _rate(path, code, rate) for code, rate in data["cny"].items()})

    def to_cny(self, amount: float, currency: str) -> float | None:
        """None where there is no rate for this currency."""
        rate = self.cny.get(currency)
        return None if rate is None else float(Decimal(str(amount)) * rate)


def _rate(path: Path, code: Any, value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"{path}: the rate of {code} is not a positive number")
    return rate
