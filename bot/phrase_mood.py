"""How the customer of a call sounded, in a line with the words of its strongest moment, in more lines, and as a picture.

It is an estimate and says so; it is never about staff, whose voices are not judged.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from actions.commands.calls import recording_second
from actions.recordings.pictures import mood_picture
from bot.call_reading import CallRead
from bot.message import Card, Picture, Reply
from bot.wording.changes import shortened
from bot.wording.fill import Voice
from bot.wording.layout import reply_of
from voice.curve import INKS
from voice.customer_mood import words_around
from voice.mood import UNCERTAIN, Mood, Peak
from voice.sentences import Sentence

_ENOUGH = 3.0
"""Seconds of speech with an answer below which nothing is said of the whole."""
_MOSTLY = 0.5
"""Share of the customer's speech from which it sounds mostly like that."""
_CLEARLY = 0.7
"""Probability from which a peak is told as clear."""
_QUOTE = {"zh": 16, "en": 34}
_LONG_QUOTE = 60


def mood_line(read: CallRead, voice: Voice) -> str:
    """The line for the card; empty where the customer's mood was not judged."""
    if read.mood is None:
        return ""
    mood = read.mood.mood
    if not tells_enough(mood):
        return voice.say("mood.too_little")
    whole = _whole(mood)
    told = {"whole": whole}
    peak = _told_first(mood)
    if peak is None:
        return voice.say("mood.line", told)
    words = shortened(words_at(read, peak), _QUOTE[voice.lang])
    told = {**told, "at": recording_second(peak.at), "how": _how(peak), "words": words}
    if peak.emotion == whole:
        return voice.say("mood.line_same_quoted" if words else "mood.line_same", told)
    return voice.say("mood.line_peak_quoted" if words else "mood.line_peak", told)


def mood_details(read: CallRead, voice: Voice) -> list[str]:
    """Every peak with its words, and what the estimate rests on; nothing where there is no answer."""
    if read.mood is None or not tells_enough(read.mood.mood):
        return []
    mood = read.mood.mood
    lines = []
    for peak in mood.peaks:
        words = shortened(words_at(read, peak), _LONG_QUOTE)
        told = {"at": recording_second(peak.at), "how": _how(peak), "words": words}
        lines.append(voice.say("mood.peak_quoted" if words else "mood.peak", told))
    uses_words = any(one.uses_words for one in mood.felt)
    told = {"share": f"{mood.coverage:.0%}", "model": mood.model}
    lines.append(voice.say("mood.grounds_words" if uses_words else "mood.grounds", told))
    return lines if mood.knows_calm else [*lines, voice.say("mood.no_calm")]


def phrase_mood_again(read: CallRead, voice: Voice) -> Reply:
    """The card of a mood that was judged anew, as it was put right who the customer is."""
    lines = [mood_line(read, voice), *mood_details(read, voice)]
    card = Card(voice.say("mood.again", {"name": read.recording.name}), tuple(lines))
    return with_mood_picture(reply_of(card, voice), read, voice)


def with_mood_picture(reply: Reply, read: CallRead, voice: Voice) -> Reply:
    """The reply with the picture of the mood, where there is something to be seen; it lies in the home."""
    if read.mood is None or not tells_enough(read.mood.mood):
        return reply
    alt = voice.say("mood.alt", {"name": read.recording.name})
    picture = Picture(mood_picture(read.recording.id, voice.lang), alt)
    return replace(reply, pictures=(*reply.pictures, picture))


def tells_enough(mood: Mood) -> bool:
    """Whether so much was heard with an answer that something can be said of the whole."""
    return sum(one.end - one.start for one in mood.felt if one.emotion != UNCERTAIN) >= _ENOUGH


def words_at(read: CallRead, peak: Peak) -> str:
    """What the customer said where an emotion stands out most, empty where no words were heard."""
    return customers_words(read.report.sentences, peak)


def customers_words(sentences: Sequence[Sentence], peak: Peak) -> str:
    """The same, of a call's sentences; what others say is never quoted."""
    return words_around([one for one in sentences if one.side == "customer"], peak)


def mood_names(voice: Voice) -> Mapping[str, str]:
    """What the inks of the picture are called."""
    return {name: voice.word("mood", name) for name in (*INKS, "others")}


def _whole(mood: Mood) -> str:
    """What most of it sounds like, `uncertain` or `mixed`."""
    seconds: dict[str, float] = defaultdict(float)
    for one in mood.felt:
        seconds[one.emotion] += one.end - one.start
    most = max(seconds, key=seconds.__getitem__)
    return most if seconds[most] >= _MOSTLY * sum(seconds.values()) else "mixed"


def _told_first(mood: Mood) -> Peak | None:
    """Anger before all else: somebody has to do something about it."""
    return max(mood.peaks, key=lambda peak: (peak.emotion == "angry", peak.strength), default=None)


def _how(peak: Peak) -> str:
    return peak.emotion if peak.strength >= _CLEARLY else f"{peak.emotion}_perhaps"
