"""Word's own numbering of steps, and its tracked changes, as the reader of the page sees them."""

import io
from typing import Any

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from retrieval.formats.roster import FORMATS
from retrieval.steps import steps_of


def lines(document: Any) -> list[str]:
    file = io.BytesIO()
    document.save(file)
    return [line for line in FORMATS[".docx"](file.getvalue()).text.split("\n") if line]


def a_list(document: Any, *levels: tuple[str, str], begins: int | None = None) -> int:
    """A list whose levels have these shapes and labels; its number."""
    numbering = document.part.numbering_part.element
    name = str(900 + len(numbering.xpath("./w:abstractNum")))
    abstract = OxmlElement("w:abstractNum", attrs={qn("w:abstractNumId"): name})
    for number, (shape, label) in enumerate(levels):
        level = OxmlElement("w:lvl", attrs={qn("w:ilvl"): str(number)})
        for tag, value in (("start", "1"), ("numFmt", shape), ("lvlText", label)):
            level.append(OxmlElement(f"w:{tag}", attrs={qn("w:val"): value}))
        abstract.append(level)
    numbering.insert(0, abstract)
    return another(document, int(name), begins)


def another(document: Any, abstract: int, begins: int | None = None) -> int:
    """A list that shares its definition with others, and says where it begins, if it does."""
    num = document.part.numbering_part.element.add_num(abstract)
    if begins is not None:
        num.add_lvlOverride(0).add_startOverride(begins)
    return int(num.numId)


def item(document: Any, text: str, number: int, level: int = 0) -> Any:
    paragraph = document.add_paragraph(text)
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = level
    properties.get_or_add_numId().val = number
    return paragraph


def test_numbers_go_on_across_a_paragraph_a_table_and_a_heading() -> None:
    document = docx.Document()
    steps = a_list(document, ("decimal", "%1."))
    item(document, "Open.", steps)
    document.add_paragraph("Mind the lid.")
    item(document, "Close.", steps)
    document.add_table(rows=1, cols=1).cell(0, 0).text = "lamp"
    item(document, "Lock.", steps)
    document.add_heading("Then", 1)
    item(document, "Leave.", steps)

    told = lines(document)

    assert [line for line in told if line[:1].isdigit()] == ["1. Open.", "2. Close.", "3. Lock.", "4. Leave."]


def test_a_list_that_begins_anew_does_and_one_that_shares_its_numbers_goes_on() -> None:
    document = docx.Document()
    first = a_list(document, ("decimal", "%1."))
    abstract = next(one.abstractNumId.val for one in document.part.numbering_part.element.num_lst if one.numId == first)
    item(document, "a", first)
    item(document, "b", another(document, abstract))
    fresh = another(document, abstract, begins=1)
    item(document, "c", fresh)
    item(document, "d", fresh)

    assert lines(document) == ["1. a", "2. b", "1. c", "2. d"]


def test_what_stands_below_a_step_is_part_of_it_and_does_not_count_as_one() -> None:
    document = docx.Document()
    steps = a_list(document, ("decimal", "%1."), ("lowerLetter", "%2)"), ("decimal", "%1.%2.%3"))
    for text, level in (("Open.", 0), ("Left.", 1), ("Right.", 1), ("Deep.", 2), ("Close.", 0), ("Up.", 1)):
        item(document, text, steps, level)

    told = lines(document)

    assert told == ["1. Open.", "    a) Left.", "    b) Right.", "        1.b.1 Deep.", "2. Close.", "    a) Up."]
    assert [step.number for step in steps_of("\n".join(told))] == [1, 2]


def test_a_style_that_numbers_its_paragraphs_makes_steps() -> None:
    document = docx.Document()
    steps = a_list(document, ("decimal", "%1."))
    style = document.styles.add_style("Arbeitsschritt", 1)
    style.element.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = steps
    document.add_paragraph("Open.", style="Arbeitsschritt")
    document.add_paragraph("Mind the lid.")
    document.add_paragraph("Close.", style="Arbeitsschritt")
    taken_out = document.add_paragraph("Not a step.", style="Arbeitsschritt")
    taken_out._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = 0

    assert lines(document) == ["1. Open.", "Mind the lid.", "2. Close.", "Not a step."]


def test_dots_stay_dots() -> None:
    document = docx.Document()
    dots = a_list(document, ("bullet", "•"))
    item(document, "Any.", dots)

    assert lines(document) == ["- Any."]


def tracked(paragraph: Any, kind: str, text: str) -> None:
    """Words in a paragraph that somebody inserted or struck out, with track changes on."""
    change = OxmlElement(f"w:{kind}", attrs={qn("w:id"): "1", qn("w:author"): "Chen Xue"})
    run = paragraph.add_run("" if kind == "del" else text)._r
    if kind == "del":
        struck = OxmlElement("w:delText")
        struck.text = text
        run.append(struck)
    paragraph._p.append(change)
    change.append(run)


def test_what_was_inserted_is_read_and_what_was_struck_out_is_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Goods come back within ")
    tracked(paragraph, "del", "seven")
    tracked(paragraph, "ins", "fifteen")
    tracked(paragraph, "moveFrom", " weeks")
    paragraph.add_run(" days.")
    cell = document.add_table(rows=1, cols=1).cell(0, 0).paragraphs[0]
    tracked(cell, "ins", "new")
    tracked(cell, "del", "old")

    assert lines(document) == ["Goods come back within fifteen days.", "| new |", "|---|"]


def test_a_step_that_was_struck_out_does_not_count() -> None:
    document = docx.Document()
    steps = a_list(document, ("decimal", "%1."))
    item(document, "Open.", steps)
    tracked(item(document, "", steps), "del", "Knock.")
    item(document, "Close.", steps)

    assert lines(document) == ["1. Open.", "2. Close."]
