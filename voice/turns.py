"""What was heard in clips becomes turns: each word to the stretch it was said in, stretches of one person joined."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from voice.characters import Script, written
from voice.clips import Clip
from voice.languages import READ, language
from voice.transcribe import Heard
from voice.transcript import Turn, Word

_HAN = re.compile(r"[㐀-鿿]")
JOIN = 0.6
"""Seconds of silence within a turn of one person; a longer one begins a new turn."""
LONGEST = 30.0
"""Seconds; who speaks on without a pause gets a new turn then."""


def turns_of(clip: Clip, heard: Sequence[Heard], script: Script | None = None) -> list[Turn]:
    """Return a turn for each stretch of the clip in which something was heard, in seconds of the recording."""
    said: dict[int, list[tuple[Heard, Word]]] = {}
    for one in heard:
        for word in one.words or (Word(one.text, one.start, one.end, math.exp(min(0.0, one.average_log_probability))),):
            said.setdefault(clip.at((word.start + word.end) / 2), []).append((one, word))
    return [_turn(clip, number, said[number], script) for number in sorted(said)]


def _turn(clip: Clip, number: int, said: Sequence[tuple[Heard, Word]], script: Script | None) -> Turn:
    stretch = clip.stretches[number]
    raw = [word.text for _, word in said]
    text = written("".join(raw), script)
    words, at = [], 0
    for (_, word), part in zip(said, raw, strict=True):
        shown, at = text[at : at + len(part)].strip(), at + len(part)
        start, end = (clip.time(moment, number) for moment in (word.start, word.end))
        words.append(Word(shown, round(start, 3), round(max(start, end), 3), word.probability))
    has_times = all(one.words for one, _ in said)
    return Turn(
        start=words[0].start if has_times else round(stretch.span.start, 3),
        end=words[-1].end if has_times else round(stretch.span.end, 3),
        text=" ".join(text.split()),
        words=tuple(words) if has_times else (),
        lang=language(text, said[0][0].lang),
        speaker=stretch.speaker,
        speaker_certainty=stretch.certainty,
        speaker_is_estimated=stretch.is_estimated,
        certainty=round(sum(word.probability for word in words) / len(words), 3),
    )


def joined(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Put turns in order, and those of one person with little between them together."""
    kept: list[Turn] = []
    for turn in sorted(turns, key=lambda one: (one.start, one.end)):
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.speaker == turn.speaker
            and turn.start - last.end <= JOIN
            and (turn.lang == last.lang or {turn.lang, last.lang} <= READ)
            and turn.end - last.start <= LONGEST
        ):
            kept[-1] = _both(last, turn)
        else:
            kept.append(turn)
    return tuple(kept)


def _both(one: Turn, other: Turn) -> Turn:
    glue = "" if _HAN.match(one.text[-1:]) or _HAN.match(other.text[:1]) or one.text[-1:] in "，。？！、；：" else " "
    text = one.text + glue + other.text
    weights = (len(one.text) or 1, len(other.text) or 1)

    def mean(first: float, second: float) -> float:
        return round((first * weights[0] + second * weights[1]) / sum(weights), 3)

    found = one.lang if one.lang == other.lang else language(text, "zh")
    return replace(
        one,
        end=max(one.end, other.end),
        text=text,
        words=one.words + other.words,
        lang=found,
        speaker_certainty=mean(one.speaker_certainty, other.speaker_certainty),
        certainty=mean(one.certainty, other.certainty),
    )
