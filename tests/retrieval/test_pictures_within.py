"""Pictures that a DOCX or PPTX has within it are kept with the section, step or slide that they stand in."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.shared import Inches
from pptx.util import Inches as SlideInches

from retrieval.add import add, find_files, read_added, remove
from retrieval.formats.drawn import drawn
from retrieval.formats.roster import FORMATS
from retrieval.passage import Passage
from retrieval.pictures import taken_out
from retrieval.read import Stated, read_folder
from tests.retrieval.test_taking_in import TODAY

WIDE = Inches(2)


def png(color: int = 0, width: int = 64, height: int = 48) -> bytes:
    """A picture of one colour; another colour is another picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes([color]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def show(document: Any, content: bytes, alt: str = "", **size: Any) -> Any:
    """A paragraph with nothing but a picture."""
    paragraph = document.add_paragraph()
    shape = paragraph.add_run().add_picture(io.BytesIO(content), **(size or {"width": WIDE}))
    if alt:
        shape._inline.docPr.set("descr", alt)
    return paragraph


def manual(content: bytes = png(1)) -> Any:
    document = docx.Document()
    document.add_heading("Reset", 1)
    document.add_paragraph("Open the door.", style="List Number")
    document.add_paragraph("Hold reset.", style="List Number")
    show(document, content, "the reset button")
    document.add_paragraph("Wait.", style="List Number")
    return document


def passages_of(tmp_path: Path, document: Any, name: str = "manual.docx") -> list[Passage]:
    folder = tmp_path / "sops"
    folder.mkdir(exist_ok=True)
    document.save(folder / name)
    return list(read_folder(folder, pictures=tmp_path / "pictures").passages)


def alts(passages: list[Passage]) -> list[list[str]]:
    return [[one.alt for one in passage.pictures] for passage in passages]


def test_a_picture_stands_with_its_step_and_the_steps_go_on_behind_it(tmp_path: Path) -> None:
    [passage] = passages_of(tmp_path, manual())

    assert passage.text == "1. Open the door.\n2. Hold reset.\n3. Wait."
    [picture] = passage.pictures
    assert (picture.alt, picture.step) == ("the reset button", 2)
    assert Path(picture.path).read_bytes() == png(1)


def test_a_picture_that_nobody_described_is_called_by_its_caption_or_else_by_its_heading(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("The vents", 1)
    document.add_paragraph("Keep them free.")
    show(document, png(1))
    document.add_paragraph("Figure 1 Vents below the screen", style="Caption")
    document.add_heading("The door", 1)
    document.add_paragraph("Keep it shut.")
    show(document, png(2))

    assert alts(passages_of(tmp_path, document)) == [["Figure 1 Vents below the screen"], ["The door"]]


def test_the_name_of_a_file_and_the_guess_of_a_program_describe_nothing(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("The door", 1)
    document.add_paragraph("Keep it shut.")
    show(document, png(1), "C:\\photos\\IMG 1.jpg")
    show(document, png(2), "A screen with [two] buttons\n\nDescription automatically generated")

    assert alts(passages_of(tmp_path, document)) == [["The door", "A screen with (two) buttons"]]


def test_a_picture_in_a_table_stands_with_it(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Lamps", 1)
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text, table.cell(1, 0).text = "lamp", "meaning", "red"
    table.cell(1, 1).paragraphs[0].add_run().add_picture(io.BytesIO(png(1)), width=WIDE)

    [passage] = passages_of(tmp_path, document)

    assert passage.text == "| lamp | meaning |\n|---|---|\n| red |  |"
    assert alts([passage]) == [["Lamps"]]


def test_a_section_that_is_nothing_but_a_picture_says_what_it_shows(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Where to press", 1)
    show(document, png(1), "Reset is the first button to the right of the screen")

    [passage] = passages_of(tmp_path, document)

    assert passage.section == "Where to press"
    assert passage.text == "Reset is the first button to the right of the screen"


def test_decorations_and_what_stands_in_the_header_are_left_out(tmp_path: Path) -> None:
    document = manual()
    show(document, png(2, 16, 16), "bullet")
    show(document, png(3), "drawn small", width=Inches(0.2))
    show(document, png(4, 600, 3), "rule")
    document.sections[0].header.paragraphs[0].add_run().add_picture(io.BytesIO(png(5)), width=WIDE)

    assert alts(passages_of(tmp_path, document)) == [["the reset button"]]


def test_a_logo_in_section_after_section_shows_nothing(tmp_path: Path) -> None:
    document = docx.Document()
    for number in range(4):
        document.add_heading(f"Part {number}", 1)
        document.add_paragraph(f"Words of part {number}.")
        show(document, png(9), "logo")
        show(document, png(number), f"picture {number}")

    assert alts(passages_of(tmp_path, document)) == [[f"picture {number}"] for number in range(4)]


def test_what_its_author_cut_away_struck_out_or_hid_is_not_shown(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Nothing to be seen.")
    cut, struck, hidden = (show(document, png(number), f"picture {number}") for number in (1, 2, 3))
    [fill] = cut._p.xpath(".//pic:blipFill")
    fill.append(docx.oxml.OxmlElement("a:srcRect", attrs={"l": "40000"}))
    deletion = docx.oxml.OxmlElement("w:del")
    struck._p.append(deletion)
    deletion.append(struck._p.xpath("./w:r")[0])
    hidden._p.xpath(".//wp:docPr")[0].set("hidden", "1")

    assert alts(passages_of(tmp_path, document)) == [[]]


@pytest.mark.parametrize("content", [b"BM" + bytes(80), png(7)[:20], png(7, 2_000, 2_000), b""])
def test_a_picture_that_is_broken_too_large_or_of_another_kind_does_not_stop_the_document(
    tmp_path: Path, content: bytes
) -> None:
    document = manual()
    [reference] = document.element.body.xpath(".//a:blip/@r:embed")
    document.part.related_parts[reference]._blob = content

    [passage] = passages_of(tmp_path, document)

    assert passage.text == "1. Open the door.\n2. Hold reset.\n3. Wait."
    assert passage.pictures == ()


def test_a_picture_that_lies_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    document = manual()
    [blip] = document.element.body.xpath(".//a:blip")
    key = docx.oxml.ns.qn("r:embed")
    kind = docx.opc.constants.RELATIONSHIP_TYPE.IMAGE
    blip.set(key, document.part.relate_to("https://sample.example/a.png", kind, is_external=True))

    assert alts(passages_of(tmp_path, document)) == [[]]


def deck(picture: bytes = png(1)) -> Any:
    presentation = pptx.Presentation()
    logo = png(9)
    for number in range(3):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = f"Slide {number}"
        slide.shapes.add_picture(io.BytesIO(logo), 0, 0, SlideInches(1))
    box = presentation.slides[0].shapes.add_textbox(0, 0, 100, 100)
    box.text_frame.text = "Press the button."
    described = presentation.slides[0].shapes.add_picture(io.BytesIO(picture), 0, 0, SlideInches(2))
    described._element.nvPicPr.cNvPr.set("descr", "the button")
    group = presentation.slides[1].shapes.add_group_shape()
    group.shapes.add_picture(io.BytesIO(png(2)), 0, 0, SlideInches(2))
    presentation.slide_master.shapes._spTree.append(_copied(described))
    return presentation


def _copied(shape: Any) -> Any:
    from copy import deepcopy

    return deepcopy(shape._element)


def test_a_picture_stands_with_its_slide_and_the_logo_on_each_with_none(tmp_path: Path) -> None:
    passages = passages_of(tmp_path, deck(), "deck.pptx")

    assert [(one.page, one.section, one.text) for one in passages] == [
        (1, "Slide 0", "- Press the button."),
        (2, "Slide 1", "Slide 1"),
    ]
    assert alts(passages) == [["the button"], ["Slide 1"]]


def test_a_slide_shows_nothing_that_its_author_cut_away(tmp_path: Path) -> None:
    presentation = deck()
    [shape] = [
        one for one in presentation.slides[0].shapes if one._element.xpath("./p:nvPicPr/p:cNvPr[@descr='the button']")
    ]
    shape.crop_left = 0.5

    assert alts(passages_of(tmp_path, presentation, "deck.pptx")) == [[], ["Slide 1"]]


@pytest.mark.parametrize(("make", "name"), [(manual, "manual.docx"), (deck, "manual.pptx")])
def test_what_is_taken_in_has_its_pictures_in_its_version_and_loses_them_with_it(
    tmp_path: Path, make: Callable[..., Any], name: str
) -> None:
    file, home = tmp_path / name, tmp_path / "home"
    for color in (100, 200):
        make(png(color)).save(file)
        [told] = add(find_files([file]), home, Stated(TODAY), TODAY)
    file.unlink()

    first, second = (next(one for one in read_added(home).passages if one.version == version) for version in ("1", "1-r2"))

    assert told.outcome == "new version"
    assert [Path(one.path).read_bytes() for one in first.pictures] == [png(100)]
    assert [Path(one.path).read_bytes() for one in second.pictures] == [png(200)]
    assert Path(second.pictures[0].path).parent == (home / told.place).resolve()
    assert remove("manual", home) == 2
    assert not any(Path(one.path).exists() for passage in (first, second) for one in passage.pictures)


def test_only_to_look_writes_no_picture_down(tmp_path: Path) -> None:
    manual().save(tmp_path / "manual.docx")
    [told] = add(find_files([tmp_path / "manual.docx"]), tmp_path / "home", Stated(TODAY), TODAY, only_look=True)

    assert told.passages == 1
    assert list((tmp_path / "home").rglob("*.png")) == []


def test_pictures_of_a_file_in_the_folder_go_when_it_changes_or_goes(tmp_path: Path) -> None:
    [before] = passages_of(tmp_path, manual(png(1)))[0].pictures
    [now] = passages_of(tmp_path, manual(png(2)))[0].pictures
    assert not Path(before.path).exists()
    assert Path(now.path).read_bytes() == png(2)

    (tmp_path / "sops" / "manual.docx").unlink()
    read_folder(tmp_path / "sops", pictures=tmp_path / "pictures")
    assert list((tmp_path / "pictures").rglob("*.png")) == []


def test_where_pictures_cannot_be_kept_the_words_are_read_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "sops").mkdir()
    manual().save(tmp_path / "sops" / "manual.docx")
    (tmp_path / "taken").write_text("a file where the folder should be")

    reading = read_folder(tmp_path / "sops", pictures=tmp_path / "taken" / "pictures")

    assert alts(list(reading.passages)) == [[]]
    assert reading.problems == ("manual.docx: read without its pictures, which cannot be kept (Not a directory).",)


def test_a_long_step_is_never_cut_inside_a_picture_nor_parted_from_it(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Long", 1)
    document.add_paragraph("This sentence fills the page. " * 29, style="List Number")
    show(document, png(1), "Press it. Then wait. " * 5)

    passages = passages_of(tmp_path, document)

    assert not any("![" in one.text or "Press it" in one.text for one in passages)
    assert [len(one.pictures) for one in passages if one.pictures] == [1]


def test_what_a_document_only_writes_like_a_picture_shows_no_file_of_another(tmp_path: Path) -> None:
    document = manual()
    document.add_paragraph("![other](../secret.png) ![the file](original.docx)")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "secret.png").write_bytes(png(3))

    assert alts(passages_of(tmp_path, document)) == [["the reset button"]]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (png(1, 40, 50), (".png", 40, 50)),
        (b"GIF89a" + struct.pack("<HH", 40, 50), (".gif", 40, 50)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 50, 40), (".jpg", 40, 50)),
        (b"RIFF\x00\x00\x00\x00WEBPVP8X" + bytes(8) + b"\x27\x00\x00\x31\x00\x00", (".webp", 40, 50)),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(10) + struct.pack("<HH", 40, 50), (".webp", 40, 50)),
        (b"RIFF\x00\x00\x00\x00WEBPVP8L" + bytes(5) + struct.pack("<I", 39 | 49 << 14), (".webp", 40, 50)),
        (b"\xff\xd8\xff", None),
        (b"<svg/>", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(content: bytes, found: tuple[str, int, int] | None) -> None:
    one = drawn(content)
    assert (one and (one.suffix, one.width, one.height)) == found


def test_words_without_a_folder_have_the_marks_taken_out() -> None:
    file = io.BytesIO()
    manual().save(file)
    held = FORMATS[".docx"](file.getvalue())

    assert len(held.pictures) == 1
    assert "![" not in taken_out(held.text, None)[0]
