"""When a customer speaks for themselves: answered from what they may read, and their owner learns of it."""

from actions.commands.service import TellOwner
from actions.proposal import Answer
from actions.situation import Situation

STRANGER = Answer("stranger", says=("human",))
"""What someone hears whom nobody has introduced: who could help, and how they become known."""


def is_customer(s: Situation) -> bool:
    """Whoever is not a colleague speaks as a customer, known or not."""
    return not s.speaker.is_staff


def to_owner(s: Situation) -> TellOwner | Answer:
    """The words reach the owning rep; what that leads to is also the answer to the customer."""
    if s.speaker.customer_id is None:
        return STRANGER
    return TellOwner(customer_id=s.speaker.customer_id, intent=s.intent, text=s.text, contact_id=s.speaker.person_id)


def from_passages(s: Situation) -> Answer | TellOwner:
    """The answer that stands in the documents this speaker may read; else an honest "I don't know" and, for a customer,
    a person who does."""
    if s.passages:
        return Answer("passage", {"question": s.text}, passages=s.passages, says=("human",) if is_customer(s) else ())
    if is_customer(s):
        return to_owner(s)
    return Answer("not_in_documents", says=("help",))
