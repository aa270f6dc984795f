"""Which language a text is in; Chinese with English words in it is Chinese."""

import re

from intents.understanding import Language

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_CHINESE_GRAMMAR = re.compile(r"[的了我你他们是在把这那不和有从吗呢呀吧要给到刚想被让改哪些]|客户|一下|一个|一份")
"""What holds a Chinese sentence together: with one of these it is Chinese, however many English words it takes in."""
_QUOTED = re.compile(r"[“\"「『《(（].{0,200}?[”\"」』》)）]", re.DOTALL)
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")


def language_of(text: str) -> Language:
    """Return "zh" or "en".

    An English sentence that quotes or names something Chinese stays English. Signs
    and emoji without a word are Chinese unless all are ASCII.
    """
    told = _told_by_words(_QUOTED.sub(" ", text)) or _told_by_words(text)
    if told is not None:
        return told
    return "en" if text.isascii() and text.strip() and not text.strip().isdigit() else "zh"


def _told_by_words(text: str) -> Language | None:
    characters = len(_HAN.findall(text))
    words = len(_LATIN_WORD.findall(text))
    if not characters and not words:
        return None
    if characters and _CHINESE_GRAMMAR.search(text):
        return "zh"
    return "zh" if characters >= words else "en"
