"""Documents are taken in once, change by versions, and go completely."""

import subprocess
from datetime import date
from pathlib import Path

from sop_documents import document

from retrieval.add import add, documents, find_files, names_of, read_added, remove
from retrieval.read import Stated
from retrieval.search import Library

TODAY = date(2026, 6, 1)
STATED = Stated(TODAY, "Desk")


def take_in(home: Path, *paths: Path, today: date = TODAY) -> list[tuple[str, str, str]]:
    return [(one.source, one.outcome, one.version) for one in add(find_files(paths), home, STATED, today)]


def library(tmp_path: Path, on: date = TODAY) -> Library:
    (tmp_path / "empty").mkdir(exist_ok=True)
    return Library.load(tmp_path / "empty", tmp_path / "home", on=on)


def answers(found: Library, query: str) -> list[str]:
    return [hit.passage.text for hit in found.search(query, audience="rep")]


def test_a_folder_is_taken_in_and_answers(tmp_path: Path) -> None:
    sops = tmp_path / "sops"
    (sops / "service").mkdir(parents=True)
    (sops / "service" / "returns.md").write_text("# Returns\nGoods come back within seven days.")
    (sops / "gate.txt").write_text("The gate is locked at night.")
    (sops / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")

    assert take_in(tmp_path / "home", sops) == [
        ("sops/broken.pdf", "refused", ""),
        ("sops/gate.txt", "added", "1"),
        ("sops/service/returns.md", "added", "1"),
    ]
    found = library(tmp_path)
    assert answers(found, "when do goods come back") == ["Goods come back within seven days."]
    [passage] = [one for one in found.passages if one.document == "sops-service-returns"]
    assert (passage.source, passage.owner, passage.title) == ("sops/service/returns.md", "Desk", "Returns")


def test_nobody_needs_to_answer_for_a_document(tmp_path: Path) -> None:
    (tmp_path / "gate.txt").write_text("The gate is locked at night.")

    assert [one.outcome for one in add(find_files([tmp_path / "gate.txt"]), tmp_path / "home", Stated(TODAY), TODAY)] == [
        "added"
    ]
    assert [passage.owner for passage in read_added(tmp_path / "home").passages] == [""]


def test_what_is_in_already_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Goods come back within seven days.")
    take_in(tmp_path / "home", tmp_path / "a.md")
    before = names_of(tmp_path / "home")

    assert take_in(tmp_path / "home", tmp_path / "a.md") == [("a.md", "unchanged", "1")]
    assert names_of(tmp_path / "home") == before


def test_the_same_words_under_another_name_are_not_taken_in_twice(tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("Goods come back within seven days.")

    told = list(add(find_files([tmp_path / "a.md", tmp_path / "b.md"]), tmp_path / "home", STATED, TODAY))

    assert [(one.outcome, one.reason) for one in told] == [
        ("added", ""),
        ("refused", "it is the same as a, which is there already"),
    ]


def test_a_changed_file_is_the_next_version_and_the_one_before_no_longer_answers(tmp_path: Path) -> None:
    file = tmp_path / "returns.md"
    file.write_text(document("Goods come back within seven days.", id="returns"))
    take_in(tmp_path / "home", file)
    file.write_text(document("Goods come back within fifteen days.", id="returns"))

    assert take_in(tmp_path / "home", file, today=date(2026, 7, 1)) == [("returns.md", "new version", "1.0-r2")]
    assert answers(library(tmp_path, on=date(2026, 6, 30)), "when do goods come back") == [
        "Goods come back within seven days."
    ]
    now = library(tmp_path, on=date(2026, 7, 1))
    assert answers(now, "when do goods come back") == ["Goods come back within fifteen days."]


def test_a_change_that_is_taken_back_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "returns.md"
    for days in ("seven", "fifteen", "seven"):
        file.write_text(f"Goods come back within {days} days.")
        [(_, outcome, version)] = take_in(tmp_path / "home", file)

    assert (outcome, version) == ("new version", "1-r3")
    assert answers(library(tmp_path), "when do goods come back") == ["Goods come back within seven days."]


def test_to_narrow_who_may_read_it_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "gate.txt").write_text("The gate is locked at night.")
    for audience in ({"customer"}, {"rep"}):
        [told] = add(find_files([tmp_path / "gate.txt"]), tmp_path / "home", Stated(TODAY, "", frozenset(audience)), TODAY)

    assert told.outcome == "new version"
    assert library(tmp_path).search("is the gate locked", audience="customer") == []


def test_two_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    for name in ("price.md", "price.txt"):
        (tmp_path / name).write_text(f"Prices as {name} has them.")

    told = list(add(find_files([tmp_path / "price.md", tmp_path / "price.txt"]), tmp_path / "home", STATED, TODAY))

    assert [(one.outcome, one.reason) for one in told] == [
        ("added", ""),
        ("refused", "its name price is already that of price.md; give it another"),
    ]


def test_a_promotion_ends_and_what_it_replaced_stays_ended(tmp_path: Path) -> None:
    for version, begins, ends in (("1", "2025-01-01", ""), ("2", "2026-01-01", "2026-01-31")):
        text = document(
            f"Goods come back by rule {version}.", id="returns", version=version, valid_from=begins, valid_to=ends
        )
        (tmp_path / f"v{version}.md").write_text(text)
    take_in(tmp_path / "home", tmp_path / "v1.md", tmp_path / "v2.md")

    assert answers(library(tmp_path, on=date(2025, 6, 1)), "when do goods come back") == ["Goods come back by rule 1."]
    assert answers(library(tmp_path, on=date(2026, 1, 15)), "when do goods come back") == ["Goods come back by rule 2."]
    assert answers(library(tmp_path, on=date(2026, 2, 15)), "when do goods come back") == []


def test_a_correction_keeps_the_day_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "promotion.md"
    for word in ("cheep", "cheap"):
        file.write_text(document(f"Pumps are {word}.", id="promotion", valid_to="2026-07-31"))
        take_in(tmp_path / "home", file)

    assert [one.valid_to for one in documents(tmp_path / "home")] == [date(2026, 7, 31)] * 2


def test_a_broken_version_hinders_nothing(tmp_path: Path) -> None:
    (tmp_path / "returns.md").write_text("Goods come back within seven days.")
    take_in(tmp_path / "home", tmp_path / "returns.md")
    [text] = (tmp_path / "home").glob("*/*/text.md")
    text.write_text("")

    assert documents(tmp_path / "home") == []
    assert [reason.partition(": ")[2] for reason in read_added(tmp_path / "home").problems] == ["skipped, it is empty."]
    assert remove("returns", tmp_path / "home") == 1
    assert take_in(tmp_path / "home", tmp_path / "returns.md") == [("returns.md", "added", "1")]


def test_two_changes_on_one_day_count_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "returns.md"
    for days in range(1, 13):
        file.write_text(f"Goods come back within {days} days.")
        take_in(tmp_path / "home", file)

    assert answers(library(tmp_path), "when do goods come back") == ["Goods come back within 12 days."]


def test_a_version_that_is_not_in_force_yet_waits(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "now.md").write_text(document("Goods come back within seven days.", id="returns"))
    (tmp_path / "soon.md").write_text(
        document("Goods come back within fifteen days.", id="returns", version="2", valid_from="2026-09-01")
    )
    take_in(home, tmp_path / "now.md", tmp_path / "soon.md")

    assert answers(library(tmp_path), "when do goods come back") == ["Goods come back within seven days."]
    assert answers(library(tmp_path, on=date(2026, 9, 1)), "when do goods come back") == [
        "Goods come back within fifteen days."
    ]


def test_deletion_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "returns.md").write_text("Goods come back within seven days.")
    (tmp_path / "returns-abroad.md").write_text("Goods from abroad come back within a month.")
    take_in(home, tmp_path / "returns.md", tmp_path / "returns-abroad.md")

    assert remove("returns", home) == 1
    assert [one.id for one in documents(home)] == ["returns-abroad"]
    assert [path for path in home.rglob("*") if "seven days" in (path.read_text() if path.is_file() else "")] == []
    assert remove("returns", home) == 0
    assert remove("", home) == 0


def test_a_passage_is_cited_by_its_line_in_the_file_it_was_taken_from(tmp_path: Path) -> None:
    (tmp_path / "plain.md").write_text("# Gate\n\nThe gate is locked at night.")
    (tmp_path / "stated.md").write_text(document("Goods come back within seven days.", id="returns"))
    take_in(tmp_path / "home", tmp_path / "plain.md", tmp_path / "stated.md")

    cited = {one.source: one.line for one in read_added(tmp_path / "home").passages}

    assert cited["plain.md"] == 3
    assert (tmp_path / "stated.md").read_text().split("\n")[cited["stated.md"] - 1] == "Goods come back within seven days."


def test_a_version_that_was_cut_off_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "returns.md").write_text("Goods come back within seven days.")
    take_in(tmp_path / "home", tmp_path / "returns.md")
    half = tmp_path / "home" / "returns.en" / ".half"
    half.mkdir()
    (half / "text.md").write_text(document("Half of it."))

    assert [passage.text for passage in read_added(tmp_path / "home").passages] == ["Goods come back within seven days."]
    assert len(documents(tmp_path / "home")) == 1


def test_a_checkout_gives_its_tracked_files_with_the_day_of_their_last_change(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "returns.md").write_text("Goods come back within seven days.")
    (checkout / "notes.md").write_text("Not for others.")
    when = {"GIT_COMMITTER_DATE": "2026-02-03T10:00:00", "GIT_AUTHOR_DATE": "2026-02-03T10:00:00", "PATH": "/usr/bin:/bin"}
    for command in (
        ["init", "-q"],
        ["add", "returns.md"],
        ["-c", "user.name=T", "-c", "user.email=t@sample.example", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=checkout, check=True, env=when)

    take_in(tmp_path / "home", checkout)

    assert [(one.id, one.valid_from) for one in documents(tmp_path / "home")] == [("checkout-returns", date(2026, 2, 3))]
