"""Files that come with a message: kept in the home, looked at, and offered to be taken in among the company's documents."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Protocol

from actions.commands.calendars import MOST_SPANS, TakeCalendar
from actions.commands.knowledge import TakeInDocument
from actions.crm.calendar_file import CalendarError, busy_in
from actions.crm.diary import span
from actions.crm.records import Speaker
from actions.proposal import Basis
from bot.channels.channel import TryLater
from bot.files import is_recording
from bot.message import Attachment, Message
from bot.steps import Do, OfferDocument, Plain, Step
from bot.take_recordings import RecordingTaker, as_said
from bot.thread import Thread
from retrieval.add import Added
from retrieval.formats.bad import Why
from retrieval.formats.roster import FORMATS, REFUSED
from retrieval.read import COLLEAGUES

_TOLD: dict[Why, str] = {
    "broken": "document_broken",
    "locked": "document_locked",
    "no_text": "document_no_text",
    "macros": "document_macros",
    "too_large": "document_too_large",
    "format": "document_format",
    "known": "document_known",
    "form": "document_form",
}

_CALENDAR = {"too_large": "calendar_too_large", "too_many": "calendar_too_many"}


class LookAt(Protocol):
    """What would become of a file that is taken in."""

    def __call__(self, file: Path, source: str, *, audience: frozenset[str], owner: str, by: str) -> Added: ...


class FileKeeper:
    """Keeps what comes along. `fetch` downloads an attachment into the home."""

    def __init__(
        self,
        home: Path,
        fetch: Callable[[Message, Attachment], Awaitable[Path]],
        look_at: LookAt,
        take_recording: RecordingTaker,
        now: Callable[[], datetime],
    ) -> None:
        self._home = home.resolve()
        self._fetch = fetch
        self._look_at = look_at
        self._take_recording = take_recording
        self._now = now

    async def __call__(
        self, message: Message, speaker: Speaker, thread: Thread, lang: str
    ) -> tuple[Message, tuple[Step, ...]]:
        """What becomes of each file, and the message with the words of its voice messages in it.

        Nothing is kept of somebody nobody knows.
        """
        if speaker.role == "guest":
            for attachment in message.attachments:
                self._take_recording.drop(attachment)
            return message, ()
        steps: list[Step] = []
        said = message
        for attachment in message.attachments:
            if is_recording(attachment.kind, attachment.name):
                taken = await self._take_recording(message, attachment, speaker, thread, lang)
                said = as_said(said, taken)
                steps += taken.steps
            else:
                steps.append(await self._keep(message, attachment, speaker))
        return said, tuple(steps)

    def drop(self, message: Message) -> None:
        """The message is given up: no plain recording of it stays."""
        for attachment in message.attachments:
            if is_recording(attachment.kind, attachment.name):
                self._take_recording.drop(attachment)

    async def _keep(self, message: Message, attachment: Attachment, speaker: Speaker) -> Step:
        try:
            file = await self._fetch(message, attachment)
        except (ValueError, TryLater):
            return Plain("file_refused")
        name = PurePosixPath((attachment.name or file.name).replace("\\", "/")).name
        if speaker.is_staff and speaker.person_id and PurePosixPath(name).suffix.lower() == ".ics":
            return await asyncio.to_thread(self._calendar, file, name, speaker, message.key)
        if not speaker.is_staff or PurePosixPath(name).suffix.lower() not in FORMATS | REFUSED:
            return Plain("file_kept")
        return await asyncio.to_thread(self._looked_at, file.resolve(), name, speaker)

    def _calendar(self, file: Path, name: str, speaker: Speaker, cause: str) -> Step:
        """A colleague's own calendar is taken in at once: whoever sends it means that."""
        try:
            taken = busy_in(file, speaker.zone, self._now())
        except CalendarError as error:
            return Plain(_CALENDAR.get(error.why, "calendar_broken"), {"name": name})
        spans = tuple(span(*one) for one in taken)
        if len(spans) > MOST_SPANS:
            return Plain("calendar_too_many", {"name": name})
        return Do(TakeCalendar(str(speaker.person_id), spans, name), Basis(confidence=1.0, message=cause), f"{cause}:{name}")

    def _looked_at(self, file: Path, name: str, speaker: Speaker) -> Step:
        found = self._look_at(file, name, audience=COLLEAGUES, owner=speaker.name, by=speaker.name)
        if found.outcome == "refused":
            return Plain(_TOLD[found.why or "broken"], {"name": name})
        if found.outcome == "unchanged":
            return Plain("document_known", {"name": found.title})
        command = TakeInDocument(
            file=file.relative_to(self._home).as_posix(),
            digest=sha256(file.read_bytes()).hexdigest(),
            source=name,
            title=found.title,
            version=found.version,
            passages=found.passages,
            replaces=found.replaces,
            audience=found.audience,
        )
        return OfferDocument(command)
