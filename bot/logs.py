"""Structured logs: one JSON object a line on standard error, with message ids, never with what people wrote or secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# keys under which a careless line could carry personal data or a secret; the road's own lines never use them
_NEVER = frozenset(
    {"text", "body", "reply", "token", "secret", "phone", "email", "address", "name", "url", "password", "authorization"}
)


def configure_logs(level: str = "INFO", *, human: bool = False) -> None:
    """Set up logging for the process; `human` prints readable lines for a terminal."""
    shown = structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _leave_out,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # libraries speak through the same door; what they say may hold tokens and addresses, so only that they spoke is kept
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format='{"logger":"%(name)s","level":"%(levelname)s"}')
    for quiet in ("httpx", "httpcore", "slack_bolt", "slack_sdk", "aiohttp", "dbos", "alembic", "jieba", "bm25s"):
        logging.getLogger(quiet).setLevel(logging.ERROR)
    # the server's own words are about ports and starts
    server = logging.StreamHandler(sys.stderr)
    server.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger("uvicorn.error").handlers = [server]
    logging.getLogger("uvicorn.error").propagate = False


def _leave_out(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: ("…" if key in _NEVER else value) for key, value in event.items()}
