"""An empty home becomes the sample company, once: records, who is who on the chat page, and a note that says so."""

from datetime import date
from pathlib import Path

from sqlalchemy import func, insert, select

from actions.crm.import_files import import_at_once
from actions.crm.people import SAMPLE
from actions.outside.store import Store
from actions.outside.tables import CustomerRow, EmployeeRow, MetaRow

SAMPLE_FOLDER = Path(__file__).parent / "sample"
SAMPLE_WORDS = SAMPLE_FOLDER / "words.yaml"
"""How the sample company talks."""


async def load_sample(store: Store, today: date) -> bool:
    """Fill a home that has neither employees nor customers; its dates count from `today`. False: left as it was.

    One transaction: a start that is cut short leaves the home empty, and the next one fills it.
    """
    async with store.write() as tx:
        for table in (EmployeeRow, CustomerRow):
            if (await tx.execute(select(func.count()).select_from(table))).scalar_one():
                return False
        imported = await import_at_once(tx, [SAMPLE_FOLDER], today=today)
        if imported.problems:
            raise RuntimeError(f"the shipped sample is broken: {imported.problems[0]}")
        await tx.execute(insert(MetaRow).values(name=SAMPLE, value="1"))
    return True
