"""One spelling of a JSON value, so that the same content always has the same hash; digests and the audit chain use it."""

import json
from hashlib import sha256

from actions.proposal import Json


def canonical(value: Json) -> str:
    """Sorted keys, no spaces, ASCII only (so that any text at all can be hashed). ValueError on NaN and infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(value: Json) -> str:
    """SHA-256 of the canonical spelling, in hexadecimal."""
    return sha256(canonical(value).encode("ascii")).hexdigest()
