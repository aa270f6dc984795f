"""What a document says about itself in its first lines: id, title, language, owner, version, date, audience."""

import re
from dataclasses import dataclass
from datetime import date
from typing import cast

import yaml

from retrieval.passage import AUDIENCES

LANGUAGES = frozenset({"zh", "en"})
_FENCE = "---"
_LONGEST = 4_000  # characters; real front matter is a tenth of it, and a YAML parser should not be fed more
_FIELDS = ("id", "title", "lang", "owner", "version", "valid_from")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadDocumentError(ValueError):
    """The document cannot be read; the message is a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The stated facts of one document. `valid_from` is the day it took effect."""

    id: str
    title: str
    lang: str
    owner: str
    version: str
    valid_from: date
    audience: frozenset[str]


def split(text: str) -> tuple[FrontMatter, list[str], int]:
    """The front matter, the lines after it, and the 1-based number of the first of those lines.

    Raises BadDocumentError when the front matter is missing, unreadable or incomplete.
    """
    lines = text.split("\n")
    if lines[0].strip() != _FENCE:
        raise BadDocumentError("it does not begin with front matter (a line ---, the fields, a line ---)")
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return _front_matter("\n".join(lines[1:number])), lines[number + 1 :], number + 2
    raise BadDocumentError("its front matter has no closing line ---")


def _front_matter(source: str) -> FrontMatter:
    fields = _fields(source)
    stated = {name: _one_line(fields, name) for name in _FIELDS}
    if not _ID.fullmatch(stated["id"]):
        raise BadDocumentError("its id may only have lower-case letters, digits and single hyphens")
    if stated["lang"] not in LANGUAGES:
        raise BadDocumentError(f"its lang must be one of: {', '.join(sorted(LANGUAGES))}")
    return FrontMatter(
        id=stated["id"],
        title=stated["title"],
        lang=stated["lang"],
        owner=stated["owner"],
        version=stated["version"],
        valid_from=_day(stated["valid_from"]),
        audience=_audience(fields.get("audience")),
    )


def _fields(source: str) -> dict[str, object]:
    if len(source) > _LONGEST:
        raise BadDocumentError(f"its front matter is longer than {_LONGEST} characters")
    try:
        # BaseLoader builds nothing but text, lists and mappings: version 1.10 stays "1.10", and no tag can surprise us
        fields = yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        raise BadDocumentError("its front matter is not valid YAML") from error
    if not isinstance(fields, dict):
        raise BadDocumentError("its front matter is not a list of fields (name: value)")
    return cast("dict[str, object]", fields)


def _one_line(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadDocumentError(f"its front matter lacks the field {name}")
    return " ".join(value.split())


def _day(text: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 2026-02-30: told below, like every other wrong date
    raise BadDocumentError("its valid_from is not a date such as 2026-01-31")


def _audience(value: object) -> frozenset[str]:
    named = frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()
    if not named or not named <= AUDIENCES:
        raise BadDocumentError(f"its audience must list one or more of: {', '.join(sorted(AUDIENCES))}")
    return named
