"""The HTTP API for dispatch by mood: the template in force and its versions, a trial of another, saving one, the calls."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, Field

from actions.crm import people
from actions.crm.records import Speaker
from actions.outside.store import Store, Tx
from actions.policy.dispatch import Dispatched, DispatchTemplate
from actions.proposal import Outcome
from bot.channels.api import Name
from bot.dispatching import Dispatching, InForce, Tried, Version
from bot.door import ApiDoor
from bot.pages.dispatch_links import MAY_SET

Values = Annotated[
    dict[Annotated[str, Field(max_length=80)], float | bool | str],
    Field(max_length=80, description="What is otherwise than in the template: a path (`anger.above`) and its value."),
]


class KnobOut(BaseModel):
    """A number that can be set, and its bounds."""

    path: str
    least: float
    most: float
    step: float
    value: float


class LineOut(BaseModel):
    """A desk: `to` is owner, a group or a person; `by_hours` whether it has working hours."""

    name: str
    zh: str
    en: str
    to: str
    by_hours: bool


class TemplateOut(BaseModel):
    """A template: its numbers, what else can be chosen in it (`hours.counted`, lines), its lines, and the whole as text."""

    version: str
    knobs: list[KnobOut]
    chosen: dict[str, str | bool]
    lines: list[LineOut]
    text: str


class ChangeOut(BaseModel):
    """A line of a template before and after."""

    path: str
    before: str
    after: str


class VersionOut(BaseModel):
    """A version: who saved it when and why, and what it changed of the one before. The last is that of the file."""

    version: str
    by_id: str | None
    at: datetime | None
    note: str
    changed: list[ChangeOut]


class RulesOut(BaseModel):
    """The template in force and all versions, the newest first. `page` is a link for the person who was named."""

    template: TemplateOut
    versions: list[VersionOut]
    page: str | None


class ReasonOut(BaseModel):
    """A reason with its points, and the figures that it rests on."""

    key: str
    points: Decimal
    figures: dict[str, str]


class SentOut(BaseModel):
    """Where a call goes: its priority (none where nothing is to be done), the line, the sum, and why."""

    priority: Literal["none", "low", "normal", "high", "urgent"]
    line: str
    score: Decimal
    reasons: list[ReasonOut]


class TriedOut(BaseModel):
    """A call by the template in force and by the one that is tried. `anger` is None where the mood is not known."""

    recording: str
    name: str
    customer: str | None
    at: datetime
    anger: Decimal | None
    coverage: Decimal
    before: SentOut
    after: SentOut


class CountsOut(BaseModel):
    """How many calls are of each priority, and on each line."""

    priorities: dict[str, int]
    lines: dict[str, int]


class PreviewOut(BaseModel):
    """What another template would have made of the latest calls: those that change first."""

    count: int
    changed: int
    up: int
    down: int
    before: CountsOut
    after: CountsOut
    calls: list[TriedOut]


class PreviewIn(BaseModel):
    """What is otherwise than in the template in force."""

    values: Values = {}


class SaveIn(BaseModel):
    """A template to put in force: `values` on top of `over`, the version in force; or an older version `again`."""

    person: Name
    note: Annotated[str, Field(min_length=1, max_length=200)]
    over: Annotated[str, Field(max_length=64)]
    values: Values = {}
    again: Annotated[str, Field(max_length=64)] | None = None


class Saved(BaseModel):
    """The version that is in force now; `waiting` where somebody must say yes first."""

    version: str | None
    state: Literal["done", "waiting"]


def dispatch_routes(store: Store, door: ApiDoor, dispatching: Dispatching) -> APIRouter:
    """`/api/dispatch`."""
    router = APIRouter(prefix="/api", dependencies=[Depends(door)], tags=["dispatch"])

    @router.get("/dispatch")
    async def rules(
        person: Annotated[Name | None, Query(description="For whom `page` opens: a manager or a director.")] = None,
    ) -> RulesOut:
        """The template in force and its versions."""
        async with store.read() as tx:
            in_force = await dispatching.in_force(tx)
            versions = await dispatching.versions(tx)
            speaker = await who_may_set(tx, person) if person is not None else None
        page = None if speaker is None else dispatching.links.path(str(speaker.person_id))
        return RulesOut(template=template_out(in_force), versions=[version_out(one) for one in versions], page=page)

    @router.post("/dispatch/preview")
    async def preview(asked: PreviewIn) -> PreviewOut:
        """How the latest 200 calls would have been dispatched. 422 where the values do not hold together."""
        async with store.read() as tx:
            return preview_out(await tried_with(dispatching, tx, asked.values))

    @router.post("/dispatch")
    async def save(asked: SaveIn) -> Saved:
        """Put a template in force for somebody. 403: they may not; 409: somebody was quicker, or nothing changed."""
        async with store.read() as tx:
            speaker = await who_may_set(tx, asked.person)
        outcome = await saved(store, dispatching, speaker, asked.note, asked.over, asked.values, asked.again)
        return saved_out(outcome)

    @router.get("/dispatch/calls")
    async def calls() -> list[TriedOut]:
        """The latest 200 calls with their facts' sum by the template in force."""
        async with store.read() as tx:
            return [tried_out(one) for one in await dispatching.tried(tx, (await dispatching.in_force(tx)).template)]

    return router


# --- what the page does as well ------------------------------------------------------------------------------------------


async def who_may_set(tx: Tx, person_id: str) -> Speaker:
    """Somebody who may look at the rules. Raises 422 for nobody, 403 for somebody else."""
    speaker = await people.speaker_of(tx, person_id)
    if speaker is None:
        raise HTTPException(422, "There is no such person.")
    if speaker.role not in MAY_SET:
        raise HTTPException(403, "The dispatch rules are for managers and directors.")
    return speaker


async def tried_with(dispatching: Dispatching, tx: Tx, values: Mapping[str, Any]) -> list[Tried]:
    """The latest calls by the template in force with these values in it. Raises 422 where they do not fit."""
    return await dispatching.tried(tx, turned((await dispatching.in_force(tx)).template, values))


def turned(template: DispatchTemplate, values: Mapping[str, Any]) -> DispatchTemplate:
    """A template with these values in it. Raises 422 with a sentence where they do not fit."""
    try:
        return template.with_values(values)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


async def saved(
    store: Store,
    dispatching: Dispatching,
    person: Speaker,
    note: str,
    over: str,
    values: Mapping[str, Any],
    again: str | None,
) -> Outcome:
    """Save for somebody: what they turned, or an older version again. Raises 404 and 422."""
    async with store.read() as tx:
        base = await dispatching.version(tx, again if again is not None else over)
        if base is None:
            raise HTTPException(404, "There is no such version.")
    template = base.template if again is not None else turned(base.template, values)
    return await dispatching.save(person, template.text, note, over)


def saved_out(outcome: Outcome) -> Saved:
    """What became of it. Raises 403 and 409 with a sentence."""
    if outcome.kind in ("done", "already"):
        return Saved(version=str(outcome.proposal.plan.data["version"]), state="done")
    if outcome.kind == "waiting":
        return Saved(version=None, state="waiting")
    if outcome.kind == "refused":
        raise HTTPException(403, "This person may not change the dispatch rules, or the policy refuses it.")
    raise HTTPException(409, _PROBLEMS.get(outcome.proposal.plan.problem or "", "This could not be saved."))


_PROBLEMS = {
    "dispatch_changed_since": "Somebody has just changed the rules. Look at those in force first.",
    "dispatch_unchanged": "These are the rules in force, there is nothing to save.",
}


def template_out(one: InForce) -> TemplateOut:
    template = one.template
    chosen: dict[str, str | bool] = {
        "hours.counted": template.by_clock,
        "hours.from": template.clock_from,
        "hours.line": template.clock_line,
        "technical.line": template.technical_line,
        **{f"priorities.{name}.line": line for name, line in template.line_of.items()},
    }
    knobs = [KnobOut(**{name: getattr(knob, name) for name in KnobOut.model_fields}) for knob in template.knobs]
    lines = [LineOut(**{name: getattr(line, name) for name in LineOut.model_fields}) for line in template.lines.values()]
    return TemplateOut(version=one.version, knobs=knobs, chosen=chosen, lines=lines, text=template.text)


def version_out(one: Version) -> VersionOut:
    kept = one.in_force.saved
    return VersionOut(
        version=one.in_force.version,
        by_id=kept.by_id if kept else None,
        at=kept.at if kept else None,
        note=kept.note if kept else "",
        changed=[ChangeOut(path=line.path, before=line.before, after=line.after) for line in one.changed],
    )


def preview_out(tried: Sequence[Tried]) -> PreviewOut:
    return PreviewOut(
        count=len(tried),
        changed=sum(one.is_other for one in tried),
        up=sum(one.rises_by > 0 for one in tried),
        down=sum(one.rises_by < 0 for one in tried),
        before=_counts([one.before for one in tried]),
        after=_counts([one.after for one in tried]),
        calls=[tried_out(one) for one in tried],
    )


def _counts(sent: Sequence[Dispatched]) -> CountsOut:
    lines = Counter(one.line for one in sent if one.line)
    return CountsOut(priorities=dict(Counter(one.priority for one in sent)), lines=dict(lines))


def tried_out(one: Tried) -> TriedOut:
    return TriedOut(
        recording=one.recording_id,
        name=one.called,
        customer=one.customer,
        at=one.facts.at,
        anger=one.facts.anger,
        coverage=one.facts.coverage,
        before=_sent_out(one.before),
        after=_sent_out(one.after),
    )


def _sent_out(one: Dispatched) -> SentOut:
    reasons = [ReasonOut(key=part.key, points=part.points, figures=dict(part.data)) for part in one.reasons]
    return SentOut(priority=one.priority, line=one.line, score=one.score, reasons=reasons)
