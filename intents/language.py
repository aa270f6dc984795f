"""Which language a text is in; Chinese with English words in it is Chinese."""

import re

from intents.understanding import Language

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
_QUOTED = re.compile(r"[“\"「『《(（].*?[”\"」』》)）]", re.DOTALL)
_CHINESE_SIGNS = re.compile(r"[，。？！、；：【】《》…~]")


def language_of(text: str) -> Language:
    """Return "zh" or "en".

    Two Chinese characters weigh about as much as one English word, and an English sentence that quotes or names
    something Chinese stays English. A text without words goes by its punctuation; without that it is Chinese.
    """
    unquoted = _QUOTED.sub(" ", text)
    told = _balance(unquoted)
    if told is None:
        told = _balance(text)
    if told is not None:
        return told
    return "zh" if _CHINESE_SIGNS.search(text) or not re.search(r"[A-Za-z]", text) else "en"


def _balance(text: str) -> Language | None:
    characters = len(_HAN.findall(text))
    words = len(_LATIN_WORD.findall(text))
    if not characters and not words:
        return None
    return "zh" if characters / 2 >= words / 3 else "en"
