"""Exports open in a spreadsheet without surprises, and appear whole or not at all."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.crm.records import Customer
from actions.write_file import write_file


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@sum", "'@sum"),
        ("-cmd", "'-cmd"),
        ("+8610000000001", "+8610000000001"),
        ("-12.5", "-12.5"),
        ('华康, "医疗"', '华康, "医疗"'),
    ],
)
def test_no_cell_is_taken_for_a_formula(tmp_path: Path, name: str, written: str) -> None:
    assert cells(write_file(tmp_path, "a.csv", "customer", [Customer("C1", name)]))[1][1] == written


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")))
def test_any_text_stays_in_its_cell(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    path = write_file(tmp_path_factory.getbasetemp(), "any.csv", "customer", [Customer("C1", name)])
    assert cells(path)[1][1].removeprefix("'") == name.removeprefix("'")


@pytest.mark.parametrize("name", ["../a.csv", "/tmp/a.csv", ".hidden", "", "a/b.csv"])
def test_only_a_plain_file_name_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        write_file(tmp_path, name, "customer", [])


def test_a_file_that_cannot_be_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_file(tmp_path, "a.csv", "customer", [Customer("C1", "half \ud800 a character")])
    assert list((tmp_path / "exports").iterdir()) == []
