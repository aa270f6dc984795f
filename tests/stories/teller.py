"""Plays a story against a house and compares, turn by turn; where it differs, the conversation so far is told."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.message import Button, Reply
from tests.house_under_test import Arrived, HouseUnderTest, RoadBroke
from tests.stories.story import (
    Act,
    Corrected,
    Holds,
    Meanwhile,
    New,
    Passes,
    See,
    Sound,
    Story,
    Turn,
    Values,
    as_written,
)

_COUNTED = (
    "booking",
    "lead",
    "deal",
    "ticket",
    "activity",
    "reminder",
    "contact",
    "paper",
    "signal",
    "firing",
    "review",
    "review_item",
    "material",
    "recording",
    "call_correction",
)
_LONGEST_QUOTED = 200  # characters of a person's words shown in a failure


class Differs(AssertionError):
    """The house did something else than the story says."""


class Teller:
    """One telling of one story."""

    def __init__(self, house: HouseUnderTest) -> None:
        self._house = house
        self._told: list[str] = []
        self._news: list[Arrived] = []
        self._last_press: dict[str, Button] = {}
        self._before: dict[str, set[str]] = {}

    async def tell(self, story: Story) -> str | None:
        """None if everything goes as written, else the whole conversation up to where it differs."""
        self._told.append(f"《{story.title}》 ({story.file})")
        for kind in _COUNTED:
            self._before[kind] = set(await self._house.records(kind))
        for turn in story.turns:
            try:
                await self._play(turn)
            except (Differs, RoadBroke) as difference:
                return "\n".join(["", *self._told, "", f"✗ {difference}", f"  in {turn}"])
        return None

    async def _play(self, turn: Turn) -> None:
        match turn:
            case Act():
                await self._act(turn)
            case See():
                self._look(turn)
            case Passes(by):
                self._told.append(f"… {by} later")
                self._hear(await self._house.pass_time(by))
            case Meanwhile(kind, record_id, values):
                self._told.append(f"… meanwhile {kind} {record_id} becomes {dict(values)}")
                await self._house.change(kind, record_id, values)
            case Holds(kind, record_id, values):
                record = await self._house.record(kind, record_id)
                _expect(record is not None, f"there is no {kind} {record_id}")
                _compare(f"{kind} {record_id}", record or {}, values)
            case New():
                await self._count(turn)
            case Sound():
                _expect(await self._house.chain_is_sound(), "the chain of the record is broken")
            case Corrected(text, meant):
                kept = await self._house.corrections()
                found = any(words == text and meant in (meaning, "…") for words, meaning in kept)
                _expect(found, f"the corrections kept are {kept}")

    # --- acts --------------------------------------------------------------------------------

    async def _act(self, act: Act) -> None:
        place = act.place or act.who
        self._told.append(f"{act.who}{f' in {act.place}' if act.place else ''} > {self._quoted(act)}")
        self._hear([*await self._do(act, place), *await self._house.listened()])
        if act.reads is not None:
            await self._compare_reading(act.reads)
        here = [arrived.reply for arrived in self._news if arrived.conversation == place]
        text = "\n".join(_all_words(reply) for reply in here)
        for words in act.sees:
            _expect(words in text, f"“{words}” is not to be seen")
        for words in act.sees_not:
            _expect(words not in text, f"“{words}” should not be seen")
        if act.lang is not None:
            _expect({reply.lang for reply in here} == {act.lang}, f"not answered in {act.lang}")
        if act.buttons:
            _compare_buttons(here, act.buttons)

    async def _do(self, act: Act, place: str) -> list[Arrived]:
        house = self._house
        match act.verb:
            case "presses" | "presses old" | "presses first":
                shown = house.buttons(place) if act.verb == "presses" else house.buttons_ever(place)
                button = self._find(place, act.what, shown[::-1] if act.verb == "presses first" else shown)
                self._last_press[place] = button
                return await house.press(act.who, button, place=act.place)
            case "presses again":
                button = self._last_press[place]
                _expect(_is_labelled(button, act.what), f"the last press there was “{button.label}”")
                return await house.press(act.who, button, place=act.place)
            case "sends" if act.what.startswith(("voice ", "call ")):
                kind, _, words = act.what.partition(" ")
                lines = "\n".join(words.split(" / "))
                return await house.send_recording(act.who, lines, f"{kind}.m4a", is_spoken=kind == "voice", place=act.place)
            case "sends":
                return await house.send_file(act.who, "voice" if act.what == "voice" else "file")
            case None:
                return await house.say(act.who, act.what, place=act.place)

    def _find(self, place: str, label: str, buttons: list[Button]) -> Button:
        found = next((button for button in buttons if _is_labelled(button, label)), None)
        if found is None:
            raise Differs(f"no button “{label}” in {place}; there are {[button.label for button in buttons]}")
        return found

    async def _compare_reading(self, reads: str) -> None:
        reading = await self._house.last_reading() or {"intent": None, "sure": True}
        is_sure = reading["sure"]
        told = f"{reading['intent']}{'' if is_sure else ' (unsure)'}"
        _expect(
            (reads == "unsure") != is_sure if reads == "unsure" else is_sure and reads == reading["intent"],
            f"read as {told}",
        )

    def _look(self, see: See) -> None:
        here = [arrived.reply for arrived in self._news if arrived.conversation == see.place]
        text = "\n".join(_all_words(reply) for reply in here)
        if not see.sees:
            _expect(not here, f"something arrived in {see.place}")
        for words in see.sees:
            _expect(
                (words in text) != see.is_absent, f"“{words}” is {'' if see.is_absent else 'not '}to be seen in {see.place}"
            )

    # --- records --------------------------------------------------------------------------------

    async def _count(self, new: New) -> None:
        records = await self._house.records(new.kind)
        fresh = [record for record_id, record in records.items() if record_id not in self._before[new.kind]]
        _expect(len(fresh) == new.count, f"{len(fresh)} new of kind {new.kind}: {fresh}")
        if new.values:
            _compare(f"the new {new.kind}", fresh[-1], new.values)

    # --- telling --------------------------------------------------------------------------------

    def _quoted(self, act: Act) -> str:
        what = (
            act.what if len(act.what) <= _LONGEST_QUOTED else f"{act.what[:_LONGEST_QUOTED]}… ({len(act.what)} characters)"
        )
        return f"[{what}]{' again' if act.verb == 'presses again' else ''}" if act.verb else what

    def _hear(self, news: list[Arrived]) -> None:
        self._news = news
        for arrived in news:
            mark = " (redrawn)" if arrived.redraws else ""
            self._told.append(f"    {arrived.conversation}{mark} < " + _all_words(arrived.reply).replace("\n", "\n        "))


def _all_words(reply: Reply) -> str:
    """Everything a reader sees of a reply, buttons and players included."""
    players = tuple(f"▶ {file.name}" for file in reply.files if file.clip)
    card = reply.card
    if card is None:
        return "\n".join((reply.text, *players))
    facts = (f"{label}: {value}" for label, value in card.facts)
    parts: Iterable[str | None] = (card.title, *card.lines, *facts, card.quote, card.source, card.note)
    labels = " ".join(f"[{button.label}]" for button in card.buttons)
    return "\n".join(part for part in (*parts, labels, *players) if part)


def _compare_buttons(replies: list[Reply], wanted: tuple[str, ...] | str) -> None:
    latest = replies[-1].card if replies else None
    shown = latest.buttons if latest else ()
    if wanted == "none":
        _expect(not shown, f"there are buttons {[button.label for button in shown]}")
        return
    for label in wanted:
        _expect(any(_is_labelled(button, label) for button in shown), f"no button “{label}” on the last reply")


def _is_labelled(button: Button, label: str) -> bool:
    if label.startswith("…"):
        return button.label.endswith(label[1:])
    if label.endswith("…"):
        return button.label.startswith(label[:-1])
    return button.label == label


def _compare(name: str, record: Mapping[str, Any], values: Values) -> None:
    for field, wanted in values.items():
        _expect(field in record, f"{name} has no field {field}")
        value = record[field]
        held = None if value is None else as_written(value)
        _expect(held == wanted, f"{name}: {field} is {held!r}, not {wanted!r}")


def _expect(is_so: bool, difference: str) -> None:
    if not is_so:
        raise Differs(difference)
