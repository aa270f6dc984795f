"""Who may knock: the API answers to its bearer token; in a sample home without one, to this machine only.

A token is kept for a home with real customers even when nobody set one: a proxy in front would make the whole world look
like this machine.
"""

import hmac
import secrets
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROXIES_SAY = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")


def is_local(request: Request) -> bool:
    """Whether a request comes from this machine itself: not through a proxy, not from another site in its browser."""
    if request.client is None or any(said in request.headers for said in _PROXIES_SAY):
        return False
    try:
        if not ip_address(request.client.host).is_loopback:
            return False
    except ValueError:
        return False
    # a page of another site can make a browser here call us; its Host (DNS rebinding) or Origin gives it away
    if _name(f"//{request.headers.get('host', '')}") not in _LOCAL_NAMES:
        return False
    origin = request.headers.get("origin")
    return origin is None or _name(origin) in _LOCAL_NAMES


def _name(url: str) -> str:
    """The host that this names, without its port; nothing where it cannot be read."""
    try:
        host = urlsplit(url).netloc.rsplit("@", 1)[-1].lower()
    except ValueError:
        return ""
    return host if host.endswith("]") else host.rsplit(":", 1)[0]


def kept_token(home: Path) -> str:
    """The token in the home's file `api_token`, made on first use and readable by its owner only."""
    path = home / "api_token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text().strip()


def kept_secret(home: Path) -> str:
    """The secret in the home's file `secret_key`, made on first use and readable by its owner only.

    Without it no recording that was sealed can be opened again: it belongs into the backup, apart from the recordings.
    """
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


class ApiDoor:
    """A FastAPI dependency that lets a caller of `/api` in, or raises 401. Without a token it asks for this machine."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def __call__(self, request: Request) -> None:
        if self._token is None:
            if not is_local(request):
                raise HTTPException(
                    401, "This sample home has no API token, so the API answers to this machine only. Set PARLEY_API_TOKEN."
                )
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token.encode()):
            raise HTTPException(401, "A valid bearer token is needed.", headers={"WWW-Authenticate": "Bearer"})


async def local_only(request: Request) -> None:
    """A FastAPI dependency for the chat page, where a visitor needs no account: this machine only."""
    if not is_local(request):
        raise HTTPException(403, "This page is for the machine that Parley runs on.")
