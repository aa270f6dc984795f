"""Pictures stand beside a passage's words, with the step that they show, and come from the document's own folder alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sop_documents import document

from retrieval.add import add, find_files, read_added
from retrieval.commands import SAMPLE_SOPS
from retrieval.pictures import taken_out
from retrieval.read import Stated, read_document, read_folder
from retrieval.search import Library
from retrieval.steps import steps_of
from tests.retrieval.test_taking_in import TODAY

PNG = b"\x89PNG\r\n\x1a\n"
STEPS = "1. Open the door.\n   ![the door](door.png)\n2. Hold reset. ![the button](parts/reset.png)\n3. Wait."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manual" / "parts").mkdir(parents=True)
    (tmp_path / "manual" / "door.png").write_bytes(PNG)
    (tmp_path / "manual" / "parts" / "reset.png").write_bytes(PNG)
    (tmp_path / "outside.png").write_bytes(PNG)
    (tmp_path / "manual" / "manual.md").write_text(document(STEPS, id="manual"), encoding="utf-8")
    return tmp_path / "manual"


def test_a_picture_is_out_of_the_words_and_knows_its_step(folder: Path) -> None:
    [passage] = read_folder(folder).passages

    assert passage.text == "1. Open the door.\n2. Hold reset.\n3. Wait."
    assert [(one.alt, Path(one.path).name, one.step) for one in passage.pictures] == [
        ("the door", "door.png", 1),
        ("the button", "reset.png", 2),
    ]


@pytest.mark.parametrize(
    "target", ["../outside.png", "/etc/passwd", "gone.png", "manual.md", "https://example.com/a.png", "a\x00.png"]
)
def test_what_is_no_picture_of_the_document_is_no_picture(folder: Path, target: str) -> None:
    assert taken_out(f"Look: ![here]({target})", folder)[1] == ()


def test_a_link_that_leads_out_of_the_folder_is_no_picture(folder: Path) -> None:
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    assert taken_out("![here](link.png)", folder)[1] == ()


def test_a_page_from_outside_shows_nothing_that_lies_beside_it(folder: Path) -> None:
    page = b"<html><body><p>Look at ![the door](door.png) here.</p></body></html>"
    [passage] = read_document(page, "page.html", folder=folder)
    assert passage.pictures == ()


def test_a_document_that_is_taken_in_takes_its_pictures_along(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    list(add(find_files([folder]), home, Stated(TODAY), TODAY))
    for file in folder.rglob("*.png"):
        file.unlink()

    [passage] = read_added(home).passages

    assert [one.alt for one in passage.pictures] == ["the door", "the button"]
    assert all(Path(one.path).read_bytes() == PNG for one in passage.pictures)
    assert all(Path(one.path).is_relative_to(home.resolve()) for one in passage.pictures)


def test_every_picture_of_the_sample_manuals_is_there() -> None:
    library = Library.load(SAMPLE_SOPS)
    shown = [(one, passage) for passage in library.passages for one in passage.pictures]
    assert len(shown) >= 4
    for one, passage in shown:
        assert one.step in {step.number for step in steps_of(passage.text)}
        assert Path(one.path).read_bytes().startswith(PNG)
    assert not any("![" in passage.text for passage in library.passages)


@given(st.text(max_size=300))
def test_any_text_has_its_pictures_taken_out(text: str) -> None:
    words, pictures = taken_out(text, None)
    assert pictures == ()
    assert len(words) <= len(text)
