"""The dispatch page at `/console/dispatch/…`: sliders, what they would make of the latest calls at once, versions.

It opens by a link made for one manager or director; who they are now is looked up at each request. It computes nothing by
itself: each move of a slider asks the one function that dispatches calls, and saving is a command like any other.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import BaseModel, Field

from actions.crm.records import Speaker
from actions.outside.store import Store, Tx
from actions.policy.dispatch import PRIORITIES, URGENT, Dispatched, DispatchTemplate
from bot.dispatch_api import Saved, Values, saved, saved_out, turned, who_may_set
from bot.dispatching import Dispatching, InForce, Tried, Version
from bot.phrase_dispatch import reason_line
from bot.wording.fill import Voice

_HERE = Path(__file__).parent
_SAY = yaml.safe_load((_HERE / "dispatch.yaml").read_text(encoding="utf-8"))
_templates = Environment(
    loader=FileSystemLoader(_HERE), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
)
_GROUPS = ("anger", "technical", "shows", "tiers", "open_tickets", "priorities", "hours")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Turned(BaseModel):
    """Sliders as they stand, where they are not as the template in force has them; `why` names a call to be explained."""

    values: Values = {}
    why: Annotated[str, Field(max_length=128)] | None = None


class Wished(BaseModel):
    """What is to be put in force: sliders on top of a version, or an older version again."""

    values: Values = {}
    note: Annotated[str, Field(min_length=1, max_length=200)]
    over: Annotated[str, Field(max_length=64)]
    again: Annotated[str, Field(max_length=64)] | None = None


def dispatch_page(store: Store, dispatching: Dispatching, now: Callable[[], datetime]) -> APIRouter:
    """The page's routes."""
    router = APIRouter(prefix="/console/dispatch", include_in_schema=False)

    async def reader(tx: Tx, token: str) -> Speaker:
        person_id = dispatching.links.read(token)
        if person_id is None:
            raise HTTPException(404, "This link has run out. Ask for a new one in the chat.")
        return await who_may_set(tx, person_id)

    @router.get("/{token}")
    async def page(token: str, lang: str | None = None) -> HTMLResponse:
        async with store.read() as tx:
            person = await reader(tx, token)
            in_force = await dispatching.in_force(tx)
            versions = await dispatching.versions(tx)
        lang = lang if lang in _SAY else "en" if person.lang == "en" else "zh"
        say, voice = _SAY[lang], Voice("en" if lang == "en" else "zh", person.zone, now())
        html = _templates.get_template("dispatch.html").render(
            lang=lang,
            say=say,
            token=token,
            version=in_force.version,
            groups=[(name, say["groups"][name], _controls(name, in_force, say, voice)) for name in _GROUPS],
            versions=[_version(one, in_force.version, say, voice) for one in versions],
        )
        return HTMLResponse(html, headers=_HEADERS)

    @router.post("/{token}/preview")
    async def preview(token: str, asked: Turned, lang: str | None = None) -> dict[str, Any]:
        async with store.read() as tx:
            person = await reader(tx, token)
            template = turned((await dispatching.in_force(tx)).template, asked.values)
            tried = await dispatching.tried(tx, template)
        voice = Voice("en" if lang == "en" else "zh", person.zone, now())
        if asked.why is not None:
            return {"reasons": [_why(one.after, voice) for one in tried if one.recording_id == asked.why]}
        return _shown(tried, template, _SAY[voice.lang], voice)

    @router.post("/{token}")
    async def save(token: str, wished: Wished) -> Saved:
        async with store.read() as tx:
            person = await reader(tx, token)
        outcome = await saved(store, dispatching, person, wished.note, wished.over, wished.values, wished.again)
        return saved_out(outcome)

    return router


# --- the controls --------------------------------------------------------------------------------------------------------


def _controls(group: str, in_force: InForce, say: Mapping[str, Any], voice: Voice) -> list[dict[str, Any]]:
    """The sliders, switches and lists of a group, in the order of the template."""
    template = in_force.template
    found: list[dict[str, Any]] = [
        {
            "kind": "slider",
            "path": knob.path,
            "label": _label(knob.path, say, voice),
            "least": str(knob.least),
            "most": str(knob.most),
            "step": str(knob.step),
            "value": str(knob.value),
        }
        for knob in template.knobs
        if knob.path.partition(".")[0] == group
    ]
    return found + [
        _choice(path, options, template, say, voice)
        for path, options in template.choices.items()
        if path.partition(".")[0] == group
    ]


def _choice(
    path: str, options: tuple[str, ...], template: DispatchTemplate, say: Mapping[str, Any], voice: Voice
) -> dict[str, Any]:
    label, value = _label(path, say, voice), _chosen(path, template)
    if not options:
        return {"kind": "switch", "path": path, "label": label, "value": value}
    names = {one: _line(one, template, voice) if one in template.lines else say["priorities"][one] for one in options}
    return {"kind": "list", "path": path, "label": label, "value": value, "options": names}


def _chosen(path: str, template: DispatchTemplate) -> str | bool:
    match path:
        case "hours.counted":
            return template.by_clock
        case "hours.from":
            return template.clock_from
        case "hours.line":
            return template.clock_line
        case "technical.line":
            return template.technical_line
        case _:
            return template.line_of[path.split(".")[1]]


def _label(path: str, say: Mapping[str, Any], voice: Voice) -> str:
    group, _, rest = path.partition(".")
    match group:
        case "shows":
            return str(say["urgent"]) if rest == URGENT else voice.intent(rest)
        case "tiers":
            return str(say["tier"]).format(name=rest)
        case "priorities":
            name, _, what = rest.partition(".")
            return str(say["reaches" if what == "from" else "goes_to"]).format(name=say["priorities"][name])
        case _:
            return str(say["knobs"].get(path, path))


def _line(name: str, template: DispatchTemplate, voice: Voice) -> str:
    """What a line is called; one that is no longer there, by its name."""
    line = template.lines.get(name)
    return name if line is None else line.en if voice.lang == "en" else line.zh


# --- what they lead to -----------------------------------------------------------------------------------------------------


def _shown(tried: list[Tried], template: DispatchTemplate, say: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    """All that the page shows of a trial, in words."""
    changed = [one for one in tried if one.is_other]
    up, down = (sum(one.rises_by * sign > 0 for one in tried) for sign in (1, -1))
    counts = {"count": len(tried), "changed": len(changed), "up": up, "down": down, "moved": len(changed) - up - down}
    lines = [name for name in template.lines if any(name in (one.before.line, one.after.line) for one in tried)]
    bars = [
        (say["by_priority"], [_bar(say["priorities"][name], name, "priority", tried) for name in reversed(PRIORITIES)]),
        (say["by_line"], [_bar(_line(name, template, voice), name, "line", tried) for name in lines]),
    ]
    summary = say["summary" if changed else "summary_same"] if tried else say["nothing_yet"]
    return {
        "summary": summary.format(**counts),
        "bars": [{"title": title, "rows": rows, "most": _longest(rows)} for title, rows in bars],
        "calls": [_call(one, template, say, voice) for one in tried],
        "unchanged": say["unchanged"].format(count=len(tried) - len(changed)) if len(changed) < len(tried) else "",
    }


def _bar(label: str, name: str, field: str, tried: list[Tried]) -> dict[str, Any]:
    before, after = (sum(getattr(one, field) == name for one in side) for side in _sides(tried))
    return {"label": label, "before": before, "after": after}


def _longest(rows: list[dict[str, Any]]) -> int:
    return max((max(row["before"], row["after"]) for row in rows), default=0)


def _sides(tried: list[Tried]) -> tuple[list[Dispatched], list[Dispatched]]:
    return [one.before for one in tried], [one.after for one in tried]


def _call(one: Tried, template: DispatchTemplate, say: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    anger = say["mood_unknown"] if one.facts.anger is None else f"{say['mood']} {one.facts.anger:.2f}"
    return {
        "id": one.recording_id,
        "customer": (one.customer_en if voice.lang == "en" else one.customer) or one.called,
        "at": one.facts.at.astimezone(ZoneInfo(voice.zone)).strftime("%m-%d %H:%M"),
        "facts": f"{one.facts.tier} · {anger}" if one.facts.tier else anger,
        "before": _sent(one.before, template, say, voice),
        "after": _sent(one.after, template, say, voice),
        "turns": "up" if one.rises_by > 0 else "down" if one.rises_by < 0 else "moved" if one.is_other else "",
    }


def _sent(sent: Dispatched, template: DispatchTemplate, say: Mapping[str, Any], voice: Voice) -> dict[str, str]:
    line = _line(sent.line, template, voice) if sent.line else ""
    return {"priority": sent.priority, "label": say["priorities"][sent.priority], "line": line, "score": f"{sent.score:.2f}"}


def _why(sent: Dispatched, voice: Voice) -> list[str]:
    return [reason_line(part.key, part.data, voice) for part in sent.reasons]


def _version(one: Version, in_force: str, say: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    kept = one.in_force.saved
    at = kept.at.astimezone(ZoneInfo(voice.zone)).strftime("%Y-%m-%d %H:%M") if kept and kept.at else ""
    return {
        "version": one.in_force.version,
        "by": say["by"].format(name=one.by.called(voice.lang), at=at) if one.by else at or say["first"],
        "note": kept.note if kept else say["base"],
        "changed": [
            {"label": _label(line.path, say, voice), "before": line.before, "after": line.after} for line in one.changed
        ],
        "is_in_force": one.in_force.version == in_force,
        "again": say["again_note"].format(version=one.in_force.version),
    }
