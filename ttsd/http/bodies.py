"""Reading a request's body: JSON or a form, bounded in size and time, checked by a model.

Invariant: what is not read whole and well-formed is refused before anything is done with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request  # FastAPI reads the annotations

from ttsd.http.problems import Refused, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

M = TypeVar("M", bound=BaseModel)

JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 50
"""Fields of a form."""


def body(model: type[M]) -> Callable[[Request], Coroutine[None, None, M]]:
    """A dependency: the request's body as *model*, from JSON or a form. Raises Refused."""

    async def read(request: Request) -> M:
        kind = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
        if kind == JSON:
            data, strict = _json(await request.body()), True
        elif kind in (FORM, MULTIPART):
            data, strict = await _form(request), False
        else:
            raise Refused(415, f"the body is {kind}", next_step=f"send {JSON} or {FORM}")
        try:
            return model.model_validate(data, strict=strict)
        except ValidationError as error:
            raise unfit(error.errors(include_url=False, include_input=False, include_context=False)) from None

    return read


def documented(model: type[BaseModel], *, form: bool = True) -> dict[str, Any]:
    """For the OpenAPI document: what `body` takes."""
    schema = model.model_json_schema()
    kinds = (JSON, FORM) if form else (JSON,)
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}}


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is not JSON: {error}") from None


def _number(text: str) -> int | float:
    """5.0 is a whole number, too."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


async def _form(request: Request) -> dict[str, str]:
    try:
        async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
            # A field that is left empty is not given.
            return {key: value for key, value in form.items() if isinstance(value, str) and value}
    except HTTPException as error:
        raise Refused(400, f"the form cannot be read: {error.detail}") from None
