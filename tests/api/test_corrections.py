"""`/api/calls/{id}/corrections`: what people put right in a call, and what hangs on it; listed, previewed, undone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.crm import own, people
from bot.app import Minds
from bot.judge import Asker
from bot.message import Address
from tests.api.served import Json, Served, button_of, serving, settings_from
from tests.api.test_calls import heard, send
from tests.fakes import FakeListener

KINDS = ("activity", "signal", "reminder", "recording")


@pytest.fixture
async def listening(tmp_path: Path, minds: Minds, sample_home: Path) -> AsyncIterator[Served]:
    async with serving(settings_from(tmp_path), minds, sample_home, listener=FakeListener()) as served:
        yield served


async def put_right(
    served: Served, call: Json, what: str, value: str, place: int | None = None, **more: Any
) -> httpx.Response:
    body = {"what": what, "value": value, "place": place}
    params = {"person": "E01", **more}
    return await served.http.post(f"/api/calls/{call['id']}/corrections", json=body, params=params)


async def turns(served: Served, call: Json) -> list[Json]:
    found: list[Json] = (await served.http.get(f"/api/calls/{call['id']}")).json()["turns"]
    return found


async def test_a_sentence_is_put_right_and_what_was_heard_stays(listening: Served) -> None:
    call = await heard(listening)
    assert (await put_right(listening, call, "text", "报价有点贵", 0)).json()["outcome"] == "done"
    assert (await put_right(listening, call, "speaker", "客户", 1)).status_code == 200
    first, second = await turns(listening, call)
    assert (first["text"], first["certainty"], first["is_corrected"]) == ("报价有点贵", 1.0, True)
    assert (second["speaker"], second["speaker_is_estimated"]) == ("客户", False)
    listed = (await listening.http.get(f"/api/calls/{call['id']}/corrections")).json()
    assert [(one["number"], one["what"], one["place"], one["heard"], one["by_id"]) for one in listed] == [
        (1, "text", 0, "报价太贵了", "E01"),
        (2, "speaker", 1, "销售", "E01"),
    ]


async def test_it_is_said_who_the_customer_is_and_that_nobody_knows(listening: Served) -> None:
    call = await heard(listening)
    for speaker, kept in (("销售", ("销售", 100)), ("", (None, 100))):
        await put_right(listening, call, "customer", speaker)
        found = (await listening.http.get(f"/api/calls/{call['id']}")).json()
        assert (found["customer_speaker"], found["customer_percent"]) == kept


async def test_only_who_may_read_it_may_put_it_right_and_only_what_is_there(listening: Served) -> None:
    call = await heard(listening)
    assert (await put_right(listening, call, "text", "x", 0, person="E02")).status_code == 403
    assert (await put_right(listening, call, "text", "x", 0, person="nobody")).status_code == 422
    assert (await put_right(listening, call, "text", "x", 7)).status_code == 409
    assert (await put_right(listening, call, "text", "报价太贵了", 0)).status_code == 409
    assert (await put_right(listening, {"id": "REC-none"}, "text", "x", 0)).status_code == 404
    await listening.http.delete(f"/api/calls/{call['id']}", params={"person": "E01"})
    assert (await put_right(listening, call, "text", "x", 0)).status_code == 409
    assert (await listening.http.get(f"/api/calls/{call['id']}/corrections")).json() == []


# --- what was written down of it ----------------------------------------------------------------------------------------

CALL = "\n".join(
    [
        "销售: 感谢致电，很高兴为您服务",
        "客户: 你们的报价比别家贵",
        "客户: 今年预算冻结了",
        "销售: 我们周五之前给您发正式报价",
        "销售: 我们周四之前把合同寄给您",
    ]
)


async def written_down(served: Served) -> Json:
    await served.say("华康医疗那单怎么样了")
    replies = await send(served, CALL.encode())
    await served.press(button_of(replies, "客户在通话里同意了"))
    await served.house.listening.rest()
    replies = await served.say("你好")
    report = [one for one in replies if one["text"].startswith("通话报告")]
    replies = await served.press(button_of(report, "写进 CRM"))
    await served.press(button_of(replies, "写进去"))
    calls: list[Json] = (await served.http.get("/api/calls")).json()
    return calls[0]


async def records(served: Served) -> dict[str, Json]:
    async with served.house.store.read() as tx:
        return {f"{kind} {one.id}": own.to_json(one) for kind in KINDS for one in await own.find(tx, kind)}


async def test_what_was_written_down_follows_and_correcting_back_leaves_the_same_records(listening: Served) -> None:
    call = await written_down(listening)
    before = await records(listening)
    heard_there = await turns(listening, call)
    changes = [
        ("text", 2, "你们的系统能不能先试用一下", "signals_gone"),
        ("speaker", 2, "销售", "signals_gone"),
        ("text", 2, "我们今年的预算全部冻结了", "signals_changed"),
        ("text", 3, "我们下周一之前给您发正式报价", "reminders_moved"),
        ("text", 3, "感谢您的耐心", "reminders_gone"),
        ("text", 0, "我们周五之前给您寄样品", "reminders_new"),
    ]
    for what, place, value, change in changes:
        planned = (await put_right(listening, call, what, value, place, preview=True)).json()
        assert planned["outcome"] == "planned" and list(planned["changes"]) == [change], (value, planned)
        assert await records(listening) == before, "nothing is changed by looking"
        made = (await put_right(listening, call, what, value, place)).json()
        assert made["changes"] == planned["changes"]
        assert await records(listening) != before
        back = heard_there[place]["text" if what == "text" else "speaker"]
        assert (await put_right(listening, call, what, back, place)).json()["outcome"] == "done"
        assert await records(listening) == before, value


async def test_undone_everything_is_as_it_was(listening: Served) -> None:
    call = await written_down(listening)
    before, spoken = await records(listening), await turns(listening, call)
    for what, place, value in (("text", 2, "你们的系统能不能先试用一下"), ("text", 3, "感谢"), ("customer", None, "销售")):
        made = (await put_right(listening, call, what, value, place)).json()
        async with listening.house.store.write() as tx:
            speaker = await people.speaker_of(tx, "E01")
            assert speaker is not None
            asker = Asker(Address("api", "E01"), "zh", "undo")
            undone = await listening.house.judge.take_back(tx, speaker, made["deed"], asker, f"undo:{value}")
        assert undone is not None and undone[0].kind == "done"
        assert (await records(listening), await turns(listening, call)) == (before, spoken)
