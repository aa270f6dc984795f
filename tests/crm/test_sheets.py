"""Hostile and odd files: refused with a sentence, or read; never a crash, never more memory than a file deserves."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from actions.crm.sheets import Sheet, UnreadableError, guarded, sheets_of, unguarded, write_csv, write_xlsx

PLAIN = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
ROWS = st.lists(st.tuples(PLAIN, PLAIN, PLAIN), max_size=5)
# the folder is only ever overwritten, so one for all examples is enough


def _packed(path: Path, parts: dict[str, bytes]) -> Path:
    book = Workbook()
    book.save(path)
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if name not in parts}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**kept, **parts}.items():
            archive.writestr(name, content)
    return path


def _sheet(rows: bytes) -> bytes:
    return (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1"/><sheetData>' + rows + b"</sheetData></worksheet>"
    )


@given(content=st.binary(max_size=300))
def test_any_bytes_as_csv_are_lines_or_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        lines = list(Sheet(path).lines())
    except UnreadableError:
        return
    assert [line.number for line in lines] == sorted(line.number for line in lines)


@given(content=st.binary(max_size=300))
def test_any_bytes_as_xlsx_are_refused_with_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableError):
        sheets_of(path)


@settings(max_examples=40)
@given(cut=st.integers(min_value=0, max_value=4_000), junk=st.binary(min_size=1, max_size=20))
def test_a_damaged_workbook_is_read_or_refused(cut: int, junk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.xlsx"
    Workbook().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut] + junk + whole[cut + len(junk) :])
    try:
        for sheet in sheets_of(path):
            list(sheet.lines())
    except UnreadableError as error:
        assert str(error)


def test_a_workbook_that_swells_a_thousandfold_is_not_opened(tmp_path: Path) -> None:
    bomb = _packed(tmp_path / "bomb.xlsx", {"xl/worksheets/sheet1.xml": _sheet(b" " * 50_000_000)})
    with pytest.raises(UnreadableError, match="swells"):
        sheets_of(bomb)


def test_a_workbook_with_entities_is_not_opened(tmp_path: Path) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><worksheet>&b;</worksheet>'
    with pytest.raises(UnreadableError, match="document type definition"):
        sheets_of(_packed(tmp_path / "laughs.xlsx", {"xl/worksheets/sheet1.xml": laughs}))


def test_a_row_that_claims_a_cell_far_to_the_right_is_refused(tmp_path: Path) -> None:
    wide = _sheet(b'<row r="1"><c r="XFD1" t="inlineStr"><is><t>far</t></is></c></row>')
    (sheet, *_) = sheets_of(_packed(tmp_path / "wide.xlsx", {"xl/worksheets/sheet1.xml": wide}))
    with pytest.raises(UnreadableError, match="columns"):
        list(sheet.lines())


def test_broken_xml_inside_a_workbook_is_one_sentence(tmp_path: Path) -> None:
    broken = _packed(tmp_path / "broken.xlsx", {"xl/worksheets/sheet1.xml": _sheet(b"<row><c></row>")})
    (sheet, *_) = sheets_of(broken)
    with pytest.raises(UnreadableError, match="damaged"):
        list(sheet.lines())


def test_text_that_is_neither_utf8_nor_gb18030_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"name\n\xff\xfe\xff")
    with pytest.raises(UnreadableError, match="neither UTF-8 nor GB18030"):
        list(Sheet(path).lines())


def test_a_line_is_numbered_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text('a,b\n"one\ntwo",2\nthree,3\n', encoding="utf-8")
    assert [line.number for line in Sheet(path).lines()] == [1, 2, 4]


@given(rows=ROWS)
def test_what_is_written_as_csv_reads_back_the_same(rows: list[tuple[str, str, str]], tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", ("a", "b", "c"), rows)
    assert [line.cells for line in Sheet(tmp_path / "out.csv").lines()][1:] == rows


@settings(max_examples=25)
@given(rows=ROWS)
def test_what_is_written_as_xlsx_reads_back_the_same(rows: list[tuple[str, str, str]], tmp_path: Path) -> None:
    write_xlsx(tmp_path / "out.xlsx", [("sheet", ("a", "b", "c"), rows)])
    (sheet,) = sheets_of(tmp_path / "out.xlsx")
    read = [(*line.cells, "", "", "")[:3] for line in sheet.lines()][1:]
    assert [row for row in read if any(row)] == [row for row in rows if any(row)]


@given(text=PLAIN)
def test_no_cell_is_taken_for_a_formula_and_each_reads_back(text: str) -> None:
    assert guarded(text)[:1] not in ("=", "@")
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|'/c calc'!A1", "-2+3+cmd", "'=1"])
def test_what_a_spreadsheet_would_run_is_written_as_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+8612655500001", "plain", "'quoted'"])
def test_numbers_and_plain_words_are_left_alone(text: str) -> None:
    assert guarded(text) == text


def test_a_file_that_could_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> list[tuple[str]]:
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "out.csv", ("a",), (row for row in rows()))
    assert list(tmp_path.iterdir()) == []
