"""Passages on a phone: the first sentences or the ones that answer, without marks of Markdown, with where they stand."""

import re
from dataclasses import replace

from bot.wording.fill import Voice
from retrieval.passage import Passage
from retrieval.quote import best_sentences

QUOTE_LIMIT = {"zh": 150, "en": 300}
"""Characters of a quotation: about five short lines of a phone."""
_MARK = re.compile(r"^\s*(?:[-*+>]\s+|#{1,6}\s+)|\*\*|`")
_END = re.compile(r"[。！？；.!?;]\s*|\s")


def quote(passage: Passage, voice: Voice, limit: int | None = None) -> tuple[str, str | None]:
    """The passage's first lines that fit, and the whole of it where they are not all."""
    whole = unmarked(passage)
    room = limit or QUOTE_LIMIT[voice.lang]
    if len(whole) <= room:
        return whole, None
    kept: list[str] = []
    for line in whole.split("\n"):
        if sum(map(len, kept)) + len(kept) + len(line) > room:
            break
        kept.append(line)
    return ("\n".join(kept) if kept else _cut(whole, room)), whole


def unmarked(passage: Passage) -> str:
    """The whole passage without marks of Markdown."""
    return "\n".join(line for line in (_MARK.sub("", line).strip() for line in passage.text.splitlines()) if line)


def answering(passage: Passage, question: str, voice: Voice) -> tuple[str, str | None]:
    """The sentences of the passage that answer the question, and the whole of it where they are not all."""
    short = _MARK.sub("", best_sentences(passage, question, QUOTE_LIMIT[voice.lang]))
    whole = unmarked(passage)
    return short, whole if len(short) < len(whole) else None


def source(passage: Passage, voice: Voice) -> str:
    told = {"title": passage.title, "section": passage.section, "version": passage.version, "date": passage.date}
    # a document is dated in full: next year it is still the same one
    dated = replace(voice, now=None)
    return dated.say("card.source_page", told | {"page": passage.page}) if passage.page else dated.say("card.source", told)


def _cut(text: str, room: int) -> str:
    ends = [match.end() for match in _END.finditer(text, 0, room)]
    return text[: max(ends, default=room - 1)].rstrip() + "…"
