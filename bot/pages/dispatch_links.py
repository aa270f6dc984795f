"""Links to the dispatch page: each for one person who sets its rules, good for a week."""

from collections.abc import Callable
from datetime import datetime, timedelta

from actions.crm.records import Speaker
from bot.message import Link
from bot.pages.signed import SignedLinks
from bot.wording.fill import Voice

PATH = "/console/dispatch/"
GOOD_FOR = timedelta(days=7)
MAY_SET = ("manager", "director")
"""Who may look at the rules and change them."""
_RULES = "rules"


class DispatchLinks:
    """Makes and reads them. `secret` is the house's. Who somebody is by now is checked again on each request."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._signed = SignedLinks(secret, "dispatch")
        self._now = now

    def links(self, person: Speaker | None, voice: Voice) -> tuple[Link, ...]:
        """The link for this person's direct chat; none for those who set no rules."""
        if person is None or person.person_id is None or person.role not in MAY_SET:
            return ()
        return (Link(voice.say("button.dispatch_rules"), self.path(person.person_id)),)

    def path(self, person_id: str) -> str:
        return PATH + self._signed.token(_RULES, person_id, self._now() + GOOD_FOR)

    def read(self, token: str) -> str | None:
        """For whom a link was made; None where it is not ours, was changed, or its week is over."""
        signed = self._signed.read(token, self._now())
        return signed.person if signed is not None and signed.thing == _RULES else None
