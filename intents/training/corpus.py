"""Labelled utterances: read from JSON lines, refused when one is wrong."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.training.marks import Mark, read_marks

ROLES = ("rep", "customer", "manager")
LANGUAGES = ("zh", "en", "mixed")


@dataclass(frozen=True)
class Utterance:
    """One labelled line.

    `voice` names who wrote it, `origin` is file and line for messages, `marks` are its slots; `is_marked` where
    no slot in it is unmarked; `of` is what it says again in the other language.
    """

    text: str
    lang: str
    role: str | None
    intent: str
    also: tuple[str, ...]
    voice: str
    origin: str
    marks: tuple[Mark, ...] = ()
    is_marked: bool = False
    of: str | None = None


def read_folder(folder: Path, labels: Collection[str]) -> list[Utterance]:
    """Read every `*.jsonl` in the folder. Raise ValueError naming file, line and fault at the first wrong line."""
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise ValueError(f"{folder}: there is no .jsonl file here to learn from")
    return [utterance for file in files for utterance in read_file(file, labels)]


def read_file(file: Path, labels: Collection[str]) -> list[Utterance]:
    """Read one file of JSON lines; blank lines are skipped. Raise ValueError as `read_folder` does."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: this is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise ValueError(f"{file}: this file cannot be read: {error.strerror}") from error
    return list(_utterances(file, lines, labels))


def _utterances(file: Path, lines: list[str], labels: Collection[str]) -> Iterator[Utterance]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        origin = f"{file}:{number}"
        try:
            yield _utterance(json.loads(line), labels, file.stem, origin)
        except json.JSONDecodeError as error:
            raise ValueError(f"{origin}: this is not a JSON object: {error.msg}") from error
        except RecursionError as error:
            raise ValueError(f"{origin}: this is not a JSON object: nested too deep") from error
        except ValueError as error:
            raise ValueError(f"{origin}: {error}") from error


def _utterance(entry: Any, labels: Collection[str], voice: str, origin: str) -> Utterance:
    if not isinstance(entry, dict):
        raise ValueError("this is not a JSON object")
    text = entry.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("`text` must be a sentence")
    lang = _one_of(entry, "lang", LANGUAGES, default="zh" if not text.isascii() else "en")
    role = _one_of(entry, "role", ROLES, default=None)
    also = entry.get("also", [])
    if not isinstance(also, list):
        raise ValueError("`also` must be a list of intents")
    for label in [entry.get("intent"), *also]:
        if not isinstance(label, str) or label not in labels:
            raise ValueError(f"the dictionary has no intent {label!r}")
    voice = entry.get("voice", voice)
    if not isinstance(voice, str):
        raise ValueError("`voice` must be a name")
    marks = read_marks(entry.get("slots", []), text)
    of = entry.get("of")
    if of is not None and not isinstance(of, str):
        raise ValueError("`of` must be the sentence that this one says again")
    is_marked = entry.get("all_marked", False) is True
    return Utterance(text, lang or "en", role, entry["intent"], tuple(also), voice, origin, marks, is_marked, of)


def _one_of(entry: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None) -> str | None:
    value = entry.get(key, default)
    if value is not None and value not in allowed:
        raise ValueError(f"`{key}` must be one of {', '.join(allowed)}, not {value!r}")
    return value if isinstance(value, str) else default
