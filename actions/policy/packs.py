"""Compliance packs: a folder with rules, consent purposes, retention and texts, read strictly; and what one would change.

The rules of a pack are read with the policy (policy.py). Its purposes and retention are read, checked and kept here, for
whoever keeps consent and deletes what is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from actions.crm.records import KINDS
from actions.policy.files import Files

LANGUAGES = ("zh", "en")
BASES = frozenset(
    [
        "consent",
        "contract",
        "legal_obligation",
        "vital_interest",
        "public_interest",
        "legitimate_interest",
        "human_resources",
    ]
)
"""On what ground data may be used: those of PIPL article 13 and GDPR article 6, by one set of names."""
_FILES = {"pack.yaml", "policy.yaml", "consent.yaml", "retention.yaml", "texts.yaml"}
_MOST_DAYS = 36_500


@dataclass(frozen=True)
class Purpose:
    """What data may be used for, and on what ground. `expires_days` is how long a consent holds, None for until revoked."""

    id: str
    title: Mapping[str, str]
    basis: str
    expires_days: int | None = None


@dataclass(frozen=True)
class Retention:
    """How long records of a kind are kept. `why` is the provision it follows."""

    kind: str
    keep_days: int
    why: str


@dataclass(frozen=True)
class Pack:
    """One pack but for its rules. `texts` by key: `rule.ID` explains a rule of the policy; other keys are kept."""

    name: str
    title: Mapping[str, str]
    says: Mapping[str, str]
    purposes: tuple[Purpose, ...] = ()
    retention: tuple[Retention, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    place: str = ""


def read_pack(name: str, files: Files) -> Pack:
    """The pack that these texts are. Raises ValueError listing every problem, one a line."""
    reader = _Reader(files)
    pack = reader.pack(name)
    if reader.problems:
        raise ValueError("\n".join(reader.problems))
    return pack


def is_said(value: Any) -> bool:
    """Whether it is one sentence in each language."""
    if not isinstance(value, dict) or value.keys() != set(LANGUAGES):
        return False
    return all(isinstance(text, str) and 0 < len(text.strip()) <= 300 for text in value.values())


class _Reader:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.problems: list[str] = []

    def pack(self, name: str) -> Pack:
        for one in sorted(self.files.texts.keys() - _FILES):
            self._note(one, "no file of a pack; it has " + ", ".join(sorted(_FILES)))
        about = self._mapping("pack.yaml", {"title", "says"})
        for key in ("title", "says"):
            if not is_said(about.get(key)):
                self._note("pack.yaml", f"{key} is a sentence in zh and one in en")
        texts = self._mapping("texts.yaml", None)
        for key, said in texts.items():
            if not is_said(said):
                self._note("texts.yaml", f"{key} is a sentence in zh and one in en, of at most 300 characters")
        return Pack(
            name,
            about.get("title", {}),
            about.get("says", {}),
            self._purposes(),
            self._retention(),
            {str(key): said for key, said in texts.items() if is_said(said)},
            self.files.place("pack.yaml"),
        )

    def _purposes(self) -> tuple[Purpose, ...]:
        found: dict[str, Purpose] = {}
        for one in self._list("consent.yaml", "purposes", {"id", "title", "basis", "expires_days"}):
            purpose, days = one.get("id"), one.get("expires_days")
            title: Any = one.get("title")
            where = f"purpose {purpose}"
            if not isinstance(purpose, str) or not purpose.isidentifier() or purpose in found:
                self._note("consent.yaml", f"{where}: needs an id of its own made of letters, digits and _")
            elif not is_said(title):
                self._note("consent.yaml", f"{where}: title is a phrase in zh and one in en")
            elif not isinstance(one.get("basis"), str) or one["basis"] not in BASES:
                self._note("consent.yaml", f"{where}: basis is one of {', '.join(sorted(BASES))}")
            elif days is not None and not _is_days(days):
                self._note("consent.yaml", f"{where}: expires_days is a whole number from 1 to {_MOST_DAYS}")
            else:
                found[purpose] = Purpose(purpose, title, one["basis"], days)
        return tuple(found.values())

    def _retention(self) -> tuple[Retention, ...]:
        found: dict[str, Retention] = {}
        for one in self._list("retention.yaml", "retention", {"kind", "keep_days", "why"}):
            kind, why = one.get("kind"), one.get("why")
            days: Any = one.get("keep_days")
            where = f"retention of {kind}"
            if not isinstance(kind, str) or kind not in KINDS or kind in found:
                self._note("retention.yaml", f"{where}: kind is one of {', '.join(KINDS)}, each once")
            elif not _is_days(days):
                self._note("retention.yaml", f"{where}: keep_days is a whole number from 1 to {_MOST_DAYS}")
            elif not isinstance(why, str) or not why.strip():
                self._note("retention.yaml", f"{where}: why names the provision it follows")
            else:
                found[kind] = Retention(kind, days, why.strip())
        return tuple(found.values())

    def _list(self, file: str, key: str, keys: set[str]) -> list[dict[Any, Any]]:
        data = self._mapping(file, {key}).get(key, [])
        if not isinstance(data, list) or any(not isinstance(one, dict) for one in data):
            self._note(file, f"{key} is a list")
            return []
        for one in data:
            for unknown in sorted(str(name) for name in one if name not in keys):
                self._note(file, f"there is no such key as {unknown}")
        return data

    def _mapping(self, file: str, keys: set[str] | None) -> dict[Any, Any]:
        if file not in self.files.texts:
            return {}
        try:
            data = yaml.safe_load(self.files.texts[file])
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            self._note(file, "not valid YAML", mark.line + 1 if mark else 1)
            return {}
        if data is None:
            return {}
        if not isinstance(data, dict):
            self._note(file, "is written as key: value")
            return {}
        if keys is not None:
            for unknown in sorted(str(key) for key in data if key not in keys):
                self._note(file, f"there is no such key as {unknown}")
        return data

    def _note(self, file: str, what: str, line: int | None = None) -> None:
        self.problems.append(f"{self.files.place(file)}:{f'{line}:' if line else ''} {what}")


def _is_days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_DAYS
