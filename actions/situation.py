"""What is known when something is to be proposed: who speaks, what they said, which records and passages belong to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.crm.records import Contact, Customer, Deal, Lead, Speaker
from actions.proposal import Option
from intents.understanding import Slot, Understanding
from retrieval.passage import Passage


@dataclass(frozen=True)
class Situation:
    """Everything a play may look at. Only what the speaker may see is in it.

    `customer`, `deal`, `contact`, `lead` are the ones meant, found by name, by "that deal", or by there being only one.
    `choose` lists options where a name fits several, per kind (customer, deal, lead, person). `unknown` holds a company
    mention that fits no visible record. `not_yours` is set when it fits a record that the speaker may not touch.
    `rows` holds the further records that the play asked for (see `actions/plays/roster.py`). `answers` are slots filled
    by answering a question or pressing an option: they win over slots read from the text. `means_one_thing` says that the
    words were recognised by their pattern: how sure the model was of them is beside the point.
    """

    key: str
    text: str
    speaker: Speaker
    understanding: Understanding
    now: datetime
    lang: str
    customer: Customer | None = None
    deal: Deal | None = None
    contact: Contact | None = None
    lead: Lead | None = None
    choose: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    unknown: str | None = None
    not_yours: str | None = None
    passages: tuple[Passage, ...] = ()
    rows: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    means_one_thing: bool = False

    @property
    def intent(self) -> str:
        return self.understanding.intent

    @property
    def plain_text(self) -> str:
        """The text with the house's own words put plainly: what to look things up with."""
        return self.understanding.plain or self.text

    def slot(self, kind: str) -> Any:
        """The value given for a slot: the answer to a question first, then what was read from the text, else None."""
        if kind in self.answers:
            return self.answers[kind]
        found = self.slots(kind)
        return found[0].value if found else None

    def slots(self, kind: str) -> tuple[Slot, ...]:
        return tuple(slot for slot in self.understanding.slots if slot.type == kind)
