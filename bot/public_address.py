"""Under which address people reach this house: learnt from callbacks whose signature was verified, and from nothing else.

Nobody sets it. Slack and WeCom call us at the address that somebody entered there, so the request itself tells; what a
stranger sends has no signature and teaches nothing. Each channel keeps its own, as they may come in by different doors.
"""

import re
from ipaddress import ip_address
from urllib.parse import urljoin

import structlog
from fastapi import Request
from sqlalchemy import select, update

from actions.outside.insert_new import insert_new
from actions.outside.store import Store, Tx
from actions.outside.tables import MetaRow

log = structlog.get_logger(__name__)

_NAME = "public_address:"
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,62}\.)?)+(?::[0-9]{1,5})?|\[[0-9a-f:]{2,39}\](?::[0-9]{1,5})?")
_LONGEST = 255


class PublicAddress:
    """What is known of our own address, such as `https://parley.example.com`, by the channel that told it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[str, str] = {}

    async def learn(self, channel: str, request: Request) -> None:
        """Take note of where a request came in. Call it for requests whose signature was verified only."""
        address = address_of(request)
        if address is None or self._told.get(channel) == address:
            return
        try:
            async with self._store.write() as tx:
                if not await insert_new(tx, MetaRow, [{"name": _NAME + channel, "value": address}], MetaRow.name):
                    await tx.execute(update(MetaRow).where(MetaRow.name == _NAME + channel).values(value=address))
        except Exception as error:  # a message must not be lost because a link cannot be made of it
            log.warning("public_address.not_kept", channel=channel, error=type(error).__name__)
            return
        self._told[channel] = address
        log.info("public_address.learnt", channel=channel, address=address)

    async def known(self, channel: str) -> str | None:
        """The address that this channel told, else that of another; None while nothing came in."""
        async with self._store.read() as tx:
            found = await all_known(tx)
        return found.get(channel) or next(iter(found.values()), None)


async def all_known(tx: Tx) -> dict[str, str]:
    """The address by channel."""
    rows = await tx.execute(select(MetaRow.name, MetaRow.value).where(MetaRow.name.like(f"{_NAME}%")).order_by(MetaRow.name))
    return {row.name.removeprefix(_NAME): row.value for row in rows}


def address_of(request: Request) -> str | None:
    """Scheme and host under which this request was sent, as a proxy in front tells it; None where it is no public one."""
    headers = request.headers
    host = (_first(headers.get("x-forwarded-host")) or headers.get("host", "")).lower()
    scheme = (_first(headers.get("x-forwarded-proto")) or request.url.scheme).lower()
    if scheme not in ("http", "https") or len(host) > _LONGEST or not _HOST.fullmatch(host) or _is_only_here(host):
        return None
    return f"{scheme}://{host}"


def whole(address: str, path: str) -> str:
    """The whole address of a page of ours."""
    return urljoin(f"{address}/", path)


def _first(value: str | None) -> str:
    return (value or "").split(",")[0].strip()


def _is_only_here(host: str) -> bool:
    """A name that means this machine, whoever reads it."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) and not host.endswith("]") else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
