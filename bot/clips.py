"""Parts of recordings as sound: cut where they lie sealed, let out only through the gate, each time on record.

Nothing plain is written to the disk: the sealed file is opened block by block while it is cut, in a thread. The last few
clips are kept in memory for some minutes, as a player asks for the same one several times.
"""

import asyncio
import io
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import structlog

from actions import audit
from actions.commands.clips import Part
from actions.crm import own
from actions.crm.records import Recording
from actions.outside.store import Store, Tx
from actions.recordings.sealed import SealBroken, SealedReader, sealed_path
from bot.fault import name_fault
from bot.may_hear import Closed, why_not_heard
from bot.memory import Memory
from bot.message import File, Reply
from bot.phrase_clips import called, clip_file, with_clip
from bot.wording.fill import Voice
from voice.cannot_hear import CannotHear
from voice.clip import cut

KEPT_FOR = timedelta(minutes=5)
MOST_KEPT = 8 * 1024**2
"""Bytes of clips in memory: some twenty of the longest."""
HEARD_ONCE = timedelta(hours=1)
"""Whoever hears the same part again within this is one entry on record: a player fetches a clip in pieces."""

_AT_ONCE = 2
_BUFFER = 256 * 1024

log = structlog.get_logger(__name__)


class Clips:
    """Cuts parts out of sealed recordings. `secret` is the house's."""

    def __init__(self, store: Store, home: Path, secret: bytes, memory: Memory, now: Callable[[], datetime]) -> None:
        self._store = store
        self._home = home
        self._secret = secret
        self._memory = memory
        self._now = now
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._noting = asyncio.Lock()
        self._kept: OrderedDict[Part, tuple[datetime, bytes]] = OrderedDict()

    async def content(self, file: File) -> bytes | Closed:
        """What a reply's file of this kind holds, for whom it was made, now."""
        return await self.hand_out(Part(file.clip, file.start, file.seconds), file.reader, file.deed)

    async def hand_out(self, part: Part, to: str, deed: str = "") -> bytes | Closed:
        """This part as an MP3 for `to` (`person:ID` or `group:@name`), on record; or why they do not get it."""
        if not part.is_possible:
            return Closed("outside")
        async with self._store.read() as tx:
            shut = await why_not_heard(tx, part, to, deed)
        if shut is not None:
            if shut == "deleted":
                self.forget(part.recording)
            return Closed(shut)
        try:
            content = await self.cut(part.recording, part.start, part.seconds)
        except CannotHear as why:
            return Closed(why.reason)
        except Exception as fault:  # a decoder may fail at anything; the words that go with it are still true
            log.error("clip not cut", recording=part.recording, error=name_fault(fault))
            return Closed("broken")
        return content if await self._note(part, to, deed, content) else Closed("deleted")

    async def cut(self, recording: str, start: float, seconds: float) -> bytes:
        """These seconds of a recording, for whoever has passed the gate. Raises CannotHear, ValueError for such a part."""
        part = Part(recording, round(start, 3), round(seconds, 3))
        self._drop_old()
        if (kept := self._kept.get(part)) is not None:
            self._kept.move_to_end(part)
            return kept[1]
        async with self._turns:
            content = await asyncio.to_thread(self._cut, part)
        self._kept[part] = (self._now(), content)
        while sum(len(one) for _, one in self._kept.values()) > MOST_KEPT:
            self._kept.popitem(last=False)
        return content

    def forget(self, recording: str) -> None:
        """Keep nothing of this recording any longer."""
        for part in [one for one in self._kept if one.recording == recording]:
            del self._kept[part]

    async def sweep(self) -> None:
        """Let go of what was not asked for lately."""
        self._drop_old()

    def _drop_old(self) -> None:
        old = self._now() - KEPT_FOR
        for part in [one for one, (since, _) in self._kept.items() if since <= old]:
            del self._kept[part]

    def _cut(self, part: Part) -> bytes:
        try:
            with io.BufferedReader(
                SealedReader(sealed_path(self._home, part.recording), self._secret, part.recording), _BUFFER
            ) as source:
                return cut(source, part.start, part.seconds).content
        except FileNotFoundError:
            raise CannotHear("gone") from None
        except SealBroken:
            raise CannotHear("seal_broken") from None

    async def _note(self, part: Part, to: str, deed: str, content: bytes) -> bool:
        """Put on record that sound is handed out; False where it was closed while it was cut."""
        heard = f"{to}:{part.recording}:{part.start}:{part.seconds}:{deed}"
        key = f"clip:heard:{sha256(heard.encode()).hexdigest()}"
        async with self._noting:  # of a player's several requests at once the first is the one on record
            is_new = not await self._is_noted(key)
            async with self._store.write() as tx:
                if await why_not_heard(tx, part, to, deed) is not None:
                    return False
                if is_new:
                    body = {**part.data, "to": to, "deed": deed, "sha256": sha256(content).hexdigest(), "size": len(content)}
                    actor = to.removeprefix("person:") if to.startswith("person:") else None
                    await audit.append(tx, self._now(), audit.Entry("clip", actor, f"recording:{part.recording}", body))
            if is_new:  # not before it stands there: what was not heard or not written down is no hearing on record
                await self._remember(key)
        return True

    async def _is_noted(self, key: str) -> bool:
        noted = None
        with _or_without_memory():
            noted = await self._memory.get(key)
        return bool(noted)

    async def _remember(self, key: str) -> None:
        with _or_without_memory():
            await self._memory.set(key, True, HEARD_ONCE)


@contextmanager
def _or_without_memory() -> Iterator[None]:
    """While Redis is away a hearing is on record once more than need be, and sounds all the same."""
    try:
        yield
    except Exception as fault:  # whatever the client raises
        log.warning("hearing not remembered", error=name_fault(fault))


async def with_sound(tx: Tx, reply: Reply, part: Part, to: str, deed: str) -> Reply:
    """A notice of this deed with the part that it names; its words alone, with a line why, where `to` may not hear it."""
    recording = await own.get(tx, "recording", part.recording)
    shut = await why_not_heard(tx, part, to, deed)
    name = recording.name if isinstance(recording, Recording) else ""
    return with_clip(reply, clip_file(part, to, called(name, part), deed), shut, Voice(reply.lang))
