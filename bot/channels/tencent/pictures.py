"""Pictures to Tencent's platforms: uploaded as temporary media, kept there for three days, and sent by their id.

Limits: developer.work.weixin.qq.com/document/path/90253 and developers.weixin.qq.com, 新增临时素材: more than five bytes, at
most 10 MB. The house's own limit for a picture (pictures.MOST_BYTES) lies below that.
"""

import asyncio
import hashlib
from datetime import timedelta

from bot.channels.channel import AnswerLost, Refused, TryLater
from bot.channels.pictures import Loaded, load
from bot.channels.tencent.api import TencentApi
from bot.channels.tencent.steady import SteadyMemory
from bot.message import Picture

GONE = 40007
"""The errcode for a media id that the platform does not know, or no longer."""
_KEPT = timedelta(hours=60)
"""A media id lives 72 hours. One that is used within 60 is still good for hours of further tries."""
_FEWEST_BYTES = 6


class Media:
    """The pictures of one application that lie at the platform; `name` sets them apart in the memory."""

    def __init__(self, api: TencentApi, memory: SteadyMemory, name: str) -> None:
        self._api = api
        self._memory = memory
        self._name = name

    async def id_of(self, loaded: Loaded) -> str:
        """The media id of this picture, uploaded if it is not there yet. Raises TryLater, Refused."""
        kept = await self._memory.get(self._key(loaded))
        return kept if isinstance(kept, str) else await self.anew(loaded)

    async def anew(self, loaded: Loaded) -> str:
        """A new media id, whatever lies there. An upload shows nobody anything, so a lost answer is TryLater."""
        name = f"parley-{_digest(loaded)[:16]}{loaded.suffix}"
        query = {"type": "image"}
        try:
            answer = await self._api.upload("/cgi-bin/media/upload", query, name, loaded.content, loaded.mime)
        except AnswerLost as lost:
            raise TryLater(f"upload: {lost}") from None
        media = answer.get("media_id")
        if not isinstance(media, str) or not media:
            raise TryLater("the answer to an upload holds no media_id")
        await self._memory.set(self._key(loaded), media, _KEPT)
        return media

    def _key(self, loaded: Loaded) -> str:
        return f"{self._name}:{_digest(loaded)}"


async def loaded_or_refused(picture: Picture) -> Loaded:
    """The picture's bytes. Raises Refused when there is none any more: its words have gone out with the text."""
    loaded = await asyncio.to_thread(load, picture)
    if loaded is None or len(loaded.content) < _FEWEST_BYTES:
        raise Refused("the picture's file is gone, too large or no picture")
    return loaded


def _digest(loaded: Loaded) -> str:
    return hashlib.sha256(loaded.content).hexdigest()[:40]
