"""lay_out: a sheet becomes pages of marks at places, the same for PDF and pictures; thinks, touches nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from actions.papers.letters import broken, printable, width
from actions.papers.sheet import Cell, Citation, Details, Grid, Heading, Paragraph, Points, Sheet, Total

Ink = Literal["black", "grey", "blue", "amber", "white", "pale", "line"]


@dataclass(frozen=True)
class Format:
    """How large a page is, in points, and the letters on it. `is_narrow`: tables are set row below row, for a phone.

    `height` is where a page ends at the latest; one that is `is_cut` ends where its last line does.
    """

    width: float
    height: float
    margin: float
    text: float
    title: float
    is_narrow: bool = False
    is_cut: bool = False

    @property
    def heading(self) -> float:
        return self.text * 1.2

    @property
    def small(self) -> float:
        return self.text * 0.8

    @property
    def room(self) -> float:
        return self.width - 2 * self.margin


A4 = Format(595, 842, 54, 10.5, 20)
PHONE = Format(390, 1900, 20, 16, 25, is_narrow=True, is_cut=True)
"""A phone's screen is about 390 points wide, and what is read there is set in 16."""

LEADING = 1.5
"""From one line to the next, in sizes: Chinese is dense and needs air."""
_BASE = 1.05
"""From the top of a line to what its letters stand on, in sizes."""


@dataclass(frozen=True)
class Words:
    """A line of text; `y` is what its letters stand on."""

    x: float
    y: float
    text: str
    size: float
    is_bold: bool = False
    ink: Ink = "black"


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    ink: Ink


@dataclass(frozen=True)
class Page:
    """One page with everything on it, boxes before the words that stand on them."""

    width: float
    height: float
    marks: tuple[Words | Box, ...]


def lay_out(sheet: Sheet, form: Format = A4) -> tuple[Page, ...]:
    """The pages of a sheet; at least one."""
    press = _Press(form, printable(sheet.foot))
    press.lines(sheet.title, form.title, is_bold=True)
    press.lines(sheet.subtitle, form.text, ink="grey")
    press.gap(form.text * 0.6)
    press.rule("blue", 2)
    press.gap(form.text * 0.6)
    for block in sheet.blocks:
        match block:
            case Heading():
                press.gap(form.text * 0.7)
                press.keep(form.heading * LEADING + 3 * form.text * LEADING)
                press.lines(block.text, form.heading, is_bold=True, ink="blue")
            case Paragraph():
                press.lines(block.text, form.text)
                press.gap(form.text * 0.3)
            case Points():
                for item in block.items:
                    press.lines(item, form.text, indent=form.text * 1.2, mark="•")
                press.gap(form.text * 0.3)
            case Details():
                _details(press, block)
            case Total():
                _total(press, block)
            case Citation():
                _citation(press, block)
            case Grid() if form.is_narrow:
                _stacked(press, block)
            case Grid():
                _table(press, block)
    return press.pages()


@dataclass
class _Press:
    """Puts marks below each other and begins a new page when one is full."""

    form: Format
    foot: str
    y: float = 0.0
    done: list[list[Words | Box]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    marks: list[Words | Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.y = self.form.margin

    @property
    def bottom(self) -> float:
        return self.form.height - self.form.margin - self.form.small * LEADING

    def gap(self, height: float) -> None:
        self.y += height

    def keep(self, height: float) -> bool:
        """Begin a new page unless this much fits on the one begun; whether it did."""
        if self.y + height <= self.bottom or self.y == self.form.margin:
            return False
        self.turn()
        return True

    def turn(self) -> None:
        self.done.append(self.marks)
        self.ends.append(self.y)
        self.marks, self.y = [], self.form.margin

    def box(self, x: float, y: float, wide: float, high: float, ink: Ink) -> None:
        self.marks.append(Box(x, y, wide, high, ink))

    def rule(self, ink: Ink, high: float = 0.7) -> None:
        self.box(self.form.margin, self.y, self.form.room, high, ink)
        self.y += high

    def lines(
        self, text: str, size: float, *, is_bold: bool = False, ink: Ink = "black", indent: float = 0.0, mark: str = ""
    ) -> None:
        """A text over the whole width, `indent` from the left, `mark` before its first line."""
        if not text:
            return
        x = self.form.margin + indent
        for number, line in enumerate(broken(printable(text), self.form.room - indent, size, is_bold=is_bold)):
            self.keep(size * LEADING)
            if mark and number == 0:
                self.marks.append(Words(self.form.margin, self.y + size * _BASE, mark, size, ink=ink))
            self.words(x, line, size, is_bold=is_bold, ink=ink)
            self.y += size * LEADING

    def words(self, x: float, text: str, size: float, *, is_bold: bool = False, ink: Ink = "black") -> None:
        if text:
            self.marks.append(Words(x, self.y + size * _BASE, text, size, is_bold, ink))

    def pages(self) -> tuple[Page, ...]:
        self.turn()
        form = self.form
        made = []
        for number, (marks, end) in enumerate(zip(self.done, self.ends, strict=True), start=1):
            foot = f"{self.foot}  ·  {number}/{len(self.done)}" if self.foot and len(self.done) > 1 else self.foot
            lines = broken(foot, form.room, form.small) if foot else []
            high = end + form.margin + len(lines) * form.small * LEADING if form.is_cut else form.height
            first = high - form.margin * 0.55 - (len(lines) - 1) * form.small * LEADING
            feet = [
                Words(form.margin, first + at * form.small * LEADING, line, form.small, ink="grey")
                for at, line in enumerate(lines)
            ]
            made.append(Page(form.width, high, (*marks, *feet)))
        return tuple(made)


def _details(press: _Press, block: Details) -> None:
    form = press.form
    column = min(max((width(printable(label), form.text) for label, _ in block.rows), default=0) + 14, form.room * 0.4)
    for label, value in block.rows:
        lines = broken(printable(value), form.room - column, form.text)
        labels = broken(printable(label), column - 8, form.text)
        press.keep(max(len(lines), len(labels)) * form.text * LEADING)
        _column(press, form.margin, labels, form.text, "grey")
        _column(press, form.margin + column, lines, form.text, "black")
        press.gap(max(len(lines), len(labels)) * form.text * LEADING)
    press.gap(form.text * 0.3)


def _column(press: _Press, x: float, lines: Sequence[str], size: float, ink: Ink, *, is_bold: bool = False) -> None:
    top = press.y
    for line in lines:
        press.words(x, line, size, ink=ink, is_bold=is_bold)
        press.gap(size * LEADING)
    press.y = top


def _total(press: _Press, block: Total) -> None:
    form = press.form
    right = form.margin + form.room
    press.keep(len(block.rows) * form.text * LEADING * 1.2)
    for number, (label, value) in enumerate(block.rows, start=1):
        is_last = number == len(block.rows)
        size = form.text * 1.15 if is_last else form.text
        wide = width(printable(value), size, is_bold=is_last)
        before = width(printable(label), size, is_bold=is_last)
        space = 14.0
        press.words(
            right - wide - space - before, printable(label), size, is_bold=is_last, ink="black" if is_last else "grey"
        )
        press.words(right - wide, printable(value), size, is_bold=is_last)
        press.gap(size * LEADING)
    press.gap(form.text * 0.4)


def _citation(press: _Press, block: Citation) -> None:
    form = press.form
    for text, size, ink in ((block.text, form.text, "black"), (block.source, form.small, "grey")):
        for line in broken(printable(text), form.room - 14, size):
            press.keep(size * LEADING)
            press.box(form.margin, press.y, 2.5, size * LEADING, "line")
            press.words(form.margin + 14, line, size, ink="grey" if ink == "grey" else "black")
            press.gap(size * LEADING)
    press.gap(form.text * 0.5)


# --- tables --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Set:
    """A cell broken into lines: its text, and its small note below."""

    text: list[str]
    note: list[str]
    cell: Cell

    def height(self, form: Format) -> float:
        return (len(self.text) * form.text + len(self.note) * form.small) * LEADING


def _table(press: _Press, block: Grid) -> None:
    form = press.form
    wide = [form.room * share / sum(block.widths) for share in block.widths]
    pad = 5.0
    heads = [
        broken(printable(text), room - 2 * pad, form.text, is_bold=True) for text, room in zip(block.head, wide, strict=True)
    ]
    _head(press, block, heads, wide, pad)
    for row in block.rows:
        cells = [_set(cell, room - 2 * pad, form) for cell, room in zip(row, wide, strict=True)]
        high = max(cell.height(form) for cell in cells) + 2 * pad
        if press.keep(high):
            _head(press, block, heads, wide, pad)
        x, top = form.margin, press.y
        for number, (cell, room) in enumerate(zip(cells, wide, strict=True)):
            press.y = top + pad
            _cell(press, cell, x + pad, room - 2 * pad, is_right=number in block.numbers, is_bold=False)
            x += room
        press.y = top + high
        press.rule("line")
    press.gap(form.text * 0.6)


def _head(press: _Press, block: Grid, heads: Sequence[list[str]], wide: Sequence[float], pad: float) -> None:
    form = press.form
    high = max(len(lines) for lines in heads) * form.text * LEADING + 2 * pad
    press.keep(high + 3 * form.text * LEADING)
    press.box(form.margin, press.y, form.room, high, "pale")
    x, top = form.margin, press.y
    for number, (lines, room) in enumerate(zip(heads, wide, strict=True)):
        press.y = top + pad
        for line in lines:
            at = x + pad
            if number in block.numbers:
                at = x + room - pad - width(line, form.text, is_bold=True)
            press.words(at, line, form.text, is_bold=True)
            press.gap(form.text * LEADING)
        x += room
    press.y = top + high


def _stacked(press: _Press, block: Grid) -> None:
    """Each row by itself: what it is about over the whole width, below it the other columns side by side."""
    form, pad = press.form, 10.0
    heads = block.head[1:]
    between = 10.0
    room = (form.room - 2 * pad - between * (len(heads) - 1)) / max(len(heads), 1)
    for row in block.rows:
        about = broken(printable(row[0].text), form.room - 2 * pad, form.text, is_bold=True)
        labels = [broken(printable(head), room, form.small, is_bold=True) for head in heads]
        cells = [_set(cell, room, form) for cell in row[1:]]
        label_high = max((len(lines) for lines in labels), default=0) * form.small * LEADING
        high = (
            len(about) * form.text * LEADING + label_high + max((cell.height(form) for cell in cells), default=0) + 2 * pad
        )
        press.keep(high)
        top = press.y
        press.box(form.margin, top, form.room, high, "pale")
        press.y = top + pad
        for line in about:
            press.words(form.margin + pad, line, form.text, is_bold=True)
            press.gap(form.text * LEADING)
        below = press.y
        for number, (lines, cell) in enumerate(zip(labels, cells, strict=True)):
            x = form.margin + pad + number * (room + between)
            press.y = below
            _column(press, x, lines, form.small, "blue" if number == 0 else "grey", is_bold=True)
            press.y = below + label_high
            _cell(press, cell, x, room, is_right=False, is_bold=False)
        press.y = top + high
        press.gap(8)


def _set(cell: Cell, room: float, form: Format) -> _Set:
    return _Set(
        broken(printable(cell.text), room, form.text) if cell.text else [],
        broken(printable(cell.note), room, form.small) if cell.note else [],
        cell,
    )


def _cell(press: _Press, cell: _Set, x: float, room: float, *, is_right: bool, is_bold: bool) -> None:
    form = press.form
    for line in cell.text:
        at = x + room - width(line, form.text, is_bold=is_bold) if is_right else x
        press.words(at, line, form.text, is_bold=is_bold, ink="grey" if cell.cell.is_faint else "black")
        press.gap(form.text * LEADING)
    for line in cell.note:
        press.words(x, line, form.small, ink="amber" if cell.cell.is_stale else "grey")
        press.gap(form.small * LEADING)


def words_on(page: Page) -> Iterator[Words]:
    """The words of a page, in reading order."""
    return (mark for mark in page.marks if isinstance(mark, Words))
