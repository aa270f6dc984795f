"""Station phrase, for calls: how much of one was not understood, or was in a language that the report does not read."""

from bot.call_reading import CallRead
from bot.wording.fill import Voice
from voice.languages import READ, UNKNOWN

_LEAST = 0.01


def unread_lines(read: CallRead, voice: Voice) -> list[str]:
    """A line for what was not understood and one for other languages, with their shares of all that was said."""
    turns = read.transcript.turns
    whole = sum(turn.end - turn.start for turn in turns) or 1.0
    foreign = [turn for turn in turns if turn.lang not in READ and turn.lang != UNKNOWN]
    not_understood = sum(turn.end - turn.start for turn in turns if turn.lang == UNKNOWN) / whole
    other = sum(turn.end - turn.start for turn in foreign) / whole
    languages = voice.join(sorted({turn.lang for turn in foreign}))
    lines = [voice.say("report.not_understood", {"share": f"{not_understood:.0%}"})] if not_understood >= _LEAST else []
    if other >= _LEAST:
        lines.append(voice.say("report.other_languages", {"share": f"{other:.0%}", "languages": languages}))
    return lines
