"""Where a call goes by itself: its facts, the command that sends it, the template in force, the trial of another one.

The roof's part of dispatch by mood: what counts of a call is gathered here, weighed in actions/policy/dispatch.py, and done
by actions/commands/dispatch.py on the same road as everything else. Only the customer is looked at.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select

from actions.commands.dispatch import (
    DeskName,
    DispatchCall,
    DispatchReason,
    Figure,
    PeakWords,
    SaveDispatchTemplate,
    TemplateChange,
    changes_of,
    facts_from_json,
)
from actions.commands.recordings import HOUSE
from actions.commands.service import ANSWER_WITHIN
from actions.crm import own, people
from actions.crm.records import Customer, Dispatch, DispatchVersion, Recording, Speaker, Ticket, TicketKind
from actions.draft import draft
from actions.outside.store import Store, Tx
from actions.outside.tables import CustomerRow, DispatchRow, ProposalRow, RecordingRow
from actions.policy.dispatch import (
    BASE,
    PRIORITIES,
    URGENT,
    CallFacts,
    Dispatched,
    DispatchTemplate,
    Line,
    dispatch,
    hundredths,
)
from actions.policy.policy import Policy
from actions.proposal import Basis, Command, Json, Outcome
from actions.proposal_json import decision_from_json, proposal_from_json
from bot.call_reading import CallRead, CallReader
from bot.kept_moods import HeardMood, mood_of
from bot.kept_recordings import Quietly, turns_of
from bot.pages.dispatch_links import DispatchLinks
from voice.mood import UNCERTAIN, Felt
from voice.sentences import Sentence, quote_at

MOST_CALLS = 200
"""Calls that a trial of another template is made on, the latest first."""

Withdraw = Callable[[Tx, str, Mapping[str, Json], str | None], Awaitable[bool]]
"""Ends a proposal that waits for a yes: why, and which one is asked in its place."""
_MOST_VERSIONS = 50
_LONGEST_WORDS = 300
_KINDS: dict[str, TicketKind] = {
    "service.complaint": "complaint",
    "service.fault": "fault",
    "service.refund": "refund",
    "service.cancel": "cancel",
    "service.invoice": "invoice",
    "service.human_handoff": "handoff",
}
"""What a call shows, the gravest first, and the kind of ticket that it makes."""


@dataclass(frozen=True)
class InForce:
    """A template and the version by whose name it goes; `saved` is None for the one that lies in the file."""

    version: str
    template: DispatchTemplate
    saved: DispatchVersion | None = None


@dataclass(frozen=True)
class Version:
    """A version with who saved it, and what it changed of the one before."""

    in_force: InForce
    by: Speaker | None
    changed: tuple[TemplateChange, ...]


@dataclass(frozen=True)
class Tried:
    """A call as it was told, by the template in force and by the one that is tried."""

    recording_id: str
    called: str
    customer: str | None
    customer_en: str | None
    facts: CallFacts
    before: Dispatched
    after: Dispatched

    @property
    def rises_by(self) -> int:
        """Steps of priority up, or down where it is less than 0."""
        return PRIORITIES.index(self.after.priority) - PRIORITIES.index(self.before.priority)

    @property
    def is_other(self) -> bool:
        return (self.before.priority, self.before.line) != (self.after.priority, self.after.line)


@dataclass(frozen=True)
class SentCall:
    """What was done for a call: `outcome` is that of the command, None where it had been sent the same way before.

    `line` is where it went, by the template in force; `ticket` the one that there was before.
    """

    outcome: Outcome | None
    line: Line | None
    ticket: Ticket | None = None

    def desk(self, lang: str) -> str | None:
        """The line as it is called in this language."""
        return None if self.line is None else self.line.en if lang == "en" else self.line.zh


class Dispatching:
    """Sends calls, keeps the template. `decide` decides a proposal, carries it out, and asks whoever must say yes first;
    `withdraw` ends what waits for that on facts that are others now; `links` are those to the page where the template is
    set."""

    def __init__(
        self,
        store: Store,
        calls: CallReader,
        policy: Callable[[], Policy],
        decide: Quietly,
        now: Callable[[], datetime],
        links: DispatchLinks,
        withdraw: Withdraw,
    ) -> None:
        self._withdraw = withdraw
        self._store = store
        self._calls = calls
        self._policy = policy
        self._decide = decide
        self._now = now
        self.links = links

    # --- a call -------------------------------------------------------------------------------------------------------

    async def send(self, tx: Tx, read: CallRead) -> SentCall | None:
        """Send a call that was read, with its mood, unless it was sent before by the same facts; None where its customer is
        not known."""
        recording, mood = read.recording, read.mood
        if recording.is_message or recording.state != "done" or recording.customer_id is None:
            return None
        customer = await own.get(tx, "customer", recording.customer_id)
        if not isinstance(customer, Customer):
            return None
        in_force = await self.in_force(tx)
        tickets = await _tickets_of(tx, customer.id)
        others = [one for one in tickets if one.recording_id != recording.id]
        facts = facts_of(read, mood, customer, len(others), in_force.template)
        number, kept = await _sent_before(tx, recording.id)
        asked = await _asked_for(tx, recording.id)
        if kept is not None and _is_same(kept, facts, customer.id):
            await self._end(tx, asked, recording.id, None)
            ticket = await own.get(tx, "ticket", kept.ticket_id) if kept.ticket_id else None
            return SentCall(None, in_force.template.lines.get(kept.line), ticket if isinstance(ticket, Ticket) else None)
        same = next((one for one in asked if _asks_the_same(one, facts, customer.id, in_force.version)), None)
        if same is not None:  # those who may say yes look at exactly this
            return SentCall(same, in_force.template.lines.get(_command(same).desk.line))
        made = dispatch(facts, in_force.template, self._policy().hours)
        kind = _kind(facts)
        ticket = _ticket_for(tickets, recording, kind, await _ticket_before(tx, kept))
        command = DispatchCall(
            recording_id=recording.id,
            customer_id=customer.id,
            number=number,
            version=in_force.version,
            facts=facts,
            priority=made.priority,
            desk=_desk(made, in_force.template),
            reasons=_reasons(made),
            kind=kind,
            due_at=self._due(made),
            peak=peak_of(read, mood),
            ticket_id=ticket.id if ticket else None,
        )
        outcome = await self._order(tx, command, HOUSE, f"dispatch:{recording.id}:{number}", f"recording:{recording.id}")
        await self._end(tx, asked, recording.id, outcome)
        return SentCall(outcome, in_force.template.lines.get(made.line), ticket)

    async def _end(self, tx: Tx, asked: Sequence[Outcome], recording_id: str, instead: Outcome | None) -> None:
        """What waited on facts that are others now is over: nobody's yes to it sends the call."""
        another = instead.proposal.id if instead is not None and instead.kind == "waiting" else None
        for one in asked:
            if one.proposal.id != another:
                await self._withdraw(tx, one.proposal.id, {"because": "evidence", "recording": recording_id}, another)

    async def send_again(self, recording_id: str) -> None:
        """Read a call as it stands now and send it, where that makes it another one."""
        async with self._store.read() as tx:
            recording = await own.get(tx, "recording", recording_id)
            turns = await turns_of(tx, recording_id)
            mood = await mood_of(tx, recording_id, recording.customer_speaker) if isinstance(recording, Recording) else None
        if isinstance(recording, Recording) and turns:
            read = await self._calls.read(recording, turns, Speaker.zone)
            async with self._store.write() as tx:
                await self.send(tx, replace(read, mood=mood))

    def _due(self, made: Dispatched) -> datetime:
        """When somebody must have answered: the house's promise, from now or from when the line opens."""
        begins = max(self._now(), made.from_)
        return begins if made.priority == "none" else begins + ANSWER_WITHIN[made.priority]

    async def _order(self, tx: Tx, command: Command, speaker: Speaker, cause: str, conversation: str) -> Outcome:
        facts = await own.get_many(tx, command.reads)
        proposal = draft(command, facts, speaker, Basis(confidence=1.0, message=cause), cause, self._now())
        return await self._decide(tx, proposal, conversation)

    # --- the template -------------------------------------------------------------------------------------------------

    async def in_force(self, tx: Tx) -> InForce:
        """The newest version that was saved, read at each use so that every worker has the same; else that of the file."""
        found = await own.find(tx, "dispatch_template", order=("-at", "-id"), limit=1)
        for one in found:
            if isinstance(one, DispatchVersion):
                return InForce(one.id, DispatchTemplate.read(one.text, f"version {one.id}"), one)
        return InForce(BASE, self._policy().dispatch)

    async def version(self, tx: Tx, version: str) -> InForce | None:
        """A version by its name; None where there is none."""
        if version == BASE:
            return InForce(BASE, self._policy().dispatch)
        one = await own.get(tx, "dispatch_template", version)
        if not isinstance(one, DispatchVersion):
            return None
        return InForce(one.id, DispatchTemplate.read(one.text, f"version {one.id}"), one)

    async def versions(self, tx: Tx) -> list[Version]:
        """The newest first, with what each changed of the one before it; the file's is the last."""
        newest = await own.find(tx, "dispatch_template", order=("-at", "-id"), limit=_MOST_VERSIONS)
        saved = [one for one in newest if isinstance(one, DispatchVersion)]
        before = InForce(BASE, self._policy().dispatch)
        found = [Version(before, None, ())]
        for one in reversed(saved):
            now = InForce(one.id, DispatchTemplate.read(one.text, f"version {one.id}"), one)
            by = await people.speaker_of(tx, one.by_id) if one.by_id else None
            found.append(Version(now, by, changes_of(before.template, now.template)))
            before = now
        return found[::-1]

    async def save(self, person: Speaker, text: str, note: str, over: str) -> Outcome:
        """Put a template in force on somebody's behalf, as a command like any other. `over` is the version that it was
        made from."""
        async with self._store.write() as tx:
            now = await self.in_force(tx)
            # what it was made from must be what is in force: else somebody saved in the meantime, and the plan says so
            before = now.template.text if now.version == over else ""
            try:
                changed = changes_of(now.template, DispatchTemplate.read(text, "the template"))
            except ValueError:  # the plan tells what is wrong
                changed = ()
            command = SaveDispatchTemplate(text, note, over, before, changed)
            return await self._order(tx, command, person, f"dispatch:save:{uuid4().hex}", f"dispatch:{person.person_id}")

    # --- the trial ----------------------------------------------------------------------------------------------------

    async def tried(self, tx: Tx, template: DispatchTemplate) -> list[Tried]:
        """The latest calls by the template in force and by another one, those that change first."""
        now = (await self.in_force(tx)).template
        hours = self._policy().hours
        found = [
            Tried(
                row.recording_id,
                row.name,
                row.customer,
                row.customer_en or row.customer,
                facts,
                dispatch(facts, now, hours),
                dispatch(facts, template, hours),
            )
            for row, facts in await _latest(tx)
        ]
        return sorted(found, key=lambda one: (not one.is_other, -abs(one.rises_by)))


def facts_of(
    read: CallRead, mood: HeardMood | None, customer: Customer, open_tickets: int, template: DispatchTemplate
) -> CallFacts:
    """What counts of a call: the customer's voice, the customer's words, and who the customer is."""
    said = [one.text for one in read.report.sentences if one.side == "customer"]
    shows = [one.intent for one in read.report.moments if one.quote.side == "customer"]
    felt = _felt(mood)
    return CallFacts(
        at=read.recording.created_at,
        tier=customer.tier,
        anger=hundredths(max(one.curve.angry for one in felt)) if felt else None,
        coverage=hundredths(mood.mood.coverage) if mood and felt else Decimal("0.00"),
        technical=template.technical_in(said),
        shows=(*dict.fromkeys(shows), *((URGENT,) if template.is_urgent(said) else ())),
        open_tickets=open_tickets,
        knows_calm=mood.mood.knows_calm if mood and felt else True,
    )


def peak_of(read: CallRead, mood: HeardMood | None) -> PeakWords | None:
    """What the customer said where they sounded angriest; where nobody knows that, what they complained of first."""
    own_words = tuple(one for one in read.report.sentences if one.side == "customer")
    if felt := _felt(mood):
        top = max(felt, key=lambda one: one.curve.angry)
        words = quote_at(own_words, top.start, top.end)
        if words:
            return PeakWords(_second(top.middle), words[:_LONGEST_WORDS], is_mood=True)
    own_moments = {one.intent: one.quote for one in read.report.moments if one.quote.side == "customer"}
    quote = next((own_moments[intent] for intent in (*_KINDS, *own_moments) if intent in own_moments), None)
    return None if quote is None else PeakWords(_second(_middle(quote)), quote.text[:_LONGEST_WORDS], is_mood=False)


def _felt(mood: HeardMood | None) -> Sequence[Felt]:
    """The customer's segments; none where nobody could tell a single one of them."""
    if mood is None or all(one.emotion == UNCERTAIN for one in mood.mood.felt):
        return ()
    return mood.mood.felt


def _middle(quote: Sentence) -> float:
    return (quote.start + quote.end) / 2


def _second(at: float) -> Decimal:
    return Decimal(round(at, 1)).quantize(Decimal("0.1"))


def _kind(facts: CallFacts) -> TicketKind:
    """The kind of ticket that a call makes: the gravest of what it shows; mere anger is a complaint."""
    found = next((kind for intent, kind in _KINDS.items() if intent in facts.shows), None)
    return found or ("request" if facts.anger is None else "complaint")


def _desk(made: Dispatched, template: DispatchTemplate) -> DeskName:
    if not made.line:
        return DeskName("")
    line = template.lines[made.line]
    return DeskName(line.name, line.zh, line.en, line.to)


def _reasons(made: Dispatched) -> tuple[DispatchReason, ...]:
    return tuple(
        DispatchReason(one.key, one.points, tuple(Figure(name, value) for name, value in one.data.items()))
        for one in made.reasons
    )


def _is_same(kept: Dispatch, facts: CallFacts, customer_id: str) -> bool:
    """Whether a call is what it was when it was sent; tickets that came since are no news of the call."""
    before, whose = facts_from_json(kept.facts)
    return whose == customer_id and replace(before, open_tickets=0) == replace(facts, open_tickets=0)


def _command(waiting: Outcome) -> DispatchCall:
    command = waiting.proposal.command
    assert isinstance(command, DispatchCall)  # it was looked for
    return command


def _asks_the_same(waiting: Outcome, facts: CallFacts, customer_id: str, version: str) -> bool:
    """Whether what waits for a yes rests on these facts."""
    command = _command(waiting)
    is_same = replace(command.facts, open_tickets=0) == replace(facts, open_tickets=0)
    return is_same and (command.customer_id, command.version) == (customer_id, version)


def _ticket_for(tickets: Sequence[Ticket], recording: Recording, kind: TicketKind, before: Ticket | None) -> Ticket | None:
    """The ticket that this call is about: that of the call itself, else an open one of the same customer and matter."""
    if before is not None and before.recording_id == recording.id and before.state != "closed":
        return before
    alike = [one for one in tickets if one.kind == kind and one.recording_id != recording.id]
    return max(alike, key=lambda one: (one.opened_at is not None, one.opened_at, one.id), default=None)


async def _tickets_of(tx: Tx, customer_id: str) -> list[Ticket]:
    where: Mapping[str, Json] = {"customer_id": customer_id, "state": ["open", "taken"]}
    return [one for one in await own.find(tx, "ticket", where=where) if isinstance(one, Ticket)]


async def _ticket_before(tx: Tx, kept: Dispatch | None) -> Ticket | None:
    ticket = await own.get(tx, "ticket", kept.ticket_id) if kept is not None and kept.ticket_id else None
    return ticket if isinstance(ticket, Ticket) else None


async def _sent_before(tx: Tx, recording_id: str) -> tuple[int, Dispatch | None]:
    """How often a recording was sent, and the last time."""
    count = await tx.scalar(select(func.count()).select_from(DispatchRow).where(DispatchRow.recording_id == recording_id))
    last = await own.find(tx, "dispatch", where={"recording_id": recording_id}, order=("-at", "-id"), limit=1)
    return count or 0, next((one for one in last if isinstance(one, Dispatch)), None)


async def _asked_for(tx: Tx, recording_id: str) -> list[Outcome]:
    """What waits for a yes before this call is sent."""
    rows = await tx.execute(select(ProposalRow.proposal, ProposalRow.decision).where(ProposalRow.state == "pending"))
    found = [(row, row.proposal["command"]) for row in rows.all()]
    return [
        Outcome("waiting", proposal_from_json(row.proposal), decision_from_json(row.decision))
        for row, command in found
        if command["name"] == DispatchCall.name and command["args"]["recording_id"] == recording_id
    ]


async def _latest(tx: Tx) -> list[tuple[Any, CallFacts]]:
    """The last dispatch of each of the latest calls, with what the call and its customer are called."""
    last = (
        select(DispatchRow.recording_id, func.max(DispatchRow.at).label("at")).group_by(DispatchRow.recording_id).subquery()
    )
    query = (
        select(
            DispatchRow.recording_id,
            DispatchRow.facts,
            DispatchRow.id,
            RecordingRow.name,
            CustomerRow.name.label("customer"),
            CustomerRow.name_en.label("customer_en"),
        )
        .join(last, (last.c.recording_id == DispatchRow.recording_id) & (last.c.at == DispatchRow.at))
        .join(RecordingRow, RecordingRow.id == DispatchRow.recording_id)
        .join(CustomerRow, CustomerRow.id == RecordingRow.customer_id, isouter=True)
        .order_by(DispatchRow.at.desc(), DispatchRow.id)
        .limit(MOST_CALLS)
    )
    rows = (await tx.execute(query)).all()
    seen = {row.recording_id: row for row in reversed(rows)}
    return [(row, facts_from_json(row.facts)[0]) for row in reversed(seen.values())]
