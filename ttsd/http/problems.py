"""Errors as HTTP tells them: a status, one shape of body, and when to come again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from ttsd.errors import (
    CheckpointError,
    ConfigError,
    EngineError,
    EngineMissing,
    EngineRefused,
    Fault,
    SourceError,
    TtsdError,
    UnknownUtterance,
    UnknownVoice,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

RETRY_SECONDS = 2
"""When to come again, where nothing better is known."""
_MOST_PROBLEMS = 20


class Problem(BaseModel):
    """What every answer that is not what was asked for looks like."""

    detail: str = Field(description="What went wrong, for people; it may change.")
    code: str = Field(description="The same in a word that stays.")
    where: str | None = Field(default=None, description="A parameter, an engine, a file.")
    next_step: str | None = Field(default=None, description="What helps.")
    error: dict[str, str | None] | None = Field(
        default=None, description="The same as OpenAI tells it, on its routes."
    )


class Refused(TtsdError):
    """A request that is answered with a status of its own."""

    code = "refused"

    def __init__(
        self,
        status: int,
        what: str,
        *,
        code: str | None = None,
        where: str | None = None,
        next_step: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """*status*: of HTTP; *retry_after*: seconds."""
        super().__init__(what, where=where, next_step=next_step)
        self.status = status
        self.word = code or _WORDS.get(status, "refused")
        self.retry_after = retry_after


_WORDS = {
    400: "bad-request",
    401: "unauthorised",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    408: "timeout",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "usage",
    429: "too-many",
    503: "unavailable",
}
_STATUS: Sequence[tuple[type[TtsdError], int]] = (
    (UnknownVoice, 404),
    (UnknownUtterance, 404),
    (SourceError, 404),
    (CheckpointError, 404),
    (EngineMissing, 404),
    (EngineRefused, 422),
    (UsageError, 422),
    (ConfigError, 409),
    (Fault, 500),
)
"""The first that fits; everything else is trouble that may pass."""


def status_of(error: TtsdError) -> int:
    """The status that tells of *error*."""
    if isinstance(error, Refused):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 503)


def problem_of(error: TtsdError) -> Problem:
    """The body that tells of *error*."""
    code = error.word if isinstance(error, Refused) else error.code
    return Problem(detail=error.what, code=code, where=error.where, next_step=error.next_step)


def headers_of(error: TtsdError) -> dict[str, str]:
    """When to come again, and how to show that one may."""
    status = status_of(error)
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if status not in (429, 503):
        return {}
    after = error.retry_after if isinstance(error, Refused) else getattr(error, "retry_in", None)
    return {"Retry-After": str(max(1, round(after or RETRY_SECONDS)))}


def answer(error: TtsdError, *, theirs: bool = False) -> JSONResponse:
    """The whole answer. *theirs*: in OpenAI's words, too."""
    problem = problem_of(error)
    if theirs:
        kind = "invalid_request_error" if status_of(error) < 500 else "server_error"
        problem.error = {
            "message": problem.detail,
            "type": kind,
            "param": problem.where,
            "code": problem.code,
        }
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, status_of(error), headers=headers_of(error))


def unfit(errors: Sequence[Any]) -> Refused:
    """What pydantic found wrong with a request: every problem, with the parameter it is about."""
    told = []
    for error in errors[:_MOST_PROBLEMS]:
        where = ".".join(str(part) for part in error["loc"] if part != "body")
        told.append(f"{where}: {error['msg']}" if where else str(error["msg"]))
    first = errors[0]["loc"][-1:] if errors else ()
    return Refused(422, "; ".join(told) or "it does not fit", where=str(first[0]) if first else None)


def unavailable(error: EngineError) -> Refused:
    """An engine that was asked for by name and cannot speak now."""
    return Refused(503, error.what, where=error.where, next_step=error.next_step)


def told(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI document: the problems that a route may answer with, besides those of every route."""
    return {status: {"model": Problem, "description": _DESCRIPTIONS[status]} for status in statuses}


_DESCRIPTIONS = {
    400: "The body cannot be read.",
    401: "The token is missing or wrong.",
    403: "Its Host or Origin is not one of ours.",
    404: "There is no such thing.",
    405: "Not this method.",
    408: "The body did not come in time.",
    409: "It cannot be done as things are.",
    413: "More than is taken.",
    415: "The body is of a kind that is not taken.",
    422: "A parameter does not fit, or the engine does not have it.",
    429: "Too many at a time; Retry-After says when.",
    503: "Not now; Retry-After says when.",
}
EVERYWHERE = told(400, 401, 403, 413, 422, 429, 503)
"""What any route may answer."""
