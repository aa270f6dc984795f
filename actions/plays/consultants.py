"""Which technical consultant fits, and their next free hour in the working day."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from actions.crm.records import Busy, Employee

OPENS, CLOSES = time(9, 0), time(18, 0)
LOOK_AHEAD = timedelta(days=14)
_HOUR = timedelta(hours=1)


def next_free_hour(consultant: Employee, busy: Iterable[Busy], after: datetime) -> datetime | None:
    """The start of the first whole hour, on a weekday between nine and six in the consultant's zone, that nothing takes."""
    taken = [row for row in busy if row.employee_id == consultant.id]
    start = after.astimezone(ZoneInfo(consultant.zone)).replace(minute=0, second=0, microsecond=0) + _HOUR
    last = start + LOOK_AHEAD
    while start < last:
        if _is_working_hour(start) and not any(row.starts < start + _HOUR and row.ends > start for row in taken):
            return start
        start += _HOUR
    return None


def _is_working_hour(start: datetime) -> bool:
    return start.weekday() < 5 and OPENS <= start.time() < CLOSES


def fitting(consultants: Iterable[Employee], text: str, region: str) -> list[Employee]:
    """Those whose expertise is spoken of first, then those of the region."""
    lowered = text.casefold()

    def fit(person: Employee) -> tuple[bool, bool, str]:
        topics = [
            topic.strip().casefold()
            for topic in person.expertise.replace("、", "|").replace(",", "|").replace("，", "|").split("|")
        ]
        return (not any(topic and topic in lowered for topic in topics), person.region != region, person.id)

    return sorted(consultants, key=fit)
