"""The working hours of the policy in force, as the store keeps it: the same for every process, whatever its files say."""

from functools import lru_cache

from sqlalchemy import select

from actions.outside.store import Tx
from actions.outside.tables import MetaRow, PolicyVersionRow
from actions.policy.hours import SHIPPED_HOLIDAYS, SHIPPED_HOURS, Hours, shipped_hours

IN_FORCE = "policy_in_force"
"""Where the store says which version of the policy counts."""


async def hours_in_force(tx: Tx) -> Hours:
    """Those of the version that counts; before the first one was kept, the shipped ones."""
    version = select(MetaRow.value).where(MetaRow.name == IN_FORCE).scalar_subquery()
    query = select(PolicyVersionRow.texts).where(PolicyVersionRow.version == version)
    texts = (await tx.execute(query)).scalar_one_or_none()
    return shipped_hours() if texts is None else _read(texts["hours.yaml"], texts["holidays.yaml"])


@lru_cache(maxsize=4)
def _read(hours: str, holidays: str) -> Hours:
    return Hours.read(hours, holidays, SHIPPED_HOURS.name, SHIPPED_HOLIDAYS.name)
