"""Pictures of how a customer sounded in a call: where in the home they lie, and that they go when its words go."""

import os
from collections.abc import Mapping
from pathlib import Path

from actions.recordings.sealed import FOLDER as RECORDINGS

FOLDER = f"{RECORDINGS}/moods"
"""The folder of these pictures in the home."""


def mood_picture(recording_id: str, lang: str) -> str:
    """Where in the home the picture for readers of a language lies."""
    return f"{FOLDER}/{recording_id}.{lang}.png"


def keep_pictures(home: Path, recording_id: str, drawn: Mapping[str, bytes]) -> None:
    """Write a picture for each language, in the place of what was drawn before; readable by the owner only."""
    erase_pictures(home, recording_id)
    for lang, content in drawn.items():
        path = home / mood_picture(recording_id, lang)
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(content)


def erase_pictures(home: Path, recording_id: str) -> int:
    """Take the pictures of a recording away; how many there were."""
    found = list((home / FOLDER).glob(f"{recording_id}.*.png"))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
