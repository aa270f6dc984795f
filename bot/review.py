"""Corrections that people made in the chat, looked through before the next training learns from them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update

from actions.outside.store import Store
from actions.outside.tables import CorrectionRow
from intents.added import read_added, write_added
from intents.contact import find_emails, find_phones, find_tax_ids
from intents.dictionary import Intent

DROPPED = ""
_VOICE = "corrections"
_FILE = f"{_VOICE}.jsonl"
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Correction:
    """What somebody said, how it was read, and what they chose; `role` is rep, customer or manager."""

    key: str
    text: str
    lang: str
    role: str
    read_as: str
    meant: str
    at: datetime


async def waiting(store: Store) -> list[Correction]:
    """The corrections that nobody has looked through, the oldest first."""
    names = [column for column in CorrectionRow.__table__.columns if column.name in Correction.__dataclass_fields__]
    open_ones = select(*names).where(CorrectionRow.reviewed_at.is_(None)).order_by(CorrectionRow.at, CorrectionRow.key)
    async with store.read() as tx:
        return [Correction(**row._mapping) for row in await tx.execute(open_ones)]


async def settle(store: Store, one: Correction, kept_as: str, now: datetime, *, learned: Path, added: Path) -> None:
    """Keep a correction for the next training, as an example of an added intent, or not at all (`DROPPED`).

    An added intent that the words were taken for wrongly learns that they are none of its own.
    The file is written first: a correction that is kept twice counts once, one that is lost is lost.
    """
    if kept_as != DROPPED:
        _keep(replace(one, text=masked(one.text)), kept_as, learned, added)
    async with store.write() as tx:
        reviewed = update(CorrectionRow).where(CorrectionRow.key == one.key).values(kept_as=kept_as, reviewed_at=now)
        await tx.execute(reviewed)


def masked(text: str) -> str:
    """The text without what reaches a person: no reading needs the digits of a phone or the name before an @."""
    for slot in sorted((*find_emails(text), *find_phones(text), *find_tax_ids(text)), key=lambda slot: -slot.start):
        plain = "name@example.com" if slot.type == "email" else _DIGIT.sub("0", slot.text)
        text = text[: slot.start] + plain + text[slot.start + len(slot.text) :]
    return text


def chosen(said: str, one: Correction, intents: Mapping[str, Intent]) -> str | None:
    """What an answer makes of a correction: an intent, `DROPPED`, or None to leave it. Raise ValueError for nonsense."""
    match said.strip():
        case "" | "y" | "yes":
            return one.meant
        case "n" | "no" | "d":
            return DROPPED
        case "s":
            return None
        case name if name in intents:
            return name
        case name:
            raise ValueError(f"{name!r} is no intent; Enter keeps it, n drops it, s leaves it for later, q stops")


def _keep(one: Correction, intent: str, learned: Path, added: Path) -> None:
    own = {known.intent.id: known for known in read_added(added)}
    if (wrong := own.get(one.read_as)) is not None and one.read_as != intent:
        write_added(added, replace(wrong, unlike=tuple(dict.fromkeys((*wrong.unlike, one.text)))))
    if (right := own.get(intent)) is not None:
        write_added(added, replace(right, examples=tuple(dict.fromkeys((*right.examples, one.text)))))
        return
    learned.mkdir(parents=True, exist_ok=True)
    file = learned / _FILE
    line = {"text": one.text, "lang": one.lang, "role": one.role, "intent": intent, "voice": _VOICE}
    text = json.dumps(line, ensure_ascii=False)
    if file.exists() and text in file.read_text(encoding="utf-8").split("\n"):
        return
    with file.open("a", encoding="utf-8") as out:
        out.write(text + "\n")
