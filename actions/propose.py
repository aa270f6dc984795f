"""Station propose: what a situation leads to, by the play of its intent; thinks, touches nothing."""

from actions.plays.play import Result
from actions.plays.roster import play_of
from actions.plays.said import to_owner
from actions.proposal import Basis
from actions.situation import Situation


def propose(s: Situation) -> Result:
    """A command to carry out, a question back, or an answer."""
    play = play_of(s.intent)
    if play.among == "colleagues" and not s.speaker.is_staff:
        return to_owner(s)
    return play.function(s)


def basis_of(s: Situation) -> Basis:
    """Why, as far as it was known when this was proposed. The facts are named by record field, for the wording to tell."""
    facts: list[tuple[str, str]] = []
    sources: list[str] = []
    if s.customer is not None:
        facts.append(("customer", s.customer.name))
        sources.append(f"customer:{s.customer.id}")
    if s.deal is not None:
        facts += [("deal", s.deal.title), ("stage", s.deal.stage), ("amount", f"{s.deal.amount} {s.deal.currency}")]
        sources += [f"deal:{s.deal.id}"] * 3
    read = s.understanding
    return Basis(
        text=s.text,
        intent="" if s.means_one_thing else read.intent,
        confidence=1.0 if s.means_one_thing else read.confidence,
        alternatives=() if s.means_one_thing else read.alternatives,
        facts=tuple(facts),
        passages=() if s.means_one_thing else s.passages[:1],
        model=read.model,
        message=s.key,
        evidence=read.evidence,
        sources=tuple(sources),
        dictionary=read.dictionary,
    )
