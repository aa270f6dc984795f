"""Text that nobody said: what recognisers write over silence, the second net behind the search for speech."""

import re
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import yaml

from voice.transcribe import Heard

_SIGNS = re.compile(r"[\W_]+")
_NO_SPEECH, _UNLIKELY, _REPEATS = 0.3, -0.7, 2.4
_MOST_OF_IT = 0.6
_STUCK = 3
_NOBODY_SAYS = 6.0
"""How many times shorter a text gets when it is packed, above which nobody said it: the same sentence eight times is
below it, a character repeated for half a minute, as models do that a list of names led astray, is far above."""


def is_invented(heard: Heard, before: Sequence[str] = ()) -> bool:
    """Whether nobody said this: a phrase that models make up, or one that goes on and on, and the model is in doubt itself.

    `before` are the texts heard just before, the last one last.
    """
    text = _bare(heard.text)
    if not text or goes_on_and_on(heard.text):
        return True
    is_doubtful = heard.no_speech > _NO_SPEECH or heard.average_log_probability < _UNLIKELY or heard.compression > _REPEATS
    is_stuck = len(before) >= _STUCK and all(_bare(one) == text for one in before[-_STUCK:])
    if not is_doubtful and not is_stuck:
        return False
    known = max((len(phrase) for phrase in _phrases() if phrase in text), default=0)
    is_known = known >= _MOST_OF_IT * len(text)
    goes_round = heard.compression > _REPEATS and heard.average_log_probability < _UNLIKELY
    return is_known or goes_round or (is_stuck and is_doubtful)


def goes_on_and_on(text: str) -> bool:
    """Whether one thing is repeated as nobody repeats it, however sure the model is of it."""
    raw = text.encode()
    return len(raw) > _NOBODY_SAYS * len(zlib.compress(raw))


def _bare(text: str) -> str:
    return _SIGNS.sub("", text).lower()


@cache
def _phrases() -> tuple[str, ...]:
    said = yaml.safe_load(Path(__file__).with_name("invented.yaml").read_text(encoding="utf-8"))
    return tuple(_bare(phrase) for phrases in said.values() for phrase in phrases)
