"""What a question finds depends on where it is asked: for which team, customer and deal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sop_documents import document

from retrieval.read import read_document
from retrieval.search import Library
from retrieval.setting import Setting, suits

WriteDocument = Callable[..., Path]
QUESTION = "how do we answer a customer who hesitates"


def found(library: Library, setting: Setting, query: str = QUESTION) -> list[str]:
    return [hit.passage.source for hit in library.search(query, audience="rep", k=5, setting=setting)]


def industry(*names: str) -> Setting:
    return Setting(facts={"industry": names})


@pytest.fixture
def handbook(write_document: WriteDocument, tmp_path: Path) -> Library:
    say = "<!-- intents: objection.stall -->\nWhen a customer hesitates, answer with"
    write_document("general.md", f"{say} a comparison.")
    write_document("clinics.md", f"<!-- fits: industry=hospital, 医院 -->\n{say} a visit.")
    write_document("plants.md", f"{say} the cost of a stop.", fits="{industry: machinery}")
    for number in range(6):
        write_document(f"other-{number}.md", "Lunch is served at noon.")
    return Library.load(tmp_path)


def test_what_was_written_for_the_customers_industry_goes_first(handbook: Library) -> None:
    assert found(handbook, industry("专科医院"))[:2] == ["clinics.md", "general.md"]
    assert found(handbook, industry("Machinery, export"))[:2] == ["plants.md", "general.md"]


def test_where_nothing_is_known_of_the_deal_what_holds_for_all_goes_first(handbook: Library) -> None:
    assert found(handbook, Setting())[0] == "general.md"


def test_the_passage_of_an_intent_is_the_one_for_this_deal(handbook: Library) -> None:
    def passage(setting: Setting) -> str:
        found = handbook.for_intent("objection.stall", audience="rep", lang="en", setting=setting)
        return found.source if found else ""

    assert passage(industry("hospital")) == "clinics.md"
    assert passage(industry("machinery")) == "plants.md"
    assert passage(industry("software")) == passage(Setting()) == "general.md"


def test_what_was_written_for_another_industry_does_not_suit_and_nothing_known_speaks_against_nothing(
    handbook: Library,
) -> None:
    clinics = next(
        hit.passage for hit in handbook.search(QUESTION, audience="rep", k=9) if hit.passage.source == "clinics.md"
    )
    assert [suits(clinics, one) for one in (industry("hospital"), industry("machinery"), Setting())] == [True, False, True]


def test_a_document_for_a_team_is_found_by_that_team_alone(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("south.md", "The southern price list gives four percent on probes.", teams="[华南, E12]")
    library = Library.load(tmp_path)

    price = "what does the price list give on probes"
    assert found(library, Setting(teams=frozenset({"华南"})), price) == ["south.md"]
    assert found(library, Setting(teams=frozenset({"E12"})), price) == ["south.md"]
    assert found(library, Setting(teams=None), price) == ["south.md"]
    assert found(library, Setting(teams=frozenset({"华东"})), price) == []
    assert found(library, Setting(), price) == []


def test_a_customers_data_are_found_for_this_customer_and_their_purpose_alone(
    write_document: WriteDocument, tmp_path: Path
) -> None:
    write_document("ward.md", "The ward's network has twelve access points.", customer="C001", purpose="contract")
    library = Library.load(tmp_path)

    def sees(customer: str | None, *purposes: str) -> bool:
        setting = Setting(customer=customer, purposes=frozenset(purposes))
        return bool(found(library, setting, "how many access points has the ward's network"))

    assert sees("C001", "contract")
    assert not sees("C001")
    assert not sees("C001", "marketing")
    assert not sees("C002", "contract")
    assert not sees(None, "contract")


def test_what_may_not_be_read_here_is_not_cited_either(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("south.md", "The southern price list gives four percent on probes.", teams="[华南]")
    [passage] = Library.load(tmp_path).passages
    library = Library.load(tmp_path)

    assert library.cited(passage.id, audience="rep", setting=Setting(teams=frozenset({"华南"}))) == (passage,)
    assert library.cited(passage.id, audience="rep", setting=Setting()) == ()
    assert library.cited(passage.id, audience="customer", setting=Setting(teams=None)) == ()


def test_what_its_document_said_before_stands_behind_a_passage(write_document: WriteDocument, tmp_path: Path) -> None:
    for version, day, percent in (("1", "2024-01-01", 5), ("2", "2025-01-01", 8), ("3", "2026-01-01", 10)):
        write_document(
            f"discount-{version}.md",
            f"## Own limit\nA rep may give {percent} percent.\n\n## Other\nNothing.",
            id="discount",
            version=f'"{version}"',
            valid_from=day,
        )
    library = Library.load(tmp_path)
    [hit, *_] = library.search("how many percent may a rep give", audience="rep")

    said = library.cited(hit.passage.id, audience="rep")
    assert [(one.version, one.text) for one in said] == [
        ("3", "A rep may give 10 percent."),
        ("2", "A rep may give 8 percent."),
        ("1", "A rep may give 5 percent."),
    ]


def test_a_section_that_is_new_has_nothing_before_it(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("a.md", "## Keys\nThe porter keeps them.", id="house", version='"1"', valid_from="2025-01-01")
    write_document("b.md", "## Bicycles\nThey stand in the yard.", id="house", version='"2"', valid_from="2026-01-01")
    library = Library.load(tmp_path)
    [passage] = library.passages

    assert library.cited(passage.id, audience="rep") == (passage,)


@pytest.mark.parametrize(
    ("head", "body", "reason"),
    [
        ("teams: []", "Text", "teams is an empty list"),
        ("teams: 华南", "Text", "teams must be a list"),
        ("fits: {colour: [red]}", "Text", "fits must name"),
        ("fits: medical", "Text", "fits must name"),
        ("customer: ''", "Text", "lacks the field customer"),
        ("by: x", "<!-- fits: industry -->\nText", "does not say what it fits"),
        ("by: x", "<!-- fits: colour=red -->\nText", "does not say what it fits"),
        ("by: x", "<!-- fits: industry= -->\nText", "does not say what it fits"),
    ],
)
def test_a_document_that_does_not_say_clearly_for_whom_it_is_is_not_read(head: str, body: str, reason: str) -> None:
    name, _, value = head.partition(": ")
    with pytest.raises(ValueError, match=reason):
        read_document(document(body, **{name: value}).encode(), "a.md")
