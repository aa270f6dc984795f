"""The sentences of both languages, read once from the wording files, by dotted key."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def sentences(lang: Language) -> Mapping[str, str]:
    """Every sentence by key, such as `answer.heard` or `word.stage.won`."""
    content = yaml.safe_load(Path(__file__).with_name(f"{lang}.yaml").read_text(encoding="utf-8"))
    return dict(_flat("", content))


def sentence(key: str, lang: Language) -> str:
    """Raise KeyError where there is none: a missing sentence is a mistake of ours, found by the tests."""
    return sentences(lang)[key]


def has(key: str) -> bool:
    return key in sentences("zh")


def word(kind: str, value: str, lang: Language) -> str | None:
    """What a value such as a stage or a ticket's kind is called, or None where it has no name."""
    return sentences(lang).get(f"word.{kind}.{value}")


def _flat(prefix: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    else:
        yield prefix, str(node)
