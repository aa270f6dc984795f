"""What one conversation is about: the subject ("that deal"), the open question, what "why?" refers to.

Passing state, kept in Memory; whatever must not be lost (pending confirmations, buttons, deeds) is in the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from actions.proposal import Ask, Subject
from intents.understanding import Understanding


@dataclass(frozen=True)
class Question:
    """Something Parley asked: which intent it was about, what is missing, and the words that started it."""

    intent: str
    slot: str
    text: str
    sent_at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    asked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Thread:
    """The state of one conversation. Ids name records; `why` is the basis of the last reply that had one."""

    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None
    ticket_id: str | None = None
    question: Question | None = None
    why: dict[str, Any] | None = None
    lang: Literal["zh", "en"] | None = None


@dataclass(frozen=True)
class Turn:
    """What to work on now: the intent, the words it came in, and the slots filled by answering.

    `is_settled`: the person has said which intent it is, so there is nothing left to be unsure of.
    """

    intent: str
    text: str
    sent_at: datetime
    answers: Mapping[str, Any]
    asked: tuple[str, ...] = ()
    is_settled: bool = False


_thread = TypeAdapter(Thread)
_question = TypeAdapter(Question)

# slots whose answer is whatever the person writes, when nothing of that type was recognised in it
_FREE_TEXT = frozenset({"company", "person", "address", "text", "title", "product", "what", "recipient"})
# the longest reply still taken as the answer to a question rather than as a new topic
_ANSWER_CHARACTERS = 60


def thread_to_json(thread: Thread) -> dict[str, Any]:
    data: dict[str, Any] = _thread.dump_python(thread, mode="json")
    return data


def question_to_json(question: Question) -> dict[str, Any]:
    data: dict[str, Any] = _question.dump_python(question, mode="json")
    return data


def question_from_json(data: Mapping[str, Any]) -> Question:
    return _question.validate_python(data)


def thread_from_json(data: dict[str, Any] | None) -> Thread:
    """The stored thread; a fresh one when there is none or its shape is of an older version."""
    if data is None:
        return Thread()
    try:
        return _thread.validate_python(data)
    except ValueError:
        return Thread()


def merge(thread: Thread, understanding: Understanding, sent_at: datetime) -> Turn:
    """Decide whether these words answer the open question or start something new. Pure."""
    fresh = Turn(understanding.intent, understanding.text, sent_at, {})
    question = thread.question
    if question is None:
        return fresh
    value = _answer(question, understanding)
    if value is None:
        return fresh
    return Turn(question.intent, question.text, question.sent_at, {**question.answers, question.slot: value}, question.asked)


def _answer(question: Question, understanding: Understanding) -> Any:
    """The value that these words give for the open question, or None when they are about something else."""
    same_topic = understanding.intent == question.intent or not understanding.sure
    short = len(understanding.text) <= _ANSWER_CHARACTERS
    for slot in understanding.slots:
        if slot.type == question.slot and (same_topic or short):
            return slot.value
    if question.slot not in _FREE_TEXT or not short or understanding.control in ("no", "help", "undo", "why", "more"):
        return None
    starts_something_new = (
        understanding.sure
        and understanding.confidence > 0.8
        and not understanding.intent.startswith(("chat.", "out_of_scope", "data.", "approval."))
    )
    return None if starts_something_new else understanding.text.strip()


def ask(thread: Thread, turn: Turn, question: Ask) -> Thread:
    """The thread after asking."""
    asked = Question(turn.intent, question.slot, turn.text, turn.sent_at, turn.answers, (*turn.asked, question.key))
    return replace(thread, question=asked)


def about(thread: Thread, subjects: tuple[Subject, ...], customer_id: str | None, deal_id: str | None) -> Thread:
    """The thread after something was said or done about these: "that deal" now means the latest of them."""
    ids: dict[str, str | None] = {}
    if customer_id and customer_id != thread.customer_id:
        ids = {"customer_id": customer_id, "deal_id": None, "ticket_id": None}
    if deal_id:
        ids["deal_id"] = deal_id
    for subject in subjects[:1]:
        if subject.customer_id and subject.customer_id != ids.get("customer_id", thread.customer_id):
            ids = {"customer_id": subject.customer_id, "deal_id": None, "ticket_id": None}
        if subject.kind in ("deal", "lead", "ticket"):
            ids[f"{subject.kind}_id"] = subject.id
    return replace(thread, question=None, **ids)  # type: ignore[arg-type]
