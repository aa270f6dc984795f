"""`parley crm` and `parley people` as an operator meets them: what they print, and how they end."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from actions.audit import rows_of
from actions.crm.commands import crm_cli, people_cli
from actions.outside.store import Store


class Parley:
    """Runs commands on one home; each says its exit code and everything it printed."""

    def __init__(self, database: Path) -> None:
        self._app = typer.Typer()
        self._app.add_typer(crm_cli(lambda: Store(f"sqlite:///{database}")), name="crm")
        self._app.add_typer(people_cli(lambda: Store(f"sqlite:///{database}")), name="people")

    def __call__(self, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(self._app, list(words))
        return result.exit_code, result.output


@pytest.fixture
def parley(sample_home: Path, tmp_path: Path) -> Parley:
    shutil.copy(sample_home, tmp_path / "home.db")
    return Parley(tmp_path / "home.db")


def test_import_tells_what_came_in_and_what_did_not(parley: Parley, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id,name,country\nX1,A,CN\nX2,B,Atlantis\n", encoding="utf-8")
    code, said = parley("crm", "import", str(tmp_path / "customers.csv"))
    assert code == 0
    assert "customers: 1 new, 0 changed, 0 as they were" in said
    assert "customers.csv, line 3, country: “Atlantis” is not a country code such as CN or US" in said


def test_import_of_nothing_is_a_failure(parley: Parley, tmp_path: Path) -> None:
    code, said = parley("crm", "import", str(tmp_path / "none.csv"))
    assert code == 1
    assert "none.csv: there is no such file" in said


def test_export_names_the_files_it_wrote(parley: Parley, tmp_path: Path) -> None:
    code, said = parley("crm", "export", "--to", str(tmp_path / "out"))
    assert code == 0
    assert str(tmp_path / "out" / "deals.csv") in said.splitlines()


def test_export_to_where_nothing_can_be_written_is_one_sentence(parley: Parley, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    code, said = parley("crm", "export", "--to", str(tmp_path / "file"))
    assert code == 1
    assert len(said.splitlines()) == 1


def test_people_are_listed_as_one_json_object_a_line(parley: Parley) -> None:
    code, said = parley("people", "list", "--json")
    listed = {one["id"]: one for one in map(json.loads, said.splitlines())}
    assert code == 0
    assert listed["E01"]["identities"] == [{"channel": "web", "user": "E01"}]
    assert listed["@managers"]["identities"] == [{"channel": "web", "user": "managers"}]


def test_who_left_is_known_and_somebody_stands_in(parley: Parley) -> None:
    assert parley("people", "leave", "E12", "--deputy", "E11") == (0, "E12 has left.\n")
    code, said = parley("people", "leave", "E99")
    assert (code, said) == (1, "There is no employee E99.\n")


def test_a_person_and_a_group_are_bound_in_the_same_way(parley: Parley) -> None:
    assert parley("people", "bind", "E01", "slack", "U1") == (0, "E01 is U1 on slack.\n")
    assert parley("people", "bind", "@managers", "slack", "C123") == (0, "@managers is C123 on slack.\n")
    assert parley("people", "unbind", "@managers", "slack")[0] == 0
    assert parley("people", "unbind", "E01", "slack")[0] == 0
    assert parley("people", "unbind", "E01", "slack") == (1, "E01 is nobody on slack.\n")


def test_what_cannot_be_bound_is_one_sentence_and_a_failure(parley: Parley) -> None:
    code, said = parley("people", "bind", "E99", "slack", "U1")
    assert code == 1
    assert said == "Nobody here has the id E99; `parley people list` shows who has which.\n"


def test_somebody_added_is_listed_under_the_id_that_was_told(parley: Parley) -> None:
    code, said = parley("people", "add", "新人样", "--role", "rep", "--region", "华东", "--manager", "E11", "--id", "E90")
    assert (code, said) == (0, "新人样 is E90.\n")
    assert '"id": "E90"' in parley("people", "list", "--json")[1]


def test_adding_somebody_who_is_neither_employee_nor_contact_is_wrong_use(parley: Parley) -> None:
    assert parley("people", "add", "x")[0] == 2


def test_what_was_said_about_people_stands_in_the_record_and_a_code_does_not(parley: Parley, tmp_path: Path) -> None:
    parley("people", "bind", "E01", "slack", "U1")
    invitation = parley("people", "invite", "K001")[1].strip()
    store = Store(f"sqlite:///{tmp_path / 'home.db'}")

    async def record() -> list[tuple[str | None, dict[str, object]]]:
        async with store.read() as tx:
            lines = [(line.subject, dict(line.body)) async for line in rows_of(tx)]
        await store.close()
        return lines

    entries = asyncio.run(record())
    assert entries == [
        ("person:E01", {"command": "bind", "channel": "slack", "user": "U1"}),
        ("person:K001", {"command": "invite"}),
    ]
    assert invitation not in str(entries)


def test_an_invitation_prints_only_the_code(parley: Parley) -> None:
    code, said = parley("people", "invite", "K001")
    assert code == 0
    assert len(said.strip()) == 9


def test_a_calendar_is_taken_in_and_counted_and_a_bad_one_is_one_sentence(parley: Parley, tmp_path: Path) -> None:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTART:20200106T010000Z")
    rule = ("DURATION:PT1H", "RRULE:FREQ=WEEKLY", "END:VEVENT", "END:VCALENDAR", "")
    (tmp_path / "han.ics").write_text("\r\n".join((*lines, *rule)), encoding="utf-8", newline="")
    code, said = parley("people", "calendar", "E31", str(tmp_path / "han.ics"))
    assert code == 0
    assert "E31 is taken 13 times" in said or "E31 is taken 14 times" in said
    code, said = parley("people", "calendar", "E99", str(tmp_path / "han.ics"))
    assert (code, "There is no employee E99" in said) == (1, True)
    (tmp_path / "bad.ics").write_text("nothing", encoding="utf-8")
    code, said = parley("people", "calendar", "E31", str(tmp_path / "bad.ics"))
    assert (code, len(said.splitlines())) == (1, 1)
