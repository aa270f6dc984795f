"""The vectors of passages in Chroma, through llama-index: on disk for one machine, on a Chroma server for many workers.

It is made from the documents and can be made again from them at any time; what it lacks is found by words alone meanwhile.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import finalize

import numpy as np

from retrieval.embed import Embedder, Floats
from retrieval.passage import Passage

_BATCH = 64
"""Passages that are embedded and written at once; a run that is cut off loses no more."""
_PAGE = 5_000
_PARTED = ":"

_CUT = "lines"
"""How passages are cut for their vectors: vectors that were made of other pieces are of no use."""


class IndexUnavailableError(Exception):
    """Chroma does not answer, or its files cannot be read; the text says which and why."""


class VectorIndex:
    """One collection for one embedding model: another model begins another, so that vectors never mix."""

    def __init__(self, collection: Any, lock: int | None, *, may_write: bool) -> None:
        self._collection = collection
        self.may_write = may_write
        self.may_drop = True
        """False for who looks something up: another folder of documents is no reason to forget those of the house."""
        if lock is not None:
            finalize(self, os.close, lock)  # held as long as this object lives
        self.goes_on: Callable[[], bool] = lambda: True
        """Asked between batches; False ends what would take minutes."""

    @classmethod
    def open(cls, model: str, *, folder: Path, url: str | None) -> "VectorIndex":
        """Open the index at the server's `url`, else in the folder. Raise IndexUnavailableError when that fails."""
        return cls.on_server(url, model) if url else cls.on_disk(folder, model)

    @classmethod
    def on_disk(cls, folder: Path, model: str) -> "VectorIndex":
        """Open the index in a folder. Its files belong to one process: who comes later reads and does not write."""
        import chromadb  # noqa: PLC0415 - three seconds that only those who search by meaning should pay

        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            may_write = True
        except BlockingIOError:
            may_write = False
        try:
            client = _asked(lambda: chromadb.PersistentClient(str(folder), settings=_settings()), folder)
            return cls(_collection(client, model, folder), lock, may_write=may_write)
        except IndexUnavailableError:
            os.close(lock)
            raise

    @classmethod
    def on_server(cls, url: str, model: str) -> "VectorIndex":
        """Open the index on a Chroma server; any number of workers may write, as the same passage gets the same vectors."""
        import chromadb  # noqa: PLC0415 - as above

        parts = urlsplit(url)
        where = {"host": parts.hostname or "", "port": parts.port or 8000, "ssl": parts.scheme == "https"}
        client = _asked(lambda: chromadb.HttpClient(**where, settings=_settings()), url)  # type: ignore[arg-type]
        return cls(_collection(client, model, url), None, may_write=True)

    def vectors_of(self, passages: Sequence[Passage], embedder: Embedder, texts: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors (S, H) of each passage by its id, made and kept where they were missing.

        Those of passages that are no longer there are dropped. Raise IndexUnavailableError when Chroma stops answering.
        """
        known = self._kept()
        lacking = [at for at, one in enumerate(passages) if one.id not in known]
        for group in _grouped(lacking, _BATCH):
            if not self.goes_on():
                raise IndexUnavailableError("the vector index was closed before it was whole")
            made = embedder.passages([texts[at] for at in group])
            if self.may_write:
                self._put([passages[at] for at in group], made)
            known |= {passages[at].id: vectors for at, vectors in zip(group, made, strict=True)}
        wanted = {one.id for one in passages}
        self._drop(known.keys() - wanted, known)
        return {one: known[one] for one in wanted}

    def _kept(self) -> dict[str, Floats]:
        rows: dict[str, list[tuple[int, Floats]]] = {}
        start = 0
        while True:
            page = _asked(partial(self._collection.get, include=["embeddings"], limit=_PAGE, offset=start), "Chroma")
            for key, vector in zip(page["ids"], page["embeddings"], strict=True):
                passage, _, number = key.rpartition(_PARTED)
                rows.setdefault(passage, []).append((int(number), np.asarray(vector, np.float32)))
            start += len(page["ids"])
            if len(page["ids"]) < _PAGE:
                break
        return {
            one: np.stack([vector for _, vector in sorted(found, key=lambda row: row[0])]) for one, found in rows.items()
        }

    def _put(self, passages: Sequence[Passage], made: Sequence[Floats]) -> None:
        from llama_index.core.schema import BaseNode, TextNode  # noqa: PLC0415 - as above
        from llama_index.vector_stores.chroma import ChromaVectorStore  # noqa: PLC0415

        nodes: list[BaseNode] = [
            TextNode(
                id_=f"{passage.id}{_PARTED}{number}",
                text="",  # the words stay with the document: whoever deletes it deletes them
                embedding=vector.tolist(),
                metadata={"document": passage.document, "lang": passage.lang, "source": passage.source}
                | {reader: True for reader in sorted(passage.audience)},
            )
            for passage, vectors in zip(passages, made, strict=True)
            for number, vector in enumerate(vectors)
        ]
        _asked(partial(ChromaVectorStore(chroma_collection=self._collection).add, nodes), "Chroma")

    def _drop(self, gone: Iterable[str], known: Mapping[str, Floats]) -> None:
        if not (self.may_write and self.may_drop):
            return
        keys = [f"{one}{_PARTED}{number}" for one in gone for number in range(len(known[one]))]
        for group in _grouped(keys, _PAGE):
            _asked(partial(self._collection.delete, ids=group), "Chroma")


def _collection(client: Any, model: str, where: object) -> Any:
    # without a function of its own Chroma would fetch a model from the network to embed with
    return _asked(
        lambda: client.get_or_create_collection(
            f"passages-{_CUT}-{model}", embedding_function=None, metadata={"hnsw:space": "cosine"}
        ),
        where,
    )


def _settings() -> Any:
    from chromadb.config import Settings  # noqa: PLC0415 - as above

    return Settings(anonymized_telemetry=False)


def _asked(question: Any, where: object) -> Any:
    try:
        return question()
    except Exception as error:  # Chroma raises its own kinds, httpx's and Rust's, without a common one
        raise IndexUnavailableError(f"{where}: the vector index does not answer ({type(error).__name__})") from error


def _grouped(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(items)
    while group := list(islice(rest, size)):
        yield group
