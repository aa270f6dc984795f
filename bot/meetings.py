"""What words say about a meeting that is booked: move it, call it off, "I can't come"; and which meeting they mean.

Part of thinking: reads the store. Words that say nothing of a meeting of the speaker's are left to the intent model.
"""

import re
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select

from actions.crm.diary import bookings_of
from actions.crm.records import Booking
from actions.outside.store import Tx
from actions.outside.tables import CustomerRow, EmployeeRow
from bot.phrase_meetings import BOOKS
from bot.steps import Heard
from bot.thread import Turn
from intents.understanding import Understanding

Change = Literal["move", "cancel", "decline"]

_LONGEST = 60
"""Characters beyond which words tell a story rather than give an order."""
_CHANGES: tuple[tuple[Change, re.Pattern[str]], ...] = (
    (
        "decline",
        re.compile(
            r"(?:去|来|参加)不(?:了|成)|(?:没法|不能|无法)(?:去|来|参加|到)|\bcan(?:'|’)?t (?:make|come|attend|join)"
            r"|\bcannot (?:make|come|attend|join)|\bunable to (?:make|come|attend|join)",
            re.IGNORECASE,
        ),
    ),
    (
        "move",
        re.compile(
            r"改到|改成|改约|改在|改期|改时间|换(?:个|到|一个)?时间|换到|挪到|推到|推迟到|延到|提前到"
            r"|\breschedule\b|\b(?:move|push|shift|bring) (?:it|this|that|my|the)\b|\banother time\b|\bpostpone\b",
            re.IGNORECASE,
        ),
    ),
    ("cancel", re.compile(r"取消|不开了|推掉|退掉|不约了|\bcancel\b|\bcall off\b|\bdrop the\b", re.IGNORECASE)),
)
_MEETING = re.compile(
    r"会议|会面|[的个场次这那]会|会(?:改|取消|不开|推|挪)|预约|约的|顾问|工程师"
    r"|\b(?:meeting|booking|appointment|consultant|engineer|session|call with)\b",
    re.IGNORECASE,
)
_OTHER_THINGS = re.compile(
    r"提醒|订单|合同|单子|那单|金额|阶段|续约|\b(?:remind|reminder|order|contract|deal|stage|subscription)\b", re.IGNORECASE
)
_BOOKS = re.compile(
    r"约[^，。,.]{0,8}(?:顾问|售前|技术|工程师)"
    r"|\b(?:book|get|find|need|grab)\b[^,.]{0,24}\b(?:consultant|engineer|specialist|architect)\b",
    re.IGNORECASE,
)


async def meeting_turn(tx: Tx, heard: Heard, understanding: Understanding) -> Turn | None:
    """The turn that works on a meeting of the speaker's which these words are about; None where they are about none."""
    text, person_id = understanding.text.strip(), heard.speaker.person_id
    if person_id is None or not heard.speaker.is_staff or len(text) > _LONGEST or _OTHER_THINGS.search(text):
        return None
    change = next((name for name, words in _CHANGES if words.search(text)), None)
    if change is None:
        wants_one = understanding.intent == "crm.set_reminder" and _BOOKS.search(text)
        return Turn(BOOKS, text, heard.message.sent_at, {}, is_settled=True) if wants_one else None
    bookings = await bookings_of(tx, person_id, heard.now)
    meant = await _meant(tx, heard, understanding, change, bookings)
    if not meant:
        return None
    if change == "decline" and all(one.consultant_id != person_id for one in meant):
        change = "move"
    answers = {"change": change} | ({"booking": meant[0].id} if len(meant) == 1 else {})
    return Turn(BOOKS, text, heard.message.sent_at, answers, is_settled=True)


async def _meant(
    tx: Tx, heard: Heard, understanding: Understanding, change: Change, bookings: Sequence[Booking]
) -> Sequence[Booking]:
    """The meetings that can be meant: with whom is named, or the one spoken of last, or any where a meeting is named."""
    if not bookings:
        return ()
    text = understanding.text
    named = [one for one in bookings if await _is_named(tx, one, text, str(heard.speaker.person_id))]
    if named:
        return named
    if _MEETING.search(text):
        return bookings
    last = [one for one in bookings if one.id == heard.thread.booking_id]
    has_date = any(slot.type in ("date", "duration") for slot in understanding.slots)
    if last and (change != "move" or has_date or len(text) <= 20):
        return last
    mine = [one for one in bookings if one.consultant_id == heard.speaker.person_id]
    return mine if change == "decline" else ()


async def _is_named(tx: Tx, booking: Booking, text: str, person_id: str) -> bool:
    """Whether the other of the two, or the customer, is named: in full, by a Latin part, or as 韩工."""
    other = booking.owner_id if booking.consultant_id == person_id else booking.consultant_id
    person = (await tx.execute(select(EmployeeRow.name, EmployeeRow.name_en).where(EmployeeRow.id == other))).first()
    names: list[str] = []
    if person is not None:
        polite = re.search(r"([\u4e00-\u9fff])(?:工|老师|顾问)", text)
        if polite and person.name.startswith(polite[1]):
            return True
        names += [person.name, person.name_en, *(part for part in person.name_en.split() if len(part) > 2)]
    if booking.customer_id is not None:
        statement = select(CustomerRow.name, CustomerRow.name_en, CustomerRow.aliases)
        customer = (await tx.execute(statement.where(CustomerRow.id == booking.customer_id))).first()
        if customer is not None:
            names += [customer.name, customer.name_en, *customer.aliases.split("|")]
    said = text.casefold()
    return any(name and name.casefold() in said for name in names)
