"""`parley knowledge search`: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from retrieval.commands import knowledge_cli
from retrieval.embed import SHIPPED, load_embedder
from retrieval.home import VECTORS
from retrieval.index import VectorIndex

WriteDocument = Callable[..., Path]
WORDS_ALONE = {"PARLEY_EMBEDDING_MODEL": "none"}


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner(env=WORDS_ALONE).invoke(knowledge_cli, ["search", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_json_holds_every_passage_with_its_source() -> None:
    code, out, _ = run("who approves a special discount", "-k", "2", "--json")

    found = json.loads(out)
    assert code == 0
    assert len(found) == 2
    assert list(found[0]) == ["title", "section", "version", "date", "source", "score", "text", "steps"]
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


def call(home: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner(env=WORDS_ALONE).invoke(knowledge_cli, [*arguments, "--home", str(home)])
    return result.exit_code, result.stdout, result.stderr


def test_a_document_is_taken_in_found_listed_and_deleted(tmp_path: Path) -> None:
    file = tmp_path / "叉车.md"
    file.write_text("# 叉车使用\n叉车每天下班前开回车库充电。", encoding="utf-8")

    assert call(tmp_path, "add", str(file), "--owner", "仓库主管") == (
        0,
        "叉车.md: added, version 1\n1 added, 0 new version, 0 unchanged, 0 refused\n",
        "",
    )
    [found] = json.loads(call(tmp_path, "search", "叉车下班前开回哪里", "-k", "1", "--json")[1])
    assert (found["title"], found["text"]) == ("叉车使用", "叉车每天下班前开回车库充电。")
    [row] = json.loads(call(tmp_path, "list", "--json")[1])
    assert (row["title"], row["owner"], row["audience"], row["source"]) == (
        "叉车使用",
        "仓库主管",
        "manager, rep",
        "叉车.md",
    )
    code, out, _ = call(tmp_path, "remove", row["document"])
    assert (code, out) == (0, f"{row['document']}: deleted, 1 version\n")
    assert call(tmp_path, "list") == (0, "Nothing was taken in yet: parley knowledge add PATH…\n", "")


def test_what_is_deleted_leaves_no_vector_behind(tmp_path: Path) -> None:
    home, sops = tmp_path / "home", tmp_path / "sops"
    sops.mkdir()
    (sops / "gate.md").write_text("The gate is locked at night.")
    (tmp_path / "forklift.md").write_text("The forklift is charged at night.")
    options = ["--home", str(home), "--sops", str(sops)]

    def knowledge(*arguments: str) -> str:
        result = CliRunner().invoke(knowledge_cli, [*arguments, *options])
        assert result.exit_code == 0, result.output
        return result.stdout

    CliRunner().invoke(knowledge_cli, ["add", str(tmp_path / "forklift.md"), "--home", str(home)])
    [first, *_] = json.loads(knowledge("search", "when do they load the forklift's battery", "--json"))
    assert first["text"] == "The forklift is charged at night."
    knowledge("remove", "forklift")

    embedder = load_embedder(str(SHIPPED))
    index = VectorIndex.on_disk(home / VECTORS, embedder.name)
    assert len(index._kept()) == 1, "the gate's"


def test_a_bad_file_is_told_and_the_others_go_in(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "in" / "b.md").write_text("The gate is locked at night.")

    assert call(tmp_path, "add", str(tmp_path / "in")) == (
        0,
        "in/b.md: added, version 1\n1 added, 0 new version, 0 unchanged, 1 refused\n",
        "in/a.pdf: skipped, it is broken or not what its ending says.\n",
    )


def test_nothing_to_take_in_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()

    assert call(tmp_path, "add", str(tmp_path / "in"))[0::2] == (1, "There is no document there that can be read.\n")
    assert call(tmp_path, "add", str(tmp_path / "nowhere"))[0] == 1
    assert call(tmp_path, "remove", "nothing")[0::2] == (1, "There is no document nothing.\n")


def test_how_well_is_found_is_measured_beside_words_alone(tmp_path: Path) -> None:
    lines = {"p1": "样机最长借三十天", "p2": "发票十天内寄出", "p3": "合同由法务审查"}
    passages, queries, qrels = (tmp_path / name for name in ("p.jsonl", "q.jsonl", "r.tsv"))
    passages.write_text("".join(json.dumps({"id": one, "text": text}) + "\n" for one, text in lines.items()))
    queries.write_text(
        json.dumps({"id": "q1", "text": "样机借几天"}) + "\n" + json.dumps({"id": "q2", "text": "谁审合同"}) + "\n"
    )
    qrels.write_text("q1\t0\tp1\t1\nq2\t0\tp3\t1\n")

    code, out, _ = call_without_home(
        "evaluate", "--passages", str(passages), "--queries", str(queries), "--qrels", str(qrels), "--json"
    )

    told = json.loads(out)
    assert code == 0
    assert (told["queries"], told["passages"]) == (2, 3)
    assert told["recall@5"] == told["ndcg@10"] == told["mrr"] == 1.0
    assert told["words"].keys() == told["words and meaning"].keys() == {"recall@5", "recall@10", "ndcg@10", "mrr"}


def test_judgements_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"id": 1}\n')

    assert call_without_home("evaluate", "--passages", str(file), "--queries", str(file), "--qrels", str(file))[0::2] == (
        1,
        f"{file}:1: not a line of JSON with `id` and `text`\n",
    )


def call_without_home(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner(env=WORDS_ALONE).invoke(knowledge_cli, arguments)
    return result.exit_code, result.stdout, result.stderr
