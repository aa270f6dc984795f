"""What people said of passages moves the order for questions that ask alike, and no others."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from retrieval.judged import MOST, Judged, Judgement
from retrieval.search import Library

WriteDocument = Callable[..., Path]
QUESTION = "how many days may a sample stay with a customer"


def said(*helpful: bool, passage: str = "p", question: str = QUESTION) -> Judged:
    return Judged(Judgement(question, passage, one) for one in helpful)


def test_what_helped_weighs_more_for_who_asks_alike() -> None:
    assert said(True).factors("how many days may samples stay with the customer")["p"] > 1
    assert said(False).factors(QUESTION)["p"] < 1
    assert said(True).factors("where do visitors park") == {}


def test_words_for_and_against_even_out() -> None:
    assert said(True, False).factors(QUESTION) == {"p": 1.0}
    assert said(True, True, False).factors(QUESTION) == said(True).factors(QUESTION)


@given(st.lists(st.booleans(), max_size=60))
def test_however_many_speak_they_move_it_so_far_and_no_further(words: list[bool]) -> None:
    factors = said(*words).factors(QUESTION)
    assert all(1 / MOST <= factor <= MOST for factor in factors.values())


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_can_be_judged_and_asked(question: str, asked: str) -> None:
    said(True, question=question).factors(asked)


def test_what_helped_goes_before_what_words_alone_put_first(write_document: WriteDocument, tmp_path: Path) -> None:
    write_document("first.md", "A sample may stay with a customer for some days.")
    write_document("second.md", "A sample may stay fifteen days with a customer who asked for it.")
    for number in range(6):
        write_document(f"other-{number}.md", "Lunch is served at noon.")
    library = Library.load(tmp_path)
    first, second = (hit.passage for hit in library.search(QUESTION, audience="rep"))

    judged = said(True, True, True, passage=second.id).factors(QUESTION)
    hits = library.search(QUESTION, audience="rep", judged=judged)

    assert [hit.passage for hit in hits] == [second, first]


def test_a_word_on_a_passage_makes_nothing_an_answer_that_is_none(write_document: WriteDocument, tmp_path: Path) -> None:
    path = write_document("lunch.md", "Lunch is served at noon.")
    library = Library.load(path.parent)
    [passage] = library.passages

    judged = said(*[True] * 9, passage=passage.id).factors(QUESTION)
    assert library.search(QUESTION, audience="rep", judged=judged) == []
