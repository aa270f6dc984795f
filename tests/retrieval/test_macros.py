"""Files that may hold macros are read as their kin without, and what is kept of them has none."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from retrieval.add import add, documents, find_files, read_added
from retrieval.commands import knowledge_cli
from retrieval.formats.bad import BadDocumentError
from retrieval.formats.packed import MOST_UNPACKED, without_macros
from retrieval.formats.roster import FORMATS
from retrieval.read import Stated
from tests.retrieval.test_formats import slides, word, workbook
from tests.retrieval.test_taking_in import TODAY

CODE = b"Sub AutoOpen()"
OFFICE = "http://schemas.microsoft.com/office/2006/relationships"
MAIN = {
    "docm": (word, "word/document.xml", b"openxmlformats-officedocument.wordprocessingml.document.main", "ms-word.document"),
    "xlsm": (workbook, "xl/workbook.xml", b"openxmlformats-officedocument.spreadsheetml.sheet.main", "ms-excel.sheet"),
    "pptm": (
        slides,
        "ppt/presentation.xml",
        b"openxmlformats-officedocument.presentationml.presentation.main",
        "ms-powerpoint.presentation",
    ),
}


def with_macros(ending: str) -> bytes:
    """A file as Office writes it: another main kind, and a relationship to the project, whatever that is called."""
    make, main, kind, name = MAIN[ending]
    folder, _, file = main.rpartition("/")
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(make())) as plain, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in plain.namelist():
            content = plain.read(part)
            if part == "[Content_Types].xml":
                content = content.replace(kind, f"{name}.macroEnabled.main".encode())
                override = (
                    f'<Override PartName="/{folder}/any.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
                )
                content = content.replace(b"</Types>", override.encode())
            if part == f"{folder}/_rels/{file}.rels":
                link = f'<Relationship Id="rIdM" Type="{OFFICE}/vbaProject" Target="any.bin"/></Relationships>'
                content = content.replace(b"</Relationships>", link.encode())
            archive.writestr(part, content)
        archive.writestr(f"{folder}/any.bin", CODE)
        archive.writestr(f"{folder}/vbaData.xml", CODE)
    return made.getvalue()


@pytest.mark.parametrize("ending", MAIN)
def test_it_says_the_same_as_its_kin(ending: str) -> None:
    make: Callable[[], bytes] = MAIN[ending][0]

    assert FORMATS[f".{ending}"](with_macros(ending)) == FORMATS[f".{ending[:-1]}x"](make())


@pytest.mark.parametrize("ending", MAIN)
def test_what_is_kept_has_no_macros_and_the_report_says_so(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"plan.{ending}").write_bytes(with_macros(ending))

    [told] = add(find_files([tmp_path / f"plan.{ending}"]), tmp_path / "home", Stated(TODAY), TODAY)

    assert (told.outcome, told.left_out) == ("added", "macros")
    [original] = (tmp_path / "home").rglob("original.*")
    assert original.suffix == f".{ending[:-1]}x"
    with zipfile.ZipFile(original) as archive:
        assert not any(CODE in archive.read(name) for name in archive.namelist())
        assert b"macroEnabled" not in archive.read("[Content_Types].xml")
        assert not any(b"vba" in archive.read(name).lower() for name in archive.namelist() if name.endswith(".rels"))
    assert FORMATS[original.suffix](original.read_bytes()).text
    assert [one.source for one in documents(tmp_path / "home")] == [f"plan.{ending}"]
    assert read_added(tmp_path / "home").problems == ()


def test_sheets_of_macros_are_no_sheets() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as plain, zipfile.ZipFile(made, "w") as archive:
        for part in plain.namelist():
            content = plain.read(part)
            if part == "xl/_rels/workbook.xml.rels":
                link = f'<Relationship Id="rIdM" Type="{OFFICE}/xlMacrosheet" Target="macrosheets/a.xml"/></Relationships>'
                content = content.replace(b"</Relationships>", link.encode())
            if part == "xl/workbook.xml":
                space = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
                sheet = f'<sheet xmlns:r="{space}" name="Macro1" sheetId="99" r:id="rIdM"/></sheets>'
                content = content.replace(b"</sheets>", sheet.encode())
            archive.writestr(part, content)
        archive.writestr("xl/macrosheets/a.xml", CODE)

    kept, had_macros = without_macros(made.getvalue())

    assert had_macros
    assert CODE not in kept
    assert FORMATS[".xlsx"](kept) == FORMATS[".xlsx"](workbook())


def test_a_file_that_only_may_hold_macros_lost_none(tmp_path: Path) -> None:
    (tmp_path / "plan.docm").write_bytes(word())

    [told] = add(find_files([tmp_path / "plan.docm"]), tmp_path / "home", Stated(TODAY), TODAY)

    assert (told.outcome, told.left_out) == ("added", "")


def test_the_command_says_what_was_left_out(tmp_path: Path) -> None:
    (tmp_path / "plan.docm").write_bytes(with_macros("docm"))

    result = CliRunner().invoke(knowledge_cli, ["add", str(tmp_path / "plan.docm"), "--home", str(tmp_path / "home")])

    assert result.stdout.splitlines()[0] == "plan.docm: added, version 1; macros were left out"


@pytest.mark.parametrize("ending", MAIN)
def test_a_trap_or_what_is_locked_or_broken_is_refused_as_ever(ending: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(MOST_UNPACKED // 1_000_000 + 1):
            part.write(b" " * 1_000_000)

    with pytest.raises(BadDocumentError, match="would unpack to more than"):
        FORMATS[f".{ending}"](file.getvalue())
    with pytest.raises(BadDocumentError, match="protected by a password"):
        FORMATS[f".{ending}"](b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(BadDocumentError, match="broken"):
        FORMATS[f".{ending}"](with_macros(ending)[:400])
