"""Looks at question and passage together: slower than comparing vectors, and a better judge of a few candidates."""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from retrieval.embed import ENCODER_FILE, TOKENIZER_FILE, Floats, stay_offline
from retrieval.passage import Hit, Passage

MODEL_FILE = "model.onnx"
"""What exporters call an encoder that this project did not export itself."""

_LENGTHS = (512, 256, 128)
"""Tokens of a pair with those that frame it: the most that the model has places for. The limit that is saved with a
tokenizer is no guide, it may be that of the last text somebody cut."""
_BATCH = 16
_PADDING = ("[PAD]", "<pad>")
_FIELDS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
"""What a model may ask for, and what a tokenizer calls it."""
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_WITHOUT_HEAD = ("Model", "ForMaskedLM", "ForPreTraining")


class Reranker(Protocol):
    """Judges how well passages answer a question; `name` changes whenever its scores do."""

    name: str

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        """Return for each passage (N) how likely it is to answer the question, 0 to 1."""
        ...


def load_reranker(model: str) -> Reranker:
    """Return the reranker in a folder, or of a name that sentence-transformers finds on this machine; downloads nothing.

    Raise ValueError with a sentence for the operator when there is none, or when it is a model for something else.
    """
    folder = Path(model)
    if (file := _onnx_in(folder)) is not None:
        return OnnxReranker.load(folder, file)
    if folder.is_dir() and not (folder / "config.json").exists():
        raise ValueError(
            f"{folder}: no reranker lies here: a folder needs {TOKENIZER_FILE} and {ENCODER_FILE} or {MODEL_FILE}, "
            "or all that `hf download` puts there"
        )
    if not folder.is_dir() and not _NAME.fullmatch(model):
        raise ValueError(f"{model}: there is no such folder to load a reranker from, and no model is named like this")
    return NamedReranker.load(model)


def reordered(hits: Sequence[Hit], question: str, reranker: Reranker, *, text: Callable[[Passage], str]) -> list[Hit]:
    """Return the hits as the reranker orders them by the `text` of their passages, equal ones as they were.

    Each keeps its score, which says what is an answer.
    """
    judged = reranker.scores(question, [text(hit.passage) for hit in hits])
    return [hits[at] for at in np.argsort(-judged, kind="stable")]


class OnnxReranker:
    """An exported cross-encoder, read with onnxruntime and tokenizers alone, on one core."""

    def __init__(self, session: Any, tokenizer: Any, digest: str) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._longest = _LENGTHS[0]
        self._inputs = [one.name for one in session.get_inputs()]
        self._outputs = [one.name for one in session.get_outputs()]
        self._padding = _padding_of(tokenizer)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.name = f"onnx-{digest}"

    @classmethod
    def load(cls, folder: Path, file: Path) -> "OnnxReranker":
        """Load the model in `file` with the tokenizer in `folder`, and try how long a pair it takes.

        Raise ValueError with one clear sentence when they are no whole reranker.
        """
        import onnxruntime  # noqa: PLC0415 - half a second that only those who search should pay
        from tokenizers import Tokenizer  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what fails is raised, and need not be printed as well
        try:
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
            # by its path: a large model keeps its weights in a file beside it
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
            loaded = cls(session, tokenizer, _digest(file))
            loaded._settle()
        except Exception as error:  # both libraries raise their own kinds, without a common one
            raise ValueError(f"{folder}: no reranker can be loaded from here: {error}") from error
        return loaded

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        """Return for each passage (N) how likely it is to answer the question, 0 to 1.

        A passage is read as far as there is room for it after the question, which takes half of it at most.
        """
        pairs = self._pairs(question, passages)
        order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
        made = np.zeros(len(pairs), np.float32)
        for start in range(0, len(order), _BATCH):
            group = order[start : start + _BATCH]
            made[group] = _probabilities(self._run([pairs[at] for at in group]))
        return made

    def _settle(self) -> None:
        """Read as far as the model has places for. Raise what it raises when it takes no pair at all."""
        long = "1 " * _LENGTHS[0]
        for shorter in _LENGTHS[1:]:
            try:
                self.scores("1", [long])
                return
            except Exception:  # onnxruntime has no kind of its own for a text that is too long
                self._longest = shorter
        self.scores("1", [long])

    def _pairs(self, question: str, passages: Sequence[str]) -> list[Any]:
        asked, *told = self._tokenizer.encode_batch([_clean(one) for one in (question, *passages)], add_special_tokens=False)
        asked.truncate(self._longest // 2)
        room = self._longest - len(asked.ids) - self._tokenizer.num_special_tokens_to_add(True)
        for one in told:
            one.truncate(room)
        return [self._tokenizer.post_process(asked, one) for one in told]

    def _run(self, pairs: Sequence[Any]) -> Floats:
        if unknown := [name for name in self._inputs if name not in _FIELDS]:
            raise ValueError(f"the model asks for {', '.join(unknown)}, which no pair of texts has")
        longest = max(len(one.ids) for one in pairs)
        for one in pairs:
            one.pad(longest, **self._padding)
        given = {name: np.array([getattr(one, _FIELDS[name]) for one in pairs], np.int64) for name in self._inputs}
        wanted = "logits" if "logits" in self._outputs else self._outputs[0]
        return np.asarray(self._session.run([wanted], given)[0], np.float32)


class NamedReranker:
    """Any cross-encoder that sentence-transformers loads."""

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self.name = f"named-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    @classmethod
    def load(cls, name: str) -> "NamedReranker":
        """Raise ValueError when the library or the model is not on this machine, or the model is no reranker."""
        stay_offline()
        try:
            from sentence_transformers import CrossEncoder  # noqa: PLC0415 - it and torch are not installed by default
        except ModuleNotFoundError as error:
            raise ValueError(
                f"The reranker {name} is no exported one here, and a named one needs sentence-transformers: "
                "pip install sentence-transformers"
            ) from error
        try:
            model = CrossEncoder(name, local_files_only=True)
        except (OSError, ValueError) as error:
            raise ValueError(_why_not(name, error)) from error
        if _is_headless(model):
            raise ValueError(f"The model {name} is no reranker: it has not learned to judge a question with a passage")
        loaded = cls(model, name)
        try:
            loaded.scores("1", ["1"])
        except ValueError as error:
            raise ValueError(f"The model {name} is no reranker: {error}") from error
        return loaded

    def scores(self, question: str, passages: Sequence[str]) -> Floats:
        """Return for each passage (N) how likely it is to answer the question, 0 to 1."""
        if not passages:
            return np.zeros(0, np.float32)
        pairs = [(_clean(question), _clean(one)) for one in passages]
        # the bare values: some models turn them into probabilities by themselves and some do not
        made = self._model.predict(pairs, batch_size=_BATCH, activation_fn=_as_it_is, show_progress_bar=False)
        return _probabilities(np.asarray(made, np.float32))


def _onnx_in(folder: Path) -> Path | None:
    places = [place / name for place in (folder, folder / "onnx") for name in (ENCODER_FILE, MODEL_FILE)]
    return next((place for place in places if place.is_file()), None)


def _digest(file: Path) -> str:
    """The hash of a model and of the weights beside it, which are named after it."""
    whole = hashlib.sha256()
    for part in sorted(file.parent.glob(f"{file.name}*")):
        with part.open("rb") as content:
            whole.update(hashlib.file_digest(content, "sha256").digest())
    return whole.hexdigest()[:12]


def _padding_of(tokenizer: Any) -> dict[str, Any]:
    """How the tokenizer fills up a short pair; some models count places by which tokens are padding."""
    kept = tokenizer.padding or {}
    found = [number for name in _PADDING if (number := tokenizer.token_to_id(name)) is not None]
    return {
        "direction": kept.get("direction", "right"),
        "pad_id": kept.get("pad_id", found[0] if found else 0),
        "pad_type_id": kept.get("pad_type_id", 0),
    }


def _why_not(name: str, error: Exception) -> str:
    if isinstance(error, OSError) and not Path(name).is_dir():
        return (
            f"The reranker {name} is not whole on this machine, and nothing is downloaded by itself; "
            f"fetch it with `hf download {name}`, or name the folder it lies in"
        )
    first, _, _ = str(error).partition("\n")
    return f"The reranker {name} is here and cannot be loaded: {first}"


def _is_headless(model: Any) -> bool:
    """Whether the model was saved without what judges a pair: it would be made up at random on loading."""
    kinds = getattr(model.config, "architectures", None) or [""]
    parts = list(model.children())
    return len(parts) == 1 and kinds[0].endswith(_WITHOUT_HEAD)


def _as_it_is(values: Any) -> Any:
    return values


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # no tokenizer takes half a character


def _probabilities(values: Floats) -> Floats:
    """Turn what a model gives for N pairs, (N), (N, 1) or (N, 2), into probabilities (N). Raise ValueError for others."""
    if values.ndim > 2 or (values.ndim == 2 and values.shape[1] not in (1, 2)):
        raise ValueError(f"a reranker gives one or two values for each pair, this model {values.shape[1:]}")
    # two values are weighed against each other, which comes to one
    weighed = values[:, 1] - values[:, 0] if values.ndim == 2 and values.shape[1] == 2 else values.reshape(len(values))
    return np.asarray(0.5 * (1 + np.tanh(0.5 * weighed.astype(np.float64))), np.float32)
