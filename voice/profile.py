"""What each recognition model can take: how long a clip, which options, and what must be said beside its text."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from voice.cannot_hear import CannotHear

SETTING = "PARLEY_WHISPER_MODEL"
SHIPPED = Path(__file__).parent / "model" / "whisper"
"""The small model that comes with Parley."""

PROFILE_FILES = ("voice-profile.yaml", "profile.json")
"""Beside a checkpoint, one of these says what it can take."""

SYNTHETIC_ONLY = "synthetic_only"
"""The notice of a model that was trained on synthetic speech and will not transcribe people."""


@dataclass(frozen=True)
class Profile:
    """How a model is to be asked.

    `max_clip_s` is the longest clip in seconds (Whisper hears 30 at most). With `packing`, neighbouring stretches of speech
    are heard in one clip, as each clip costs a whole pass of the encoder; a model that knows one turn at a time is not
    packed. `temperatures` are tried one after the other while the text is unlikely or repeats itself. `languages` are those
    it may find, all of its own where none is named. Text is dropped as silence when its no-speech probability is over
    `no_speech_threshold` and its average log probability under `log_prob_threshold`; without the latter by the former alone.
    With `second_listening` what is doubtful is heard again, slower (slower.py). `window_padding` is how many seconds of
    silence follow a clip; without it a clip is filled up to 30 s and costs the same however short it is. Only a model with
    `knows_short_windows` was trained on such; any other hears a clip again in 30 s where the short window left it in doubt
    (doubt.py). `speech_begins`, `speech_ends` and
    `speech_padding` are the Ear that finds speech for it (speech.py). A turn with a certainty under `understood_from` counts
    as not understood: the model wrote down words for what it does not know.
    """

    max_clip_s: float = 28.0
    packing: bool = True
    beam: int = 5
    temperatures: tuple[float, ...] = (0.0, 0.2, 0.4)
    condition_on_previous_text: bool = False
    hotwords: bool = True
    word_times: bool = True
    languages: tuple[str, ...] = ()
    no_speech_threshold: float = 0.6
    log_prob_threshold: float | None = -1.0
    compression_ratio_threshold: float | None = 2.4
    second_listening: bool = False
    window_padding: float | None = 10.0
    knows_short_windows: bool = False
    speech_begins: float = 0.5
    speech_ends: float = 0.35
    speech_padding: float = 0.1
    understood_from: float = 0.0
    notice: str | None = None


LARGE = Profile()
"""Any Whisper that was trained on people."""

BUILT_IN = Profile(
    packing=False,
    temperatures=(0.0,),
    hotwords=False,
    languages=("zh", "en"),
    log_prob_threshold=None,
    compression_ratio_threshold=None,
    second_listening=True,
    window_padding=1.5,
    knows_short_windows=True,
    speech_begins=0.15,
    speech_ends=0.05,
    speech_padding=0.3,
    understood_from=0.7,
    notice=SYNTHETIC_ONLY,
)
"""The model that comes with Parley: one turn at a time (packed, eight of ten characters were wrong), no text before it (it
was not trained on any, and falls apart), silence told by its own token alone. Turns of its domain behind a telephone band
with noise had a certainty of 0.91 and more, French, German, Japanese, Spanish and Russian 0.58 at most."""

# where a name is not here, it is as any other; the smallest get stuck more often, and may try once more
_BY_NAME = {
    "tiny": replace(LARGE, temperatures=(0.0, 0.2, 0.4, 0.6)),
    "base": replace(LARGE, temperatures=(0.0, 0.2, 0.4, 0.6)),
    "large-v3-turbo": replace(LARGE, temperatures=(0.0, 0.2)),
    "turbo": replace(LARGE, temperatures=(0.0, 0.2)),
}
# English only
_ENGLISH = ("en",)


def profile_of(model: str, folder: Path | None = None) -> Profile:
    """Return the profile of a model: the one beside its checkpoint, else that of its name. Raises CannotHear."""
    for name in PROFILE_FILES:
        if folder is not None and (folder / name).is_file():
            return read_profile(folder / name)
    if folder is not None and folder.resolve() == SHIPPED.resolve():
        return BUILT_IN
    size = Path(model).name.removeprefix("faster-whisper-").removeprefix("whisper-")
    profile = _BY_NAME.get(size.removesuffix(".en"), LARGE)
    return replace(profile, languages=_ENGLISH) if size.endswith(".en") else profile


def read_profile(path: Path) -> Profile:
    """Read a profile; what it does not name is as for any Whisper. Raises CannotHear where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        said = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        if not isinstance(said, dict):
            raise ValueError
        known = {one.name for one in fields(Profile)}
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in said.items() if name in known}
        profile = replace(LARGE, **given)
        if not 0 < profile.max_clip_s <= 30 or profile.beam < 1 or not profile.temperatures:
            raise ValueError
        if profile.window_padding is not None and not 0 <= profile.window_padding <= 30:
            raise ValueError
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        raise CannotHear("model_broken", setting=SETTING, model=str(path)) from None
    return profile
