"""Many texts at once: one after the other into a zip or a multipart answer, with a JSON of results."""

from __future__ import annotations

import json
import secrets
import zipfile
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ttsd.errors import TtsdError
from ttsd.http.bodies import body, documented
from ttsd.http.encode import WAV_HEADER, header_of
from ttsd.http.here import Context, Here, client_of
from ttsd.http.problems import problem_of, status_of, told, unfit
from ttsd.http.reply import Streamed
from ttsd.http.spoken import Spoken, order_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from typing import IO

    from ttsd.http.order import Part

router = APIRouter(prefix="/v1", tags=["synthesis"])

MOST_ITEMS = 100
IN_MEMORY = 8 << 20
"""Bytes of one sound that are kept in memory; more of it goes to a temporary file."""
PIECE = 1 << 16
RESULTS = "results.json"


class Batch(BaseModel):
    """Texts, each as POST /v1/synthesize takes it."""

    model_config = ConfigDict(
        title="Batch",
        json_schema_extra=lambda schema: schema["properties"]["items"].update(
            items=Spoken.model_json_schema()
        ),
    )

    items: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_ITEMS)
    archive: Literal["zip", "multipart"] = "zip"


@router.post(
    "/synthesize/batch",
    response_class=Response,
    responses={
        200: {
            "description": f"A file for each text that was spoken, and {RESULTS}.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in ("application/zip", "multipart/mixed")
            },
        },
        **told(415),
    },
    openapi_extra=documented(Batch, form=False),
    summary="Speak many texts into one answer",
)
async def batch(request: Request, here: Here, asked: Annotated[Batch, Depends(body(Batch))]) -> Response:
    """A text that cannot be spoken does not keep the others from it: its result says why."""
    boundary = secrets.token_hex(16)
    archive: _Zip | _Multipart = _Zip() if asked.archive == "zip" else _Multipart(boundary)
    media = "application/zip" if asked.archive == "zip" else f"multipart/mixed; boundary={boundary}"

    async def close() -> None:
        await pieces.aclose()

    pieces = _answer(here, asked.items, client_of(request), archive)
    return Streamed(pieces, close, media=media, patience=here.settings().http.timeout)


async def _answer(
    here: Context, items: list[dict[str, Any]], client: str, archive: _Zip | _Multipart
) -> AsyncGenerator[bytes, None]:
    results = []
    for number, item in enumerate(items, 1):
        with SpooledTemporaryFile(IN_MEMORY) as kept:
            result = await _one(here, number, item, client, kept)
            results.append(result)
            if "file" in result:
                for piece in archive.add(result["file"], result["media"], kept):
                    yield piece
    told = json.dumps({"results": results}, ensure_ascii=False, indent=1).encode()
    for piece in archive.end(told):
        yield piece


async def _one(
    here: Context, number: int, item: dict[str, Any], client: str, kept: IO[bytes]
) -> dict[str, Any]:
    """Speak one text into *kept*; what became of it."""
    try:
        order = order_of(_checked(item), here.settings().http)
        performance = await here.desks.perform(order, client)
        try:
            last: Part = performance.first
            async for last in performance.parts():
                kept.write(last.data)
        finally:
            await performance.close()
    except TtsdError as error:
        return {
            "index": number - 1,
            "status": status_of(error),
            **problem_of(error).model_dump(exclude_none=True),
        }
    size = kept.tell()
    if order.form.format == "wav":  # its length is known now
        kept.seek(0)
        header = header_of(kept.read(WAV_HEADER), size)
        kept.seek(0)
        kept.write(header)
    kept.seek(0)
    return {
        "index": number - 1,
        "status": 200,
        "file": f"{number:03}.{order.form.format}",
        "media": order.form.media,
        "engine": last.engine,
        "voice": last.voice,
        "rate": last.rate,
        "seconds": round(last.seconds, 3),
        "bytes": size,
    }


def _checked(item: dict[str, Any]) -> Any:
    try:
        return Spoken.model_validate(item, strict=True)
    except ValidationError as error:
        raise unfit(error.errors(include_url=False, include_input=False, include_context=False)) from None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


class _Zip:
    """A zip that goes out while it is made."""

    def __init__(self) -> None:
        self._out = _Sink()
        self._zip = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)

    def add(self, name: str, media: str, file: IO[bytes]) -> Iterator[bytes]:
        """One more file."""
        del media
        with self._zip.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
            for piece in _pieces(file):
                entry.write(piece)
                yield self._out.take()
        yield self._out.take()

    def end(self, results: bytes) -> Iterator[bytes]:
        """The results, and what ends a zip."""
        self._zip.writestr(zipfile.ZipInfo(RESULTS), results)
        self._zip.close()
        yield self._out.take()


class _Sink:
    """What a zip is written to; it cannot be sought in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        """More."""
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""

    def take(self) -> bytes:
        """What came since the last time."""
        data, self._held = bytes(self._held), bytearray()
        return data


class _Multipart:
    """RFC 2046's multipart/mixed."""

    def __init__(self, boundary: str) -> None:
        self._boundary = boundary

    def add(self, name: str, media: str, file: IO[bytes]) -> Iterator[bytes]:
        """One more part."""
        yield self._head(name, media)
        yield from _pieces(file)
        yield b"\r\n"

    def end(self, results: bytes) -> Iterator[bytes]:
        """The results, and the last boundary."""
        yield self._head(RESULTS, "application/json") + results + f"\r\n--{self._boundary}--\r\n".encode()

    def _head(self, name: str, media: str) -> bytes:
        disposition = f'Content-Disposition: attachment; filename="{name}"'
        return f"--{self._boundary}\r\nContent-Type: {media}\r\n{disposition}\r\n\r\n".encode()
