"""`parley call emotion FILE…`: how the person speaking in each file sounds, one JSON object a line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voice.features import Floats

SHIPPED_MODEL = Path(__file__).parent / "model" / "emotion"


def emotion_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Recordings in which one customer speaks.")],
    model: Annotated[Path, typer.Option(help="The folder of the model.", show_default="the shipped one")] = SHIPPED_MODEL,
) -> None:
    """Say how the customer in each file sounds: angry, happy, neutral or sad, as an estimate from the voice alone.

    Only for customers' speech: scoring the emotions of staff is forbidden in the EU and not what this is for.
    """
    from voice.emotion_model import EmotionModel  # noqa: PLC0415 - the program starts faster without
    from voice.mood import overall, recording_of_a_customer  # noqa: PLC0415

    try:
        judge = EmotionModel.load(model)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    is_whole = True
    for file in files:
        try:
            scores = overall(recording_of_a_customer(samples(file)), judge).by_name()
        except ValueError as error:
            typer.echo(f"{file}: {error}", err=True)
            is_whole = False
            continue
        rounded = {name: round(value, 4) for name, value in scores.items()}
        typer.echo(json.dumps({"file": str(file), "scores": rounded}, ensure_ascii=False))
    if not is_whole:
        raise typer.Exit(1)


def samples(path: Path) -> "Floats":
    """Return a file's sound as float32, mono, 16 kHz. Raise ValueError with one clear sentence where there is none."""
    import av  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError("there is no sound in this file")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=16_000)
            frames = [one for heard in container.decode(audio=0) for one in resampler.resample(heard)]
            frames += resampler.resample(None)
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"this cannot be read as sound: {error.strerror}") from error
    if not frames:
        raise ValueError("there is no sound in this file")
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
