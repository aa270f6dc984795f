"""The door of the API: the bearer token where one is set, else this machine only, whatever a browser is talked into."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bot.app import Minds
from bot.door import is_local
from tests.api.served import Served, serving, settings_from

TOKEN = "sample-api-token"
PEOPLE = "/api/people"


# --- no token: this machine only ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "LocalHost:8000", "[::1]:8000", "[::1]"])
async def test_without_a_token_a_caller_on_this_machine_is_let_in(served: Served, host: str) -> None:
    assert (await served.http.get(PEOPLE, headers={"Host": host})).status_code == 200


async def test_without_a_token_a_page_of_our_own_may_call(served: Served) -> None:
    assert (await served.http.get(PEOPLE, headers={"Origin": "http://127.0.0.1:8000"})).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.3", "2001:db8::7", "testclient"])
async def test_without_a_token_another_machine_is_refused(served: Served, address: str) -> None:
    async with served.client(address) as http:
        assert (await http.get(PEOPLE)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Host": "rebound.example:8000"}, id="a foreign name that resolves to this machine"),
        pytest.param({"Host": "127.0.0.1.rebound.example"}, id="a foreign name that looks like this machine"),
        pytest.param({"Host": "127.0.0.1:8000@rebound.example"}, id="a foreign name behind ours"),
        pytest.param({"Host": "[::1"}, id="no name at all"),
        pytest.param({"Host": ""}, id="an empty name"),
        pytest.param({"Origin": "https://other.example"}, id="a page of another site"),
        pytest.param({"Origin": "http://localhost.other.example"}, id="a page whose name begins like ours"),
        pytest.param({"Origin": "null"}, id="a page without a name"),
        pytest.param({"Origin": "http://[broken"}, id="a page with a broken name"),
        pytest.param({"X-Forwarded-For": "127.0.0.1"}, id="through a proxy that claims to speak for this machine"),
        pytest.param({"Forwarded": "for=127.0.0.1"}, id="through a proxy of the newer kind"),
        pytest.param({"X-Real-IP": "192.0.2.7"}, id="through a proxy that names the caller its own way"),
        pytest.param({"Via": "1.1 proxy"}, id="through a proxy that only names itself"),
    ],
)
async def test_without_a_token_what_did_not_begin_on_this_machine_is_refused(
    served: Served, headers: dict[str, str]
) -> None:
    answer = await served.http.get(PEOPLE, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "PARLEY_API_TOKEN" in answer.json()["detail"]


async def test_a_refused_call_changes_nothing(served: Served) -> None:
    body = {"conversation": "c1", "sender": "E01", "text": "把华康医疗金额改成10万"}
    refused = await served.http.post("/api/messages", json=body, headers={"Origin": "https://other.example"})
    assert refused.status_code == 401
    assert await served.house.outbox.collect(target="api:c1") == []


@pytest.mark.parametrize("path", ["/", "/chat/stream?seat=rep&person=E01"])
async def test_the_chat_page_is_for_this_machine_only(served: Served, path: str) -> None:
    async with served.client("192.0.2.7") as http:
        assert (await http.get(path)).status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_whoever_watches_over_the_service_may_ask_from_anywhere(served: Served, path: str) -> None:
    async with served.client("192.0.2.7") as http:
        assert (await http.get(path)).status_code == 200


_ALMOST_A_NAME = st.one_of(st.binary(max_size=40), st.from_regex(rb"(http://)?[\[\]:@/?#.a-z0-9%]{0,20}", fullmatch=True))


@given(st.dictionaries(st.sampled_from([b"host", b"origin"]), _ALMOST_A_NAME))
def test_no_name_of_a_host_or_a_page_breaks_the_door(headers: dict[bytes, bytes]) -> None:
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": list(headers.items())}
    assert is_local(Request(scope)) in (True, False)


# --- with a token ---------------------------------------------------------------------------------------------------------


async def test_with_a_token_its_bearer_is_let_in_from_anywhere(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    async with (
        serving(settings_from(tmp_path, PARLEY_API_TOKEN=TOKEN), minds, sample_home) as served,
        served.client("192.0.2.7", headers={"Authorization": f"Bearer {TOKEN}"}) as http,
    ):
        assert (await http.get(PEOPLE)).status_code == 200
        assert (await http.get(PEOPLE, headers={"Authorization": f"bearer  {TOKEN}"})).status_code == 200


async def test_with_a_token_nobody_else_is_let_in(tmp_path: Path, minds: Minds, sample_home: Path) -> None:
    wrong = ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer tök"]
    async with serving(settings_from(tmp_path, PARLEY_API_TOKEN=TOKEN), minds, sample_home) as served:
        for given_ in wrong:
            answer = await served.http.get(PEOPLE, headers={"Authorization": given_.encode("latin-1")})
            assert answer.status_code == 401, given_
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert TOKEN not in answer.text
        assert (await served.http.get(PEOPLE)).status_code == 401


# --- a home with real customers -------------------------------------------------------------------------------------------


async def test_a_real_home_keeps_a_token_of_its_own_and_trusts_not_even_this_machine(tmp_path: Path, minds: Minds) -> None:
    settings = settings_from(tmp_path)
    async with serving(settings, minds, sample=False) as served:
        assert (await served.http.get(PEOPLE)).status_code == 401
        kept = settings.home / "api_token"
        bearer = {"Authorization": f"Bearer {kept.read_text()}"}
        assert (await served.http.get(PEOPLE, headers=bearer)).status_code == 200
        assert kept.stat().st_mode & 0o077 == 0
    async with serving(settings, minds, sample=False) as served:
        assert (await served.http.get(PEOPLE, headers=bearer)).status_code == 200


async def test_a_real_home_has_no_chat_page_for_visitors(tmp_path: Path, minds: Minds) -> None:
    async with serving(settings_from(tmp_path), minds, sample=False) as served:
        assert (await served.http.get("/")).status_code == 404
