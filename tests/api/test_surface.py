"""What stands around the API: its description, its problems, and the routes of those who watch over the service."""

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.openapi.models import OpenAPI
from sqlalchemy import text

from actions.outside.store import Store
from bot.app import Minds, create_app
from bot.problem import answer_with_problems
from tests.api.served import MANAGER, REP, Json, Served, serving, settings_from

WECOM = {
    "WECOM_CORP_ID": "ww0000000000000001",
    "WECOM_AGENT_ID": "1000002",
    "WECOM_SECRET": "sample",
    "WECOM_TOKEN": "sample",
    "WECOM_AES_KEY": "a" * 43,
}
WECHAT = {"WECHAT_APP_ID": "wx0000000000000001", "WECHAT_SECRET": "sample", "WECHAT_TOKEN": "sample"}


# --- the description -----------------------------------------------------------------------------------------------------


async def described(served: Served) -> Json:
    document: Json = (await served.http.get("/openapi.json")).json()
    return document


async def test_the_description_is_of_openapi_3_1(served: Served) -> None:
    document = await described(served)
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    OpenAPI.model_validate(document)


async def test_the_description_lists_the_routes_of_the_api(served: Served) -> None:
    paths = (await described(served))["paths"]
    assert {
        ("/api/messages", "post"),
        ("/api/actions/{button}", "post"),
        ("/api/people", "get"),
        ("/api/proposals", "get"),
        ("/api/proposals/{proposal_id}", "get"),
        ("/api/proposals/{proposal_id}/decision", "post"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
    } <= {(path, method) for path, methods in paths.items() for method in methods}


async def test_every_name_that_the_description_points_to_is_in_it(served: Served) -> None:
    document = await described(served)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_pointers(document)) <= known


async def test_every_operation_has_a_name_of_its_own(served: Served) -> None:
    names = [operation["operationId"] for _, operation in _operations(await described(served))]
    assert len(names) == len(set(names))


async def test_errors_are_described_as_the_problems_that_they_are(served: Served) -> None:
    for path, operation in _operations(await described(served)):
        assert "422" not in operation["responses"], path
        assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"], path


async def test_the_chat_page_is_not_part_of_the_api(served: Served) -> None:
    assert not [path for path in (await described(served))["paths"] if path == "/" or path.startswith("/chat")]


def _pointers(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part["$ref"],) if isinstance(part.get("$ref"), str) else ()
        for inner in part.values():
            yield from _pointers(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _pointers(inner)


def _operations(document: Json) -> list[tuple[str, Json]]:
    return [(path, operation) for path, methods in document["paths"].items() for operation in methods.values()]


# --- problems ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/api/nothing-here", 404),
        ("GET", "/api/messages", 405),
        ("POST", "/api/messages", 422),
        ("GET", "/api/proposals/P-none", 404),
        ("GET", "/api/proposals?state=lost", 422),
        ("GET", "/static/none.css", 404),
        ("GET", "/static/../app.py", 404),
    ],
)
async def test_every_refusal_is_a_problem_document(served: Served, method: str, path: str, status: int) -> None:
    answer = await served.http.request(method, path)
    body = answer.json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["type"] == "about:blank"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]


async def test_a_method_that_is_not_taken_says_which_is(served: Served) -> None:
    assert (await served.http.get("/api/messages")).headers["Allow"] == "POST"


async def test_a_fault_is_a_problem_that_tells_nothing_of_the_inside(log_lines: list[dict[str, Any]]) -> None:
    app = FastAPI()
    answer_with_problems(app)
    router = APIRouter()

    @router.get("/broken")
    async def broken() -> None:
        raise KeyError("13800138000")

    @router.get("/limit")
    async def limit() -> None:
        raise HTTPException(429, "Too many at once.", headers={"Retry-After": "7"})

    app.include_router(router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://parley.test") as http:
        answer = await http.get("/broken")
        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "KeyError" not in answer.text
        assert "13800138000" not in answer.text
        limited = await http.get("/limit")
        assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert [line["error"] for line in log_lines if line["event"] == "request_failed"]


# --- health --------------------------------------------------------------------------------------------------------------


async def test_it_says_that_it_is_alive(served: Served) -> None:
    assert (await served.http.get("/healthz")).json() == {"status": "ok"}


async def test_it_is_ready_when_its_stores_answer(served: Served) -> None:
    answer = await served.http.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["stores"] == {"database": "ok", "memory": "ok"}
    assert body["channels"] == {"slack": "off", "wecom": "off", "wechat": "off"}
    assert body["documents"]["unreadable"] == 0
    assert body["documents"]["passages"] > 0
    assert body["sends"] == []


async def test_it_says_that_a_broken_policy_file_does_not_count(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("rules: []\n", encoding="utf-8")
    async with serving(settings_from(tmp_path, PARLEY_POLICY=str(file)), minds, sample_home) as served:
        before = (await served.http.get("/readyz")).json()["policy"]
        assert before["is_as_written"] is True
        file.write_text("rules: [", encoding="utf-8")
        async with asyncio.timeout(30):
            while (told := (await served.http.get("/readyz")).json()["policy"])["is_as_written"]:
                await asyncio.sleep(0.1)
        assert told == {"version": before["version"], "is_as_written": False}
        assert (await served.http.get("/readyz")).status_code == 200


async def test_channels_that_are_set_are_on(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    async with serving(settings_from(tmp_path, **WECOM, **WECHAT), minds, sample_home) as served:
        channels = (await served.http.get("/readyz")).json()["channels"]
        assert channels == {"slack": "off", "wecom": "on", "wechat": "on"}
        doors = ("/slack/events", "/wecom/callback", "/wechat/callback")
        assert [(await served.http.post(door)).status_code == 404 for door in doors] == [True, False, False]


async def test_it_is_not_ready_while_redis_is_away_and_says_so(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    redis = f"redis://:secret-of-redis@127.0.0.1:{_nobody_listens()}/0"
    async with serving(settings_from(tmp_path, PARLEY_REDIS_URL=redis), minds, sample_home) as served:
        answer = await served.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["stores"]["database"] == "ok"
    assert answer.json()["stores"]["memory"].startswith("does not answer")
    assert "secret-of-redis" not in answer.text


async def test_it_is_ready_on_redis(tmp_path: Path, minds: Minds, sample_home: Path, redis_url: str) -> None:
    async with serving(settings_from(tmp_path, PARLEY_REDIS_URL=redis_url), minds, sample_home) as served:
        assert (await served.http.get("/readyz")).json()["stores"]["memory"] == "ok"


async def test_it_is_not_ready_while_the_database_is_away_and_says_so(tmp_path: Path, minds: Minds, postgres: str) -> None:
    name = f"away_{uuid4().hex}"
    await _of_server(postgres, f"create database {name} template template_parley")
    async with serving(settings_from(tmp_path, PARLEY_DATABASE_URL=f"{postgres}/{name}"), minds) as served:
        assert (await served.http.get("/readyz")).status_code == 200
        await _of_server(postgres, f"drop database {name} with (force)")
        answer = await served.http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["stores"]["memory"] == "ok"
        assert answer.json()["stores"]["database"].startswith("does not answer")
        assert (await served.http.get("/healthz")).status_code == 200


async def _of_server(postgres: str, statement: str) -> None:
    """Databases are created and dropped outside any transaction."""
    whole = Store(f"{postgres}/postgres")
    async with whole.read() as tx:
        autocommit = await tx.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text(statement))
    await whole.close()


def _nobody_listens() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# --- metrics -------------------------------------------------------------------------------------------------------------


async def test_metrics_are_in_the_form_of_prometheus(served: Served) -> None:
    await served.say("help", **{"Idempotency-Key": "k1"})
    await served.say("help", **{"Idempotency-Key": "k1"})
    answer = await served.http.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    line = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+|[a-z_]+\{.*\} \+?Inf')
    assert all(one.startswith("# ") or line.fullmatch(one) for one in lines)


async def test_metrics_count_what_was_heard_and_what_was_delivered_again(served: Served) -> None:
    await served.say("help", **{"Idempotency-Key": "k1"})
    await served.say("help", **{"Idempotency-Key": "k1"})
    counted = _samples((await served.http.get("/metrics")).text)
    accepted = [value for name, value in counted.items() if "accepted" in name and "api" in name and "created" not in name]
    again = [value for name, value in counted.items() if "redelivered" in name and "api" in name and "created" not in name]
    assert (accepted, again) == ([1.0], [1.0])


async def test_metrics_name_nobody(served: Served) -> None:
    await served.say("把华康医疗那单金额改成60万", conversation="13800138000")
    page = (await served.http.get("/metrics")).text
    assert not [word for word in (REP, MANAGER, "13800138000", "华康", "c1") if word in page]


def _samples(page: str) -> dict[str, float]:
    pairs = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


# --- a start that cannot be ----------------------------------------------------------------------------------------------


def test_a_policy_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("rules: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"policy\.yaml"):
        create_app(settings_from(tmp_path, PARLEY_POLICY=str(tmp_path / "policy.yaml")))


def test_a_dictionary_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "dictionary.yaml").write_text("intents: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"dictionary\.yaml"):
        create_app(settings_from(tmp_path, PARLEY_DICTIONARY=str(tmp_path / "dictionary.yaml")))


async def test_a_home_is_made_where_there_is_none(tmp_path: Path, minds: Minds) -> None:
    async with serving(settings_from(tmp_path, PARLEY_HOME=str(tmp_path / "new" / "home")), minds) as served:
        assert (await served.http.get("/readyz")).status_code == 200
    assert (tmp_path / "new" / "home" / "parley.sqlite").exists()
