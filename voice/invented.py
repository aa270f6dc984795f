"""Text that nobody said: what recognisers write over silence, the second net behind the search for speech."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

from voice.transcribe import Heard

_SIGNS = re.compile(r"[\W_]+")
_NO_SPEECH, _UNLIKELY, _REPEATS = 0.3, -0.7, 2.4
_MOST_OF_IT = 0.6
_STUCK = 3


def is_invented(heard: Heard, before: Sequence[str] = ()) -> bool:
    """Whether nobody said this: a phrase that models make up, or one that goes on and on, and the model is in doubt itself.

    `before` are the texts heard just before, the last one last.
    """
    text = _bare(heard.text)
    if not text:
        return True
    is_doubtful = heard.no_speech > _NO_SPEECH or heard.average_log_probability < _UNLIKELY or heard.compression > _REPEATS
    is_stuck = len(before) >= _STUCK and all(_bare(one) == text for one in before[-_STUCK:])
    if not is_doubtful and not is_stuck:
        return False
    known = max((len(phrase) for phrase in _phrases() if phrase in text), default=0)
    is_known = known >= _MOST_OF_IT * len(text)
    goes_round = heard.compression > _REPEATS and heard.average_log_probability < _UNLIKELY
    return is_known or goes_round or (is_stuck and is_doubtful)


def _bare(text: str) -> str:
    return _SIGNS.sub("", text).lower()


@cache
def _phrases() -> tuple[str, ...]:
    said = yaml.safe_load(Path(__file__).with_name("invented.yaml").read_text(encoding="utf-8"))
    return tuple(_bare(phrase) for phrases in said.values() for phrase in phrases)
