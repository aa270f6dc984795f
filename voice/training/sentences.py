"""What is said: sentences of the domain's patterns, scrambles of them, and sayings of the intent model's utterances."""

import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from voice.training.spelled import MADE

HERE: Final = Path(__file__).parent
LANGUAGES: Final = ("zh", "en")
# one pattern in so many is never trained on: what the model makes of sentences that it does not know
HELD_OUT_OF: Final = 14
_SLOT = re.compile(r"\{(\w+)\}")
_CLAUSE_END = {"zh": re.compile(r"[，。？！、]"), "en": re.compile(r"[,.?!]\s*")}
_ASCII = str.maketrans({",": "，", "?": "？", "!": "！", ";": "，", ":": "，", "；": "，", "：": "，", "…": "，"})
_CHINESE = re.compile(r"[\u4e00-\u9fff，。？！、A-Za-z ]{2,44}")
_ENGLISH = re.compile(r"[A-Za-z][A-Za-z' ,.?!-]{3,90}")


@dataclass(frozen=True)
class Sentence:
    """What a transcript says and what a synthetic speaker is given to read, which differ for names such as M8."""

    lang: str
    written: str
    spoken: str


@dataclass(frozen=True)
class Domain:
    """The patterns of one language with their fillers; `held_out` are the patterns kept from training."""

    lang: str
    slots: Mapping[str, Sequence[str]]
    patterns: tuple[str, ...]
    held_out: tuple[str, ...]
    calls: Mapping[str, Sequence[tuple[str, str]]]

    def sentence(self, rng: random.Random, *, held_out: bool = False) -> Sentence:
        """A random sentence of the patterns that are trained on, or of those that are not."""
        return self.fill(rng.choice(self.held_out if held_out else self.patterns), rng)

    def fill(self, pattern: str, rng: random.Random) -> Sentence:
        """The pattern with a filler in every slot."""
        written, _, spoken = pattern.partition("|")
        spoken = spoken or written
        while slot := _SLOT.search(written):
            name = slot.group(1)
            filler = MADE[name](rng, self.lang) if name in MADE else rng.choice(self.slots[name])
            seen, _, heard = filler.partition("|")
            written = written.replace(slot.group(), seen, 1)
            spoken = spoken.replace(slot.group(), heard or seen, 1)
        if self.lang == "en":
            written, spoken = written[0].upper() + written[1:], spoken[0].upper() + spoken[1:]
        return Sentence(self.lang, written, spoken)

    def scrambled(self, rng: random.Random) -> Sentence:
        """Clauses of several sentences in a row, or pieces of them shuffled: what keeps the model from guessing the end."""
        whole = [self.sentence(rng) for _ in range(3)]
        # names that are spoken differently from how they are written would come apart
        parts = [
            part for each in whole if each.written == each.spoken for part in _CLAUSE_END[self.lang].split(each.written)
        ]
        parts = [part.strip() for part in parts if part.strip()] or ["好的" if self.lang == "zh" else "okay"]
        if rng.random() < 0.5:
            rng.shuffle(parts)
            text = ("，" if self.lang == "zh" else ", ").join(parts[: rng.randint(1, 3)])
        elif self.lang == "zh":
            text = "".join(_shuffled(_pieces("".join(parts), rng), rng)[: rng.randint(3, 8)])
        else:
            text = " ".join(_shuffled(" ".join(parts).split(), rng)[: rng.randint(3, 10)])
        text += rng.choice("。？！" if self.lang == "zh" else ".?!")
        return Sentence(self.lang, text, text)


@dataclass(frozen=True)
class Talk:
    """Everything that can be said in training: both domains and the sayings of either language."""

    domains: Mapping[str, Domain]
    sayings: Mapping[str, Sequence[str]]

    def sentence(self, rng: random.Random) -> Sentence:
        """A sentence to learn from: half from the patterns, the rest sayings and scrambles."""
        lang = "zh" if rng.random() < 0.55 else "en"
        kind = rng.random()
        if kind < 0.5 or (kind < 0.82 and not self.sayings[lang]):
            return self.domains[lang].sentence(rng)
        if kind < 0.82:
            text = rng.choice(self.sayings[lang])
            return Sentence(lang, text, text)
        return self.domains[lang].scrambled(rng)


def read_talk(sayings: Path | None) -> Talk:
    """Read the domain files beside this module and, if a folder is given, the utterances of the intent model in it."""
    domains = {lang: read_domain(lang) for lang in LANGUAGES}
    if sayings is None:
        return Talk(domains, {lang: () for lang in LANGUAGES})
    return Talk(domains, read_sayings(sayings))


def read_domain(lang: str) -> Domain:
    """Read `domain_LANG.yaml`; sentences of its calls count as patterns, and none of them is held out."""
    read: dict[str, Any] = yaml.safe_load((HERE / f"domain_{lang}.yaml").read_text("utf-8"))
    calls = {
        name: [(side, text) for turn in turns for side, text in turn.items()]
        for name, turns in sorted(read["calls"].items())
    }
    in_calls = {text for turns in calls.values() for _, text in turns}
    known = dict.fromkeys(text for texts in read["patterns"].values() for text in texts)
    held = tuple(text for text in known if text not in in_calls and zlib.crc32(text.encode()) % HELD_OUT_OF == 0)
    patterns = tuple(dict.fromkeys([*(text for text in known if text not in held), *sorted(in_calls)]))
    return Domain(lang, read["slots"], patterns, held, calls)


def read_sayings(folder: Path) -> dict[str, tuple[str, ...]]:
    """Sentences of `*.jsonl` that can be read aloud as they stand: no figures, no signs, no rare characters."""
    found: dict[str, list[str]] = {lang: [] for lang in LANGUAGES}
    for path in sorted(folder.glob("*.jsonl")):
        # traditional characters sound like simplified ones: the model could only guess between them
        if "hk_taiwan" not in path.name:
            for lang, text in _readable(path.read_text("utf-8").splitlines()):
                found[lang].append(text)
    often = Counter(sign for text in found["zh"] for sign in text)
    words = Counter(word for text in found["en"] for word in text.lower().split())
    chinese = (text for text in found["zh"] if all(often[sign] >= 6 for sign in text))
    english = (text for text in found["en"] if all(words[word] >= 2 for word in text.lower().split()))
    return {"zh": tuple(dict.fromkeys(chinese)), "en": tuple(dict.fromkeys(english))}


def _readable(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        utterance = json.loads(line)
        text = " ".join(utterance["text"].split())
        if utterance["lang"] == "en":
            if _ENGLISH.fullmatch(text) and not re.search(r"[A-Z]{3}|\w[.]\w|--", text):
                yield "en", (text[0].upper() + text[1:]) + ("" if text[-1] in ".?!" else ".")
            continue
        text = re.sub(r"，{2,}", "，", text.translate(_ASCII)).strip("，、 ")
        text = re.sub(r"(?<![A-Za-z]) | (?![A-Za-z])", "，" if "，" not in text else "", text)
        if _CHINESE.fullmatch(text) and len(re.findall(r"[\u4e00-\u9fff]", text)) * 2 > len(text):
            yield "zh", text if text[-1] in "。？！" else text + "。"


def _pieces(text: str, rng: random.Random) -> list[str]:
    pieces, at = [], 0
    while at < len(text):
        # a Latin word stays whole
        latin = re.match(r"[A-Za-z]+", text[at:])
        size = len(latin.group()) if latin else rng.randint(1, 3)
        pieces.append(text[at : at + size])
        at += size
    return pieces


def _shuffled(pieces: list[str], rng: random.Random) -> list[str]:
    rng.shuffle(pieces)
    return pieces
