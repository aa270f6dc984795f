"""What company documents take: files that become part of them, and owners who hear what is missing; plans only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from actions.commands.planning import SALES, is_text, problem
from actions.crm.records import Speaker
from actions.proposal import Facts, Notify, Plan, TakeIn, TakeOut


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


@dataclass(frozen=True)
class TakeInDocument:
    """Make a file that somebody sent part of the company's documents.

    `file` is relative to the home, `digest` the SHA-256 of what it held when it was looked at, `source` the name it is
    cited by. `title`, `version`, `replaces` (the version in force before, if any) and `passages` say what was found then.
    """

    file: str
    digest: str
    source: str
    title: str
    version: str
    passages: int
    replaces: str = ""
    audience: tuple[str, ...] = ("manager", "rep")

    name: ClassVar[str] = "take_in_document"
    roles: ClassVar[frozenset[str]] = SALES | {"consultant", "legal"}

    @property
    def reads(self) -> tuple[tuple[str, str], ...]:
        return ()

    def plan(self, facts: Facts, speaker: Speaker, key: str, now: datetime) -> Plan:
        by = speaker.called("en") if speaker.lang == "en" else speaker.name
        effect = TakeIn(self.file, self.digest, self.source, tuple(sorted(self.audience)), owner=by, by=by)
        return Plan((effect,), inverse=(TakeOut(self.digest),), data={"document": self.title})
