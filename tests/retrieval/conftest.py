"""The sample company's library, loaded once, and small documents to write."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sop_documents import document

from retrieval.commands import SAMPLE_SOPS
from retrieval.embed import SHIPPED, load_embedder
from retrieval.search import Library


@pytest.fixture(scope="session")
def library() -> Library:
    return Library.load(SAMPLE_SOPS)


@pytest.fixture(scope="session")
def knowing_library() -> Library:
    """The same, found by meaning as well, with the model that ships."""
    return Library.load(SAMPLE_SOPS, embedder=load_embedder(str(SHIPPED)))


@pytest.fixture
def write_document(tmp_path: Path) -> Callable[..., Path]:
    """Writes one well-formed document into the test's folder; any field of its front matter can be changed."""

    def write(name: str, body: str, **changed: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document(body, **{"id": path.stem.lower().replace(".", "-"), **changed}), encoding="utf-8")
        return path

    return write
