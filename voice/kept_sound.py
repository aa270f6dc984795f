"""The decoded sound of a recording as bytes, to be kept between the steps that hear it, and a recording again from these.

So a file is decoded once however many pieces it has, and every piece has the very samples that were planned with. Taking a
compressed file up in the middle would not give them: decoders that fill bands with noise (AAC), predict from what was before
or skip what an encoder put in front come to other samples than from the beginning, for good or until they have caught up.
"""

from collections.abc import Iterator
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from voice.decode import Recording
from voice.transcript import Origin

HEAD = 1024
"""Bytes before the first sample: what is known of the recording, as JSON, filled up with spaces."""


@dataclass(frozen=True)
class _Head:
    """What stands before the samples: `channels` as they are stored, `length` in samples of each."""

    channels: int
    length: int
    mixed_by: tuple[float, float] | None
    is_cut_short: bool
    lost: int
    origin: Origin


_HEAD = TypeAdapter(_Head)


def parts_to_keep(recording: Recording) -> Iterator[bytes]:
    """The bytes of a recording, part by part: a head, and the samples as they are."""
    head = _Head(
        recording.stored,
        recording.length,
        recording.mixed_by,
        recording.is_cut_short,
        recording.lost,
        recording.origin,
    )
    yield _HEAD.dump_json(head).ljust(HEAD)
    yield from recording.raw()


def kept_recording(file: BinaryIO) -> Recording:
    """The recording that was kept in this file, which it closes at its end. Raises ValueError for what is none."""
    try:
        head = _HEAD.validate_json(file.read(HEAD))
    except ValidationError:
        raise ValueError("no kept recording") from None
    recording = Recording(
        file,
        head.channels,
        head.length,
        head.origin,
        is_cut_short=head.is_cut_short,
        lost=head.lost,
        begins=HEAD,
    )
    if head.mixed_by is not None:
        recording.mix(*head.mixed_by)
    return recording
