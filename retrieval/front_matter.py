"""What a document says about itself in its first lines: id, title, language, owner, version, date, audience."""

import re
from dataclasses import dataclass
from datetime import date
from typing import cast

import yaml

from retrieval.formats.bad import BadDocumentError
from retrieval.passage import AUDIENCES
from retrieval.setting import FACTS

LANGUAGES = frozenset({"zh", "en"})
_FENCE = "---"
_LONGEST = 4_000  # characters; real front matter is a tenth of it, and a YAML parser should not be fed more
_FIELDS = ("id", "title", "lang", "owner", "version", "valid_from")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The stated facts of one document. It is in force from `valid_from` to `valid_to`, both included.

    `by`, `teams`, `customer`, `purpose` and `fits` are as in Passage.
    `source` is the file that it was taken from, empty when it stands in its own; `first_line` the line there at which its
    body begins.
    """

    id: str
    title: str
    lang: str
    owner: str
    version: str
    valid_from: date
    audience: frozenset[str]
    valid_to: date | None = None
    source: str = ""
    first_line: int | None = None
    by: str = ""
    teams: frozenset[str] = frozenset()
    customer: str = ""
    purpose: str = ""
    fits: frozenset[tuple[str, str]] = frozenset()


def split(text: str) -> tuple[FrontMatter | None, list[str], int]:
    """The front matter if there is any, the lines after it, and the 1-based number of the first of those lines.

    Raises BadDocumentError when the front matter is unreadable or incomplete.
    """
    lines = text.split("\n")
    if lines[0].strip() != _FENCE:
        return None, lines, 1
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return _front_matter("\n".join(lines[1:number])), lines[number + 1 :], number + 2
    raise BadDocumentError("its front matter has no closing line ---", "form")


def _front_matter(source: str) -> FrontMatter:
    fields = _fields(source)
    # who takes a file in need not know who answers for it
    may_lack = {"owner"} if "source" in fields and "owner" not in fields else set()
    stated = {name: "" if name in may_lack else _one_line(fields, name) for name in _FIELDS}
    if not _ID.fullmatch(stated["id"]):
        raise BadDocumentError("its id may only have lower-case letters, digits and single hyphens", "form")
    if stated["lang"] not in LANGUAGES:
        raise BadDocumentError(f"its lang must be one of: {', '.join(sorted(LANGUAGES))}", "form")
    valid_from = _day(stated["valid_from"], "valid_from")
    return FrontMatter(
        id=stated["id"],
        title=stated["title"],
        lang=stated["lang"],
        owner=stated["owner"],
        version=stated["version"],
        valid_from=valid_from,
        audience=_audience(fields.get("audience")),
        valid_to=_last_day(fields, valid_from),
        source=str(fields.get("source", "")),
        first_line=int(line) if (line := str(fields.get("first_line", ""))).isdecimal() else None,
        by=" ".join(str(fields.get("by", "")).split()),
        teams=_names(fields, "teams"),
        customer=_one_line(fields, "customer") if "customer" in fields else "",
        purpose=_one_line(fields, "purpose") if "purpose" in fields else "",
        fits=_fits(fields.get("fits", {})),
    )


def written(front: FrontMatter) -> str:
    """The front matter as it stands at the head of a file."""
    fields = {
        **{name: str(getattr(front, name)) for name in _FIELDS if getattr(front, name)},
        **({"valid_to": front.valid_to.isoformat()} if front.valid_to else {}),
        "audience": sorted(front.audience),
        **({"by": front.by} if front.by else {}),
        **({"teams": sorted(front.teams)} if front.teams else {}),
        **({"customer": front.customer} if front.customer else {}),
        **({"purpose": front.purpose} if front.purpose else {}),
        **({"fits": _by_kind(front.fits)} if front.fits else {}),
        **({"source": front.source, "first_line": front.first_line} if front.source else {}),
    }
    return f"{_FENCE}\n{yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=10_000)}{_FENCE}\n"


def _fields(source: str) -> dict[str, object]:
    if len(source) > _LONGEST:
        raise BadDocumentError(f"its front matter is longer than {_LONGEST} characters", "form")
    try:
        # BaseLoader builds nothing but text, lists and mappings: version 1.10 stays "1.10", and no tag can surprise us
        fields = yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        raise BadDocumentError("its front matter is not valid YAML", "form") from error
    if not isinstance(fields, dict):
        raise BadDocumentError("its front matter is not a list of fields (name: value)", "form")
    return cast("dict[str, object]", fields)


def _one_line(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadDocumentError(f"its front matter lacks the field {name}", "form")
    return " ".join(value.split())


def _last_day(fields: dict[str, object], first: date) -> date | None:
    if "valid_to" not in fields:
        return None
    last = _day(_one_line(fields, "valid_to"), "valid_to")
    if last < first:
        raise BadDocumentError("its valid_to lies before its valid_from", "form")
    return last


def _day(text: str, field: str) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 2026-02-30: told below, like every other wrong date
    raise BadDocumentError(f"its {field} is not a date such as 2026-01-31", "form")


def _names(fields: dict[str, object], field: str) -> frozenset[str]:
    value = fields.get(field, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name.strip() for name in value):
        raise BadDocumentError(f"its {field} must be a list of names", "form")
    if field in fields and not value:
        raise BadDocumentError(f"its {field} is an empty list", "form")  # for nobody is not the same as for all
    return frozenset(name.strip() for name in value)


def _fits(value: object) -> frozenset[tuple[str, str]]:
    if not isinstance(value, dict) or not value.keys() <= FACTS:
        raise BadDocumentError(f"its fits must name one or more of: {', '.join(sorted(FACTS))}", "form")
    fields = {str(kind): words if isinstance(words, list) else [words] for kind, words in value.items()}
    return frozenset((kind, word.casefold()) for kind in fields for word in _names(fields, kind))  # type: ignore[arg-type]


def _by_kind(fits: frozenset[tuple[str, str]]) -> dict[str, list[str]]:
    return {kind: sorted(word for one, word in fits if one == kind) for kind in sorted({kind for kind, _ in fits})}


def _audience(value: object) -> frozenset[str]:
    named = frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()
    if not named or not named <= AUDIENCES:
        raise BadDocumentError(f"its audience must list one or more of: {', '.join(sorted(AUDIENCES))}", "form")
    return named
