"""What a recording is called: as people can read it, whatever name it was sent under."""

import pytest

from bot.message import Address, Attachment, Message
from tests.house_under_test import HouseUnderTest
from tests.recordings.test_arrival_and_basis import CALL, only_recording, text_of


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\u202ea4m.exe.m4a", "a4m.exe.m4a"),
        ("call\u200b\u200f of\ttoday.m4a", "call of today.m4a"),
        ("../../etc/passwd.m4a", "passwd.m4a"),
        ("..\\..\\boot.m4a", "boot.m4a"),
        ("a.m4a\x00", "a.m4a"),
        ("   .m4a", "20261125-1000.m4a"),
        ("\u200f\u200f.m4a", "20261125-1000.m4a"),
        (".m4a", "20261125-1000.m4a"),
        ("..", "20261125-1000.amr"),
        ("", "20261125-1000.amr"),
        ("x" * 5000 + ".m4a", "x" * 116 + ".m4a"),
    ],
)
async def test_a_name_is_kept_as_it_can_be_read(house: HouseUnderTest, sent: str, shown: str) -> None:
    path = house.home / "files" / "sent" / "call.m4a"
    path.parent.mkdir(parents=True)
    path.write_text(CALL, encoding="utf-8")
    content = Attachment("voice", str(path), sent, "audio/mp4", path.stat().st_size)
    news = await house._hear(Message("m1", Address("web", "E01"), "E01", "", house.clock(), attachments=(content,)))
    assert (await only_recording(house))["name"] == shown
    assert f"：{shown}（" in text_of(news)
