"""The encoder at run time: one ONNX file and its tokenizer, read by onnxruntime and tokenizers alone."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from intents.tags import ROLE_TOKENS, Floats, Span, spans_of

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
STEPS_FILE = "steps.npy"
"""How likely each tag of a slot follows another."""
LONGEST = 96
"""Tokens of a text that are read at once; of a longer one the beginning and the end, as that is where people ask."""
_REMEMBERED = 64
_HEAD = LONGEST * 2 // 3
_HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""Lone surrogates, which no tokenizer takes."""


@dataclass(frozen=True)
class Reading:
    """What the encoder makes of one text.

    `main` (C): logits of being the main intent; `beside` (C): of being said at all; `vector` (H): unit vector of the
    meaning; `names`: the slots that it sees in the text, each with its probability.
    """

    main: Floats
    beside: Floats
    vector: Floats
    names: tuple[tuple[Span, float], ...]


class Encoder:
    """Reads texts; holds nothing that changes but the last readings."""

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer: Tokenizer, digest: str, steps: Floats | None = None
    ) -> None:
        self._session = session
        self._steps = steps
        self._tokenizer = tokenizer
        self._roles: Mapping[str, int] = {
            role: number for role, token in ROLE_TOKENS.items() if (number := tokenizer.token_to_id(token)) is not None
        }
        self.digest = digest
        self.read = lru_cache(_REMEMBERED)(self._read)

    @classmethod
    def load(cls, folder: Path) -> "Encoder":
        """Raise ValueError with one clear sentence when the folder holds no whole encoder."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            content = (folder / ENCODER_FILE).read_bytes()
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            steps = np.load(folder / STEPS_FILE) if (folder / STEPS_FILE).exists() else None
        except Exception as error:  # both libraries raise their own kinds, without a common one
            raise ValueError(f"{folder}: no encoder can be loaded from here: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(session, tokenizer, hashlib.sha256(content).hexdigest()[:12], steps)

    @property
    def intents(self) -> int:
        """Return how many intents it tells apart."""
        return int(self._session.get_outputs()[0].shape[1])

    def _read(self, text: str, role: str | None = None) -> Reading:
        """Return the reading of one text."""
        return self.read_many([text], [role])[0]

    def read_many(self, texts: Sequence[str], roles: Sequence[str | None]) -> list[Reading]:
        """Return the readings of some texts, in their order."""
        lines = [self._line(text, role) for text, role in zip(texts, roles, strict=True)]
        longest = max(len(numbers) for numbers, _ in lines)
        numbers = np.zeros((len(lines), longest), np.int64)
        mask = np.zeros((len(lines), longest), np.int64)
        for row, (line, _) in enumerate(lines):
            numbers[row, : len(line)] = line
            mask[row, : len(line)] = 1
        main, beside, tags, vectors = self._session.run(None, {"input_ids": numbers, "attention_mask": mask})
        return [
            Reading(
                main[row], beside[row], vectors[row], tuple(spans_of(tags[row, : len(offsets)], text, offsets, self._steps))
            )
            for row, (text, (_, offsets)) in enumerate(zip(texts, lines, strict=True))
        ]

    def _line(self, text: str, role: str | None) -> tuple[list[int], list[tuple[int, int]]]:
        encoding = self._tokenizer.encode(_HALF_A_CHARACTER.sub("\ufffd", text))
        numbers, offsets = list(encoding.ids), list(encoding.offsets)
        if role is not None and role in self._roles:
            numbers.insert(1, self._roles[role])
            offsets.insert(1, (0, 0))
        if len(numbers) > LONGEST:
            tail = LONGEST - _HEAD
            numbers = numbers[:_HEAD] + numbers[-tail:]
            offsets = offsets[:_HEAD] + offsets[-tail:]
        return numbers, offsets
