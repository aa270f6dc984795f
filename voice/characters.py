"""Chinese text in simplified or traditional characters, one for one, so that places in it stay where they are."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

Script = Literal["simplified", "traditional"]


def written(text: str, script: Script | None) -> str:
    """Return the text in the characters asked for, as it is where none are; it keeps its length."""
    if script is None or text.isascii():
        return text
    if script == "simplified":
        return text.translate(_single("simplified"))
    pattern, words = _words()
    kept: list[str] = []
    at = 0
    for found in pattern.finditer(text):
        kept += [text[at : found.start()].translate(_single("traditional")), words[found[0]]]
        at = found.end()
    return "".join([*kept, text[at:].translate(_single("traditional"))])


@cache
def _tables() -> dict[str, list[str]]:
    said = yaml.safe_load(Path(__file__).with_name("characters.yaml").read_text(encoding="utf-8"))
    return {name: text.split() for name, text in said.items()}


@cache
def _single(script: Script) -> dict[int, str]:
    return {ord(pair[0]): pair[1] for pair in _tables()[script]}


@cache
def _words() -> tuple[re.Pattern[str], dict[str, str]]:
    """Words in which a character is not written as by itself, the longest first."""
    words: dict[str, str] = {}
    for pair in _tables()["traditional_words"]:
        simple, _, other = pair.partition("=")
        words[simple] = other
    return re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True))), words
