"""The vocabulary: bytes, every Chinese character whole, English pieces, Whisper's special tokens and its timestamps.

The order of the ids is fixed by what reads the model: text first, then the empty string (by which CTranslate2 knows a
multilingual model), `<|endoftext|>` and the other special tokens, and the 1,501 timestamps last. Written as a
`tokenizer.json` of the library tokenizers; encoding is done here as well, so that training needs nothing beside torch.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

SPECIAL: Final = (
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>"),
    *("<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
)
TIMES: Final = 1501
# timestamps are trained on a grid of a tenth of a second, every fifth of them
TIME_STEP: Final = 5
# each Chinese character and mark alone (else phrases grow together), a word with the space before it, a figure, other signs
_SPLIT: Final = (
    r"[\u3400-\u9fff]|[\u3000-\u303f\uff00-\uffef]| ?[A-Za-z]+| ?[0-9]"
    r"| ?[^\sA-Za-z0-9\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+|\s+"
)
_PARTS = re.compile(_SPLIT)
# the reader bars the first piece of these, which must not be the bare space
_BARRED: Final = (" -", " '")


class Tokens:
    """Text to ids and back, with the special ids by name."""

    def __init__(self, content: dict[str, Any]) -> None:
        """Take the content of a `tokenizer.json` written by `learn`."""
        self.content = content
        model = content["model"]
        self.ids: dict[str, int] = model["vocab"]
        self.size = len(self.ids) + len(content["added_tokens"])
        self._ranks = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
        self._known: dict[str, list[int]] = {}
        special = {token["content"]: int(token["id"]) for token in content["added_tokens"]}
        self.text_size = self.ids[""]
        self.end = special["<|endoftext|>"]
        self.start = special["<|startoftranscript|>"]
        self.languages = {"en": special["<|en|>"], "zh": special["<|zh|>"]}
        self.transcribe = special["<|transcribe|>"]
        self.previous = special["<|startofprev|>"]
        self.no_speech = special["<|nospeech|>"]
        self.no_times = special["<|notimestamps|>"]
        self.time_zero = self.no_times + 1
        # never a target, so one row of the embedding stands for all of them
        self.unused = sorted(
            {self.ids[""], special["<|translate|>"], special["<|startoflm|>"]}
            | {self.time_zero + step for step in range(TIMES) if step % TIME_STEP}
        )
        self._texts = {number: piece for piece, number in self.ids.items()}

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""
        found: list[int] = []
        for part in _PARTS.findall(text):
            ids = self._known.get(part)
            if ids is None:
                ids = self._known[part] = [self.ids[piece] for piece in self._merged(part)]
            found += ids
        return found

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids; special tokens and timestamps are left out, broken bytes replaced."""
        signs = "".join(self._texts[number] for number in ids if number < self.text_size)
        return bytes(BYTE_OF[sign] for sign in signs).decode("utf-8", "replace")

    def time(self, seconds: float) -> int:
        """The timestamp nearest to a moment of a window, on the trained grid."""
        return self.time_zero + min(TIMES - 1, max(0, round(seconds * 50 / TIME_STEP) * TIME_STEP))

    def _merged(self, part: str) -> list[str]:
        pieces = [_SIGN_OF[byte] for byte in part.encode()]
        while len(pieces) > 1:
            pairs = [(self._ranks.get((one, two), len(self._ranks)), at) for at, (one, two) in enumerate(_pairs(pieces))]
            rank, at = min(pairs)
            if rank == len(self._ranks):
                break
            pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]
        return pieces


def read_tokens(path: Path) -> Tokens:
    """Read a `tokenizer.json`."""
    return Tokens(json.loads(path.read_text("utf-8")))


def learn(texts: Iterable[str], english_pieces: int) -> Tokens:
    """Make the vocabulary of these texts, with so many English pieces joined from bytes by how often they stand together."""
    parts = Counter(part for text in texts for part in _PARTS.findall(text))
    whole = sorted(part for part in parts if len(part) == 1 and part > "\u3000")
    words = {part: often for part, often in parts.items() if part.strip().isascii() and part.strip()}
    merges: list[tuple[str, str]] = []
    for sign in whole:
        first, second, third = (_SIGN_OF[byte] for byte in sign.encode())
        merges += [(first, second), (first + second, third)]
    merges += _english_merges(words, english_pieces)
    merges += [(_SIGN_OF[ord(" ")], _SIGN_OF[ord(sign)]) for _, sign in _BARRED]
    merges = list(dict.fromkeys(merges))
    pieces = dict.fromkeys([*sorted(BYTE_OF, key=BYTE_OF.__getitem__), *(one + two for one, two in merges)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    vocabulary[""] = len(vocabulary)
    return Tokens(_content(vocabulary, merges))


def _english_merges(words: dict[str, int], wanted: int) -> list[tuple[str, str]]:
    """Byte-pair encoding (Sennrich et al. 2016): the most frequent pair is joined, again and again."""
    split = {word: [_SIGN_OF[byte] for byte in word.encode()] for word in words}
    where: dict[tuple[str, str], set[str]] = {}
    often: Counter[tuple[str, str]] = Counter()
    for word, pieces in split.items():
        for pair in _pairs(pieces):
            often[pair] += words[word]
            where.setdefault(pair, set()).add(word)
    merges: list[tuple[str, str]] = []
    while often and len(merges) < wanted:
        best = max(often, key=lambda pair: (often[pair], pair))
        if often[best] < 2:
            break
        merges.append(best)
        for word in where.pop(best):
            before = split[word]
            for pair in _pairs(before):
                often[pair] -= words[word]
            after = split[word] = _joined(before, best)
            for pair in _pairs(after):
                often[pair] += words[word]
                where.setdefault(pair, set()).add(word)
        del often[best]
    return merges


def _joined(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    joined: list[str] = []
    at = 0
    while at < len(pieces):
        if tuple(pieces[at : at + 2]) == pair:
            joined.append(pair[0] + pair[1])
            at += 2
        else:
            joined.append(pieces[at])
            at += 1
    return joined


def _pairs(pieces: list[str]) -> list[tuple[str, str]]:
    return list(pairwise(pieces))


def _content(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> dict[str, Any]:
    first = len(vocabulary)
    special = [*SPECIAL, *(f"<|{step * 0.02:.2f}|>" for step in range(TIMES))]
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": first + number,
                "content": content,
                "single_word": False,
                "lstrip": False,
                "rstrip": False,
                "normalized": False,
                "special": number < len(SPECIAL),
            }
            for number, content in enumerate(special)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": _SPLIT}, "behavior": "Isolated", "invert": False},
                bytes_only,
            ],
        },
        "post_processor": None,
        "decoder": bytes_only | {"add_prefix_space": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocabulary,
            "merges": [list(pair) for pair in merges],
        },
    }


def _signs() -> dict[int, str]:
    """Byte-level BPE's letters for the 256 bytes (Radford et al. 2019): printable ones stand for themselves."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + number) for number, byte in enumerate(others)}


_SIGN_OF: Final = _signs()
BYTE_OF: Final = {sign: byte for byte, sign in _SIGN_OF.items()}
"""The byte that each letter of byte-level BPE stands for."""
