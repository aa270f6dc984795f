"""Moments of a recording asked for by their second: "play 3:12", typed while a recording is spoken of here, or pressed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from actions.commands.calls import recording_second
from actions.commands.clips import LONGEST_CLIP, Part
from actions.crm import own
from actions.crm.records import Customer, Recording
from actions.outside.store import Tx
from actions.outside.tables import ButtonRow
from bot.kept_recordings import turns_of
from bot.may_hear import may_hear
from bot.steps import Heard, Plain, PlayClip
from voice.transcript import Turn

SECONDS = 10.0
"""Of a moment: enough for a sentence and what was said before the next."""
_OF_RECORDINGS = ("transcript", "clip", "call_note")
_PLAYS = re.compile(
    r"""(?:请|帮我|给我)?\s*
        (?:播放?|放|听(?:一下|听)?|(?:can\ you\ |please\ )?(?:play|let\ me\ hear)(?:\ me)?|listen\ to|hear|▶)\s*
        (?:一下|(?:it\ |(?:the\ )?(?:bit\ |part\ )?)?(?:from|at|around)|第)?\s*
        (?:
            (?:(?P<h>\d{1,2})\s*[:：]\s*(?=\d{1,2}\s*[:：]))? (?P<m>\d{1,3})\s*[:：]\s*(?P<s>[0-5]?\d)
          | (?:(?P<hw>\d{1,2})\s*(?:小时|hours?|h))?\s*
            (?:(?P<mw>\d{1,3})\s*(?:分钟?|minutes?|min|m))?\s*
            (?:(?P<sw>\d{1,5})\s*(?:秒|seconds?|sec|s))?
        )
        \s*(?:处|开始|那段|的?录音)?[。.!！]?""",
    re.IGNORECASE | re.VERBOSE,
)


def second_in(text: str) -> float | None:
    """The second of a recording that is asked for, `3:12` being 192; None where nothing is."""
    match = _PLAYS.fullmatch(text.strip())
    if match is None:
        return None
    found = match.groupdict()
    if found["s"] is not None:
        return int(found["h"] or 0) * 3600 + int(found["m"]) * 60 + float(found["s"])
    if not (found["hw"] or found["mw"] or found["sw"]):
        return None
    return int(found["hw"] or 0) * 3600 + int(found["mw"] or 0) * 60 + float(found["sw"] or 0)


async def asked_to_play(tx: Tx, heard: Heard, text: str) -> PlayClip | Plain | None:
    """What somebody hears who types a second of the recording that was spoken of last here; None where that is not asked."""
    second = second_in(text)
    if second is None or not heard.speaker.is_staff:
        return None
    recording = await _spoken_of(tx, heard)
    return None if recording is None else await play(tx, heard, {"recording": recording, "start": second})


async def play(tx: Tx, heard: Heard, data: Mapping[str, Any]) -> PlayClip | Plain:
    """A part of a recording for whoever asks, if they may hear it: `recording`, `start`, and `seconds` where given."""
    recording = await own.get(tx, "recording", str(data["recording"]))
    start, seconds = round(float(data["start"]), 3), min(float(data.get("seconds", SECONDS)), LONGEST_CLIP)
    reader = f"person:{heard.speaker.person_id}"
    part = Part(str(data["recording"]), start, seconds)
    if not isinstance(recording, Recording) or not await may_hear(tx, part, reader):
        return Plain("recording_gone")
    if heard.message.in_group:  # others are here who may not
        return Plain("clip_in_private")
    ends = (recording.duration_ms or 0) / 1000
    if ends and start >= ends:
        return Plain("clip_outside", {"of": recording_second(ends)})
    part = Part(recording.id, start, round(min(seconds, ends - start), 3) if ends else seconds)
    turns = within(part, await turns_of(tx, recording.id))
    customer = await own.get(tx, "customer", recording.customer_id) if recording.customer_id else None
    return PlayClip(recording, part, turns, customer if isinstance(customer, Customer) else None)


def within(part: Part, turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns of which something is to be heard in this part."""
    return tuple(turn for turn in turns if turn.end > part.start and turn.start < part.start + part.seconds)


async def _spoken_of(tx: Tx, heard: Heard) -> str | None:
    """The recording that is spoken of here: the one of the newest card about one, or that this person has sent since."""
    here = heard.message.address.key
    about = (ButtonRow.conversation == here, ButtonRow.action.in_(_OF_RECORDINGS))
    newest = select(ButtonRow.data, ButtonRow.created_at).where(*about).order_by(ButtonRow.created_at.desc()).limit(1)
    shown = (await tx.execute(newest)).first()
    sent = {"conversation": here, "by_id": heard.speaker.person_id}
    for one in await own.find(tx, "recording", where=sent, order=("-created_at",), limit=1):
        if isinstance(one, Recording) and one.basis is not None and (shown is None or one.created_at > shown.created_at):
            return one.id
    return str(shown.data["recording"]) if shown else None
