"""What is printed can be read back: every word of a paper stands in its PDF and its DOCX, in Chinese and English."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from actions.commands.papers import PaperLine, PreparePaper
from actions.crm.records import Customer
from actions.papers.files import DOCX, PDF, folder_of, picture_names, print_paper
from actions.papers.lay_out import A4, PHONE, Box, lay_out, words_on
from actions.papers.letters import FILES, GETA, broken, printable, width
from actions.papers.picture import picture
from actions.papers.portable import portable
from actions.papers.sheet import Cell, Details, Grid, Paragraph, Sheet, sheet_from_json, sheet_to_json, texts
from actions.papers.word import word
from actions.papers.words import words
from actions.proposal import Create, Facts
from tests.papers.conftest import DAY, NOW, REP, order

KINDS = ("quote", "value_summary", "one_page", "proposal", "contract_request", "demo_agenda", "comparison")
_LONG = Customer("C001", "内蒙古自治区锡林郭勒盟东乌珠穆沁旗镕喆堃医疗器械供应链管理有限责任公司", "A" * 90, owner_id="E01")


def sheet_of(command: PreparePaper, facts: Facts) -> Sheet:
    plan = command.plan(facts, REP, "key", NOW)
    assert plan.problem is None, plan.problem
    made = next(effect for effect in plan.effects if isinstance(effect, Create))
    return sheet_from_json(json.loads(made.values["content"]))


def _solid(text: str) -> str:
    """Without spaces and line ends: a line is broken where the page ends."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_pdf_can_be_searched_and_copied(facts: Facts, kind: str, lang: str) -> None:
    sheet = sheet_of(order(kind, lang=lang, alternative_id="P02"), facts)
    reader = pypdf.PdfReader(io.BytesIO(portable(sheet, lay_out(sheet))))
    read = _solid("".join(page.extract_text() for page in reader.pages))
    for text in texts(sheet):
        for part in text.split("\n"):
            assert _solid(printable(part)) in read or _is_across_pages(part, read), part


def _is_across_pages(text: str, read: str) -> bool:
    """A text that the foot of a page stands in the middle of."""
    return all(_solid(word) in read for word in printable(text).split())


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_docx_says_the_same(facts: Facts, kind: str, lang: str) -> None:
    sheet = sheet_of(order(kind, lang=lang, alternative_id="P02"), facts)
    document = docx.Document(io.BytesIO(word(sheet)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    read = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    for text in texts(sheet):
        assert text in read
    assert document.sections[0].footer.paragraphs[0].text == sheet.foot


def test_the_pdf_carries_its_letters_and_no_more_of_them(facts: Facts) -> None:
    sheet = sheet_of(order(), facts)
    content = portable(sheet, lay_out(sheet))
    fonts = [
        font.get_object()
        for page in pypdf.PdfReader(io.BytesIO(content)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    assert fonts
    for font in fonts:
        assert "/FontFile2" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
    assert len(content) < 100_000 < FILES[False].stat().st_size


def test_the_same_paper_is_the_same_file(facts: Facts) -> None:
    sheet = sheet_of(order(), facts)
    assert portable(sheet, lay_out(sheet)) == portable(sheet, lay_out(sheet))
    assert picture(lay_out(sheet)[0]) == picture(lay_out(sheet)[0])


@pytest.mark.parametrize("form", [A4, PHONE], ids=["paper", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_long_names_and_many_rows_stay_on_the_page(facts: Facts, form: object, lang: str) -> None:
    lines = tuple(PaperLine(f"P{number:02d}", 99_999) for number in range(1, 13))
    told = Facts({**facts.records, ("customer", "C001"): _LONG})
    for kind in KINDS:
        sheet = sheet_of(order(kind, lang=lang, lines=lines, alternative_id="P02"), told)
        for page in lay_out(sheet, form):  # type: ignore[arg-type]
            for mark in page.marks:
                right = mark.x + (mark.width if isinstance(mark, Box) else width(mark.text, mark.size, is_bold=mark.is_bold))
                assert mark.x >= 0
                assert right <= page.width - form.margin + 0.5, mark  # type: ignore[attr-defined]
                assert 0 <= mark.y <= page.height


def test_a_one_page_summary_is_one_page(facts: Facts) -> None:
    for lang in ("zh", "en"):
        assert len(lay_out(sheet_of(order("one_page", lang=lang, contract_ids=("CT01",)), facts))) == 1


def test_the_picture_for_a_phone_is_upright_and_its_letters_are_large(facts: Facts) -> None:
    (page,) = lay_out(sheet_of(order("comparison"), facts), PHONE)
    image = Image.open(io.BytesIO(picture(page)))
    assert page.width == 390
    assert image.height > image.width
    assert min(mark.size for mark in words_on(page)) >= 12
    assert len(picture(page)) < 2 * 1024 * 1024
    assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.floats(60, 500), st.booleans())
def test_no_line_is_wider_than_its_room_and_no_word_is_lost(text: str, room: float, is_bold: bool) -> None:
    kept = printable(text)
    lines = broken(kept, room, 10, is_bold=is_bold)
    assert _solid("".join(lines)) == _solid(kept)
    assert all(width(line, 10, is_bold=is_bold) <= room + 0.01 for line in lines)


def test_a_line_does_not_begin_with_a_full_stop() -> None:
    lines = broken("一二三四五六七八九十。", 100, 10)
    assert lines == ["一二三四五六七八九", "十。"]


def test_a_character_that_the_font_lacks_is_a_geta_and_the_rest_stands() -> None:
    assert printable("𠮷田喆") == f"{GETA}田喆"


def test_the_letters_cover_what_chinese_business_writes() -> None:
    needed = "".join(
        bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)
    )
    assert GETA not in printable(needed + "¥€£$₩，。、；：？！（）《》“”‘’…—·％ÄÖÜßéñ")
    assert sum(file.stat().st_size for file in FILES.values()) < 5_000_000


def test_a_sheet_comes_back_as_it_was(facts: Facts) -> None:
    for kind in KINDS:
        sheet = sheet_of(order(kind), facts)
        again = sheet_from_json(json.loads(json.dumps(sheet_to_json(sheet))))
        assert (again, again.digest) == (sheet, sheet.digest)
        assert replace(sheet, title="x").digest != sheet.digest


def test_files_lie_under_the_digest_and_are_written_once(facts: Facts, tmp_path: Path) -> None:
    sheet = sheet_of(order(), facts)
    assert print_paper(tmp_path, sheet) == [tmp_path / folder_of(sheet.digest)]
    names = {file.name for file in (tmp_path / folder_of(sheet.digest)).iterdir()}
    assert names == {PDF, DOCX, *picture_names(sheet)}
    assert print_paper(tmp_path, sheet) == []
    (tmp_path / folder_of(sheet.digest) / PDF).unlink()
    assert print_paper(tmp_path, sheet) == []  # the folder is not new: a deed that fails must not take it away
    assert (tmp_path / folder_of(sheet.digest) / PDF).is_file()


def test_a_table_goes_on_over_the_page_with_its_head() -> None:
    rows = tuple((Cell(f"第 {number} 行"), Cell("内容")) for number in range(60))
    pages = lay_out(Sheet("comparison", "zh", DAY, "表", "", (Grid(("点", "我们"), rows, (1, 1)),), "脚"))
    assert len(pages) > 1
    assert all("我们" in [mark.text for mark in words_on(page)] for page in pages)
    assert [mark.text for page in pages for mark in words_on(page) if mark.text.startswith("脚")][-1].endswith("3/3")


def test_nothing_at_all_is_still_a_page() -> None:
    bare = Sheet("quote", "zh", DAY, "", "", (Details(()), Paragraph("")))
    assert len(lay_out(bare)) == 1
    assert pypdf.PdfReader(io.BytesIO(portable(bare, lay_out(bare)))).pages[0].extract_text() == ""


def test_both_languages_say_the_same_things() -> None:
    def names(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    zh, en = words("zh"), words("en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert names(en[key]) <= names(zh[key]), key
    assert not re.search(r"[\u4e00-\u9fff]", "".join(en.values()))
