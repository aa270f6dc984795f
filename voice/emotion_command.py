"""`parley call emotion FILE…`: how the person speaking in each file sounds, one JSON object a line."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from voice.cannot_hear import CannotHear

SHIPPED_MODEL = Path(__file__).parent / "model" / "emotion"


def judge_files(files: Iterable[Path], model: Path, tell: Callable[[CannotHear], str]) -> bool:
    """Write a line for each file, and one on standard error for each that cannot be judged; True where all could.

    `tell` puts into words why a file cannot be heard. Raises ValueError where the model cannot be loaded.
    """
    from voice.decode import record  # noqa: PLC0415 - the program starts faster without
    from voice.emotion_model import EmotionModel  # noqa: PLC0415
    from voice.mood import overall, recording_of_a_customer  # noqa: PLC0415

    judge = EmotionModel.load(model)
    is_whole = True
    for file in files:
        try:
            if not file.is_file():
                raise ValueError("there is no such file")
            with record(file) as recording:
                scores = overall(recording_of_a_customer(recording), judge).by_name()
        except (CannotHear, ValueError, OSError) as error:
            typer.echo(f"{file}: {tell(error) if isinstance(error, CannotHear) else error}", err=True)
            is_whole = False
            continue
        rounded = {name: round(value, 4) for name, value in scores.items()}
        typer.echo(json.dumps({"file": str(file), "scores": rounded}, ensure_ascii=False))
    return is_whole
