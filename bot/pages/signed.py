"""Links to pages for one person: signed with the house's secret, for one thing, until a time. They carry no password.

What a link opens is checked again each time: it says who asks, not what they may see.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

_FIELD = "\x1f"
_SEAL = 32


@dataclass(frozen=True)
class Signed:
    """Whom a link was made for and what it opens."""

    thing: str
    person: str


class SignedLinks:
    """Makes and reads the tokens of one kind of page; those of another kind do not fit. `secret` is the house's."""

    def __init__(self, secret: bytes, page: str) -> None:
        self._key = hmac.new(secret, f"page:{page}".encode(), sha256).digest()

    def token(self, thing: str, person: str, until: datetime) -> str:
        """A token for an address, valid until then. Raises ValueError for a name that cannot stand in one."""
        if _FIELD in thing or _FIELD in person:
            raise ValueError("a name with a control character cannot stand in a link")
        said = _FIELD.join((thing, person, str(int(until.timestamp())))).encode()
        return base64.urlsafe_b64encode(said).decode().rstrip("=") + "." + self._seal(said)

    def read(self, token: str, now: datetime) -> Signed | None:
        """What a token says; None where it is not ours, was changed, or its time is over."""
        text, _, seal = token.partition(".")
        try:
            said = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(seal.encode(), self._seal(said).encode()):
            return None
        thing, person, until = said.decode().split(_FIELD)
        return Signed(thing, person) if now < datetime.fromtimestamp(int(until), UTC) else None

    def _seal(self, said: bytes) -> str:
        return hmac.new(self._key, said, sha256).hexdigest()[:_SEAL]
