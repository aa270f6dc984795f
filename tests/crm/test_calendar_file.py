"""Calendar files: when a person's time is taken, whatever wrote it; our own invitations, written and read back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from actions.crm.calendar_file import AHEAD, CalendarError, busy_in, busy_of
from actions.crm.invitation import feed, file_name, invitation
from actions.proposal import Json

NOW = datetime(2026, 10, 19, 2, 0, tzinfo=UTC)  # a Monday
_BERLIN = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*events: str, zones: str = "") -> bytes:
    body = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{zones}{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def busy(*events: str, zones: str = "", zone: str = "Asia/Shanghai", email: str | None = None) -> list[str]:
    """When it takes time, in UTC, as `10-20 01:00/02:00`."""
    spans = busy_of(calendar(*events, zones=zones), "a.ics", zone, NOW, email)
    return [f"{first:%m-%d %H:%M}/{last:%H:%M}" for first, last in spans]


def test_a_single_meeting_takes_its_time() -> None:
    assert busy("UID:1\nDTSTART:20261020T010000Z\nDTEND:20261020T020000Z") == ["10-20 01:00/02:00"]
    assert busy("UID:1\nDTSTART:20261020T010000Z\nDURATION:PT90M") == ["10-20 01:00/02:30"]


def test_a_time_without_zone_and_a_whole_day_are_the_owner_s() -> None:
    assert busy("UID:1\nDTSTART:20261020T090000\nDTEND:20261020T100000") == ["10-20 01:00/02:00"]
    assert busy("UID:1\nDTSTART;VALUE=DATE:20261020\nDTEND;VALUE=DATE:20261022") == ["10-19 16:00/16:00"]
    assert busy("UID:1\nDTSTART;VALUE=DATE:20261020", zone="Europe/Berlin") == ["10-19 22:00/22:00"]


def test_what_is_cancelled_free_or_declined_takes_none() -> None:
    when = "UID:1\nDTSTART:20261020T010000Z\nDTEND:20261020T020000Z\n"
    assert busy(when + "STATUS:CANCELLED") == []
    assert busy(when + "TRANSP:TRANSPARENT") == []
    assert busy(when + "X-MICROSOFT-CDO-BUSYSTATUS:FREE") == []
    assert busy(when + "ATTENDEE;PARTSTAT=DECLINED:mailto:Han@example.com", email="han@example.com") == []
    assert busy(when + "ATTENDEE;PARTSTAT=DECLINED:mailto:other@example.com", email="han@example.com") != []


def test_a_weekly_meeting_keeps_its_clock_time_across_the_clock_change() -> None:
    rule = "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261102T090000Z"
    weekly = f"UID:1\nDTSTART;TZID=Europe/Berlin:20260907T100000\nDURATION:PT1H\n{rule}"
    taken = busy(weekly, zones=_BERLIN, zone="Europe/Berlin")
    assert taken == ["10-19 08:00/09:00", "10-26 09:00/10:00", "11-02 09:00/10:00"]


def test_exceptions_take_the_place_of_repetitions() -> None:
    daily = "UID:1\nDTSTART:20261019T030000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20261020T030000Z"
    moved = "UID:1\nRECURRENCE-ID:20261021T030000Z\nDTSTART:20261021T070000Z\nDURATION:PT1H"
    gone = "UID:1\nRECURRENCE-ID:20261022T030000Z\nDTSTART:20261022T030000Z\nDURATION:PT1H\nSTATUS:CANCELLED"
    assert busy(daily, moved, gone) == ["10-19 03:00/04:00", "10-21 07:00/08:00", "10-23 03:00/04:00"]


def test_this_and_all_that_follow_can_be_moved_together() -> None:
    daily = "UID:1\nDTSTART:20261019T030000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4"
    later = "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261021T030000Z\nDTSTART:20261021T050000Z\nDURATION:PT30M"
    assert busy(daily, later) == ["10-19 03:00/04:00", "10-20 03:00/04:00", "10-21 05:00/05:30", "10-22 05:00/05:30"]


def test_dates_can_be_added_to_a_rule() -> None:
    event = "UID:1\nDTSTART:20261020T030000Z\nDURATION:PT1H\nRDATE:20261023T030000Z,20261024T030000Z"
    assert busy(event) == ["10-20 03:00/04:00", "10-23 03:00/04:00", "10-24 03:00/04:00"]


def test_time_that_touches_is_told_as_one_and_what_is_over_or_far_away_not_at_all() -> None:
    events = (
        "UID:1\nDTSTART:20261020T010000Z\nDTEND:20261020T020000Z",
        "UID:2\nDTSTART:20261020T020000Z\nDTEND:20261020T030000Z",
        "UID:3\nDTSTART:20251020T010000Z\nDTEND:20251020T020000Z",
        "UID:4\nDTSTART:20270720T010000Z\nDTEND:20270720T020000Z",
    )
    assert busy(*events) == ["10-20 01:00/03:00"]


def test_our_own_invitations_say_nothing_new() -> None:
    assert busy("UID:M-1@parley\nDTSTART:20261020T010000Z\nDTEND:20261020T020000Z") == []


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT", "not a calendar".encode("utf-16")]
)
def test_a_broken_file_is_one_sentence(content: bytes) -> None:
    with pytest.raises(CalendarError, match=r"a\.ics is not a calendar file") as error:
        busy_of(content, "a.ics", "Asia/Shanghai", NOW)
    assert error.value.why == "broken"


@given(st.binary(max_size=300) | st.text(max_size=300).map(calendar))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    try:
        spans = busy_of(content, "a.ics", "Asia/Shanghai", NOW)
    except CalendarError:
        return
    assert all(first < last <= NOW + AHEAD for first, last in spans)


def test_a_file_that_repeats_without_end_is_refused_in_time() -> None:
    forever = "UID:1\nDTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"
    with pytest.raises(CalendarError) as error:
        busy(forever)
    assert error.value.why == "too_many"


def test_a_folder_is_read_as_one_calendar(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(calendar("UID:1\nDTSTART:20261020T010000Z\nDTEND:20261020T020000Z"))
    (tmp_path / "B.ICS").write_bytes(calendar("UID:1\nDTSTART:20261021T010000Z\nDTEND:20261021T020000Z"))
    (tmp_path / "notes.txt").write_text("no calendar")
    assert len(busy_in(tmp_path, "Asia/Shanghai", NOW)) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(CalendarError, match=r"no \.ics file"):
        busy_in(empty, "Asia/Shanghai", NOW)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.ics").write_bytes(b" " * (5 * 1024 * 1024 + 1))
    with pytest.raises(CalendarError, match="over 5 MB"):
        busy_in(tmp_path / "a.ics", "Asia/Shanghai", NOW)


# --- out --------------------------------------------------------------------------------------------------------------


def _told(**changed: Json) -> dict[str, Json]:
    return {
        "uid": "M-1@parley",
        "sequence": 0,
        "method": "REQUEST",
        "starts": "2026-10-20T01:00:00+00:00",
        "ends": "2026-10-20T02:00:00+00:00",
        "title": "华康医疗 · ERP",
        "organizer": {"name": "林悦", "email": "lin@example.com"},
        "guests": [{"name": "韩松", "email": "han@example.com"}, {"name": "no mail", "email": None}],
        **changed,
    }


_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=80)
_MINUTES = st.integers(0, 60 * 24 * 7000).map(lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


@given(_WORDS, _WORDS, _MINUTES, st.integers(1, 600), st.integers(0, 1000), st.sampled_from(["REQUEST", "CANCEL"]))
def test_an_invitation_is_read_back_as_it_was_written(
    title: str, name: str, starts: datetime, minutes: int, sequence: int, method: str
) -> None:
    ends = starts + timedelta(minutes=minutes)
    told = _told(
        title=title,
        sequence=sequence,
        method=method,
        starts=starts.isoformat(),
        ends=ends.isoformat(),
        guests=[{"name": name, "email": "han@example.com"}],
    )
    read = Calendar.from_ical(invitation(told, NOW))
    [event] = read.walk("VEVENT")
    assert (read["METHOD"], event["UID"], event["SEQUENCE"]) == (method, "M-1@parley", sequence)
    assert (event["DTSTART"].dt, event["DTEND"].dt, event["DTSTAMP"].dt) == (starts, ends, NOW)
    assert str(event["SUMMARY"]) == title
    assert event["STATUS"] == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")
    assert str(event["ORGANIZER"]) == "mailto:lin@example.com"
    assert str(event["ATTENDEE"]) == "mailto:han@example.com"


def test_whoever_has_no_address_is_left_out_and_a_title_cannot_smuggle_lines_in() -> None:
    text = invitation(_told(title="x\r\nATTENDEE:mailto:evil@example.com"), NOW)
    [event] = Calendar.from_ical(text).walk("VEVENT")
    assert str(event["ATTENDEE"]) == "mailto:han@example.com"
    assert file_name(_told()) == "meeting-20261020-0100Z.ics"
    assert file_name(_told(method="CANCEL")) == "cancel-20261020-0100Z.ics"


def test_a_feed_holds_every_meeting() -> None:
    read = Calendar.from_ical(feed([_told(), _told(uid="M-2@parley")], NOW))
    assert [str(event["UID"]) for event in read.walk("VEVENT")] == ["M-1@parley", "M-2@parley"]
    assert read["METHOD"] == "PUBLISH"
