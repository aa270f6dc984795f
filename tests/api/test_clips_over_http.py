"""Parts of recordings over HTTP: for those who may hear them, in pieces as players ask, and gone with the recording."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from actions.commands.clips import Part
from actions.outside.tables import AuditRow, RecordingArrivalRow, RecordingRow
from bot.app import Minds, secret_of
from bot.channels.picture_links import PictureLinks
from bot.channels.web import WebChannel
from bot.clips import Clips
from bot.may_hear import Closed
from bot.memory import LocalMemory
from bot.message import Address, File, Reply
from bot.pages.chat import PagePerson, Seat, _html
from tests.api.served import Served, button_of, serving, settings_from
from tests.fakes import FakeClock, FakeListener
from tests.voice.encoding import encoded, fixture

CALL = encoded("ogg", "libopus", 48_000, fixture("call_en.ogg")[None])


@pytest.fixture
async def listening(tmp_path: Path, minds: Minds, sample_home: Path) -> AsyncIterator[Served]:
    listener = FakeListener(scripts={sha256(CALL).hexdigest(): "客户: 报价太贵了\n销售: 我们包维保"})
    async with serving(settings_from(tmp_path), minds, sample_home, listener=listener) as served:
        yield served


async def heard(served: Served) -> str:
    attachment = {"name": "call.ogg", "mime": "audio/ogg", "data": b64encode(CALL).decode()}
    body = {"conversation": "c1", "sender": "E01", "text": "", "attachments": [attachment]}
    replies = (await served.http.post("/api/messages", json=body)).json()["replies"]
    await served.press(button_of(replies, "客户在通话里同意了"))
    await served.house.listening.rest()
    return str((await served.http.get("/api/calls")).json()[0]["id"])


async def clip(served: Served, call: str, person: str = "E01", *, part: str | None = None, **asked: Any) -> Any:
    headers = {"Range": part} if part else {}
    return await served.http.get(
        f"/api/calls/{call}/clip", params={"start": 3, "seconds": 5, "person": person, **asked}, headers=headers
    )


async def on_record(served: Served) -> list[dict[str, Any]]:
    async with served.house.store.read() as tx:
        return list((await tx.execute(select(AuditRow.body).where(AuditRow.kind == "clip"))).scalars())


async def test_those_who_may_hear_it_get_an_mp3_and_it_is_on_record_once(listening: Served) -> None:
    call = await heard(listening)
    whole = await clip(listening, call)
    assert (whole.status_code, whole.headers["content-type"], whole.headers["cache-control"]) == (
        200,
        "audio/mpeg",
        "no-store",
    )
    assert whole.headers["accept-ranges"] == "bytes"
    first, rest = await clip(listening, call, part="bytes=0-1"), await clip(listening, call, part="bytes=2-")
    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole.content
    assert first.headers["content-range"] == f"bytes 0-1/{len(whole.content)}"
    (entry,) = await on_record(listening)
    told = {name: entry[name] for name in ("recording", "start", "seconds", "to", "sha256")}
    assert told == {
        "recording": call,
        "start": 3.0,
        "seconds": 5.0,
        "to": "person:E01",
        "sha256": sha256(whole.content).hexdigest(),
    }


async def test_nobody_else_gets_anything(listening: Served) -> None:
    call = await heard(listening)
    found = {person: (await clip(listening, call, person)).status_code for person in ("E01", "E11", "E02", "K001", "X")}
    assert found == {"E01": 200, "E11": 200, "E02": 403, "K001": 403, "X": 403}
    assert {entry["to"] for entry in await on_record(listening)} == {"person:E01", "person:E11"}


async def test_what_there_is_not(listening: Served) -> None:
    call = await heard(listening)
    assert (await clip(listening, "REC-none")).status_code == 404
    assert (await clip(listening, call, start=500)).status_code == 404
    assert (await clip(listening, call, seconds="0.0004")).status_code == 404
    for far in (1e300, "inf"):
        assert (await clip(listening, call, start=far)).status_code == 404
    for wrong in ({"start": -1}, {"seconds": 61}, {"seconds": 0}, {"start": "nan"}, {"start": "x"}):
        assert (await clip(listening, call, **wrong)).status_code == 422


class UnsteadyMemory(LocalMemory):
    """Something happens just when it is asked whether a hearing is on record; or it is away."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(FakeClock())
        self._meanwhile = meanwhile

    async def get(self, key: str) -> Any:
        await self._meanwhile()
        return await super().get(key)

    async def add(self, key: str, value: Any, ttl: timedelta | None) -> bool:
        await self._meanwhile()
        return await super().add(key, value, ttl)


async def test_what_was_closed_while_it_was_cut_is_on_record_when_it_is_heard_later(
    listening: Served, tmp_path: Path
) -> None:
    call = await heard(listening)
    senders = ["E02", "E01"]

    async def passes_to_another() -> None:
        async with listening.house.store.write() as tx:
            await tx.execute(delete(RecordingArrivalRow))
            await tx.execute(update(RecordingRow).values(by_id=senders.pop(0)))

    clips = Clips(
        listening.house.store,
        tmp_path / "home",
        secret_of(settings_from(tmp_path)),
        UnsteadyMemory(passes_to_another),
        listening.house.calls.now,
    )
    part = Part(call, 3.0, 5.0)
    assert await clips.hand_out(part, "person:E01") == Closed("deleted")
    assert await on_record(listening) == []
    async with listening.house.store.write() as tx:
        await tx.execute(update(RecordingRow).values(by_id="E01"))
    content = await clips.hand_out(part, "person:E01")
    assert isinstance(content, bytes)
    (entry,) = await on_record(listening)
    assert entry["sha256"] == sha256(content).hexdigest()


async def test_without_its_memory_sound_is_heard_and_on_record_all_the_same(listening: Served, tmp_path: Path) -> None:
    async def is_away() -> None:
        raise ConnectionError("the memory is away")

    call = await heard(listening)
    secret = secret_of(settings_from(tmp_path))
    memory = UnsteadyMemory(is_away)
    clips = Clips(listening.house.store, tmp_path / "home", secret, memory, listening.house.calls.now)
    assert isinstance(await clips.hand_out(Part(call, 3.0, 5.0), "person:E01"), bytes)
    assert len(await on_record(listening)) == 1


async def test_deleted_it_is_gone(listening: Served) -> None:
    call = await heard(listening)
    assert (await clip(listening, call)).status_code == 200
    await listening.http.delete(f"/api/calls/{call}", params={"person": "E01"})
    gone = await clip(listening, call)
    assert gone.status_code == 410
    assert "deleted" in gone.json()["detail"]


async def test_a_reply_of_the_api_names_where_its_sound_is_and_that_ends_with_the_recording(listening: Served) -> None:
    call = await heard(listening)
    await listening.say("你好")
    replies = await listening.say("播放0:03")
    ((file,),) = [reply["files"] for reply in replies if reply["files"]]
    assert (file["name"], file["mime"]) == ("call 0:03–0:13.mp3", "audio/mpeg")
    answer = await listening.http.get(file["url"], headers={"Range": "bytes=0-9"})
    assert (answer.status_code, len(answer.content)) == (206, 10)
    assert answer.headers["content-disposition"].startswith("inline;")
    assert (await listening.http.get(file["url"])).content.startswith((b"ID3", b"\xff"))
    await listening.http.delete(f"/api/calls/{call}", params={"person": "E01"})
    assert (await listening.http.get(file["url"])).status_code == 404


async def test_the_chat_page_plays_it_where_it_stands_and_never_by_itself(listening: Served, tmp_path: Path) -> None:
    call = await heard(listening)
    page = listening.house.channels["web"]
    assert isinstance(page, WebChannel)
    file = File('华康 <b>"x"</b> 0:03–0:08.mp3', mime="audio/mpeg", clip=call, start=3.0, seconds=5.0, reader="person:E01")
    await page.send("s1", Address("web", "E01"), Reply("听", "zh", files=(file,)))
    (line,) = [one for one in await page.history(["E01"]) if one.reply and one.reply.files]
    person = PagePerson("E01", "林悦", "rep", "华东", "Asia/Shanghai")
    html = _html(line, Seat("rep", person, ("E01",)), {}, PictureLinks(tmp_path / "home", "transcript"))
    assert "<b>" not in html and "autoplay" not in html and "0:03–0:08" in html
    (url,) = re.findall(r'<audio controls preload="none" src="(/chat/files/[^"]+)"', html)
    answer = await listening.http.get(url, headers={"Range": "bytes=0-"})
    assert (answer.status_code, answer.headers["content-type"]) == (206, "audio/mpeg")
    assert (await listening.client("192.0.2.7").get(url)).status_code == 403
    await listening.http.delete(f"/api/calls/{call}", params={"person": "E01"})
    assert (await listening.http.get(url)).status_code == 404
