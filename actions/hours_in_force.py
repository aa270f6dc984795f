"""Working hours and reviews of the policy in force, as the store keeps them: the same for every process, whatever its
files say."""

from functools import lru_cache

from sqlalchemy import select

from actions.outside.store import Tx
from actions.outside.tables import MetaRow, PolicyVersionRow
from actions.policy.hours import SHIPPED_HOLIDAYS, SHIPPED_HOURS, Hours, shipped_hours
from actions.policy.reviews import SHIPPED_REVIEWS, Reviews, shipped_reviews

IN_FORCE = "policy_in_force"
"""Where the store says which version of the policy counts."""


async def hours_in_force(tx: Tx) -> Hours:
    """Those of the version that counts; before the first one was kept, the shipped ones."""
    texts = await _texts(tx)
    return shipped_hours() if texts is None else _hours(texts["hours.yaml"], texts["holidays.yaml"])


async def reviews_in_force(tx: Tx) -> Reviews:
    """The same of what must be signed by whom."""
    texts = await _texts(tx)
    return shipped_reviews() if texts is None or "reviews.yaml" not in texts else _reviews(texts["reviews.yaml"])


async def _texts(tx: Tx) -> dict[str, str] | None:
    version = select(MetaRow.value).where(MetaRow.name == IN_FORCE).scalar_subquery()
    query = select(PolicyVersionRow.texts).where(PolicyVersionRow.version == version)
    texts: dict[str, str] | None = (await tx.execute(query)).scalar_one_or_none()
    return texts


@lru_cache(maxsize=4)
def _hours(hours: str, holidays: str) -> Hours:
    return Hours.read(hours, holidays, SHIPPED_HOURS.name, SHIPPED_HOLIDAYS.name)


@lru_cache(maxsize=4)
def _reviews(reviews: str) -> Reviews:
    return Reviews.read(reviews, SHIPPED_REVIEWS.name)
