"""When what was heard in a short window is not to be trusted: Whisper knows windows of 30 s, and may go round in others."""

import re
from dataclasses import dataclass
from typing import Final

LIKELY: Final = -0.7
"""Average log probability of a token under which a short hearing is doubtful."""
REPEATS: Final = 2.0
"""How many times shorter a text gets when it is packed, above which it is doubtful; what is heard in full may have 2.4."""
_MOST_A_SECOND, _MOST_AT_ALL = 11, 8
"""Tokens of what is said in so many seconds: fast Chinese is seven characters a second, a token and a half each, and every
sentence has two tokens of time."""
_BETWEEN = 2
_UNITS = re.compile(r"[㐀-鿿぀-ヿ가-힯]|[^\W_㐀-鿿぀-ヿ가-힯]+(?:['’][^\W_]+)?")


@dataclass(frozen=True)
class Hearing:
    """One hearing of a window: its text, how many tokens it took of how many, and the model's own figures."""

    text: str
    tokens: int
    most: int
    average_log_probability: float
    no_speech: float
    compression: float


def most_tokens(seconds: float) -> int:
    """How many tokens are allowed for what is said in so many seconds."""
    return _MOST_AT_ALL + round(_MOST_A_SECOND * seconds)


def is_in_doubt(heard: Hearing, no_speech_threshold: float) -> bool:
    """Whether it has no end, no text or text that goes round, or the model is in doubt itself."""
    return (
        heard.tokens >= heard.most
        or heard.no_speech > no_speech_threshold
        or heard.average_log_probability < LIKELY
        or heard.compression > REPEATS
        or not heard.text.strip()
        or goes_round(heard.text)
    )


def goes_round(text: str) -> bool:
    """Whether words follow themselves: one four times, two twice, three and more twice with a word or two between.

    Case and marks do not count. People do that too; it is a doubt, and costs no more than a second hearing.
    """
    units = [one.lower() for one in _UNITS.findall(text)]
    return any(_follows(units, apart) for apart in range(1, len(units)))


def _follows(units: list[str], apart: int) -> bool:
    """Whether units come again so many places later."""
    run = 0
    for one, later in zip(units, units[apart:], strict=False):
        run = run + 1 if one == later else 0
        if run >= (3 if apart == 1 else 2 if apart == 2 else max(3, apart - _BETWEEN)):
            return True
    return False
