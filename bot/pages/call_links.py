"""Links to the page of a call: each for one recording and one person, good for a week."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.message import Link
from bot.pages.signed import Signed, SignedLinks
from bot.wording.fill import Voice

PATH = "/console/calls/"
GOOD_FOR = timedelta(days=7)


class CallLinks:
    """Makes and reads them. `secret` is the house's. What a link opens is checked again on each request."""

    def __init__(self, secret: bytes, now: Callable[[], datetime]) -> None:
        self._signed = SignedLinks(secret, "call")
        self._now = now

    def link(self, recording_id: str, person_id: str, voice: Voice) -> Link:
        """The link that goes with a card, into the direct chat with this person."""
        return Link(voice.say("call_page.open"), self.path(recording_id, person_id))

    def path(self, recording_id: str, person_id: str) -> str:
        return PATH + self._signed.token(recording_id, person_id, self._now() + GOOD_FOR)

    def read(self, token: str) -> Signed | None:
        """The recording and for whom; None where the link is not ours, was changed, or its week is over."""
        return self._signed.read(token, self._now())
