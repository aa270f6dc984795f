"""Pictures and files to Tencent's platforms: uploaded as temporary media, kept there for three days, and sent by their id.

Limits: developer.work.weixin.qq.com/document/path/90253 and developers.weixin.qq.com, 新增临时素材: more than five bytes, at
most 10 MB for a picture and 20 MB for a file. The house's own limit for a picture lies below that.
"""

import asyncio
import hashlib
from datetime import timedelta
from typing import Literal

from bot.channels.channel import AnswerLost, Refused, TryLater
from bot.channels.files_apart import LoadedFile
from bot.channels.pictures import Loaded, load
from bot.channels.tencent.api import Answer, TencentApi
from bot.channels.tencent.steady import SteadyMemory
from bot.message import Picture

GONE = 40007
"""The errcode for a media id that the platform does not know, or no longer."""
_KEPT = timedelta(hours=60)
"""A media id lives 72 hours. One that is used within 60 is still good for hours of further tries."""
FEWEST_BYTES = 6
MOST_FILE_BYTES = 20 * 1024 * 1024
"""A file of an application (document/path/90253) and of a group robot (document/path/91770)."""

Uploadable = Loaded | LoadedFile


def media_type(loaded: Uploadable) -> Literal["image", "file"]:
    """What the platform calls this sort of media, in an upload and in the message that shows it."""
    return "image" if isinstance(loaded, Loaded) else "file"


class Media:
    """What lies at the platform for one application, or for one group robot, by its key.

    `name` sets it apart in the memory. An id is good only there: a robot does not know an application's.
    """

    def __init__(self, api: TencentApi, memory: SteadyMemory, name: str, robot: str | None = None) -> None:
        self._api = api
        self._memory = memory
        self._name = name
        self._robot = robot

    async def id_of(self, loaded: Uploadable) -> str:
        """The media id of this, uploaded if it is not there yet. Raises TryLater, Refused."""
        kept = await self._memory.get(self._key(loaded))
        return kept if isinstance(kept, str) else await self.anew(loaded)

    async def anew(self, loaded: Uploadable) -> str:
        """A new media id, whatever lies there. An upload shows nobody anything, so a lost answer is TryLater."""
        try:
            answer = await self._upload(loaded)
        except AnswerLost as lost:
            raise TryLater(f"upload: {lost}") from None
        media = answer.get("media_id")
        if not isinstance(media, str) or not media:
            raise TryLater("the answer to an upload holds no media_id")
        await self._memory.set(self._key(loaded), media, _KEPT)
        return media

    async def _upload(self, loaded: Uploadable) -> Answer:
        # people see a file by the name of its upload, a picture by itself
        name = loaded.name if isinstance(loaded, LoadedFile) else f"parley-{_digest(loaded)[:16]}{loaded.suffix}"
        query: dict[str, str] = {"type": media_type(loaded)}
        content, mime = loaded.content, loaded.mime
        if self._robot is None:
            return await self._api.upload("/cgi-bin/media/upload", query, name, content, mime)
        query["key"] = self._robot
        return await self._api.upload_open("/cgi-bin/webhook/upload_media", query, name, content, mime)

    def _key(self, loaded: Uploadable) -> str:
        return f"{self._name}:{_digest(loaded)}"


async def loaded_or_refused(picture: Picture) -> Loaded:
    """The picture's bytes. Raises Refused when there is none any more: its words have gone out with the text."""
    loaded = await asyncio.to_thread(load, picture)
    if loaded is None or len(loaded.content) < FEWEST_BYTES:
        raise Refused("the picture's file is gone, too large or no picture")
    return loaded


def _digest(loaded: Uploadable) -> str:
    called = f"{loaded.name}\0".encode() if isinstance(loaded, LoadedFile) else b""
    return hashlib.sha256(called + loaded.content).hexdigest()[:40]
