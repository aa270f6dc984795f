"""Errors of the HTTP side as RFC 9457 problem details: a title, a status, and one plain sentence, nothing of the inside."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from bot.fault import name_fault

log = structlog.get_logger()


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, as RFC 9457 problem details.",
        "content": {
            "application/problem+json": {
                "schema": {
                    "type": "object",
                    "title": "Problem",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string", "format": "uri-reference"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string", "description": "One plain sentence."},
                        "errors": {
                            "type": "array",
                            "description": "Where a request does not fit (422).",
                            "items": {
                                "type": "object",
                                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                            },
                        },
                    },
                }
            }
        },
    }
}
"""How the description of the API tells of them: every operation may answer so."""


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """One problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def answer_with_problems(app: FastAPI) -> None:
    """Every refusal and every fault of this app becomes a problem document."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StarletteHTTPException)
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, str(error.detail), headers)

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # where and what, but never the value: it may be a customer's
        wrong = [{"where": ".".join(str(part) for part in e["loc"]), "what": e["msg"]} for e in error.errors()]
        first = f"{wrong[0]['where']}: {wrong[0]['what']}" if wrong else "The request does not fit."
        return problem(422, first, errors=wrong)

    async def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", route=_route(request), error=name_fault(error))
        return problem(500, "Something broke here. It has been logged; please try again.")

    def _route(request: Request) -> str:
        return str(getattr(request.scope.get("route"), "path", ""))  # as it is declared, without what stood in its place

    app.add_exception_handler(StarletteHTTPException, refused)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, broken)
