"""Many clients of one API at once, for a test and for scripts/bench http."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx2 as httpx
from websockets.asyncio.client import connect

from ttsd.control.client import Client

if TYPE_CHECKING:
    from http_daemon import HttpDaemon

PATIENCE = 60.0
"""Seconds."""


@dataclass(slots=True)
class Load:
    """What came of it."""

    answers: Counter[int] = field(default_factory=Counter)
    """Requests by status."""
    told_when: int = 0
    """Those of 429 and 503 that say when to come again."""
    first_bytes: list[float] = field(default_factory=list)
    """Seconds to the first byte of those that were answered."""
    events: list[int] = field(default_factory=list)
    """Events that each subscriber got."""
    control: list[float] = field(default_factory=list)
    """Seconds of each answer of the control socket meanwhile."""

    @property
    def control_worst(self) -> float:
        """The slowest of them."""
        return max(self.control)

    @property
    def control_median(self) -> float:
        """Half of them were faster."""
        return statistics.median(self.control)


def run(daemon: HttpDaemon, *, requests: int, subscribers: int, text: str, said: int) -> Load:
    """*requests* at once for *text*, and *said* texts queued while *subscribers* listen."""
    load = Load()
    over = threading.Event()
    asking = threading.Thread(target=_ask_control, args=(daemon, load, over))
    asking.start()
    try:
        asyncio.run(_all(daemon, load, requests, subscribers, text, said))
    finally:
        over.set()
        asking.join()
    return load


def _ask_control(daemon: HttpDaemon, load: Load, over: threading.Event) -> None:
    with Client.connect(daemon.socket) as client:
        while not over.wait(0.02):
            began = time.monotonic()
            client.call("status")
            load.control.append(time.monotonic() - began)


async def _all(daemon: HttpDaemon, load: Load, requests: int, subscribers: int, text: str, said: int) -> None:
    listening = asyncio.Event()
    waiting = [0]

    async def listen() -> None:
        address = f"ws://127.0.0.1:{daemon.port}/ws/events?events=queued,end"
        async with connect(address, proxy=None, open_timeout=PATIENCE, close_timeout=5) as socket:
            await socket.recv()  # hello
            waiting[0] += 1
            if waiting[0] == subscribers:
                listening.set()
            got = 0
            while got < 2 * said:
                got += json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["method"] in (
                    "queued",
                    "end",
                )
            load.events.append(got)

    async def ask(client: httpx.AsyncClient) -> None:
        began = time.monotonic()
        async with client.stream("POST", "/v1/synthesize", json={"text": text}) as answer:
            load.answers[answer.status_code] += 1
            if answer.status_code != 200:
                load.told_when += "retry-after" in answer.headers
                return
            async for _ in answer.aiter_raw():
                if began:
                    load.first_bytes.append(time.monotonic() - began)
                    began = 0.0

    listeners = [asyncio.create_task(listen()) for _ in range(subscribers)]
    if subscribers:
        await asyncio.wait_for(listening.wait(), PATIENCE)
    limits = httpx.Limits(max_connections=requests + 1)
    async with httpx.AsyncClient(
        base_url=daemon.url, timeout=PATIENCE, trust_env=False, limits=limits
    ) as client:
        for number in range(said):
            await client.post(
                "/v1/say", json={"text": f"This is the text of number {number}, which is read aloud."}
            )
        await asyncio.gather(*(ask(client) for _ in range(requests)))
    await asyncio.gather(*listeners)
