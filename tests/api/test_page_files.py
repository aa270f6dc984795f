"""Files sent on the chat page: each is kept, and what is not taken leaves nothing behind."""

from pathlib import Path

from sqlalchemy import func, select

from actions.outside.tables import InboxRow
from bot.files import LARGEST
from tests.api.served import Served

SEAT = {"seat": "rep", "person": "E01"}


async def test_two_files_of_one_name_are_both_kept(served: Served) -> None:
    files = [("files", ("image.png", content, "image/png")) for content in (b"first", b"second")]
    assert (await served.http.post("/chat/messages", data=SEAT, files=files)).status_code == 204
    async with served.house.store.read() as tx:
        kept = (await tx.execute(select(InboxRow.message))).scalar_one()["attachments"]
    assert [Path(one["ref"]).read_bytes() for one in kept] == [b"first", b"second"]


async def test_a_file_over_the_limit_is_refused_and_nothing_is_heard(served: Served, tmp_path: Path) -> None:
    files = {"files": ("a.bin", bytes(LARGEST + 1), "application/octet-stream")}
    answer = await served.http.post("/chat/messages", data=SEAT, files=files)
    assert answer.status_code == 413
    assert "50 MB" in answer.json()["detail"]
    assert [path for path in (tmp_path / "home" / "files").rglob("*") if path.is_file()] == []
    async with served.house.store.read() as tx:
        assert await tx.scalar(select(func.count()).select_from(InboxRow)) == 0


async def test_an_empty_message_is_refused(served: Served) -> None:
    answer = await served.http.post("/chat/messages", data={**SEAT, "text": "  "})
    assert answer.status_code == 422


async def test_nobody_writes_in_a_seat_that_is_not_theirs(served: Served) -> None:
    answer = await served.http.post("/chat/messages", data={"seat": "manager", "person": "E01", "text": "help"})
    assert answer.status_code == 404
