"""Reviews as data: what must be signed by whom, with which documents, until when; read strictly from a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

SHIPPED_REVIEWS = Path(__file__).with_name("reviews.yaml")
ReviewKind = Literal["contract", "clause", "special_price"]
REVIEW_KINDS: tuple[ReviewKind, ...] = get_args(ReviewKind)
OFFICES = ("manager", "director", "legal")
_MOST_DAYS = 250
_MOST_CHASES = 10


@dataclass(frozen=True)
class Signers:
    """People of whom `needed` different ones must sign: offices by name, employees by id."""

    roles: frozenset[str]
    people: frozenset[str]
    needed: int = 1


@dataclass(frozen=True)
class ReviewRule:
    """What one kind of review needs. `waits`: nobody signs before its `materials` are there."""

    signers: tuple[Signers, ...]
    own: bool
    materials: tuple[str, ...]
    waits: bool
    overdue_days: int


@dataclass(frozen=True)
class MaterialName:
    """What a document is called, and the words by which people name it, in small letters."""

    zh: str
    en: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Reviews:
    """Everything of the file; days are working days."""

    kinds: Mapping[str, ReviewRule]
    materials: Mapping[str, MaterialName]
    chase_days: tuple[int, ...]
    tell: frozenset[str]

    @classmethod
    def read(cls, text: str, place: str) -> "Reviews":
        """Raises ValueError listing every problem, one a line, each with the place in the file."""
        return _Reader(place).read(text)

    def called(self, name: str) -> dict[str, str]:
        """A document's name in both languages; one that somebody asked for in their own words, by these."""
        known = self.materials.get(name)
        return {"zh": known.zh, "en": known.en} if known else {"zh": name, "en": name}

    def named_in(self, text: str) -> frozenset[str]:
        """The documents that these words name."""
        said = text.casefold()
        return frozenset(name for name, one in self.materials.items() if any(word in said for word in one.words))


@lru_cache(maxsize=1)
def shipped_reviews() -> Reviews:
    """What counts where nobody has written anything else."""
    return Reviews.read(SHIPPED_REVIEWS.read_text(encoding="utf-8"), SHIPPED_REVIEWS.name)


class _Reader:
    def __init__(self, place: str) -> None:
        self.place = place
        self.problems: list[str] = []

    def read(self, text: str) -> Reviews:
        try:
            data = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            raise ValueError(f"{self.place}:{mark.line + 1 if mark else 1}: not valid YAML") from error
        data = self._mapping(data, "", {"kinds", "materials", "chase_days", "tell"})
        materials = self._materials(data.get("materials"))
        kinds = self._mapping(data.get("kinds"), "kinds", set(REVIEW_KINDS))
        for missing in sorted(set(REVIEW_KINDS) - kinds.keys()):
            self._note("kinds", f"{missing} is missing")
        rules = {str(name): self._rule(one, f"kinds: {name}", materials) for name, one in kinds.items()}
        chase = self._chase(data.get("chase_days"))
        tell = self._names(data.get("tell"), "tell")
        self._offices(tell, "tell")
        if self.problems:
            raise ValueError("\n".join(self.problems))
        return Reviews(rules, materials, chase, frozenset(tell))

    def _rule(self, data: Any, where: str, materials: Mapping[str, MaterialName]) -> ReviewRule:
        data = self._mapping(data, where, {"signers", "own", "materials", "waits", "overdue_days"})
        signers = data.get("signers")
        if not isinstance(signers, list) or not signers:
            self._note(where, "signers is a list with at least one entry")
            signers = []
        wanted = self._names(data.get("materials"), f"{where}: materials")
        for name in wanted:
            if name not in materials:
                self._note(f"{where}: materials", f"there is no document called {name}")
        for key in ("own", "waits"):
            if not isinstance(data.get(key, False), bool):
                self._note(f"{where}: {key}", "is true or false")
        return ReviewRule(
            tuple(self._signers(one, f"{where}: signers") for one in signers),
            bool(data.get("own", False)),
            tuple(dict.fromkeys(wanted)),
            bool(data.get("waits", True)),
            self._days(data.get("overdue_days"), f"{where}: overdue_days"),
        )

    def _signers(self, data: Any, where: str) -> Signers:
        data = self._mapping(data, where, {"roles", "people", "needed"})
        roles, people = (self._names(data.get(key), f"{where}: {key}") for key in ("roles", "people"))
        self._offices(roles, f"{where}: roles")
        needed = data.get("needed", 1)
        if isinstance(needed, bool) or not isinstance(needed, int) or not 1 <= needed <= 9:
            self._note(f"{where}: needed", "is a whole number from 1 to 9")
            needed = 1
        if not roles and not people:
            self._note(where, "names roles or people")
        elif not roles and len(people) < needed:
            self._note(where, f"{needed} must sign, but only {len(people)} may")
        return Signers(frozenset(roles), frozenset(people), needed)

    def _materials(self, data: Any) -> dict[str, MaterialName]:
        found: dict[str, MaterialName] = {}
        for name, given in self._mapping(data, "materials", None).items():
            where = f"materials: {name}"
            one = self._mapping(given, where, {"zh", "en", "words"})
            for lang in ("zh", "en"):
                if not isinstance(one.get(lang), str) or not one[lang].strip():
                    self._note(where, f"needs its name in {lang}")
            words = [*self._names(one.get("words"), f"{where}: words"), str(one.get("zh", "")), str(one.get("en", ""))]
            said = tuple(dict.fromkeys(word.casefold() for word in words if word.strip()))
            found[str(name)] = MaterialName(str(one.get("zh", "")), str(one.get("en", "")), said)
        return found

    def _chase(self, data: Any) -> tuple[int, ...]:
        days = [] if data is None else data
        if not isinstance(days, list) or len(days) > _MOST_CHASES:
            self._note("chase_days", f"is a list of at most {_MOST_CHASES} numbers of days")
            return ()
        read = tuple(self._days(day, "chase_days") for day in days)
        if any(later <= earlier for earlier, later in pairwise(read)):
            self._note("chase_days", "each day is later than the one before")
        return read

    def _days(self, value: Any, where: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_DAYS:
            self._note(where, f"is a whole number of working days from 1 to {_MOST_DAYS}")
            return 1
        return value

    def _offices(self, names: list[str], where: str) -> None:
        for name in names:
            if name not in OFFICES:
                self._note(where, f"there is no office called {name}; there are {', '.join(OFFICES)}")

    def _names(self, data: Any, where: str) -> list[str]:
        names = [] if data is None else data
        if not isinstance(names, list) or any(not isinstance(one, str) for one in names):
            self._note(where, "is a list of names")
            return []
        return names

    def _mapping(self, data: Any, where: str, keys: set[str] | None) -> dict[Any, Any]:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self._note(where, "is written as key: value")
            return {}
        for key in data:
            if keys is not None and key not in keys:
                self._note(where, f"there is no such key as {key}; there are {', '.join(sorted(keys))}")
        return {key: value for key, value in data.items() if keys is None or key in keys}

    def _note(self, where: str, what: str) -> None:
        self.problems.append(": ".join(part for part in (self.place, where, what) if part))
