"""Corrections of who said what, made by people: each takes a transcript and gives the one that is right."""

from dataclasses import replace

from voice.transcript import Transcript, Turn


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
    turns[number] = replace(turns[number], speaker=speaker, speaker_certainty=1.0, speaker_is_estimated=False)
    return replace(transcript, turns=tuple(turns))


def say_customer(transcript: Transcript, speaker: str | None) -> Transcript:
    """Say which speaker is the customer, None that nobody is. Raises KeyError for one who does not speak."""
    if speaker is not None:
        _must_speak(transcript, speaker)
    return replace(transcript, customer=speaker, customer_certainty=1.0 if speaker is not None else 0.0)


def change_text(transcript: Transcript, number: int, text: str) -> Transcript:
    """Write what was said in a turn; its words' times are then not known any more. Raises IndexError."""
    if not 0 <= number < len(transcript.turns):
        raise IndexError(number)
    turns = [*transcript.turns]
    turn: Turn = turns[number]
    turns[number] = replace(turn, text=text, words=(), certainty=1.0)
    return replace(transcript, turns=tuple(turns))


def _must_speak(transcript: Transcript, speaker: str) -> None:
    if speaker not in transcript.speakers:
        raise KeyError(speaker)
