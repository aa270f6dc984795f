"""Structured logs: one JSON object a line on standard error, with message ids, never with what people wrote or secrets."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from bot.fault import name_fault

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
    server.setFormatter(ServerLine())
    server.addFilter(_is_for_operators)
    logging.getLogger("uvicorn.error").handlers = [server]
    logging.getLogger("uvicorn.error").propagate = False


class ServerLine(logging.Formatter):
    """A line of the server without the words of a fault: a database quotes what it was to store, and so what was said."""

    def format(self, record: logging.LogRecord) -> str:
        fault = record.exc_info[1] if record.exc_info else None
        return " ".join((record.levelname, *record.getMessage().split(), *((name_fault(fault),) if fault else ())))


def _is_for_operators(record: logging.LogRecord) -> bool:
    # a start that failed is told by the command itself, in words
    return not record.getMessage().lstrip().startswith(("Traceback", "Application startup failed"))


def _leave_out(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: ("…" if key in _NEVER else value) for key, value in event.items()}
