"""Taking in an employee's calendar file from the command line: their busy stretches; and what clashes is looked for."""

import asyncio
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from actions.crm.calendar_file import busy_in
from actions.crm.diary import replace_busy, set_clash_timer, span
from actions.crm.people import IntroductionError
from actions.outside.store import Tx
from actions.outside.tables import EmployeeRow


async def take_calendar(tx: Tx, employee_id: str, source: Path, now: datetime) -> int:
    """How many stretches the calendar takes. Raises IntroductionError for nobody, CalendarError for a bad file."""
    found = select(EmployeeRow.zone, EmployeeRow.email).where(EmployeeRow.id == employee_id)
    person = (await tx.execute(found)).first()
    if person is None:
        raise IntroductionError(f"There is no employee {employee_id}; `parley people list` shows who has which id.")
    taken = await asyncio.to_thread(busy_in, source, person.zone, now, person.email)
    await replace_busy(tx, employee_id, [span(*one) for one in taken])
    await set_clash_timer(tx, employee_id, now)
    return len(taken)
