"""What the log says: that something happened and to which message, never what people wrote, who they are, or a secret."""

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from bot.app import Minds, now
from bot.logs import ServerLine
from bot.message import Address, Message
from tests.api.served import Served, serving, settings_from
from tests.e2e.program import Program

TOKEN = "token-never-logged"
PHONE = "13800138000"
SAID = [
    "客户说再考虑一下,华康医疗那单",
    f"把王敏的电话改成{PHONE}",
    "把那单金额改成60万",
    "明天上午九点提醒我给华康医疗打电话",
    f"see contact at {PHONE} or li.hua@example.com",
]
NEVER = [TOKEN, PHONE, "华康", "王敏", "60万", "打电话", "li.hua", "再考虑"]


def told(lines: list[MutableMapping[str, Any]]) -> list[str]:
    """Words of the people that stand in these lines."""
    page = json.dumps(lines, ensure_ascii=False, default=str)
    return [word for word in NEVER if word in page]


async def test_a_conversation_leaves_no_words_in_the_log(served: Served, log_lines: list[MutableMapping[str, Any]]) -> None:
    for text in SAID:
        await served.say(text, conversation=f"phone-{PHONE}")
    await served.http.post("/api/messages", json={"conversation": PHONE, "sender": PHONE, "text": ["华康"]})
    await served.press("no-such-button", conversation=f"phone-{PHONE}")
    assert [line for line in log_lines if line["event"] == "accepted"]
    assert told(log_lines) == []


async def test_a_message_that_breaks_the_house_leaves_no_words_in_the_log(
    tmp_path: Path, minds: Minds, sample_home: Path, log_lines: list[MutableMapping[str, Any]]
) -> None:
    away = f"redis://:{TOKEN}@127.0.0.1:1/0"
    async with serving(settings_from(tmp_path, PARLEY_REDIS_URL=away), minds, sample_home) as served:
        await served.house.accept(Message("api:1", Address("api", PHONE), "E01", SAID[1], now()))
        while not (errors := [line["event"] for line in log_lines if line["log_level"] == "error"]):
            await served.house.inbox.wait_done("api:1", timedelta(milliseconds=50))
    assert errors == ["attempt failed"]
    assert told(log_lines) == []


def test_a_fault_that_the_server_tells_of_is_named_without_its_words() -> None:
    try:
        raise DBAPIError("insert into inbox", {"text": f"客户 {PHONE}"}, ValueError(PHONE))
    except DBAPIError:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "Exception in\nASGI", None, sys.exc_info())
    line = ServerLine().format(record)
    assert line.startswith("ERROR Exception in ASGI DBAPIError at test_logs.py:")
    assert PHONE not in line
    assert "\n" not in line


def test_the_running_program_logs_json_lines_without_words(tmp_path: Path) -> None:
    program = Program.start(tmp_path / "home")
    try:
        for number, text in enumerate(SAID):
            program.post("/api/messages", {"conversation": PHONE, "sender": "E01", "text": text})
            program.post(f"/api/actions/{number}", {"conversation": PHONE, "sender": "E01"})
    finally:
        program.stop()
    lines = program.log().splitlines()
    events = [json.loads(line)["event"] for line in lines if line.startswith("{")]
    assert {"ready", "accepted"} <= set(events)
    assert [word for word in NEVER if word in program.log()] == []
    assert "Traceback" not in program.log()
