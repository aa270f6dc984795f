"""What a play is: the function that an intent leads to, and the rows it wants to see; between gather and decide."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from actions.crm.records import Activity, Customer
from actions.proposal import Answer, Ask, Command
from actions.situation import Situation

Result = Command | Ask | Answer


@dataclass(frozen=True)
class Play:
    """`needs` names the rows that gather loads into `situation.rows`, and "deal" or "customer" where one must be meant.

    A play among colleagues is never played for a customer: their words go to the colleague who looks after them.
    """

    function: Callable[[Situation], Result]
    needs: frozenset[str] = frozenset()
    among: Literal["everyone", "colleagues"] = "everyone"


@dataclass(frozen=True)
class Requested:
    """A request to have something reviewed that itself waits for a yes of one of these offices; `data` tells of it."""

    customer_id: str | None
    roles: tuple[str, ...]
    data: Mapping[str, str]


@dataclass(frozen=True)
class QuietCustomer:
    """A customer and the whole days since anything happened with them; `last` is what happened then, if anything did."""

    customer: Customer
    days: int
    last: Activity | None = None


@dataclass(frozen=True)
class Reference:
    """A customer who agreed to be named to others, and the ids of what they have bought."""

    customer: Customer
    products: frozenset[str] = frozenset()
