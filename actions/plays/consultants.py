"""Getting a technical consultant: free slots to choose from, and what becomes of one that was booked."""

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from actions.commands.crm import SetReminder
from actions.commands.meetings import CancelBooking, DeclineBooking, HoldSlot, RebookConsultant
from actions.crm.records import Booking, Diary, Employee
from actions.plays.local_time import moment, work_morning_in
from actions.plays.meant import unclear
from actions.plays.play import Result
from actions.plays.told import customer_subject, deal_subject, named
from actions.proposal import Answer, Ask, Json, Option
from actions.situation import Situation
from actions.slots import Fit, Slot, Wish, fitting, free_slots, is_consultant

_MORNING = re.compile(r"上午|早上|一早|\bmorning\b|\b(?<!\d )a\.?m\b", re.IGNORECASE)
_AFTERNOON = re.compile(r"下午|午后|\bafternoon\b|\b(?<!\d )p\.?m\b", re.IGNORECASE)
_CLOCK = re.compile(r"[点點时時:：]|\d\s*[ap]\.?m\b", re.IGNORECASE)
_ENGLISH_CLOCK = re.compile(r"\b(\d{1,2})(?::([0-5]\d))?\s*([ap])\.?m\b", re.IGNORECASE)
_AFTER = re.compile(r"以后|之后|过后|往后|起|\b(?:after|from|later than|past)\b", re.IGNORECASE)
_BEFORE = re.compile(r"以前|之前|\b(?:before|by|until)\b", re.IGNORECASE)
_NEXT_WEEK = re.compile(r"下+(?:个|個)?(?:周|星期|礼拜|週)|next week", re.IGNORECASE)
_NOON, _DAY = time(12), timedelta(days=1)
MOST_OPTIONS = 4


def book(s: Situation) -> Result:
    """Up to three free slots on buttons; or, about a booking that exists, what is to become of it."""
    diary = next((row for row in s.rows.get("diary", ()) if isinstance(row, Diary)), Diary(""))
    if s.answers.get("change"):
        return _changed(s, diary)
    wanted = _wanted(s, diary)
    if s.unknown is not None and any(_is_called(one, s.unknown) for one in diary.people):
        s = replace(s, unknown=None)  # a colleague's name was taken for a company's
    whom = replace(s, choose={kind: options for kind, options in s.choose.items() if kind == "customer"})
    if (question := unclear(whom)) is not None:
        return question
    return _offered(s, diary, wanted)


def _offered(s: Situation, diary: Diary, wanted: list[Employee]) -> Answer:
    region = s.customer.region if s.customer and s.customer.region else s.speaker.region
    lang = s.customer.lang if s.customer else s.lang
    about = f"{s.plain_text} {s.deal.title if s.deal else ''}"
    fits = fitting(wanted or diary.people, about, region, lang)
    if not fits:
        return Answer("no_consultants", says=("human",))
    wish, asker = wish_of(s), diary.person(str(s.speaker.person_id))
    slots = free_slots(diary, fits, asker, wish, s.now)
    instead = None
    if wanted and not slots:
        instead = named(wanted[0], s.lang)
        slots = free_slots(diary, fitting(diary.people, about, region, lang), asker, wish, s.now)
    subject = deal_subject(s.deal) if s.deal else customer_subject(s.customer, s.lang) if s.customer else None
    if not slots:
        text = " · ".join(part for part in (named(fits[0].person, s.lang), subject.title if subject else "") if part)
        remember = SetReminder(text=text, due_at=work_morning_in(1, s.now, s.speaker))
        return Answer("no_consultant", offers=(remember,), says=(), subject=subject)
    holds = tuple(
        HoldSlot(
            consultant_id=slot.fit.person.id,
            person=named(slot.fit.person, s.lang),
            starts=slot.starts,
            owner_id=str(s.speaker.person_id),
            title=subject.title if subject else "",
            customer_id=s.customer.id if s.customer else None,
            deal_id=s.deal.id if s.deal else None,
        )
        for slot in slots
    )
    rows = tuple(_row(slot, s) for slot in slots)
    told: dict[str, Json] = {"instead": instead, "is_later": _is_later(slots, wish) or None}
    return Answer("slots", told, rows=rows, offers=holds, subject=subject)


def _is_later(slots: list[Slot], wish: Wish) -> bool:
    """Whether the part of a day that was named had no room."""
    return wish.latest is not None and slots[0].starts >= wish.latest


def _row(slot: Slot, s: Situation) -> dict[str, Json]:
    fit = slot.fit
    between = "、" if s.lang == "zh" else ", "
    return {
        "row": "slot",
        "at": slot.starts.isoformat(),
        "person": named(fit.person, s.lang),
        "topics": between.join(fit.topics[:2]) or None,
        "region": fit.person.region if fit.is_near else None,
    }


def _wanted(s: Situation, diary: Diary) -> list[Employee]:
    """The consultants who are named."""
    words = [str(word) for slot in (*s.slots("person"), *s.slots("company")) for word in (slot.value, slot.text)]
    consultants = [one for one in diary.people if is_consultant(one)]
    return [one for one in consultants if any(_is_called(one, word) for word in words) or one.name in s.text]


def _is_called(person: Employee, word: str) -> bool:
    """By their name, a part of it in Latin letters, or their family name with what they do (韩工, 韩老师)."""
    said = word.casefold().strip()
    parts = {person.name.casefold(), person.name_en.casefold(), *person.name_en.casefold().split()} - {""}
    polite = re.fullmatch(r"(\w)(?:工|老师|顾问|总|经理)", word.strip())
    return said in parts or said.lstrip("和跟与") in parts or (polite is not None and person.name.startswith(polite[1]))


# --- about a booking that exists ----------------------------------------------------------------------------------------


def _changed(s: Situation, diary: Diary) -> Result:
    change = str(s.answers.get("change"))
    theirs = [one for one in diary.bookings if s.speaker.person_id in (one.consultant_id, one.owner_id)]
    booking = next((one for one in diary.bookings if one.id == s.answers.get("booking")), None)
    if booking is None and "booking" not in s.answers and len(theirs) > 1:
        options = tuple(Option(_label(one, s, diary), one.id) for one in theirs[:MOST_OPTIONS])
        return Ask("booking", "which_booking", {}, options)
    booking = booking or (theirs[0] if len(theirs) == 1 and "booking" not in s.answers else None)
    if booking is None:
        return Answer("no_booking", says=("consultant",) if s.speaker.role != "consultant" else ())
    match change:
        case "cancel":
            return CancelBooking(booking.id)
        case "decline" if s.speaker.person_id == booking.consultant_id:
            return _declined(s, booking)
    return _moved(s, diary, booking)


def _declined(s: Situation, booking: Booking) -> Result:
    reason = s.answers.get("reason")
    if reason:
        return DeclineBooking(booking.id, str(reason))
    options = tuple(Option(one, _REASONS[one][s.lang == "en"]) for one in _REASONS)
    return Ask("reason", "decline_why", {}, options)


_REASONS = {
    "busy": ("时间冲突", "another meeting then"),
    "travel": ("出差", "travelling"),
    "field": ("不是我的专长", "not my field"),
}


def _moved(s: Situation, diary: Diary, booking: Booking) -> Result:
    consultant, owner = diary.person(booking.consultant_id), diary.person(booking.owner_id)
    if not is_consultant(consultant):
        return Answer("no_consultants", says=("human",))
    wish = wish_of(s)
    if wish.latest is None:  # no time was named: about when it was to be
        there = booking.starts.astimezone(ZoneInfo(s.speaker.zone))
        wish = Wish(_utc(datetime.combine(there.date(), time(), there.tzinfo)))
    slots = free_slots(diary, [Fit(consultant)], owner, wish, s.now, but=booking.id, most=4)
    slots = [slot for slot in slots if slot.starts != booking.starts][:3]
    if not slots:
        return Answer("no_consultant", offers=(CancelBooking(booking.id),))
    if _is_exact(s) and slots[0].starts == wish.earliest:
        return RebookConsultant(booking.id, slots[0].starts)
    told: dict[str, Json] = {
        "person": named(consultant, s.lang),
        "was": booking.starts.isoformat(),
        "is_later": _is_later(slots, wish) or None,
    }
    moves = tuple(RebookConsultant(booking.id, slot.starts) for slot in slots)
    return Answer("moves", told, rows=tuple(_row(slot, s) for slot in slots), offers=moves)


def _label(booking: Booking, s: Situation, diary: Diary) -> str:
    other_id = booking.owner_id if s.speaker.person_id == booking.consultant_id else booking.consultant_id
    other = diary.person(other_id)
    local = booking.starts.astimezone(ZoneInfo(s.speaker.zone))
    return f"{local:%m-%d %H:%M} {named(other, s.lang) if other else ''}".strip()


# --- when it would suit ---------------------------------------------------------------------------------------------------


def wish_of(s: Situation) -> Wish:
    """When it would suit, as the words have it: a clock time, a part of a day, a day, a week; from now on without any."""
    found = s.slots("date")
    value, words = s.slot("date"), found[0].text if found and "date" not in s.answers else ""
    at = moment(value, s.now, s.speaker) or moment(s.slot("duration"), s.now, s.speaker)
    if at is None:
        return Wish(s.now)
    zone = ZoneInfo(s.speaker.zone)
    local = at.astimezone(zone)
    midnight = datetime.combine(local.date(), time(), zone)
    is_whole_day = not isinstance(value, str) or "T" not in value
    if clock := _ENGLISH_CLOCK.search(words):
        local = midnight.replace(hour=int(clock[1]) % 12 + (12 if clock[3] in "pP" else 0), minute=int(clock[2] or 0))
    elif is_whole_day or not _CLOCK.search(words):
        return _part_of_day(words if words else "", midnight, is_whole_day=is_whole_day, at=local)
    if _AFTER.search(s.text):
        return Wish(_utc(local), _utc(midnight + _DAY))
    if _BEFORE.search(s.text):
        return Wish(_utc(midnight), _utc(local))
    return Wish(_utc(local), _utc(local) + timedelta(minutes=30))


def _part_of_day(words: str, midnight: datetime, *, is_whole_day: bool, at: datetime) -> Wish:
    noon = datetime.combine(midnight.date(), _NOON, midnight.tzinfo)
    tomorrow = datetime.combine(midnight.date() + _DAY, time(), midnight.tzinfo)
    if _MORNING.search(words):
        return Wish(_utc(midnight), _utc(noon))
    if _AFTERNOON.search(words):
        return Wish(_utc(noon), _utc(tomorrow))
    if _NEXT_WEEK.fullmatch(words.strip()):
        monday = midnight.date() - timedelta(days=midnight.weekday())
        return Wish(
            _utc(datetime.combine(monday, time(), midnight.tzinfo)),
            _utc(datetime.combine(monday + timedelta(days=7), time(), midnight.tzinfo)),
        )
    return Wish(_utc(midnight if is_whole_day else at), _utc(tomorrow))


def _is_exact(s: Situation) -> bool:
    words = s.slots("date")[0].text if s.slots("date") else ""
    return bool(_CLOCK.search(words)) and not _AFTER.search(s.text) and not _BEFORE.search(s.text)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
