"""Free slots: whatever the calendars hold, what is offered suits both, in working hours, on every side of a clock change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from actions.crm.records import Booking, Busy, Diary, Employee
from actions.policy.hours import Stretch, Working, shipped_hours, zone_of
from actions.slots import LENGTH, LOOK_AHEAD, Fit, Slot, Wish, fitting, free_slots, is_taken, merged

NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in Shanghai
HAN = Employee("E31", "韩松", "Han Song", "consultant", "华东", expertise="监护|影像")
PRIYA = Employee("E33", "Priya Nair", "Priya Nair", "consultant", "华南", lang="en", expertise="集成|ERP 对接|security")
REP = Employee("E01", "林悦", "Lin Yue", "rep", "华东")

ZONES = ("Asia/Shanghai", "Asia/Singapore", "Europe/Berlin", "America/New_York", "Australia/Sydney", "No/Where")
_MOMENTS = st.integers(0, 60 * 24 * 500).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@st.composite
def _busy(draw: st.DrawFn) -> Busy:
    starts = draw(_MOMENTS)
    person = draw(st.sampled_from(["E01", "E31", "E33"]))
    return Busy(draw(st.uuids()).hex, person, starts, starts + timedelta(minutes=draw(st.integers(-60, 60 * 24 * 3))))


@st.composite
def _bookings(draw: st.DrawFn) -> Booking:
    starts = draw(_MOMENTS)
    return Booking(draw(st.uuids()).hex, draw(st.sampled_from(["E31", "E33"])), "E01", starts, starts + LENGTH)


def _slots(diary: Diary, wish: Wish, now: datetime, asker: Employee | None = REP) -> list[Slot]:
    return free_slots(diary, fitting(diary.people, "", ""), asker, wish, now)


@given(
    st.lists(_busy(), max_size=30),
    st.lists(_bookings(), max_size=10),
    _MOMENTS,
    st.integers(-40, 40),
    st.none() | st.integers(-100, 400),
    st.tuples(*(st.sampled_from(ZONES),) * 3),
)
def test_a_slot_is_always_free_and_in_the_hours_of_both(
    busy: list[Busy], bookings: list[Booking], now: datetime, days: int, hours: int | None, zones: tuple[str, str, str]
) -> None:
    han, priya, rep = (replace(one, zone=zone) for one, zone in zip((HAN, PRIYA, REP), zones, strict=True))
    earliest = now + timedelta(days=days)
    wish = Wish(earliest, None if hours is None else earliest + timedelta(hours=hours))
    diary = Diary("", (han, priya), tuple(busy), tuple(bookings))
    found = _slots(diary, wish, now, rep)
    assert len(found) <= 3
    for slot in found:
        assert slot.starts > now and slot.ends - slot.starts == LENGTH
        assert slot.starts < max(earliest, now) + LOOK_AHEAD + timedelta(hours=1)
        for person in (slot.fit.person, rep):
            local = slot.starts.astimezone(zone_of(person.zone))
            assert local.hour >= 9 and (local + LENGTH).time() <= time(18, 30)
            assert local.hour >= 13 or (local + LENGTH).time() <= time(12)
            taken = [one for one in busy if one.employee_id == person.id and one.ends > one.starts]
            assert not any(one.starts < slot.ends and one.ends > slot.starts for one in taken)
            theirs = [one for one in bookings if person.id in (one.consultant_id, one.owner_id)]
            assert not any(one.starts < slot.ends and one.ends > slot.starts for one in theirs)


@given(st.lists(_busy(), max_size=40), _MOMENTS, st.integers(1, 300))
def test_merged_time_is_the_same_time(busy: list[Busy], at: datetime, minutes: int) -> None:
    spans = [(one.starts, one.ends) for one in busy]
    whole = merged(spans)
    assert all(before[1] < after[0] for before, after in pairwise(whole))
    ends = at + timedelta(minutes=minutes)
    overlaps = any(first < ends and last > at and last > first for first, last in spans)
    assert is_taken(whole, at, ends) == overlaps


def test_whoever_knows_the_subject_comes_before_whoever_is_near() -> None:
    fits = fitting((HAN, PRIYA), "客户怕接不上 ERP,要谈对接", "华东")
    assert [fit.person for fit in fits] == [PRIYA, HAN]
    assert fits[0].topics == ("ERP 对接",)
    assert [fit.person for fit in fitting((PRIYA, HAN), "约个顾问", "华东")] == [HAN, PRIYA]
    assert [fit.person for fit in fitting((HAN, PRIYA), "约个顾问", "", "en")] == [PRIYA, HAN]


def test_a_part_of_a_day_that_is_full_gives_the_next_hours_behind_it() -> None:
    full = Busy("Y1", "E31", NOW, NOW + timedelta(days=2))
    [first, *_] = _slots(Diary("", (HAN,), (full,)), Wish(NOW, NOW + timedelta(hours=8)), NOW)
    assert first.starts == datetime(2026, 11, 27, 2, 0, tzinfo=UTC)


def test_the_rep_s_own_calendar_counts() -> None:
    mine = Busy("Y1", "E01", NOW, NOW + timedelta(hours=8))
    [first, *_] = _slots(Diary("", (HAN,), (mine,)), Wish(NOW), NOW)
    assert first.starts.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(2026, 11, 26)


def test_whoever_has_left_is_offered_to_nobody() -> None:
    gone = replace(HAN, has_left=True)
    assert [fit.person for fit in fitting((gone, PRIYA), "监护", "华东")] == [PRIYA]


def test_the_hours_are_those_that_the_policy_has_for_the_region() -> None:
    early = Working(frozenset({6}), Stretch(time(6), time(8)), None)
    hours = replace(shipped_hours(), regions={"华东": early})
    slots = _slots(Diary("", (HAN,), hours=hours), Wish(NOW), NOW)
    local = [slot.starts.astimezone(ZoneInfo("Asia/Shanghai")) for slot in slots]
    assert [(one.isoweekday(), one.hour) for one in local] == [(6, 6), (6, 6)]


def test_nobody_free_in_two_weeks_is_no_slot() -> None:
    away = Busy("Y1", "E31", NOW, NOW + timedelta(days=30))
    assert _slots(Diary("", (HAN,), (away,)), Wish(NOW), NOW) == []
    assert _slots(Diary("", ()), Wish(NOW), NOW) == []


def test_a_holiday_is_no_working_day_and_a_worked_sunday_is_one() -> None:
    hours = shipped_hours()
    assert not hours.is_working_day(date(2026, 10, 1), "Asia/Shanghai", "")
    assert hours.is_working_day(date(2026, 9, 20), "Asia/Shanghai", "")
    eve = datetime(2026, 9, 30, 10, 0, tzinfo=UTC)  # six in the evening before the national holiday
    [first, *_] = _slots(Diary("", (HAN,)), Wish(eve), eve)
    assert first.starts.date() == date(2026, 10, 8)


def test_nine_o_clock_stays_nine_o_clock_across_a_clock_change() -> None:
    berlin = replace(HAN, zone="Europe/Berlin")
    for friday, utc_hour in ((datetime(2026, 3, 27, 18, tzinfo=UTC), 7), (datetime(2026, 10, 23, 18, tzinfo=UTC), 8)):
        [first, *_] = _slots(Diary("", (berlin,)), Wish(friday), friday, None)
        assert first.starts.hour == utc_hour
        assert first.starts.astimezone(ZoneInfo("Europe/Berlin")).hour == 9


def test_two_zones_meet_where_their_days_overlap() -> None:
    berlin = replace(REP, zone="Europe/Berlin")
    [first, *_] = _slots(Diary("", (HAN,)), Wish(NOW), NOW, berlin)
    assert first.starts.astimezone(ZoneInfo("Asia/Shanghai")).hour == 16
    new_york = replace(REP, zone="America/New_York")
    assert _slots(Diary("", (HAN,)), Wish(NOW), NOW, new_york) == []


def test_the_meeting_that_is_to_be_moved_is_not_in_its_own_way() -> None:
    booking = Booking("M1", "E31", "E01", NOW + timedelta(hours=1), NOW + timedelta(hours=2), state="booked")
    diary = Diary("", (HAN,), (), (booking,))
    taken = free_slots(diary, [Fit(HAN)], REP, Wish(booking.starts), NOW)
    free = free_slots(diary, [Fit(HAN)], REP, Wish(booking.starts), NOW, but="M1")
    assert booking.starts not in [slot.starts for slot in taken]
    assert free[0].starts == booking.starts
