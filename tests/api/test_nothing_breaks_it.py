"""Whatever a front end sends, the API answers with replies or a problem that names what is wrong: never with a fault."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import Minds
from tests.api.served import Served, serving, settings_from

ANY_TEXT = st.one_of(st.text(max_size=60), st.text(st.characters(), max_size=20), st.just("\x00"), st.just("\ud83d"))
"""All of Unicode, with zero bytes and halves of characters."""

ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ANY_TEXT, inner, max_size=3)),
    max_leaves=6,
)
ATTACHMENT = st.fixed_dictionaries(
    {"name": ANY_TEXT, "data": st.one_of(ANY_TEXT, st.just("aGVsbG8="), st.just(""))}, optional={"mime": ANY_TEXT}
)
MOMENT = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
    st.integers(-(10**13), 10**13),
    ANY_TEXT,
)
MESSAGE = st.fixed_dictionaries(
    {"conversation": ANY_TEXT, "sender": st.one_of(st.sampled_from(["E01", "E11", "K001"]), ANY_TEXT)},
    optional={
        "text": ANY_TEXT,
        "role": st.sampled_from(["rep", "manager", "customer", "director", None]),
        "sent_at": MOMENT,
        "attachments": st.lists(ATTACHMENT, max_size=2),
    },
)
HONEST = {400, 401, 403, 404, 405, 413, 422}
HURRIED = settings(max_examples=40)


@pytest.fixture
async def served(tmp_path: Path, minds: Minds, database_url: str) -> AsyncIterator[Served]:
    """On both databases: they differ in which characters they hold."""
    async with serving(settings_from(tmp_path, PARLEY_DATABASE_URL=database_url), minds) as served:
        yield served


async def post(served: Served, path: str, body: Any, **headers: str) -> httpx.Response:
    """As a front end does that escapes what is not ASCII, halves of characters too."""
    given_ = {"Content-Type": "application/json", **headers}
    return await served.http.post(path, content=json.dumps(body), headers=given_)


def is_honest(answer: httpx.Response) -> bool:
    """Replies, or a problem document with a sentence."""
    if answer.status_code == 200:
        return "replies" in answer.json() or "outcome" in answer.json()
    return answer.status_code in HONEST and bool(answer.json()["detail"])


@HURRIED
@given(body=MESSAGE)
async def test_no_message_breaks_it(served: Served, body: dict[str, Any]) -> None:
    assert is_honest(await post(served, "/api/messages", body))


@HURRIED
@given(body=ANY_JSON, path=st.sampled_from(["/api/messages", "/api/actions/x", "/api/proposals/x/decision"]))
async def test_no_json_breaks_it(served: Served, body: Any, path: str) -> None:
    assert is_honest(await post(served, path, body))


@HURRIED
@given(body=st.binary(max_size=60))
async def test_no_bytes_break_it(served: Served, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert is_honest(await served.http.post("/api/messages", content=body, headers=headers))


@HURRIED
@given(button=st.binary(max_size=80), sender=ANY_TEXT)
async def test_no_button_breaks_it(served: Served, button: bytes, sender: str) -> None:
    path = "/api/actions/" + "".join(f"%{byte:02x}" for byte in button)
    assert is_honest(await post(served, path, {"conversation": "c1", "sender": sender}))


@HURRIED
@given(proposal=st.binary(min_size=1, max_size=40), person=ANY_TEXT, digest=ANY_TEXT)
async def test_no_decision_breaks_it(served: Served, proposal: bytes, person: str, digest: str) -> None:
    path = "/api/proposals/" + "".join(f"%{byte:02x}" for byte in proposal)
    assert (await served.http.get(path)).status_code in (404, 422)
    body = {"person": person, "yes": True, "digest": digest}
    assert is_honest(await post(served, f"{path}/decision", body))


@HURRIED
@given(key=st.text(st.characters(max_codepoint=255, min_codepoint=32), max_size=140))
async def test_no_idempotency_key_breaks_it(served: Served, key: str) -> None:
    body = {"conversation": "c" * 128, "sender": "E01", "text": "help"}
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    assert is_honest(await served.http.post("/api/messages", json=body, headers=headers))
