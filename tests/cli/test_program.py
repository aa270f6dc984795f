"""Every command: help and 0, wrong use and 2, a failure and 1 with one clear line; and what goes through a pipe."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tests.cli.parley import run
from tests.house_under_test import fill_with_sample

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "serve",
    "chat",
    "understand",
    "intents train",
    "intents evaluate",
    "intents add",
    "intents review",
    "intents rollback",
    "knowledge search",
    "knowledge add",
    "knowledge list",
    "knowledge remove",
    "knowledge evaluate",
    "knowledge gaps",
    "call analyse",
    "call emotion",
    "people list",
    "people add",
    "people bind",
    "people unbind",
    "people invite",
    "crm import",
    "crm export",
    "policy check",
    "policy packs",
    "policy explain",
    "audit verify",
    "audit export",
    "audit replay",
    "doctor",
    "bench",
]
GROUPS = sorted({command.split()[0] for command in COMMANDS if " " in command})
AWAY = "postgresql://u:hunter2@127.0.0.1:1/x"


def parley(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


@pytest.fixture
def home(migrated: Path, tmp_path: Path) -> Path:
    """A home that holds the sample company."""
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var" / "parley.sqlite")
    asyncio.run(fill_with_sample(f"sqlite:///{tmp_path / 'var' / 'parley.sqlite'}"))
    return tmp_path


# --- help --------------------------------------------------------------------------------------------------------------


def test_every_command_that_the_readme_names_is_known() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## Commands")[1].split("\n## ")[0]
    named = set(re.findall(r"`parley ([a-z]+)", table))
    assert named == {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", ["", *GROUPS, *COMMANDS])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_prints_help(command: str, flag: str) -> None:
    code, said = parley(*command.split(), flag)
    assert code == 0
    assert "Usage:" in said


# --- wrong use ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "no-such-command",
        "people no-such-command",
        "serve --port eighty",
        "serve --port 70000",
        "chat --role boss",
        "understand --no-such-option",
        "intents evaluate",
        "intents add x",
        "intents add x --examples y --who boss",
        "knowledge search",
        "knowledge add",
        "knowledge remove",
        "knowledge evaluate",
        "knowledge gaps --settle",
        "knowledge search x --audience nobody",
        "people bind E01",
        "people add 王五 --role emperor",
        "crm import",
        "policy packs perhaps",
        "policy packs on",
        "crm export --to x --form pdf",
    ],
)
def test_wrong_use_ends_with_2(words: str) -> None:
    assert parley(*words.split())[0] == 2


# --- failures ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, settings, told",
    [
        ("serve", {"SLACK_BOT_TOKEN": "xoxb-hunter2"}, "SLACK_SIGNING_SECRET is missing"),
        ("serve", {"WECOM_AES_KEY": "hunter2"}, "WECOM_AES_KEY must be the 43 characters"),
        ("serve --port 0", {"PARLEY_DATABASE_URL": AWAY}, "PARLEY_DATABASE_URL"),
        ("chat", {"PARLEY_DATABASE_URL": AWAY}, "PARLEY_DATABASE_URL"),
        ("people list", {"PARLEY_DATABASE_URL": AWAY}, "PARLEY_DATABASE_URL"),
        ("audit verify", {"PARLEY_DATABASE_URL": "mysql://hunter2"}, "sqlite:/// or postgresql://"),
        ("doctor", {"PARLEY_SOPS": "/nowhere"}, "PARLEY_SOPS"),
        ("understand", {"PARLEY_INTENT_MODEL": "/nowhere"}, "/nowhere"),
        ("policy check /nowhere", {}, "/nowhere"),
        ("policy packs on nothing", {}, "there is no pack nothing"),
        ("intents evaluate /nowhere", {}, "/nowhere"),
        ("knowledge search x", {"PARLEY_SOPS": "/nowhere"}, "/nowhere"),
        ("people bind E01 slack U1", {}, "E01"),
        ("chat --as E99", {}, "E99"),
        ("audit export /nowhere/at/all", {}, "/nowhere/at/all"),
    ],
)
def test_a_failure_ends_with_1_and_one_clear_line(tmp_path: Path, words: str, settings: dict[str, str], told: str) -> None:
    ran = run(tmp_path, *words.split(), **settings)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert told in ran.err
    assert "hunter2" not in ran.err + ran.out


def test_a_database_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "parley.sqlite").write_text("this is a letter, not a database", encoding="utf-8")
    ran = run(tmp_path, "people", "list")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "not a database" in ran.err


# --- starting ------------------------------------------------------------------------------------------------------------


def test_the_program_starts_without_what_only_some_commands_need() -> None:
    heavy = ["torch", "sklearn", "scipy", "numpy", "dbos", "chromadb", "fastapi", "uvicorn", "sqlalchemy", "slack_bolt"]
    look = f"import sys, bot.cli; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


# --- understand ----------------------------------------------------------------------------------------------------------


def test_understand_writes_one_object_a_line_in_the_same_order(tmp_path: Path) -> None:
    at = {"text": "明天下午三点提醒我", "role": "rep", "sent_at": "2026-11-25T10:00:00+08:00"}
    lines = ["客户说再考虑一下,华康医疗那单", "move Acme to negotiation", "", json.dumps(at), "{not an object", "[1]"]
    ran = run(tmp_path, "understand", "--json", said="\n".join(lines) + "\n")
    assert ran.code == 0
    read = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["text"] for one in read] == [*lines[:3], at["text"], *lines[4:]]
    for one in read:
        assert list(one) == ["text", "lang", "intent", "confidence", "alternatives", "also", "slots"]
        assert 0 <= one["confidence"] <= 1
        assert all(set(slot) == {"type", "text", "value"} for slot in one["slots"])
        assert all(slot["text"] in one["text"] for slot in one["slots"])
        assert all(set(other) == {"intent", "confidence"} for other in one["alternatives"] + one["also"])
    assert [one["lang"] for one in read[:2]] == ["zh", "en"]
    (date,) = [slot["value"] for slot in read[3]["slots"] if slot["type"] == "date"]
    assert date.startswith("2026-11-26T15:00")


def test_understand_bears_lines_that_no_one_could_have_meant(tmp_path: Path) -> None:
    odd = [
        {"text": "明天提醒我", "sent_at": "0001-01-01T00:00:00+14:00"},
        {"text": "明天提醒我", "sent_at": "9999-12-31T23:59:59-12:00"},
        {"text": "half \ud83d", "role": 7, "sent_at": []},
        {"text": "\x00"},
    ]
    ran = run(tmp_path, "understand", said="".join(json.dumps(one) + "\n" for one in odd))
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == len(odd)


# --- chat ----------------------------------------------------------------------------------------------------------------


def test_chat_answers_what_comes_through_a_pipe_and_a_number_presses_a_button(home: Path) -> None:
    ran = run(home, "chat", "--role", "rep", said="客户说再考虑一下,华康医疗那单\n4\n把那单金额改成30万\nundo\n退出\n")
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert "华康医疗 ICU 监护" in ran.out
    assert "4 记到客户名下" in ran.out
    assert "30万" in ran.out
    assert "撤" in ran.out.split("30万")[-1]


def test_chat_speaks_as_the_person_it_is_told_and_ends_with_its_input(home: Path) -> None:
    ran = run(home, "chat", "--as", "E11", said="还有哪些投诉没闭环")
    assert ran.code == 0, ran.err
    assert "(manager)" in ran.out


def test_chat_of_a_customer_is_answered_too(home: Path) -> None:
    ran = run(home, "chat", "--role", "customer", said="公司地址换了,现在在浦东张江路88号\n")
    assert ran.code == 0, ran.err
    assert "张江路88号" in ran.out


def test_an_option_that_reads_the_environment_reads_the_env_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARLEY_INTENT_MODEL=elsewhere\n", encoding="utf-8")
    ran = run(tmp_path, "understand", said="在吗")
    assert ran.code == 1
    assert "elsewhere: no intent model can be loaded" in ran.err


def test_a_policys_author_sees_what_it_says_of_some_facts(home: Path) -> None:
    (home / "facts.json").write_text(json.dumps({"contract": True, "amount": 600000, "role": "rep"}), encoding="utf-8")
    told = run(home, "policy", "explain", "--facts", "facts.json")
    assert told.code == 0, told.err
    assert "asks a person first" in told.out
    assert "applied contract_value → confirm" in told.out and "amount_cny = 600000.0" in told.out
    assert "not applied discount_limit" in told.out
    zh = run(home, "policy", "explain", "--facts", "facts.json", "--lang", "zh")
    assert "要先有人确认" in zh.out and "谁能确认" in zh.out
    (home / "facts.json").write_text('{"discuont": 3}', encoding="utf-8")
    wrong = run(home, "policy", "explain", "--facts", "facts.json")
    assert (wrong.code, "there is no fact discuont" in wrong.err) == (1, True)
    unknown = run(home, "policy", "explain", "P-0000000000000000")
    assert (unknown.code, unknown.err.strip()) == (1, "the record has no decision for P-0000000000000000")
