"""Where a question is asked: for which team, customer and deal; what may be read there, and what suits it best."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from retrieval.passage import Passage

FACTS = frozenset({"product", "stage", "industry"})
"""What a document can be written for."""
SUITS, NEUTRAL, STRANGE = 1.5, 1.0, 0.5
"""What the evidence of a passage counts for that was written for this product, stage or industry, for none, for another."""
UNKNOWN = 0.9
"""The same where nobody knows which it is: what holds for all goes before what holds for some."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The setting of one question.

    `teams` are the teams and regions of whoever asks, None for whoever belongs to all. `customer` is whom the question is
    about, `purposes` what that customer's data may be used for. `facts` hold what is known of the deal by kind (see FACTS),
    each in all its names.
    """

    teams: frozenset[str] | None = frozenset()
    customer: str | None = None
    purposes: frozenset[str] = frozenset()
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANYWHERE = Setting()


def may_be_read(passage: Passage, setting: Setting) -> bool:
    """Whether it is for this team, and what it says of a customer may be used, here and for this customer."""
    if passage.teams and setting.teams is not None and not passage.teams & setting.teams:
        return False
    if passage.customer and passage.customer != setting.customer:
        return False
    return not passage.purpose or passage.purpose in setting.purposes


def fit(passage: Passage, setting: Setting) -> float:
    """What the evidence of a passage counts for in this setting; it decides the order, not what is an answer."""
    factor = NEUTRAL
    for kind in {kind for kind, _ in passage.fits}:
        known = [name.casefold() for name in setting.facts.get(kind, ())]
        wanted = [term for one, term in passage.fits if one == kind]
        if not known:
            factor *= UNKNOWN
        else:
            factor *= SUITS if any(term in name for term in wanted for name in known) else STRANGE
    return factor


def suits(passage: Passage, setting: Setting) -> bool:
    """Whether nothing that is known speaks against it: a passage for hospitals does not suit a plant."""
    for kind in {kind for kind, _ in passage.fits}:
        known = [name.casefold() for name in setting.facts.get(kind, ())]
        wanted = [term for one, term in passage.fits if one == kind]
        if known and not any(term in name for term in wanted for name in known):
            return False
    return True
