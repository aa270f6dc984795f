"""A recording becomes a transcript, step by step: decode, find speech, tell the speakers, hear piece by piece.

It is a generator: whoever asks for the next step decides when, can show what there is, keep the pieces that are done, and
stop. After a restart the same file with the pieces kept goes on with the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from voice.characters import Script
from voice.clips import Clip, clips
from voice.decode import LIMITS, Decoded, Limits, Recording, recording_in_steps
from voice.invented import goes_on_and_on, is_invented
from voice.languages import UNKNOWN, has_chinese
from voice.plan import Plan, plan_in_steps
from voice.sides import Cues, with_customer
from voice.speakers import Stretch
from voice.speech import PIECE, Silero, ear_of, spans_of
from voice.transcribe import Heard, Recogniser
from voice.transcript import Piece, Span, Transcript, Turn
from voice.turns import joined, turns_of

Stage = Literal["decoding", "speech", "speakers", "transcribing", "done"]
PREVIEW_EVERY = 60.0
"""Seconds of a recording in which its first words are looked for at once, as soon as they are decoded; what is shorter is
opened before it would help."""
_PREVIEW_LOOKS, _PREVIEW_TURNS = 5, 3
"""How many such parts are looked through while nobody speaks, and how many turns are heard."""
_MEMORY_OF_TEXT = 4


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
    first_words = None if done else FirstWords(recogniser, wishes)
    try:
        for decoded in recording_in_steps(file, limits, folder):
            if isinstance(decoded, Recording):
                recording = decoded
                break
            if is_cancelled():
                return
            yield Step("decoding", decoded.share)
            for turns in first_words.of(decoded, is_cancelled) if first_words is not None else ():
                yield Step("decoding", decoded.share, turns, is_preview=True)
        assert recording is not None
        yield from _hear(recording, recogniser, wishes, {one.number: one for one in done}, is_cancelled)
    finally:
        if recording is not None:
            recording.close()


class FirstWords:
    """What is said first in a recording while it is decoded, before anybody knows who speaks. `is_over` once there are some,
    or it was looked for long enough."""

    def __init__(self, recogniser: Recogniser, wishes: Wishes) -> None:
        self._recogniser, self._wishes = recogniser, wishes
        self._seen, self._looks = 0.0, 0
        self.is_over = False

    def of(self, decoded: Decoded, is_cancelled: Callable[[], bool] = lambda: False) -> Iterator[tuple[Turn, ...]]:
        """The turns in what has been decoded since the last look, where that is enough to look through."""
        if self.is_over or decoded.seconds - self._seen < PREVIEW_EVERY:
            return
        part = Span(self._seen, self._seen + PREVIEW_EVERY)
        self._seen, self._looks = part.end, self._looks + 1
        self.is_over = self._looks >= _PREVIEW_LOOKS
        count = 0
        for clip in self._clips(decoded.so_far, part):
            if count >= _PREVIEW_TURNS or is_cancelled():
                return
            if turns := joined(hear_clip(clip, decoded.so_far, self._recogniser, self._wishes, [])):
                count, self.is_over = count + len(turns), True
                yield turns

    def _clips(self, recording: Recording, part: Span) -> list[Clip]:
        """On the louder channel alone: which are two people, and which one's echo, is not known before the end."""
        sound = recording.sound(part)
        loudest = int((sound.samples**2).sum(1).argmax())
        spans = spans_of(Silero().hear(sound.samples[loudest], is_last=True), ear_of(self._recogniser.profile))
        moved = [Span(part.start + one.start, part.start + one.end) for one in spans]
        return clips_of([Stretch(span, loudest, "", 0.0, True) for span in moved], self._recogniser)


def clips_of(part: Sequence[Stretch], recogniser: Recogniser) -> list[Clip]:
    """The clips in which a part of a recording is heard, as its recogniser can take them."""
    return clips(part, recogniser.profile.max_clip_s, packing=recogniser.profile.packing)


def hear_clip(
    clip: Clip, recording: Recording, recogniser: Recogniser, wishes: Wishes, before: list[str]
) -> tuple[Turn, ...]:
    """What is said in a clip. `before` is what was heard before it in its piece; what is heard is added to it. A
    model that takes no names is given none."""
    said = []
    for one in _heard(clip.sound(recording), recogniser, wishes, before):
        if not is_invented(one, before):
            said.append(one)
        before[:] = [*before, one.text][-_MEMORY_OF_TEXT:]
    turns = turns_of(clip, said, wishes.script)
    least = recogniser.profile.understood_from
    return tuple(replace(turn, lang=UNKNOWN) if turn.certainty < least else turn for turn in turns)


def _heard(sound: NDArray[np.float32], recogniser: Recogniser, wishes: Wishes, before: Sequence[str]) -> list[Heard]:
    """What the model hears, with the names that can come up in what is spoken.

    Names of another script lead a model astray: given Chinese ones, it wrote one character without end over English. So it
    is given those of the script that was heard before; at the beginning of a piece it listens without any first.
    """
    text = " ".join(before)
    if not wishes.bias or not recogniser.profile.hotwords:
        return recogniser.hear(sound, (), text, wishes.lang)
    first = None if before else recogniser.hear(sound, (), text, wishes.lang)
    names = _in_script_of(text or " ".join(one.text for one in first or ()), wishes.bias)
    if not names:
        return first if first is not None else recogniser.hear(sound, (), text, wishes.lang)
    heard = recogniser.hear(sound, names, text, wishes.lang)
    if any(goes_on_and_on(one.text) for one in heard):
        return first if first is not None else recogniser.hear(sound, (), text, wishes.lang)
    return heard


def _in_script_of(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """All names where Chinese is spoken, as English ones come up there too, else those without Chinese characters; none
    where nothing was heard yet."""
    if has_chinese(text):
        return tuple(names)
    return tuple(one for one in names if not has_chinese(one)) if text.strip() else ()


def _hear(
    recording: Recording,
    recogniser: Recogniser,
    wishes: Wishes,
    done: dict[int, Piece],
    is_cancelled: Callable[[], bool],
) -> Iterator[Step]:
    plan: Plan | None = None
    for looked in plan_in_steps(recording, is_cancelled, wishes.piece_seconds, ear_of(recogniser.profile)):
        if isinstance(looked, Plan):
            plan = looked
        else:
            yield Step("speakers" if looked.is_about_speakers else "speech", looked.share)
    if plan is None:
        return
    turns: list[Turn] = []
    to_hear = sum(one.span.seconds for part in plan.pieces for one in part.stretches) or 1.0
    heard_of = 0.0
    for number, part in enumerate(plan.pieces):
        kept = done.get(number)
        if kept is not None and kept.span == part.span and kept.model == recogniser.name:
            heard_of += sum(one.span.seconds for one in part.stretches)
            turns += kept.turns
            yield Step("transcribing", min(1.0, heard_of / to_hear), kept.turns, piece=kept)
            continue
        of_piece: list[Turn] = []
        before: list[str] = []
        for clip in clips_of(part.stretches, recogniser):
            if is_cancelled():
                return
            new = hear_clip(clip, recording, recogniser, wishes, before)
            of_piece += new
            heard_of += sum(one.span.seconds for one in clip.stretches)
            yield Step("transcribing", min(1.0, heard_of / to_hear), joined(new))
        turns += joined(of_piece)
        yield Step(
            "transcribing",
            min(1.0, heard_of / to_hear),
            piece=Piece(number, part.span, recogniser.name, joined(of_piece)),
        )
    transcript = Transcript(
        turns=joined(turns),
        model=recogniser.name,
        notice=recogniser.profile.notice,
        duration=plan.duration,
        speech=plan.speech,
        two_channels=plan.two_channels,
        is_cut_short=plan.is_cut_short,
    )
    yield Step("done", 1.0, transcript=with_customer(transcript, wishes.customer_channel, wishes.cues))
