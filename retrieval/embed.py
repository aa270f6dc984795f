"""Places questions and passages in one room: the nearer two vectors point, the nearer what they say."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

ENCODER_FILE = "encoder.onnx"
TOKENIZER_FILE = "tokenizer.json"
NONE = "none"
"""In place of a model: passages are found by their words alone."""
SHIPPED = Path(__file__).with_name("model")

Floats = npt.NDArray[np.float32]

_LONGEST = 126
"""Tokens of one stretch, without the two that frame it: the shipped encoder has 128 places."""
_STEP = 104
"""Tokens from one stretch to the next; what stands across a border stands whole in one of the two."""
_LEAST = 24
"""Tokens that a last stretch must add to be worth a vector."""
_QUESTION, _PASSAGE = 1, 0
_BATCH = 16


class Embedder(Protocol):
    """Turns texts into unit vectors of one width; `name` changes whenever its vectors do."""

    name: str

    def questions(self, texts: Sequence[str]) -> Floats:
        """Return a vector (N, H) for each question."""
        ...

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        """Return for each text the vectors (S, H) of its stretches, at least one."""
        ...


def load_embedder(model: str) -> Embedder:
    """Return the embedder in a folder, or of a name that sentence-transformers finds on this machine; downloads nothing.

    Raise ValueError with a sentence for the operator when there is none.
    """
    folder = Path(model)
    if (folder / ENCODER_FILE).exists() or model == str(SHIPPED):
        return OnnxEmbedder.load(folder)
    return NamedEmbedder.load(model)


class OnnxEmbedder:
    """The project's own encoder, or another exported the same way; a question is read on one core, many texts on all."""

    def __init__(self, session: Any, tokenizer: Any, digest: str) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._start, self._end = (tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
        self.name = f"onnx-{digest}"

    @classmethod
    def load(cls, folder: Path) -> "OnnxEmbedder":
        """Raise ValueError with one clear sentence when the folder holds no whole encoder."""
        import onnxruntime  # noqa: PLC0415 - half a second that only those who search should pay
        from tokenizers import Tokenizer  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            content = (folder / ENCODER_FILE).read_bytes()
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        except Exception as error:  # both libraries raise their own kinds, without a common one
            raise ValueError(f"{folder}: no embedding model can be loaded from here: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(session, tokenizer, hashlib.sha256(content).hexdigest()[:12])

    def questions(self, texts: Sequence[str]) -> Floats:
        """Return a vector (N, H) for each question, of its first words when it is long."""
        return self._run([numbers[:_LONGEST] for numbers in self._numbers(texts)], _QUESTION)

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        """Return for each text the vectors (S, H) of its stretches, at least one."""
        stretches = [(place, piece) for place, numbers in enumerate(self._numbers(texts)) for piece in _stretches(numbers)]
        order = sorted(range(len(stretches)), key=lambda at: len(stretches[at][1]))
        groups = list(_grouped(order, _BATCH))
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as workers:
            made = list(workers.map(lambda group: self._run([stretches[at][1] for at in group], _PASSAGE), groups))
        rows: list[list[tuple[int, Floats]]] = [[] for _ in texts]
        for group, vectors in zip(groups, made, strict=True):
            for at, vector in zip(group, vectors, strict=True):
                rows[stretches[at][0]].append((at, vector))
        return [np.stack([vector for _, vector in sorted(found, key=lambda one: one[0])]) for found in rows]

    def _numbers(self, texts: Sequence[str]) -> list[list[int]]:
        clean = [text.encode("utf-8", "replace").decode() for text in texts]  # no tokenizer takes half a character
        return [list(one.ids) for one in self._tokenizer.encode_batch(clean, add_special_tokens=False)]

    def _run(self, lines: Sequence[Sequence[int]], kind: int) -> Floats:
        longest = max(len(line) for line in lines) + 2
        numbers = np.zeros((len(lines), longest), np.int64)
        mask = np.zeros_like(numbers)
        for row, line in enumerate(lines):
            numbers[row, : len(line) + 2] = (self._start, *line, self._end)
            mask[row, : len(line) + 2] = 1
        given = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": np.full_like(numbers, kind)}
        return np.asarray(self._session.run(None, given)[0], np.float32)


def stay_offline() -> None:
    """Keep the library that finds models by name from the network; it reads this once, when it is imported.

    Even for a model that is all on this machine it otherwise asks its hub who is calling.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"


class NamedEmbedder:
    """Any model that sentence-transformers loads: larger, slower and better than the shipped one."""

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self.name = f"named-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    @classmethod
    def load(cls, name: str) -> "NamedEmbedder":
        """Raise ValueError when the library or the model is not on this machine."""
        stay_offline()
        try:
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - it and torch are not installed by default
        except ModuleNotFoundError as error:
            raise ValueError(
                f"The embedding model {name} needs sentence-transformers: pip install sentence-transformers"
            ) from error
        try:
            return cls(SentenceTransformer(name, local_files_only=True), name)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"The embedding model {name} is not on this machine, and nothing is downloaded by itself; "
                f"fetch it with `hf download {name}`, or name the folder it lies in"
            ) from error

    def questions(self, texts: Sequence[str]) -> Floats:
        """Return a vector (N, H) for each question."""
        return np.asarray(self._model.encode_query(list(texts), normalize_embeddings=True), np.float32)

    def passages(self, texts: Sequence[str]) -> list[Floats]:
        """Return one vector (1, H) for each text: these models read long ones whole."""
        made = np.asarray(self._model.encode_document(list(texts), normalize_embeddings=True), np.float32)
        return list(made[:, None, :])


def _stretches(numbers: list[int]) -> Iterator[list[int]]:
    yield numbers[:_LONGEST]
    start = _STEP
    while len(numbers) - start > _LONGEST - _STEP + _LEAST:
        yield numbers[start : start + _LONGEST]
        start += _STEP


def _grouped(items: Sequence[int], size: int) -> Iterator[list[int]]:
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group
