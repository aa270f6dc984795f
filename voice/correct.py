"""Corrections of who said what, made by people: each takes a transcript and gives the one that is right."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from voice.languages import language
from voice.transcript import Transcript, Turn, Word

Correction = tuple[Literal["text", "speaker", "customer"], int | None, str]
"""What was put right, of which turn (None: of the whole), and what holds now."""
_UNIT = re.compile(r"[㐀-鿿]|[^\W_㐀-鿿]+")
"""A Chinese character, or a run of letters and digits: the smallest thing that somebody says."""


def put_right(turns: Sequence[Turn], corrections: Iterable[Correction]) -> tuple[Turn, ...]:
    """Return the turns with what was put right in them, in order; what is about a turn that is not there changes nothing."""
    transcript = Transcript(tuple(turns), "", None, 0.0, (), False)
    for what, place, value in corrections:
        if place is None or not 0 <= place < len(transcript.turns):
            continue
        transcript = change_text(transcript, place, value) if what == "text" else give_turn(transcript, place, value)
    return transcript.turns


def rename(transcript: Transcript, speaker: str, name: str) -> Transcript:
    """Call a speaker by name. Raises KeyError for one who does not speak, ValueError for the name of the other."""
    _must_speak(transcript, speaker)
    if name != speaker and name in transcript.speakers:
        raise ValueError(name)
    turns = tuple(replace(turn, speaker=name) if turn.speaker == speaker else turn for turn in transcript.turns)
    customer = name if transcript.customer == speaker else transcript.customer
    return replace(transcript, turns=turns, customer=customer)


def swap(transcript: Transcript, one: str, other: str) -> Transcript:
    """Give each of two the turns of the other; who is the customer by name stays it. Raises KeyError as above."""
    _must_speak(transcript, one)
    _must_speak(transcript, other)
    changed = {one: other, other: one}
    turns = tuple(replace(turn, speaker=changed.get(turn.speaker, turn.speaker)) for turn in transcript.turns)
    return replace(transcript, turns=turns)


def give_turn(transcript: Transcript, number: int, speaker: str) -> Transcript:
    """Say who said a turn (counted from 0); it may be somebody who was not told apart. Raises IndexError."""
    if not 0 <= number < len(transcript.turns):
        raise IndexError(number)
    turns = [*transcript.turns]
    turns[number] = replace(
        turns[number], speaker=speaker, speaker_certainty=1.0, speaker_is_estimated=False, is_corrected=True
    )
    return replace(transcript, turns=tuple(turns))


def say_customer(transcript: Transcript, speaker: str | None) -> Transcript:
    """Say which speaker is the customer, None that nobody is. Raises KeyError for one who does not speak."""
    if speaker is not None:
        _must_speak(transcript, speaker)
    return replace(transcript, customer=speaker, customer_certainty=1.0 if speaker is not None else 0.0)


def change_text(transcript: Transcript, number: int, text: str) -> Transcript:
    """Write what was said in a turn: words that stay keep their times and probabilities, new ones share the time of those
    that they replace. Raises IndexError."""
    if not 0 <= number < len(transcript.turns):
        raise IndexError(number)
    turns = [*transcript.turns]
    turn: Turn = turns[number]
    words = _reworded(turn, text) if turn.words else ()
    lang = language(text, turn.lang if turn.lang in ("zh", "en") or not _UNIT.search(text) else "zh")
    turns[number] = replace(turn, text=text, words=words, lang=lang, certainty=1.0, is_corrected=True)
    return replace(transcript, turns=tuple(turns))


def _reworded(turn: Turn, text: str) -> tuple[Word, ...]:
    units = _UNIT.findall(text)
    first, used = _kept(turn.words, units)
    after = turn.words[first:]
    last, used_last = _kept(after[::-1], [unit[::-1] for unit in units[used:][::-1]], backwards=True)
    middle, left = after[: len(after) - last], units[used : len(units) - used_last]
    begin = middle[0].start if middle else (turn.words[first - 1].end if first else turn.start)
    end = middle[-1].end if middle else (after[0].start if after else turn.end)
    whole = sum(len(unit) for unit in left) or 1
    new, at = [], 0
    for unit in left:
        start, at = begin + (end - begin) * at / whole, at + len(unit)
        new.append(Word(unit, round(start, 3), round(begin + (end - begin) * at / whole, 3), 1.0))
    return (*turn.words[:first], *new, *after[len(after) - last :])


def _kept(words: Sequence[Word], units: Sequence[str], *, backwards: bool = False) -> tuple[int, int]:
    """How many of the words, from the first on, the units say just the same; and how many units those are."""
    kept = used = 0
    for word in words:
        wanted = "".join(_UNIT.findall(word.text))
        wanted = wanted[::-1] if backwards else wanted
        said, at = "", used
        while len(said) < len(wanted) and at < len(units):
            said, at = said + units[at], at + 1
        if said.casefold() != wanted.casefold():
            break
        kept, used = kept + 1, at
    return kept, used


def _must_speak(transcript: Transcript, speaker: str) -> None:
    if speaker not in transcript.speakers:
        raise KeyError(speaker)
