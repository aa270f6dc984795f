"""Station phrase, for sound: a part of a recording to be heard, why another stays inside, to whom one was passed on."""

from dataclasses import replace

from actions.commands.clips import Part
from bot.message import File, Reply
from bot.phrase_recordings import clock
from bot.unheard import tell_in_chat
from bot.wording.fill import Voice
from bot.wording.sentences import Language, has


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
