"""What somebody asks of a call that was listened to, read from the words as they are typed between two meetings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from actions.crm.records import AskedBasis

Topic = Literal[
    "said",
    "objections",
    "wants",
    "they_promised",
    "we_promised",
    "promised",
    "open",
    "budget",
    "rivals",
    "mood",
    "angriest",
    "strongest",
    "summary",
    "words",
    "write",
    "pass_on",
    "delete",
    "ours",
    "theirs",
    "swap",
    "grounds",
]
"""`angriest` and `strongest` are to be heard, `ours` and `theirs` say whose the line shown last was, `grounds` asks what the
report rests on."""


@dataclass(frozen=True)
class CallQuestion:
    """What is asked; `names_a_call` where the words say that it is about a call, so that it counts whatever came between."""

    topic: Topic
    names_a_call: bool


_ASKED = yaml.safe_load(Path(__file__).with_name("call_questions.yaml").read_text(encoding="utf-8"))
_PART = re.compile(r"<([a-z_]+)>")


def _one_of(patterns: Sequence[str]) -> re.Pattern[str]:
    """Any of these, with the parts that they name in their place."""
    parts: Mapping[str, Sequence[str]] = _ASKED["parts"]
    whole = _PART.sub(lambda name: f"(?:{'|'.join(parts[name[1]])})", "|".join(f"(?:{one})" for one in patterns))
    return re.compile(whole, re.IGNORECASE)


_QUESTIONS: Mapping[Topic, re.Pattern[str]] = {topic: _one_of(patterns) for topic, patterns in _ASKED["questions"].items()}
_BASES: Mapping[AskedBasis, re.Pattern[str]] = {basis: _one_of(patterns) for basis, patterns in _ASKED["bases"].items()}
_CALL, _GOES_ON = _one_of(_ASKED["names_a_call"]), _one_of(_ASKED["goes_on"])
_WITH_ANOTHER = _one_of(_ASKED["with_another"])
_POLITE = re.compile(
    r"^(?:请问?|麻烦|帮我|给我|替我|能不能|可以|可不可以|我想知道|告诉我|说说|看看|那么|所以|嗯|哎|不对|不是"
    r"|(?:please|can you|could you|would you|tell me|so|and|ok|okay|hey|no|sorry|just|now)\b|[\s,，、:：])+"
    r"|(?:[\s,，。.!！?？~～、]|呢|吧|啊|呀|哦|谢谢|\b(?:thanks|thank you|please|for me|just now|again)\b)+$",
    re.IGNORECASE,
)
_ALL = re.compile(r"^(?:两段|两个|全部|全都|所有|都|both|all(?: of them)?)[\s:：,，]*", re.IGNORECASE)
_ALL_WITHIN = re.compile(r"都|全部|\bboth\b|\ball\b", re.IGNORECASE)
_NO_SPACE = re.compile(r"(?<=[\u4e00-\u9fff]) +| +(?=[\u4e00-\u9fff])")
"""What is left where a call was named within a Chinese question."""
_LONGEST = 60
"""Characters of a question; what is longer tells something."""


def question_in(text: str) -> CallQuestion | None:
    """What these words ask of a call; None where they ask nothing of the kind, such as words that pass on what was said."""
    if len(text) > _LONGEST:
        return None
    whole = _bare(text)
    without = _bare(_NO_SPACE.sub("", _CALL.sub(" ", whole, count=1)))
    names_a_call = without != whole
    for said in dict.fromkeys((whole, without)):
        for topic, pattern in _QUESTIONS.items():
            if pattern.fullmatch(said):
                return CallQuestion(topic, names_a_call)
    return None


def _bare(text: str) -> str:
    """Without what people put around a question, and with one space where there were several."""
    before, text = "", " ".join(text.replace("’", "'").split())
    while before != text:
        before, text = text, _POLITE.sub("", text).strip()
    return text


def basis_in(text: str) -> tuple[AskedBasis, bool] | None:
    """The basis that these words name, as an answer to the question for one, and whether they are for all recordings."""
    said = _bare(text)
    for bare in dict.fromkeys((said, _ALL.sub("", said))):
        for basis, pattern in _BASES.items():
            if bare and pattern.fullmatch(bare):
                return basis, _ALL_WITHIN.search(said) is not None
    return None


def goes_on(text: str) -> bool:
    """Whether these words ask to go on listening to what was stopped."""
    return _GOES_ON.fullmatch(_bare(text)) is not None


def is_with_another(text: str) -> bool:
    """Whether these words say that a recording is not of the customer that it was put with."""
    return _WITH_ANOTHER.fullmatch(_bare(text)) is not None or _WITH_ANOTHER.fullmatch(text.strip(" 。.!！")) is not None
