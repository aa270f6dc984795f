"""Files from Slack: fetched with the token from Slack only, within a limit, and taken up again where they broke off."""

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.channel import NotFetched, TryLater
from bot.channels.slack_files import is_slacks
from bot.message import Attachment
from tests.channels.slack_house import House, slack_house
from tests.platforms.slack import SCOPES, File

CONTENT = bytes(range(256)) * 1024
LIMIT = 1_000_000


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with slack_house() as house:
        yield house


def shared(house: House, file: File, name: str = "notes.txt") -> Attachment:
    return Attachment("file", house.platform.share("f-1", file), name=name, mime=file.mime)


async def test_a_file_is_fetched_under_its_name(house: House, tmp_path: Path) -> None:
    path = await house.channel.fetch(shared(house, File(CONTENT)), tmp_path, LIMIT)
    assert path == tmp_path / "notes.txt"
    assert path.read_bytes() == CONTENT


async def test_a_file_is_fetched_to_the_path_asked_for(house: House, tmp_path: Path) -> None:
    path = await house.channel.fetch(shared(house, File(CONTENT)), tmp_path / "here", LIMIT)
    assert path == tmp_path / "here"


async def test_a_broken_download_goes_on_where_it_broke_off(house: House, tmp_path: Path) -> None:
    file = File(CONTENT, breaks=deque([100_000, 50_000]))
    path = await house.channel.fetch(shared(house, file), tmp_path, LIMIT)
    assert path.read_bytes() == CONTENT
    assert file.asked[0] is None
    assert all(asked is not None and asked != "bytes=0-" for asked in file.asked[1:])


async def test_a_server_without_ranges_is_asked_for_the_whole_again(house: House, tmp_path: Path) -> None:
    file = File(CONTENT, breaks=deque([100_000]), knows_ranges=False)
    path = await house.channel.fetch(shared(house, file), tmp_path, LIMIT)
    assert path.read_bytes() == CONTENT


async def test_a_download_that_breaks_again_and_again_is_left_for_later(house: House, tmp_path: Path) -> None:
    file = File(CONTENT, breaks=deque([10] * 9))
    with pytest.raises(TryLater):
        await house.channel.fetch(shared(house, file), tmp_path, LIMIT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("told", [True, False])
async def test_a_file_over_the_limit_is_refused_and_nothing_is_left(house: House, tmp_path: Path, told: bool) -> None:
    ref = house.platform.share("f-1", File(CONTENT))
    attachment = Attachment("file", ref, name="big", size=len(CONTENT) if told else None)
    with pytest.raises(ValueError, match="larger"):
        await house.channel.fetch(attachment, tmp_path, 1000)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_of_untold_size_is_left_at_the_limit(house: House, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="larger"):
        await house.channel.fetch(shared(house, File(CONTENT, tells_size=False)), tmp_path, 1000)
    assert list(tmp_path.iterdir()) == []


async def test_the_sign_in_page_is_not_taken_for_the_file(house: House, tmp_path: Path) -> None:
    house.platform.scopes = SCOPES.replace("files:read", "")
    with pytest.raises(NotFetched, match="files:read") as refusal:
        await house.channel.fetch(shared(house, File(CONTENT)), tmp_path, LIMIT)
    assert refusal.value.why == "not_the_file"


async def test_a_missing_file_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(NotFetched, match="404") as refusal:
        await house.channel.fetch(Attachment("file", f"{house.platform.url}/files/none"), tmp_path, LIMIT)
    assert refusal.value.why == "gone"


async def test_a_redirect_away_from_slack_is_not_followed(house: House, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="foreign"):
        await house.channel.fetch(shared(house, File(b"", redirect="http://127.0.0.1:1/metadata")), tmp_path, LIMIT)


async def test_a_redirect_in_circles_ends(house: House, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="circles"):
        await house.channel.fetch(shared(house, File(b"", redirect="/files/f-1")), tmp_path, LIMIT)


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\boot.ini", ".ssh", "", "长" * 300])
async def test_no_name_leads_out_of_the_folder(house: House, tmp_path: Path, name: str) -> None:
    path = await house.channel.fetch(shared(house, File(b"x"), name), tmp_path, LIMIT)
    assert path.parent == tmp_path
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize(
    "url",
    [
        "http://files.slack.com/x",
        "https://files.slack.com.example/x",
        "https://notslack.com/x",
        "https://evil@files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://[::1",
        "",
    ],
)
async def test_what_does_not_lie_at_slack_is_never_asked_for(house: House, tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="does not lie at Slack"):
        await house.channel.fetch(Attachment("file", url), tmp_path, LIMIT)


def test_slacks_own_addresses_are_known() -> None:
    assert is_slacks("https://files.slack.com/files-pri/T0-F0/a.pdf", "https://slack.com/api/")
    assert is_slacks("http://127.0.0.1:8080/files/1", "http://127.0.0.1:8080/api/")
