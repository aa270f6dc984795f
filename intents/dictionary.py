"""The semantic dictionary: every intent the copilot knows, read from `dictionary.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True)
class Intent:
    """One thing a speaker can want; `zh` and `en` are one plain example each."""

    id: str
    who: tuple[str, ...]
    means: str
    zh: str
    en: str


@dataclass(frozen=True)
class Dictionary:
    """All intents of one version, by id, in the order of the file."""

    version: int
    intents: Mapping[str, Intent]

    def with_added(self, intents: Mapping[str, Intent]) -> "Dictionary":
        """Return the dictionary with further intents behind its own."""
        return replace(self, intents={**self.intents, **intents})

    def customers_own(self) -> frozenset[str]:
        """Return the intents that only a customer has; a rep who says one tells of a customer (reading rule 3)."""
        return frozenset(intent.id for intent in self.intents.values() if set(intent.who) == {"customer", "rep"})


def load_dictionary(path: Path) -> Dictionary:
    """Raise ValueError, naming the file and the entry, when the dictionary cannot be read as one."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: the dictionary cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("intents"), dict):
        raise ValueError(f"{path}: a dictionary needs `version` and `intents`")
    if not isinstance(content.get("version"), int):
        raise ValueError(f"{path}: `version` must be a whole number")
    intents = {str(name): _intent(path, str(name), entry) for name, entry in content["intents"].items()}
    if OUT_OF_SCOPE not in intents:
        raise ValueError(f"{path}: the intent {OUT_OF_SCOPE} is missing")
    return Dictionary(content["version"], intents)


def _intent(path: Path, name: str, entry: Any) -> Intent:
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: {name} must have who, means, zh and en")
    who = entry.get("who")
    words = [entry.get(key) for key in ("means", "zh", "en")]
    if not (isinstance(who, list) and who and all(isinstance(word, str) for word in [*who, *words])):
        raise ValueError(f"{path}: {name} must have who (a list), means, zh and en")
    means, zh, en = (str(word) for word in words)
    return Intent(name, tuple(who), means, zh, en)
