"""Station phrase, for sound: a part of a recording to be heard, why another stays inside, to whom one was passed on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions.commands.clips import Part, ShareClip
from actions.crm.records import Recording, Speaker
from bot.message import Button, Card, File, Reply
from bot.phrase_recordings import clock, line_of
from bot.steps import PlayClip
from bot.unheard import tell_in_chat
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.layout import MakeButton, Mint, Phrased, to_do, with_buttons
from bot.wording.sentences import Language, has
from voice.clip import MIME, SUFFIX
from voice.transcript import Turn

_LINES = 2
_LONGEST_WHY = 120
_MOST_OFFERED = 3


def seconds_of(part: Part) -> str:
    """Which seconds these are: `3:12–3:22`."""
    return f"{clock(part.start)}–{clock(part.start + part.seconds)}"


def why_closed(reason: str, voice: Voice) -> str:
    """The sentence that says why sound stays inside."""
    return voice.say(f"clip.{reason}") if has(f"clip.{reason}") else tell_in_chat(reason, voice)


def told_closed(name: str, reason: str, lang: Language) -> str:
    """The line in place of a clip that does not go out."""
    voice = Voice(lang)
    return voice.say("clip.closed", {"name": name.rpartition(".")[0] or name, "why": why_closed(reason, voice)})


def called(recording_name: str, part: Part) -> str:
    """What a clip is called: the recording's name without its ending, and which seconds."""
    return f"{recording_name.rpartition('.')[0] or recording_name} {seconds_of(part)}"


def with_clip(reply: Reply, file: File, shut: str | None, voice: Voice) -> Reply:
    """The reply with what can be heard, or with the line that says why it cannot."""
    if shut is None:
        return replace(reply, files=(*reply.files, file))
    why = why_closed(shut, voice)
    card = replace(reply.card, lines=(*reply.card.lines, why)) if reply.card else None
    return replace(reply, text=f"{reply.text}\n{why}", card=card)


def with_clip_elsewhere(reply: Reply, part: Part, voice: Voice) -> Reply:
    """The reply with the line that says where its sound lies: sent apart, it stays there when the card is drawn anew."""
    told = voice.say("clip.apart", {"at": seconds_of(part)})
    card = replace(reply.card, lines=(*reply.card.lines, told)) if reply.card else None
    return replace(reply, text=f"{reply.text}\n{told}", card=card)


def clip_file(part: Part, reader: str, name: str, deed: str = "") -> File:
    """The file of a reply that a part of a recording becomes when it is sent; `name` says what is heard."""
    return File(
        f"{name}{SUFFIX}", reader=reader, mime=MIME, clip=part.recording, start=part.start, seconds=part.seconds, deed=deed
    )


def phrase_clip(step: PlayClip, speaker: Speaker, voice: Voice, mint: Mint) -> Phrased:
    """A moment to be heard, with its words, what comes next, and a way to share it."""
    recording, part = step.recording, step.part
    whose = step.customer and ((voice.lang == "en" and step.customer.name_en) or step.customer.name)
    name = str(whose or recording.name.rpartition(".")[0] or recording.name)
    told = {"name": name, "at": seconds_of(part)}
    lines = [line_of(turn, voice, recording) for turn in step.turns[:_LINES]]
    title, *words = voice.say("clip.heard", {**told, "words": "\n".join(lines)}).split("\n")
    make: list[MakeButton] = []
    ends = (recording.duration_ms or 0) / 1000
    after = part.start + part.seconds
    if after < ends:
        make.append(lambda: Button(mint("clip", {"recording": recording.id, "start": after}), voice.say("button.play_on")))
    said = said_in(step.turns)
    share = ShareClip(part.recording, part.start, part.seconds, "group:@managers", said, recording.customer_id)
    if speaker.role in ShareClip.roles:
        make.append(to_do(share, voice, mint))
    card = Card(title, tuple(words), view_of=f"clip:{part.recording}")
    reply = with_buttons(card, voice, make, mint)
    return Phrased(replace(reply, files=(clip_file(part, f"person:{speaker.person_id}", called(name, part)),)))


def said_in(turns: Sequence[Turn]) -> str:
    """The words that go with a part when it is passed on: what is said in it, or the beginning of that."""
    return shortened(" ".join(turn.text.strip() for turn in turns[:_LINES]), _LONGEST_WHY)


def to_play(recording: Recording, seconds: Sequence[float], voice: Voice) -> list[Mapping[str, Any]]:
    """Buttons for moments of a recording, as they are kept until they are shown; none where nothing can be heard."""
    if recording.state == "deleted" or recording.basis is None:
        return []
    return [
        {
            "action": "clip",
            "data": {"recording": recording.id, "start": float(int(second))},
            "label": voice.say("button.play", {"at": clock(second)}),
        }
        for second in list(dict.fromkeys(seconds))[:_MOST_OFFERED]
    ]
