"""The sound that went with a card, for its further copies: carried along where a card holds it, else told where it lies.

A card that is redrawn stands for the same part of a recording as the copy that it takes the place of. Nothing is let out
here: whoever opens the sound passes the gate (bot/may_hear.py) again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from actions.commands.clips import Part
from actions.crm import own
from actions.crm.records import Recording
from actions.outside.store import Tx
from actions.outside.tables import SendRow
from bot.may_hear import why_not_heard
from bot.message import File, Reply, address_from_json, reply_from_json
from bot.phrase_clips import called, clip_file, with_clip, with_clip_elsewhere
from bot.wording.fill import Voice


@dataclass(frozen=True)
class SoundOfCard:
    """The latest sound that went with a card in one conversation. `is_apart`: as a message of its own, which stays where it
    is. `shut` is why it stays inside now, None where it may be heard."""

    file: File
    is_apart: bool
    shut: str | None

    def on(self, reply: Reply) -> Reply:
        """The card as it is drawn now, with its sound, where it lies, or why it cannot be heard any more."""
        voice = Voice(reply.lang)
        if self.is_apart and self.shut is None:
            return with_clip_elsewhere(reply, _part_of(self.file), voice)
        return with_clip(reply, self.file, self.shut, voice)


async def sounds_of(tx: Tx, view_of: str, named: Part | None, deed: str) -> Mapping[str, SoundOfCard]:
    """By the key of a conversation, what its copies of this card stand for. `named` is the part that the new state of the
    card speaks of: it takes the place of the one before where `deed` has handed it to the same reader."""
    copies = select(SendRow.key, SendRow.address).where(SendRow.card == view_of, SendRow.redraws.is_(None))
    conversation = {row.key: address_from_json(row.address).key for row in (await tx.execute(copies)).all()}
    apart = {f"{key.rpartition('/')[0]}/file/1": there for key, there in conversation.items()}
    rows = select(SendRow.key, SendRow.redraws, SendRow.reply, SendRow.state).where(
        SendRow.key.in_([*conversation, *apart]) | SendRow.redraws.in_(list(conversation))
    )
    latest: dict[str, tuple[File, bool]] = {}
    for row in (await tx.execute(rows.order_by(SendRow.id))).all():
        sound = next((one for one in reply_from_json(row.reply).files if one.clip), None)
        if sound is not None and row.state != "gave_up":
            is_apart = row.key in apart
            latest[apart[row.key] if is_apart else conversation[row.redraws or row.key]] = (sound, is_apart)
    return {there: await _now(tx, sound, named, deed, is_apart=is_apart) for there, (sound, is_apart) in latest.items()}


async def _now(tx: Tx, sound: File, named: Part | None, deed: str, *, is_apart: bool) -> SoundOfCard:
    part = _part_of(sound)
    if named is not None and named != part and await why_not_heard(tx, named, sound.reader, deed) is None:
        recording = await own.get(tx, "recording", named.recording)
        name = called(recording.name if isinstance(recording, Recording) else "", named)
        return SoundOfCard(clip_file(named, sound.reader, name, deed), is_apart, None)
    return SoundOfCard(sound, is_apart, await why_not_heard(tx, part, sound.reader, sound.deed))


def _part_of(sound: File) -> Part:
    return Part(sound.clip, sound.start, sound.seconds)
