"""Players ask for sound in pieces: each gets exactly the bytes it named."""

import pytest

from bot.channels.ranges import answer_in_part

CONTENT = bytes(range(100))


@pytest.mark.parametrize(
    ("wanted", "status", "body", "told"),
    [
        (None, 200, CONTENT, None),
        ("bytes=0-1", 206, CONTENT[:2], "bytes 0-1/100"),
        ("bytes=0-", 206, CONTENT, "bytes 0-99/100"),
        ("bytes=90-500", 206, CONTENT[90:], "bytes 90-99/100"),
        ("bytes=-10", 206, CONTENT[90:], "bytes 90-99/100"),
        ("bytes=-500", 206, CONTENT, "bytes 0-99/100"),
        ("bytes=100-", 416, b"", "bytes */100"),
        ("bytes=-0", 416, b"", "bytes */100"),
        ("bytes=5-2", 200, CONTENT, None),
        ("bytes=0-1,5-6", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("seconds=0-1", 200, CONTENT, None),
    ],
)
def test_the_part_that_is_named(wanted: str | None, status: int, body: bytes, told: str | None) -> None:
    answer = answer_in_part(CONTENT, "audio/mpeg", {"Cache-Control": "no-store"}, wanted)
    assert (answer.status_code, answer.body, answer.headers.get("content-range")) == (status, body, told)
    assert (answer.headers["accept-ranges"], answer.headers["cache-control"]) == ("bytes", "no-store")
    assert answer.headers["content-length"] == str(len(body))
