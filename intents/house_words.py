"""How a company talks: its own words, and the names it gives to customers, rivals, products and people; one YAML file.

People who do not program write it, so that every fault is told with its place, in words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from intents.names import KnownName, NameKind

_NAMED: Mapping[str, NameKind] = {
    "customers": "company",
    "competitors": "company",
    "products": "product",
    "people": "person",
}
_WORDS = "words"
_MOST = 5_000
"""Entries of one file; more is somebody's export and belongs into the CRM."""


@dataclass(frozen=True)
class HouseWords:
    """`plain` has for each word of the house what it means; `names` are names with the aliases people use, those of
    `competitors` among them."""

    plain: Mapping[str, str]
    names: tuple[KnownName, ...]
    competitors: tuple[KnownName, ...] = ()


NOTHING = HouseWords({}, ())


def read_house_words(file: Path) -> HouseWords:
    """Read the file; one that does not exist says nothing. Raise ValueError with one sentence on the first fault."""
    if not file.exists():
        return NOTHING
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: this file cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"{file}{line}: this is not written as `word: meaning`: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{file}: this is not YAML: {error}") from error
    if content is None:
        return NOTHING
    if not isinstance(content, dict):
        raise ValueError(f"{file}: it needs sections such as `words:` and `customers:`")
    if foreign := sorted(str(name) for name in set(content) - {_WORDS, *_NAMED}):
        raise ValueError(f"{file}: there is no section {foreign[0]!r}; there are {', '.join((_WORDS, *_NAMED))}")
    plain = dict(_word(file, *entry) for entry in _entries(file, content, _WORDS))
    names, rivals = [], []
    for section, kind in _NAMED.items():
        for name, aliases in _entries(file, content, section):
            said = _aliases(file, section, name, aliases)
            names.append(KnownName(kind, str(name), said))
            if section == "competitors":  # what is known of a rival is found by its name
                plain |= {alias: str(name) for alias in said}
                rivals.append(names[-1])
    return HouseWords(plain, tuple(names), tuple(rivals))


def _entries(file: Path, content: Mapping[str, Any], section: str) -> list[tuple[Any, Any]]:
    entries = content.get(section) or {}
    if not isinstance(entries, dict):
        raise ValueError(f"{file}: `{section}` must hold lines such as `name: …`")
    if len(entries) > _MOST:
        raise ValueError(f"{file}: `{section}` holds more than {_MOST} entries")
    return list(entries.items())


def _word(file: Path, word: Any, meaning: Any) -> tuple[str, str]:
    if not isinstance(meaning, str) or not meaning.strip() or len(str(word).strip()) < 2:
        raise ValueError(f"{file}: the word {word!r} (two characters or more) needs its meaning behind the colon, in words")
    return str(word).strip(), meaning.strip()


def _aliases(file: Path, section: str, name: Any, aliases: Any) -> tuple[str, ...]:
    listed = aliases if isinstance(aliases, list) else [aliases]
    said = tuple(str(alias).strip() for alias in listed if alias is not None)
    if not said or any(len(alias) < 2 for alias in said) or any(isinstance(alias, dict | list) for alias in listed):
        raise ValueError(f"{file}: {section}, {name}: what people call it, two characters or more, as [one, another]")
    return said
