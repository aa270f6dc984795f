"""Passages are found by what they mean, their vectors made once and kept in Chroma, on disk or on a real server."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import chromadb
import pytest

from retrieval.index import IndexUnavailableError, VectorIndex
from retrieval.passage import Passage
from retrieval.search import Library
from tests.topics import Topics

WORDS = {"borrow": 0, "lend": 0, "loan": 0, "invoice": 1, "bill": 1, "lock": 2}
LOAN = "A loan ends after fifteen days."
INVOICE = "Each invoice carries the order's number."
GATE = "The porter will lock it."


def passage(text: str, audience: str = "rep") -> Passage:
    return Passage(
        text, text, "", "", "en", text, "1", date(2026, 1, 1), "", frozenset({audience}), frozenset(), f"{text[:4]}.md", 1
    )


PASSAGES = [passage(LOAN), passage(INVOICE), passage(GATE)]


def answers(library: Library, query: str, audience: str = "rep") -> list[str]:
    return [hit.passage.text for hit in library.search(query, audience=audience)]


def test_a_question_without_any_of_its_words_finds_the_passage() -> None:
    assert answers(Library(PASSAGES), "can they borrow it") == []
    assert answers(Library(PASSAGES, embedder=Topics(WORDS)), "can they borrow it") == [LOAN]


def test_what_is_about_nothing_here_is_still_refused() -> None:
    assert answers(Library([passage(LOAN), passage(INVOICE)], embedder=Topics(WORDS)), "who can lock up") == []


def test_what_a_reader_may_not_see_is_not_found_by_meaning_either() -> None:
    library = Library([*PASSAGES, passage("Prices are negotiable.", "customer")], embedder=Topics(WORDS))

    assert answers(library, "can they borrow it", audience="customer") == []


def test_the_nearest_stretch_of_a_long_passage_counts() -> None:
    long = passage("\n\n".join(["The porter has a bill to pay.", "Sit down.", LOAN]))

    assert answers(Library([long, passage(GATE)], embedder=Topics(WORDS)), "may they borrow it") == [long.text]


@dataclass(frozen=True)
class Server:
    """A Chroma server of a test's own."""

    url: str
    process: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    command = [str(program), "run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield Server(f"http://127.0.0.1:{port}", running)
    finally:
        running.kill()
        running.wait()


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            chromadb.HttpClient(host="127.0.0.1", port=port).heartbeat()
        except ValueError:  # what its client raises while nobody listens
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the Chroma server did not start")


@pytest.mark.parametrize("where", ["disk", "server"])
def test_vectors_are_made_once(where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("server").url if where == "server" else None
    first = Topics(WORDS)
    Library(PASSAGES, embedder=first, index=VectorIndex.open("topics", folder=tmp_path / "v", url=url))

    again = Topics(WORDS)
    index = VectorIndex.open("topics", folder=tmp_path / "v", url=url)
    library = Library([*PASSAGES[1:], passage("Lend it to nobody.")], embedder=again, index=index)

    assert len(first.embedded) == 3
    assert again.embedded == ["Lend it to nobody."]
    assert answers(library, "can they borrow it") == ["Lend it to nobody."]
    third = Topics(WORDS)
    Library(PASSAGES, embedder=third, index=index)
    assert third.embedded == [LOAN], "what was no longer there was dropped"


def test_another_model_makes_its_own(tmp_path: Path) -> None:
    Library(PASSAGES, embedder=Topics(WORDS), index=VectorIndex.on_disk(tmp_path, "topics"))
    other = Topics(WORDS)

    Library(PASSAGES, embedder=other, index=VectorIndex.on_disk(tmp_path, "others"))

    assert len(other.embedded) == 3


def test_a_second_process_reads_and_does_not_write(tmp_path: Path) -> None:
    index = VectorIndex.on_disk(tmp_path, "topics")
    Library(PASSAGES[:2], embedder=Topics(WORDS), index=index)
    script = (
        "from pathlib import Path; import sys; from retrieval.index import VectorIndex; "
        "i = VectorIndex.on_disk(Path(sys.argv[1]), 'topics'); print(i.may_write, len(i._kept()))"
    )

    told = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)

    assert told.stdout == "False 2\n"
    assert index.may_write


def test_a_run_that_is_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    many = [passage(f"Loan number {number}.") for number in range(150)]
    index, ended = VectorIndex.on_disk(tmp_path, "topics"), Topics(WORDS)
    index.goes_on = lambda: len(ended.embedded) < 64

    with pytest.raises(IndexUnavailableError, match="before it was whole"):
        Library(many, embedder=ended, index=index)

    index.goes_on, rest = lambda: True, Topics(WORDS)
    Library(many, embedder=rest, index=index)
    assert len(ended.embedded) + len(rest.embedded) == 150


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(IndexUnavailableError, match="does not answer"):
        VectorIndex.on_server("http://127.0.0.1:9", "topics")


def test_a_server_that_goes_away_is_said_and_what_was_read_before_still_answers(server: Server) -> None:
    index = VectorIndex.on_server(server.url, "topics")
    library = Library(PASSAGES, embedder=Topics(WORDS), index=index)
    server.stop()

    with pytest.raises(IndexUnavailableError, match="does not answer"):
        Library([passage("More.")], embedder=Topics(WORDS), index=index)
    assert answers(library, "can they borrow it") == [LOAN]
