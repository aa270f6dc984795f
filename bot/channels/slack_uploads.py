"""Pictures and files into Slack: a place to upload to, the bytes, the share; and how a share with a lost answer is found.

A share takes no metadata, so the ledger's key travels in the file's name. People see its title, which says what it shows.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from bot.channels.channel import CannotTell, TryLater
from bot.channels.cut import shorten
from bot.channels.files_apart import LoadedFile
from bot.channels.pictures import KINDS, Loaded
from bot.channels.slack_calls import SlackCalls, SlackRefused
from bot.channels.slack_files import is_slacks

SHOWN = KINDS
"""Slack shows every kind that a document may hold, up to 1 GB."""
MOST = 10
"""Of one reply; Slack names no limit."""
MOST_FILE_BYTES = 50 * 1024 * 1024
"""What this house hands over in one call; Slack takes files up to 1 GB (docs.slack.dev, Working with files)."""

_TITLE = 250
_PAGE = 200
_PAGES = 5


def stem_of(key: str) -> str:
    """How the name of the file ends, before its suffix, that the send with this key of the ledger shares."""
    return "parley-" + hashlib.sha256(key.encode()).hexdigest()[:40]


async def share(
    calls: SlackCalls, key: str, channel: str, thread: str | None, title: str, loaded: Loaded | LoadedFile
) -> str | None:
    """Upload a picture or a file and share it where the conversation is; returns the file's id.

    Only the last of its three calls shows anything, so that the others are simply made again. Raises TryLater, AnswerLost,
    SlackRefused.
    """
    called = f"{loaded.stem}-" if isinstance(loaded, LoadedFile) else ""
    name = called + stem_of(key) + loaded.suffix
    # `alt_txt` stays out: files that carry it are taken and then never shared (slackapi/python-slack-sdk#1818)
    place = (await calls.read("files.getUploadURLExternal", filename=name, length=len(loaded.content))).body
    url, file = place.get("upload_url"), place.get("file_id")
    if not isinstance(url, str) or not isinstance(file, str):
        raise TryLater("files.getUploadURLExternal: no place in the answer")
    if not is_slacks(url, calls.api_url):
        raise SlackRefused("files.getUploadURLExternal", "a place that is not Slack's")
    await calls.upload_to(url, loaded.content, loaded.mime)
    shown = shorten(" ".join(title.split()) or "…", _TITLE)
    where: dict[str, Any] = {"channel_id": channel, "files": [{"id": file, "title": shown}]}
    if thread:
        where["thread_ts"] = thread
    await calls.write("files.completeUploadExternal", **where)
    return file


def file_in(message: Mapping[str, Any], stem: str) -> str | None:
    """The id of the file of this name that a message of the history shows. Raises CannotTell when Slack hides the names."""
    files = message.get("files")
    for file in files if isinstance(files, list) else ():
        name = file.get("name") if isinstance(file, dict) else None
        if not isinstance(name, str) and message.get("bot_id"):
            raise CannotTell("a file from an app, without the name that would tell")
        if _ends_in(name, stem):
            return str(file.get("id") or "")
    return None


async def demand_unshared(calls: SlackCalls, stem: str, since: int) -> None:
    """Slack shares a file some time after it has said yes: one that it knows of may be on its way.

    Raises TryLater for such a file, CannotTell where Slack does not list files.
    """
    for page in range(1, _PAGES + 1):
        try:
            answer = await calls.read("files.list", ts_from=since, types="all", count=_PAGE, page=page)
        except SlackRefused as refused:
            raise CannotTell(str(refused)) from refused
        listed = answer.body.get("files")
        names = [file.get("name") for file in listed or () if isinstance(file, dict)]
        if any(_ends_in(name, stem) for name in names):
            raise TryLater("the file lies at Slack, but is not shown yet")
        if page >= int((answer.body.get("paging") or {}).get("pages") or 1):
            return
    raise CannotTell(f"files.list: not among the last {_PAGE * _PAGES} files")


def _ends_in(name: Any, stem: str) -> bool:
    """A file of an app's own is called `STEM.png`, one that people keep `quotation-STEM.pdf`."""
    return isinstance(name, str) and name.rpartition(".")[0].endswith(stem)
