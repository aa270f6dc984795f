"""What stands in a paper, block by block, as values: written once, then printed as PDF, as DOCX and as pictures alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter

from actions.canonical import digest_of

PaperKind = Literal[
    "quote", "value_summary", "one_page", "proposal", "contract_request", "demo_agenda", "comparison", "references"
]
Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Cell:
    """One field of a table. `note` stands small below the text: where it is from and when. `is_faint`: nothing is known."""

    text: str
    note: str = ""
    is_stale: bool = False
    is_faint: bool = False


@dataclass(frozen=True)
class Heading:
    text: str
    block: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Paragraph:
    text: str
    block: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True)
class Points:
    """A short list."""

    items: tuple[str, ...]
    block: Literal["points"] = "points"


@dataclass(frozen=True)
class Details:
    """Pairs of a label and its value, one a line."""

    rows: tuple[tuple[str, str], ...]
    block: Literal["details"] = "details"


@dataclass(frozen=True)
class Grid:
    """A table. `widths` are the columns' shares; `numbers` the columns, from 0, that are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[int, ...]
    numbers: tuple[int, ...] = ()
    block: Literal["grid"] = "grid"


@dataclass(frozen=True)
class Total:
    """The sums below a table, set to the right; the last one stands out."""

    rows: tuple[tuple[str, str], ...]
    block: Literal["total"] = "total"


@dataclass(frozen=True)
class Citation:
    """Words of one of the company's documents, with the place they stand in."""

    text: str
    source: str
    block: Literal["citation"] = "citation"


Block = Annotated[
    Heading | Paragraph | Points | Details | Grid | Total | Citation,
    Discriminator("block"),
]


@dataclass(frozen=True)
class Sheet:
    """A whole paper, in one language. `day` is the day it is dated; `foot` stands on every page."""

    kind: PaperKind
    lang: Language
    day: date
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    foot: str = ""

    @property
    def digest(self) -> str:
        """Names exactly this content: whoever looked at it looked at these words and no others."""
        return digest_of(sheet_to_json(self))


_sheet = TypeAdapter(Sheet)


def sheet_to_json(sheet: Sheet) -> dict[str, Any]:
    data: dict[str, Any] = _sheet.dump_python(sheet, mode="json")
    return data


def sheet_from_json(data: Any) -> Sheet:
    """Raises ValueError on what `sheet_to_json` never wrote."""
    return _sheet.validate_python(data)


def texts(sheet: Sheet) -> Iterator[str]:
    """Every piece of text of the paper, in reading order, the foot left out."""
    yield sheet.title
    yield sheet.subtitle
    for block in sheet.blocks:
        match block:
            case Heading() | Paragraph():
                yield block.text
            case Points():
                yield from block.items
            case Details() | Total():
                yield from (part for row in block.rows for part in row)
            case Citation():
                yield from (block.text, block.source)
            case Grid():
                yield from block.head
                for cell in (cell for row in block.rows for cell in row):
                    yield cell.text
                    yield cell.note
