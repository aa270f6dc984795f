"""What one conversation is about: the subject ("that deal"), the open question, what "why?" refers to.

Passing state, kept in Memory; whatever must not be lost (pending confirmations, buttons, deeds) is in the database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from actions.plays.spoken import names_a_currency
from actions.proposal import Ask, Subject
from intents.understanding import Slot, Understanding


@dataclass(frozen=True)
class Question:
    """Something Parley asked: which intent it was about, what is missing, and the words that started it.

    `is_settled`: the person has said which intent it is.
    """

    intent: str
    slot: str
    text: str
    sent_at: datetime
    answers: Mapping[str, Any] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    is_settled: bool = False


@dataclass(frozen=True)
class Thread:
    """The state of one conversation. Ids name records; `why` is the basis of the last reply that had one.

    `editing` is the proposal, and its digest, for which another value was asked.
    """

    customer_id: str | None = None
    deal_id: str | None = None
    lead_id: str | None = None
    ticket_id: str | None = None
    booking_id: str | None = None
    question: Question | None = None
    why: dict[str, Any] | None = None
    editing: tuple[str, str] | None = None
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

# records asked for by the company's name
_BY_COMPANY = frozenset({"customer", "deal", "lead"})
# slots whose answer is whatever the person writes, when nothing of that type was recognised in it
_FREE_TEXT = frozenset({"reason", "company", "person", "address", "text", "title", "product", "what", "recipient"})
# the longest reply still taken as the answer to a question rather than as a new topic
_ANSWER_CHARACTERS = 60
# how sure a reading must be for short words to count as a new topic
_SURELY_NEW = 0.8
# what people put around a bare answer
_AROUND = re.compile(
    r"(?:大概|大约|差不多|左右|预计|就是|是|就|给|到|在|改成|改为|的|那|这|个|单子|单|家|项目|公司|吧|呢|了|啊|请|麻烦|谢谢"
    r"|\b(?:about|around|roughly|say|maybe|make|it|its|it's|to|at|on|in|by|for|with|from|the|that|this|one|deal|account"
    r"|please|thanks|is|of)\b|[\s,，。.!！、:：])+",
    re.IGNORECASE,
)
_LOOKS_UP = re.compile(r"查|看看|了解|情况|pull up|show|look|tell me", re.IGNORECASE)


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
    found = _answer(question, understanding)
    if found is None:
        return fresh
    answers = {**question.answers, **found}
    return Turn(question.intent, question.text, question.sent_at, answers, question.asked, question.is_settled)


def _answer(question: Question, understanding: Understanding) -> dict[str, Any] | None:
    """The value that these words give for the open question, or None when they are about something else."""
    wanted = "company" if question.slot in _BY_COMPANY else question.slot
    text = understanding.text.strip()
    if wanted == "reason":  # whatever is said now says why
        return {"reason": text}
    is_short = len(text) <= _ANSWER_CHARACTERS
    slot = next((slot for slot in understanding.slots if slot.type == wanted), None)
    if slot is not None:
        is_the_topic = understanding.intent == question.intent or not understanding.sure
        is_answer = is_the_topic or _is_bare(text, slot) or (is_short and not _starts_something_new(understanding))
        return {wanted: _given(slot)} if is_answer else None
    if wanted not in _FREE_TEXT or not is_short or understanding.control is not None:
        return None
    is_a_name = wanted == "company" and understanding.intent == "crm.lookup_customer" and not _LOOKS_UP.search(text)
    return {wanted: text} if is_a_name or not _starts_something_new(understanding) else None


def _given(slot: Slot) -> Any:
    """What the slot answers: a company by the words used, an amount with its currency only if one was named."""
    if slot.type == "company":
        return slot.text
    if isinstance(slot.value, dict) and not names_a_currency(slot.text):
        return {"amount": slot.value["amount"]}
    return slot.value


def _is_bare(text: str, slot: Slot) -> bool:
    """Whether the words hold nothing but the value and what people put around one."""
    return not _AROUND.sub("", text.replace(slot.text, " ", 1))


def _starts_something_new(understanding: Understanding) -> bool:
    """Whether the words are surely about something of their own; names and addresses are read as all sorts of things."""
    return (
        understanding.sure
        and understanding.confidence > _SURELY_NEW
        and not understanding.intent.startswith(("out_of_scope", "data.", "approval."))
    )


def ask(thread: Thread, turn: Turn, question: Ask) -> Thread:
    """The thread after asking."""
    asked = Question(
        turn.intent, question.slot, turn.text, turn.sent_at, turn.answers, (*turn.asked, question.key), turn.is_settled
    )
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
        if subject.kind in ("deal", "lead", "ticket", "booking"):
            ids[f"{subject.kind}_id"] = subject.id
        ids.setdefault("booking_id", None)  # "move it to Thursday" means the meeting spoken of last, and nothing else
    return replace(thread, question=None, **ids)  # type: ignore[arg-type]
