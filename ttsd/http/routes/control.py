"""The daemon's other commands, for buttons: the methods of the control socket by their names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel

from ttsd import commands
from ttsd.errors import EngineError
from ttsd.http.here import Here
from ttsd.http.problems import Refused, told
from ttsd.http.spoken import check_length, check_name
from ttsd.schema import plain, read

router = APIRouter(prefix="/v1", tags=["control"])

_NOT_HERE = ("subscribe", "shutdown")
"""Events come over /ws/events; what ends the daemon goes over its own socket."""
METHODS = {name: cls for name, cls in commands.METHODS.items() if name not in _NOT_HERE}


class Done(BaseModel):
    """What the method answered, as docs/control.md tells."""

    result: Any


@router.post("/commands/{method}", responses=told(404, 409), summary="A command by its name")
async def command(
    here: Here,
    method: Annotated[str, Path(json_schema_extra={"enum": list(METHODS)})],
    params: Annotated[dict[str, Any] | None, Body(description="Its parameters.")] = None,
) -> Done:
    """`skip`, `pause`, `resume`, `volume.set`: all that docs/control.md names but `subscribe` and `shutdown`."""
    cls = METHODS.get(method)
    if cls is None:
        raise Refused(404, f"there is no method {method[:60]}", where="method")
    found, problems = read(cls, params or {})
    if found is None:
        raise Refused(422, "; ".join(str(problem) for problem in problems[:10]))
    if isinstance(found, commands.Say):
        check_length(found.text, here.settings().http)
        check_name(found.voice or "", "voice")
        if found.wait:
            raise Refused(
                422, "nobody waits here", where="wait", next_step="/ws/events tells when it has ended"
            )
    try:
        return Done(result=plain(await here.ask(found)))
    except EngineError as error:  # of a name: no engine is asked to speak here
        raise Refused(
            409, error.what, code=error.code, where=error.where, next_step=error.next_step
        ) from error
