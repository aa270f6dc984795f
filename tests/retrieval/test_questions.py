"""Written questions to the sample documents: how many find the right one, how many others are honestly refused."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from retrieval.search import Library

QUESTIONS, PARAPHRASED, UNSEEN = (
    yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    for name in ("questions.yaml", "paraphrased.yaml", "unseen.yaml")
)


@dataclass(frozen=True)
class Question:
    ask: str
    lang: str
    audience: str
    documents: frozenset[str]

    @classmethod
    def read(cls, row: dict[str, str | list[str]]) -> "Question":
        right = row.get("document", [])
        documents = frozenset([right] if isinstance(right, str) else right)
        return cls(str(row["ask"]), str(row["lang"]), str(row["audience"]), documents)

    def found(self, library: Library) -> list[str]:
        return [hit.passage.document for hit in library.search(self.ask, audience=self.audience, lang=self.lang, k=3)]


ANSWERABLE = [Question.read(row) for row in QUESTIONS["answerable"]]
UNANSWERABLE = [Question.read(row) for row in QUESTIONS["unanswerable"]]


def test_there_are_enough_questions_in_both_languages() -> None:
    assert sum(question.lang == "zh" for question in ANSWERABLE) == 30
    assert sum(question.lang == "en" for question in ANSWERABLE) == 30
    assert len(UNANSWERABLE) == 20


def test_the_right_document_is_among_the_first_three(library: Library) -> None:
    """Recall at 3 was 58 of 60 when the search was tuned."""
    missed = [question.ask for question in ANSWERABLE if not question.documents.intersection(question.found(library))]

    assert len(missed) <= 4, missed


def test_the_first_passage_is_mostly_the_right_one(library: Library) -> None:
    found = [question.found(library)[:1] for question in ANSWERABLE]

    assert sum(bool(question.documents.intersection(first)) for question, first in zip(ANSWERABLE, found, strict=True)) >= 50


def test_questions_about_something_else_are_mostly_refused(library: Library) -> None:
    """All 20 were refused when the search was tuned; what people really ask is less clear-cut."""
    answered = [question.ask for question in UNANSWERABLE if question.found(library)]

    assert len(answered) <= 4, answered


# --- by meaning as well ------------------------------------------------------------------------------------------------

JUDGING = [Question.read(row) for row in PARAPHRASED["answerable"]][1::2]
"""Those that chose nothing."""


def _right(questions: list[Question], library: Library) -> int:
    return sum(bool(question.documents.intersection(question.found(library))) for question in questions)


def test_questions_in_other_words_find_their_document_by_meaning(library: Library, knowing_library: Library) -> None:
    """Of 39 questions, 23 when it was tuned, and 10 by words alone; of 44 that were written later, 17."""
    by_words, by_both = (_right(JUDGING, one) for one in (library, knowing_library))

    assert by_both >= 20
    assert by_both >= by_words + 9
    assert _right([Question.read(row) for row in UNSEEN["paraphrased"]], knowing_library) >= 14


def test_no_question_in_the_documents_words_is_lost_by_it(knowing_library: Library) -> None:
    later = [Question.read(row) for row in UNSEEN["in_words"]]
    assert _right(ANSWERABLE, knowing_library) == len(ANSWERABLE)
    assert _right(later, knowing_library) == len(later)


def test_questions_about_something_else_are_refused_as_often_as_by_words(library: Library, knowing_library: Library) -> None:
    """Of 60, 6 were answered when it was tuned, and 10 by words alone."""
    others = [*UNANSWERABLE, *(Question.read(row) for row in PARAPHRASED["unanswerable"])]
    answered = {one: sum(bool(question.found(one)) for question in others) for one in (library, knowing_library)}

    assert answered[knowing_library] <= 7
    assert answered[knowing_library] <= answered[library]
