"""A recording becomes a transcript, step by step: decode, find speech, tell the speakers, hear piece by piece.

It is a generator: whoever asks for the next step decides when, can show what there is, keep the pieces that are done, and
stop. After a restart the same file with the pieces kept goes on with the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from voice.characters import Script
from voice.clips import clips, within
from voice.decode import LIMITS, Decoded, Limits, Recording, recording_in_steps
from voice.invented import is_invented
from voice.sides import Cues, with_customer
from voice.speakers import NAMES, Stretch, by_channel, by_voice
from voice.speech import PIECE, Probabilities, Silero, pieces, spans_of, together
from voice.transcribe import Recogniser
from voice.transcript import Piece, Span, Transcript, Turn
from voice.turns import joined, turns_of

Stage = Literal["decoding", "speech", "speakers", "transcribing", "done"]
_PREVIEW_FROM, _PREVIEW_SECONDS, _PREVIEW_TURNS = 60.0, 20.0, 3
"""Of a recording of more than so many seconds the first words come before all of it is decoded."""
_MEMORY_OF_TEXT = 4
_ECHO = 0.1
"""A channel that is quieter than this part of the other (20 dB) hears its echo."""


@dataclass(frozen=True)
class Wishes:
    """What is asked of listening.

    `lang` is set where the language is known. `bias` are names that may come up (customers, products, people), the likeliest
    first. `customer_channel` is 0 or 1 where the source always records the customer there. `piece_seconds` is the most that
    has to be done again after a restart.
    """

    lang: str | None = None
    script: Script | None = "simplified"
    bias: tuple[str, ...] = ()
    customer_channel: int | None = None
    cues: Cues | None = None
    piece_seconds: float = PIECE


@dataclass(frozen=True)
class Step:
    """How far it is: `share` (0 … 1) of this stage.

    `turns` are new; those of a preview (`is_preview`) come again with their speaker. `piece` is a part that is done, to be
    kept. `transcript` is the whole, in the last step.
    """

    stage: Stage
    share: float
    turns: tuple[Turn, ...] = ()
    is_preview: bool = False
    piece: Piece | None = None
    transcript: Transcript | None = None


def listen(
    file: Path | BinaryIO,
    recogniser: Recogniser,
    wishes: Wishes | None = None,
    done: Sequence[Piece] = (),
    is_cancelled: Callable[[], bool] = lambda: False,
    limits: Limits = LIMITS,
    folder: Path | None = None,
) -> Iterator[Step]:
    """Turn a recording into words; the last step holds the transcript, or there is none as it was cancelled.

    `done` are pieces of the same file that were kept; those of another model are heard anew. `is_cancelled` is asked between
    blocks and clips. `folder` is where what is decoded lies meanwhile, nameless. Raises CannotHear.
    """
    wishes = wishes or Wishes()
    recording: Recording | None = None
    previewed = bool(done)
    try:
        for decoded in recording_in_steps(file, limits, folder):
            if isinstance(decoded, Recording):
                recording = decoded
                break
            if is_cancelled():
                return
            yield Step("decoding", decoded.share)
            if not previewed and decoded.seconds >= _PREVIEW_FROM:
                previewed = True
                yield from _preview(decoded, recogniser, wishes)
        assert recording is not None
        yield from _hear(recording, recogniser, wishes, {one.number: one for one in done}, is_cancelled)
    finally:
        if recording is not None:
            recording.close()


def _preview(decoded: Decoded, recogniser: Recogniser, wishes: Wishes) -> Iterator[Step]:
    """The first words, before anybody knows who speaks."""
    sound = decoded.so_far.sound(Span(0, _PREVIEW_SECONDS))
    loudest = int((sound.samples**2).sum(1).argmax())
    spans = spans_of(Silero().hear(sound.samples[loudest], is_last=True))
    stretches = [Stretch(span, loudest, "", 0.0, True) for span in spans]
    longest = recogniser.profile.max_clip_s
    for clip in clips(stretches, longest, packing=recogniser.profile.packing)[:_PREVIEW_TURNS]:
        heard = [
            one for one in recogniser.hear(clip.sound(decoded.so_far), wishes.bias, "", wishes.lang) if not is_invented(one)
        ]
        if turns := joined(turns_of(clip, heard, wishes.script)):
            yield Step("decoding", decoded.share, turns, is_preview=True)


def _hear(
    recording: Recording,
    recogniser: Recogniser,
    wishes: Wishes,
    done: dict[int, Piece],
    is_cancelled: Callable[[], bool],
) -> Iterator[Step]:
    found: list[list[Probabilities]] = [[] for _ in range(recording.channels)]
    ears = [Silero() for _ in found]
    listened = 0.0
    for sound in recording.blocks():
        if is_cancelled():
            return
        for channel, ear in enumerate(ears):
            found[channel].append(ear.hear(sound.samples[channel]))
        listened += sound.duration
        yield Step("speech", min(1.0, listened / recording.duration))
    probabilities = [
        np.concatenate([*parts, ear.hear(np.zeros(0, np.float32), is_last=True)])
        for parts, ear in zip(found, ears, strict=True)
    ]
    yield Step("speakers", 0.0)
    if recording.channels == 2:
        stretches = by_channel(_without_echo(recording, [spans_of(one) for one in probabilities]))
    else:
        stretches = by_voice(recording, probabilities[0])
    stretches = within(stretches, Span(0.0, recording.duration))
    yield Step("speakers", 1.0)
    speech = together([one.span for one in stretches])
    turns: list[Turn] = []
    to_hear = sum(one.span.seconds for one in stretches) or 1.0
    heard_of = 0.0
    for number, span in enumerate(pieces(speech, recording.duration, wishes.piece_seconds)):
        kept = done.get(number)
        part = within(stretches, span)
        if kept is not None and kept.span == _rounded(span) and kept.model == recogniser.name:
            heard_of += sum(one.span.seconds for one in part)
            turns += kept.turns
            yield Step("transcribing", min(1.0, heard_of / to_hear), kept.turns, piece=kept)
            continue
        of_piece: list[Turn] = []
        before: list[str] = []
        for clip in clips(part, recogniser.profile.max_clip_s, packing=recogniser.profile.packing):
            if is_cancelled():
                return
            said = []
            for one in recogniser.hear(clip.sound(recording), wishes.bias, " ".join(before), wishes.lang):
                if not is_invented(one, before):
                    said.append(one)
                before = [*before, one.text][-_MEMORY_OF_TEXT:]
            new = turns_of(clip, said, wishes.script)
            of_piece += new
            heard_of += sum(one.span.seconds for one in clip.stretches)
            yield Step("transcribing", min(1.0, heard_of / to_hear), joined(new))
        turns += joined(of_piece)
        yield Step(
            "transcribing",
            min(1.0, heard_of / to_hear),
            piece=Piece(number, _rounded(span), recogniser.name, joined(of_piece)),
        )
    transcript = Transcript(
        turns=joined(turns),
        model=recogniser.name,
        notice=recogniser.profile.notice,
        duration=round(recording.duration, 3),
        speech=speech,
        two_channels=recording.channels == 2,
        is_cut_short=recording.is_cut_short,
    )
    yield Step("done", 1.0, transcript=with_customer(transcript, wishes.customer_channel, wishes.cues))


def _rounded(span: Span) -> Span:
    return Span(round(span.start, 3), round(span.end, 3))


def _without_echo(recording: Recording, spans: Sequence[Sequence[Span]]) -> list[list[Span]]:
    """Leave out what one channel hears of the other: speech that is far louder there."""
    kept: list[list[Span]] = []
    for channel in range(len(NAMES)):
        own: list[Span] = []
        for span in spans[channel]:
            power = (recording.sound(span).samples ** 2).mean(1)
            if power[channel] >= power[1 - channel] * _ECHO**2:
                own.append(span)
        kept.append(own)
    return kept
