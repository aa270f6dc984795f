"""What the house calls things: its names, found in a text by longest match, and its own words, put plainly.

Told from outside which companies and people exist and what the house's words mean.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from intents.wordlist import words

NameKind = Literal["company", "person", "product", "stage"]

_CHINESE_ENDINGS = re.compile(r"(?:\(.{1,6}\))?(?:股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|厂|医院|学校)$")
_CHINESE_TRADE = re.compile(
    r"(?:医疗|科技|信息技术|技术|信息|软件|网络|电子|机械|设备|器械|制造|贸易|实业|工业|物流|食品|建材|化工|生物|制药|药业|能源|"
    r"环保|教育|文化|传媒|咨询|服务|智能|自动化|精密|材料|汽车|电气|电器|仪器|纺织|服饰|家居|餐饮|酒店|地产|建设|工程|投资|控股|国际|商贸|发展)$"
)
_CHINESE_PLACES = re.compile(
    r"^(?:北京|上海|天津|重庆|广州|深圳|杭州|苏州|南京|武汉|成都|西安|长沙|郑州|青岛|宁波|无锡|合肥|济南|厦门|福州|东莞|佛山|"
    r"大连|沈阳|昆明|广东|浙江|江苏|山东|福建|四川|湖北|湖南|河南|河北|安徽|江西|中国)(?:省|市)?"
)
_ENGLISH_ENDINGS = re.compile(
    r"(?:[\s,]+(?:ltd|limited|inc|incorporated|llc|llp|gmbh|corp|corporation|co|company|plc|ag|sa|bv|nv|pty|pte|"
    r"group|holdings|kg|srl|spa|oy|ab|as)\.?)+$"
)
_TYPED_LARGE = re.compile(r"^.|\bI\b", re.DOTALL)
"""What a phone writes large by itself, in a text that is typed small."""
_ENGLISH_WORD = re.compile(r"[a-z0-9&'’.-]+")
_COMMON_FIRST_WORDS = frozenset(
    words(
        "the a an new first global united general national international american british european asia "
        "pacific north south east west great good best smart digital green blue red open pure prime next "
        "one big medical health data cloud energy home world city central royal"
    )
)


@dataclass(frozen=True)
class KnownName:
    """One row of the gazetteer; `value` is its canonical form and may be shared by several rows."""

    kind: NameKind
    name: str
    aliases: tuple[str, ...] = ()
    value: str = ""

    @property
    def canonical(self) -> str:
        """Return `value`, or the name itself where none was given."""
        return self.value or self.name


@dataclass(frozen=True)
class Mention:
    """A known name seen in a text; `values` are all canonical forms it fits, more than one when it is unclear."""

    kind: NameKind
    text: str
    start: int
    values: tuple[str, ...]

    @property
    def end(self) -> int:
        """Return the offset behind the last character."""
        return self.start + len(self.text)


_Meanings = Mapping[str, tuple[tuple[NameKind, str], ...]]


class Names:
    """An immutable gazetteer. Building costs a little for each row; looking up costs by the length of the text.

    `words` are words that only this house uses, each with what it means in words that everybody understands.
    """

    def __init__(self, rows: Iterable[KnownName], words: Mapping[str, str] = MappingProxyType({})) -> None:
        self._plain_words = {_fold(word)[0]: plain for word, plain in words.items()}
        longest_first = sorted(self._plain_words, key=len, reverse=True)
        self._house_word = re.compile("|".join(map(_alone, longest_first)), re.IGNORECASE) if longest_first else None
        whole: dict[str, dict[tuple[NameKind, str], None]] = {}
        part: dict[str, dict[tuple[NameKind, str], None]] = {}
        for row in rows:
            meaning = (row.kind, row.canonical)
            for spelling in {row.name, *row.aliases, row.canonical}:
                key, shorter_forms = _forms(row.kind, spelling)
                if not key:
                    continue
                whole.setdefault(key, {})[meaning] = None
                for shorter in shorter_forms:
                    part.setdefault(shorter, {})[meaning] = None
        # a full name or alias means just that one; only what is shorter is open
        self._meanings: _Meanings = MappingProxyType({key: tuple(found) for key, found in (part | whole).items()})
        self._whole = frozenset(whole)
        lengths: dict[str, set[int]] = {}
        for key in self._meanings:
            lengths.setdefault(key[:2], set()).add(len(key))
        self._lengths = {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}

    @classmethod
    def empty(cls) -> "Names":
        """Return a gazetteer that knows nobody."""
        return _EMPTY

    def find(self, text: str) -> list[Mention]:
        """Return the known names in the text, left to right, the longest at each place, none overlapping."""
        if not self._lengths:
            return []
        folded, offsets = _fold(text)
        mentions: list[Mention] = []
        at = 0
        typed = _TYPED_LARGE.sub("", text)
        is_all_small = typed == typed.lower()
        while at < len(folded) - 1:
            end = self._longest(folded, at)
            if end is None:
                at += 1
                continue
            start, stop = offsets[at], offsets[end - 1] + 1
            if self._is_meant(folded[at:end], text[start:stop], is_all_small):
                mentions.append(self._mention(folded[at:end], text[start:stop], start))
            at = end
        return mentions

    def in_plain_words(self, text: str) -> str:
        """Return the text with the house's own words put plainly: 先压单 becomes 先扣住不录."""
        if self._house_word is None:
            return text
        return self._house_word.sub(lambda found: self._plain_words.get(_fold(found[0])[0], found[0]), text)

    def candidates(self, mention: str) -> tuple[str, ...]:
        """Return the canonical values that a mention can stand for, in the order of the rows; () when unknown."""
        found = self._meanings.get(_fold(mention)[0].strip(), ())
        return tuple(dict.fromkeys(value for _, value in found))

    def _longest(self, folded: str, at: int) -> int | None:
        for length in self._lengths.get(folded[at : at + 2], ()):
            end = at + length
            if end <= len(folded) and folded[at:end] in self._meanings and _stands_alone(folded, at, end):
                return end
        return None

    def _is_meant(self, key: str, written: str, is_all_small: bool) -> bool:
        """Tell whether a name is used as one: "target" within a capitalised text is a word and not Target Group."""
        return key in self._whole or written[0] != written[0].lower() or is_all_small or not _is_latin(key[0])

    def _mention(self, key: str, text: str, start: int) -> Mention:
        meanings = self._meanings[key]
        kind = meanings[0][0]
        return Mention(kind, text, start, tuple(value for other, value in meanings if other == kind))


def _fold(text: str) -> tuple[str, list[int]]:
    """Return the text folded by width and case, and for each of its characters the offset it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    folded: list[str] = []
    offsets: list[int] = []
    for offset, char in enumerate(text):
        for plain in unicodedata.normalize("NFKC", char).lower():
            folded.append(plain)
            offsets.append(offset)
    return "".join(folded), offsets


def _stands_alone(folded: str, start: int, end: int) -> bool:
    """Tell whether a name written in Latin letters ends at word borders; Chinese has none to ask for."""
    before, after = folded[start - 1 : start], folded[end : end + 1]
    is_cut_before = _is_latin(folded[start]) and _is_latin(before)
    is_cut_after = _is_latin(folded[end - 1]) and _is_latin(after)
    return not (is_cut_before or is_cut_after)


def _alone(word: str) -> str:
    """Return the pattern of a word; one in Latin letters is no part of a longer one."""
    before = r"(?<![a-z0-9])" if _is_latin(word[0]) else ""
    after = r"(?![a-z0-9])" if _is_latin(word[-1]) else ""
    return before + re.escape(word) + after


def _is_latin(char: str) -> bool:
    return bool(char) and char < "\u2e80" and char.isalnum()


@lru_cache(maxsize=100_000)  # of a new gazetteer, nearly every name stood in the one before
def _forms(kind: NameKind, spelling: str) -> tuple[str, frozenset[str]]:
    """Return a name as it is looked up, and its short forms; empty where it is too short to be found in a text."""
    key, offsets = _fold(spelling)
    key = key.strip()
    return ("", frozenset()) if not key or len(offsets) < 2 else (key, frozenset(_short_forms(kind, key)))


def _short_forms(kind: NameKind, key: str) -> set[str]:
    """Return what people call a company or a person for short: 华康医疗 and 华康, "acme medical" and "acme"."""
    if kind == "company":
        return _short_company(key)
    if kind == "person" and " " in key:
        first, last = key.split(maxsplit=1)[0], key.rsplit(maxsplit=1)[-1]
        return {word for word in (first, last) if len(word) > 2}
    return set()


def _short_company(key: str) -> set[str]:
    if _is_latin(key[0]):
        core = _ENGLISH_ENDINGS.sub("", key).strip(" ,.")
        first = _ENGLISH_WORD.match(core)
        forms = {core}
        if first and len(first[0]) > 2 and first[0] not in _COMMON_FIRST_WORDS:
            forms.add(first[0])
    else:
        forms = {key, _CHINESE_ENDINGS.sub("", key)}
        shorter = forms
        while shorter := {_CHINESE_TRADE.sub("", form) for form in shorter} - forms:
            forms |= shorter
        forms |= {_CHINESE_PLACES.sub("", form) for form in forms}
    return {form for form in forms if len(form) >= 2 and form != key and not _is_only_place(form)}


def _is_only_place(form: str) -> bool:
    return not _CHINESE_PLACES.sub("", form)


_EMPTY = Names(())
