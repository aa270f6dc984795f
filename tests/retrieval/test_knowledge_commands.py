"""`parley knowledge search`: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from retrieval.commands import knowledge_cli

WriteDocument = Callable[..., Path]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(knowledge_cli, ["search", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_json_holds_every_passage_with_its_source() -> None:
    code, out, _ = run("who approves a special discount", "-k", "2", "--json")

    found = json.loads(out)
    assert code == 0
    assert len(found) == 2
    assert list(found[0]) == ["title", "section", "version", "date", "source", "score", "text"]
    assert found[0]["source"].startswith("special-discount.en.md:")


def test_the_table_shows_the_passage_and_where_it_stands() -> None:
    code, out, _ = run("重置密码", "-k", "1")

    assert code == 0
    assert "customer-guide.zh.md" in out
    assert "忘记密码" in out


def test_no_answer_is_said_and_is_not_a_failure() -> None:
    assert run("今天天气怎么样") == (0, "No document answers this.\n", "")
    assert run("今天天气怎么样", "--json") == (0, "[]\n", "")


def test_the_audience_decides_what_is_found() -> None:
    assert json.loads(run("底价", "--json")[1])
    assert json.loads(run("底价", "--json", "--audience", "customer")[1]) == []


def test_wrong_use_ends_with_2() -> None:
    code, _, err = run("discount", "--audience", "boss")

    assert code == 2
    assert "customer, manager, rep" in err


def test_a_missing_folder_ends_with_1_and_one_clear_line(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"

    assert run("discount", "--sops", str(missing)) == (1, "", f"The folder of documents does not exist: {missing}\n")


def test_unreadable_documents_are_named_beside_the_answer(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("a.md", "Visitors park [bold]behind[/bold] the workshop.")
    write_document("b.md", "Text", audience="[everyone]")

    code, out, err = run("visitors park", "--sops", str(tmp_path))

    assert code == 0
    assert "[bold]behind[/bold]" in out
    assert err == "b.md: skipped, its audience must list one or more of: customer, manager, rep.\n"
