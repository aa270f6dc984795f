"""What company documents take: whoever answers for one hears what it does not answer; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import SALES, is_text, problem
from actions.crm.records import Speaker
from actions.proposal import Facts, Notify, Plan


@dataclass(frozen=True)
class ReportGap:
    """Tell whoever should know (`to`, as in Notify) that a question found no answer, or one in `document` that is none.

    `question` has nothing in it that reaches a person.
    """

    question: str
    to: str
    document: str = ""

    name: ClassVar[str] = "report_gap"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant", "legal", "customer"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return ()

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        if not is_text(self.question):
            return problem("no_text", field="text")
        told = {"question": self.question, "document": self.document}
        return Plan((Notify(self.to, "knowledge_gap", told),))
