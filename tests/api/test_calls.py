"""`/api/calls`: recordings sent over the API, listed, read and deleted; and what the doctor says about them."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import Minds
from bot.doctor import examine
from tests.api.served import Json, Served, button_of, serving, settings_from
from tests.fakes import FakeListener, FakeMoods

CALL = "客户: 报价太贵了\n销售: 我们包维保"
ANGRY = "乙: 您好，很高兴为您服务\n甲: 我想了解一下专业版\n乙: 专业版五千元，给您优惠\n甲: 这也太贵了"


@pytest.fixture
def listener() -> FakeListener:
    return FakeListener()


@pytest.fixture
async def listening(tmp_path: Path, minds: Minds, sample_home: Path, listener: FakeListener) -> AsyncIterator[Served]:
    async with serving(settings_from(tmp_path), minds, sample_home, listener=listener, moods=FakeMoods()) as served:
        yield served


async def send(served: Served, content: bytes, name: str = "call.mp3", **more: Any) -> list[Json]:
    attachment = {"name": name, "mime": "audio/mpeg", "data": b64encode(content).decode(), **more}
    body = {"conversation": "c1", "sender": "E01", "text": "", "attachments": [attachment]}
    answer = await served.http.post("/api/messages", json=body)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["replies"]
    return found


async def heard(served: Served) -> Json:
    replies = await send(served, CALL.encode())
    await served.press(button_of(replies, "客户在通话里同意了"))
    await served.house.listening.rest()
    calls: list[Json] = (await served.http.get("/api/calls")).json()
    return calls[0]


async def test_a_recording_is_listed_with_its_basis_and_how_long_it_is_kept(listening: Served) -> None:
    call = await heard(listening)
    assert (call["state"], call["kind"], call["basis"], call["basis_by"]) == ("done", "recording", "customer_agreed", "E01")
    assert (call["model"], call["seconds"], call["size"]) == ("fake-small", 20.0, len(CALL.encode()))
    assert call["keep_until"] > call["created_at"]
    assert (await listening.http.get("/api/calls", params={"state": "queued"})).json() == []
    assert len((await listening.http.get("/api/calls", params={"by": "E01"})).json()) == 1


async def test_its_words_can_be_read_by_those_who_may(listening: Served) -> None:
    call = await heard(listening)
    found = (await listening.http.get(f"/api/calls/{call['id']}")).json()
    assert [(turn["speaker"], turn["text"]) for turn in found["turns"]] == [("客户", "报价太贵了"), ("销售", "我们包维保")]
    may = {}
    for person in ("E01", "E11", "E02", "K001"):
        may[person] = (await listening.http.get(f"/api/calls/{call['id']}", params={"person": person})).status_code
    assert may == {"E01": 200, "E11": 200, "E02": 403, "K001": 403}
    assert (await listening.http.get("/api/calls/REC-none")).status_code == 404


async def test_how_the_customer_sounded_is_there_with_the_words_of_each_peak(listening: Served) -> None:
    replies = await send(listening, ANGRY.encode())
    replies = [*await listening.press(button_of(replies, "客户在通话里同意了"))]
    await listening.house.listening.rest()
    (call,) = (await listening.http.get("/api/calls")).json()
    mood = (await listening.http.get(f"/api/calls/{call['id']}", params={"person": "E01"})).json()["mood"]
    assert (mood["customer_speaker"], mood["model"], mood["knows_calm"], mood["coverage"]) == ("甲", "fake-mood", True, 1)
    assert [(one["start"], one["end"], one["emotion"]) for one in mood["segments"]] == [
        (10, 20, "neutral"),
        (30, 40, "angry"),
    ]
    assert [one["at"] for one in mood["curve"]] == [15, 35]
    (peak,) = mood["peaks"]
    assert (peak["emotion"], peak["at"], peak["words"]) == ("angry", 35, "这也太贵了")
    assert mood["segments"][1]["scores"]["angry"] == mood["curve"][1]["scores"]["angry"] == 0.85


async def test_a_call_whose_customer_is_not_known_has_no_mood(listening: Served) -> None:
    call = await heard(listening)
    assert (await listening.http.get(f"/api/calls/{call['id']}")).json()["mood"] is None


async def test_it_can_be_deleted_once_by_those_who_may(listening: Served) -> None:
    call = await heard(listening)
    address = f"/api/calls/{call['id']}"
    assert (await listening.http.delete(address, params={"person": "E02"})).status_code == 403
    gone = (await listening.http.delete(address, params={"person": "E01"})).json()
    assert (gone["state"], gone["sha256"], gone["deleted_why"]) == ("deleted", call["sha256"], "asked")
    assert (await listening.http.delete(address, params={"person": "E01"})).status_code == 409
    found = (await listening.http.get(address)).json()
    assert (found["turns"], found["keep_until"]) == ([], None)


async def test_a_spoken_attachment_is_read_as_words(listening: Served) -> None:
    replies = await send(listening, "我的商机有哪些".encode(), "voice.amr", spoken=True)
    assert replies[0]["text"] == "听到：我的商机有哪些"
    assert "华康" in replies[-1]["text"]


async def test_where_nothing_can_be_edited_two_lines_say_how_far_it_is(listening: Served, listener: FakeListener) -> None:
    words = "\n\n".join(f"客户: 第{number}段\n销售: 好" for number in range(6))
    replies = await send(listening, words.encode())
    replies = await listening.press(button_of(replies, "客户在通话里同意了"))
    await listening.house.listening.rest()
    later = await listening.say("你好")
    told = [reply["text"] for reply in [*replies, *later]]
    assert len([text for text in told if text.startswith("开始听了")]) == 1
    assert len([text for text in told if text.startswith("听到一半了")]) <= 1
    assert any(text.startswith("通话报告：call.mp3") for text in told)


async def test_the_doctor_tells_how_recordings_are_kept(tmp_path: Path, sample_home: Path) -> None:
    settings = settings_from(tmp_path, PARLEY_DATABASE_URL=f"sqlite:///{sample_home}")
    findings = {finding.what: finding for finding in await examine(settings)}
    assert findings["recordings"].is_well
    assert "calls are kept 180 days, voice messages 30" in findings["recordings"].sentence
    assert "secret_key" in findings["recordings"].sentence
    assert findings["speech model"].sentence


async def test_the_doctor_sees_another_secret_than_the_one_it_was_sealed_with(listening: Served, tmp_path: Path) -> None:
    await heard(listening)
    (tmp_path / "home" / "secret_key").write_text("another secret of another house altogether")
    settings = settings_from(tmp_path, PARLEY_DATABASE_URL=str(listening.house.store.url).replace("+aiosqlite", ""))
    findings = {finding.what: finding for finding in await examine(settings)}
    assert not findings["recordings"].is_well
    assert "secret" in findings["recordings"].sentence
