"""`/api/dispatch` and the page: the rules in force, what others would make of the latest calls, saving and going back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.phrase_dispatch import REASONS
from tests.api.served import Json, Served
from tests.recordings.called import many_calls, seed

NOON = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
MANAGER, DIRECTOR, REP = "E11", "E20", "E01"


@pytest.fixture
async def with_calls(served: Served) -> Served:
    await seed(served.house.store, many_calls(40, NOON), NOON)
    return served


async def rules(served: Served, person: str | None = None) -> Json:
    found: Json = (await served.http.get("/api/dispatch", params={"person": person} if person else {})).json()
    return found


def way(sent: Json) -> tuple[str, str]:
    return sent["priority"], sent["line"]


async def save(served: Served, person: str = MANAGER, over: str = "0", **more: Any) -> Any:
    body = {"person": person, "note": "试一周", "over": over, **more}
    return await served.http.post("/api/dispatch", json=body)


# --- the trial --------------------------------------------------------------------------------------------------------


async def test_other_values_show_at_once_what_would_become_of_the_latest_calls(with_calls: Served) -> None:
    answer = await with_calls.http.post("/api/dispatch/preview", json={"values": {"anger.above": 0.8, "tiers.A": 2}})
    found = answer.json()
    assert found["count"] == 40 == len(found["calls"]) == sum(found["after"]["priorities"].values())
    assert found["up"] > 0 and found["down"] > 0 and found["changed"] >= found["up"] + found["down"]
    ways = [
        (one["before"]["priority"], one["before"]["line"]) != (one["after"]["priority"], one["after"]["line"])
        for one in found["calls"]
    ]
    assert ways == sorted(ways, reverse=True) and sum(ways) == found["changed"], "those that change come first"


async def test_nothing_turned_changes_nothing(with_calls: Served) -> None:
    found = (await with_calls.http.post("/api/dispatch/preview", json={})).json()
    assert (found["changed"], found["before"]) == (0, found["after"])


async def test_a_trial_changes_nothing_in_force(with_calls: Served) -> None:
    before = await rules(with_calls)
    await with_calls.http.post("/api/dispatch/preview", json={"values": {"anger.above": 0.9}})
    assert await rules(with_calls) == before


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"anger.above": 7}, "from 0 to 1"),
        ({"lines.front.to": "owner"}, "nothing called"),
        ({"priorities.low.from": 5}, "more points"),
    ],
)
async def test_values_that_do_not_hold_together_are_told(served: Served, values: Json, told: str) -> None:
    answer = await served.http.post("/api/dispatch/preview", json={"values": values})
    assert answer.status_code == 422 and told in answer.json()["detail"]


async def test_every_call_tells_its_sum(with_calls: Served) -> None:
    calls = (await with_calls.http.get("/api/dispatch/calls")).json()
    assert len(calls) == 40
    for call in calls:
        assert call["before"] == call["after"]
        assert {reason["key"] for reason in call["after"]["reasons"]} <= REASONS.keys()
    unknown = next(call for call in calls if call["anger"] is None)
    assert "mood_unknown" in [reason["key"] for reason in unknown["after"]["reasons"]]


# --- saving -----------------------------------------------------------------------------------------------------------


async def test_saved_it_is_in_force_with_who_why_and_what_changed(with_calls: Served) -> None:
    answer = await save(with_calls, values={"anger.above": 0.7, "hours.counted": False})
    assert answer.status_code == 200 and answer.json()["state"] == "done"
    found = await rules(with_calls)
    assert found["template"]["version"] == answer.json()["version"]
    newest, base = found["versions"]
    assert (newest["by_id"], newest["note"], base["version"]) == (MANAGER, "试一周", "0")
    assert newest["changed"] == [
        {"path": "anger.above", "before": "0.60", "after": "0.70"},
        {"path": "hours.counted", "before": "true", "after": "false"},
    ]


async def test_an_older_version_is_used_again_by_saving_it(with_calls: Served) -> None:
    first = (await save(with_calls, values={"anger.above": 0.7})).json()["version"]
    back = await save(with_calls, DIRECTOR, over=first, again="0")
    assert back.status_code == 200
    found = await rules(with_calls)
    assert found["template"]["chosen"] and len(found["versions"]) == 3
    above = next(one for one in found["template"]["knobs"] if one["path"] == "anger.above")
    assert above["value"] == 0.6


async def test_who_may_not_and_who_comes_late(served: Served) -> None:
    assert (await save(served, REP, values={"anger.above": 0.7})).status_code == 403
    assert (await save(served, "E99", values={"anger.above": 0.7})).status_code == 422
    assert (await save(served, values={})).status_code == 409, "nothing is changed"
    assert (await save(served, values={"anger.above": 0.7})).status_code == 200
    late = await save(served, values={"anger.above": 0.5})
    assert late.status_code == 409 and "just changed" in late.json()["detail"]
    assert (await save(served, over="DT-none", values={"anger.above": 0.5})).status_code == 404
    assert (await save(served, over="DT-none", again="DT-none")).status_code == 404


# --- the page ---------------------------------------------------------------------------------------------------------


async def page_of(served: Served, person: str = MANAGER) -> str:
    return str((await rules(served, person))["page"])


async def test_the_page_opens_by_a_link_for_managers_and_directors_only(with_calls: Served) -> None:
    page = await with_calls.http.get(await page_of(with_calls), params={"lang": "zh"})
    assert page.status_code == 200 and "派单规则" in page.text and 'data-path="anger.above"' in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    english = await with_calls.http.get(await page_of(with_calls, DIRECTOR), params={"lang": "en"})
    assert "Dispatch rules" in english.text
    assert (await with_calls.http.get("/api/dispatch", params={"person": REP})).status_code == 403
    assert (await with_calls.http.get("/console/dispatch/no.token")).status_code == 404


async def test_the_page_tells_a_trial_in_words_and_each_call_why(with_calls: Served) -> None:
    page = await page_of(with_calls)
    found = (await with_calls.http.post(f"{page}/preview?lang=zh", json={"values": {"anger.above": 0.8}})).json()
    assert found["summary"].startswith("最近 40 通里有")
    first = found["calls"][0]
    assert first["turns"] == "down"
    asked = {"values": {"anger.above": 0.8}, "why": first["id"]}
    (reasons,) = (await with_calls.http.post(f"{page}/preview?lang=zh", json=asked)).json()["reasons"]
    assert any("不到 0.80" in line for line in reasons)


async def test_the_page_saves_for_whom_its_link_was_made(with_calls: Served) -> None:
    page = await page_of(with_calls)
    saved = await with_calls.http.post(page, json={"over": "0", "note": "夏天", "values": {"anger.above": 0.65}})
    assert saved.status_code == 200
    assert (await rules(with_calls))["versions"][0]["by_id"] == MANAGER
    again = await with_calls.http.get(page, params={"lang": "zh"})
    assert "夏天" in again.text and "0.65" in again.text


async def test_a_link_of_somebody_who_sets_no_rules_any_more_opens_nothing(with_calls: Served) -> None:
    page = with_calls.house.dispatching.links.path(REP)
    assert (await with_calls.http.get(page)).status_code == 403
    assert (await with_calls.http.post(page, json={"over": "0", "note": "x", "values": {}})).status_code == 403
