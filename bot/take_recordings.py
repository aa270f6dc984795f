"""Recordings that come with a message become steps: a question for the basis, or the words of a voice message."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from actions.commands.recordings import STAFF, TakeRecording
from actions.crm import own
from actions.crm.number_in_name import numbers_in_name
from actions.crm.records import Customer, Recording, Speaker
from actions.crm.whose_number import customers_with
from actions.outside.store import Store
from actions.proposal import Basis
from actions.rows import may_see
from bot.channels.channel import NotFetched, TryLater
from bot.files import LARGEST_RECORDING
from bot.kept_recordings import Arrival, RecordingShelf, arrival_key, forget
from bot.listening import NOT_UNDERSTOOD, Listening, NoWords, Words
from bot.message import Attachment, Message, Spoken
from bot.steps import Do, Plain, Step
from bot.thread import Thread

_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
"""What is not seen in a name: control characters, marks that turn the direction of what follows, halves of characters."""
_WHY = {"too_large": "recording_too_large", "not_the_file": "recording_not_the_file"}


@dataclass(frozen=True)
class Taken:
    """What became of a recording: steps to take, or words that the message says."""

    steps: tuple[Step, ...] = ()
    text: str = ""
    spoken: Spoken | None = None


class RecordingTaker:
    """Takes one recording in. `fetch` downloads an attachment into the home."""

    def __init__(
        self,
        store: Store,
        home: Path,
        shelf: RecordingShelf,
        listening: Listening,
        fetch: Callable[[Message, Attachment], Awaitable[Path]],
    ) -> None:
        self._store = store
        self._home = home.resolve()
        self._shelf = shelf
        self._listening = listening
        self._fetch = fetch

    async def __call__(self, message: Message, attachment: Attachment, speaker: Speaker, thread: Thread, lang: str) -> Taken:
        """Seal it and say what comes next; where it cannot be had, why and what to do."""
        if attachment.words:  # the platform has listened: nothing is fetched, and nobody knows how well it heard
            return Taken(text=attachment.words, spoken=Spoken(is_sure=False))
        if not attachment.is_spoken and speaker.role not in STAFF:
            self.drop(attachment)
            return Taken((Plain("recording_for_colleagues"),))
        arrival = await self._arrival(message, attachment, speaker, lang)
        if not isinstance(arrival, Arrival):
            return Taken((arrival,))
        command = await self._command(message, attachment, arrival, thread, speaker)
        if not attachment.is_spoken:
            return Taken((Do(command, Basis(confidence=1.0, message=message.key), arrival_key(message, attachment)),))
        return await self._spoken(message, attachment, command, speaker)

    def drop(self, attachment: Attachment) -> None:
        """Take a plain file away that lies in the home already and will not be kept."""
        file = Path(attachment.ref)
        if file.is_absolute() and file.is_relative_to(self._home / "files"):
            forget(file)

    async def _arrival(self, message: Message, attachment: Attachment, speaker: Speaker, lang: str) -> Arrival | Plain:
        if (known := await self._shelf.known(message, attachment)) is not None:
            return known
        told = {"name": readable_name(attachment.name), "most": LARGEST_RECORDING // 1_000_000}
        try:
            file = await self._fetch(message, attachment)
        except NotFetched as fault:
            return _not_fetched(fault.why, told)
        except TryLater:
            return Plain("recording_later")
        except ValueError:
            return Plain("recording_refused", told)
        if not file.is_file():
            return _not_fetched("gone", told)
        if file.stat().st_size == 0:
            forget(file)
            return Plain("recording_empty", told)
        return await self._shelf.take_in(message, attachment, file, speaker, lang)

    async def _command(
        self, message: Message, attachment: Attachment, arrival: Arrival, thread: Thread, speaker: Speaker
    ) -> TakeRecording:
        ending = {"voice": ".amr", "video": ".mp4"}.get(attachment.kind, "")
        name = readable_name(attachment.name)
        stem, dot, last = name.rpartition(".")
        if not stem.strip(" .") and (dot or not last):  # nothing but an ending
            name, ending = "", f".{last}" if last.isalnum() else ending
        by_number = None if attachment.is_spoken else await self._by_number(name, speaker)
        customer_id = by_number or thread.customer_id
        deal_id = thread.deal_id if customer_id == thread.customer_id else None
        return TakeRecording(
            arrival.recording_id,
            arrival.digest,
            name or f"{message.sent_at.astimezone(ZoneInfo(speaker.zone)):%Y%m%d-%H%M}{ending}",
            attachment.mime,
            arrival.size,
            message.address.channel,
            message.address.key,
            attachment.is_spoken,
            None if attachment.is_spoken else customer_id,
            None if attachment.is_spoken else deal_id,
            self._shelf.rules.bases,
            is_by_number=by_number is not None,
        )

    async def _by_number(self, name: str, speaker: Speaker) -> str | None:
        """The one customer whose number stands in the name of the file, where this speaker may see them."""
        numbers = frozenset(numbers_in_name(name))
        if not numbers:
            return None
        async with self._store.read() as tx:
            found = await customers_with(tx, numbers)
            customer = await own.get(tx, "customer", next(iter(found))) if len(found) == 1 else None
        if isinstance(customer, Customer) and may_see(speaker, customer.owner_id, customer.id):
            return customer.id
        return None

    async def _spoken(self, message: Message, attachment: Attachment, command: TakeRecording, speaker: Speaker) -> Taken:
        cause = f"{message.key}:{command.recording_id}"
        async with self._store.write() as tx:
            outcome = await self._shelf.order(tx, command, speaker, cause, message.address.key)
            recording = await own.get(tx, "recording", command.recording_id)
        if outcome.kind not in ("done", "already") or not isinstance(recording, Recording):
            return Taken((Plain("recording_not_allowed"),))
        if not recording.is_message or recording.state in ("cancelled", "deleted"):
            # the same bytes came as a file before: that recording, with its basis, is what they are
            return Taken((Do(command, Basis(confidence=1.0, message=message.key), arrival_key(message, attachment)),))
        heard = await self._listening.at_once(command.recording_id)
        if isinstance(heard, Words):
            return Taken(text=heard.text, spoken=heard.spoken)
        return Taken((Plain(_unheard(heard)),))


def readable_name(name: str) -> str:
    """The name of a file as it is shown: without folders, and with nothing in it that is not seen."""
    return " ".join(_HIDDEN.sub(" ", PurePosixPath(name.replace("\\", "/")).name).split())


def _not_fetched(why: str, told: Mapping[str, Any]) -> Plain:
    if why == "gone":
        return Plain("recording_expired", told) if told["name"] else Plain("recording_expired_voice")
    return Plain(_WHY.get(why, "recording_refused"), told)


def _unheard(heard: NoWords) -> str:
    if heard.is_long:
        return "voice_long"
    if heard.waits:
        return {
            "model_missing": "voice_waits_model",
            "model_broken": "voice_waits_model",
            "silk_missing": "voice_waits_silk",
        }.get(heard.reason, "voice_later")
    if heard.is_synthetic and heard.reason == NOT_UNDERSTOOD:  # said again it would be no better
        return "voice_knows_no_people"
    return {"silence": "voice_silence", "empty": "voice_silence", "no_sound": "voice_silence"}.get(
        heard.reason, "voice_unheard"
    )


def as_said(message: Message, taken: Taken) -> Message:
    """The message with the words of its voice message, as if they had been typed."""
    if taken.spoken is None:
        return message
    text = "\n".join(part for part in (message.text.strip(), taken.text.strip()) if part)
    return replace(message, text=text, spoken=taken.spoken)
