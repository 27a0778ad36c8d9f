"""The queue edited while it is spoken: whatever falls between two steps, nothing is ended twice and nobody dies."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from daemon_process import REAL_TIME, configuration

from ttsd.control.client import Client

if TYPE_CHECKING:
    from daemon_process import MakeDaemon

SECONDS = 4.0
"""Enough for some fifty rounds; each of the races that were found met one round in ten."""


def test_dropping_moving_and_skipping_race_with_what_is_about_to_be_heard(make_daemon: MakeDaemon) -> None:
    daemon = make_daemon(configuration(output=REAL_TIME, pace=400)).start()
    chance = random.Random(1)
    began = time.monotonic()
    with Client.connect(daemon.socket) as client:
        while time.monotonic() - began < SECONDS:
            client.call("pause")
            first, _, third = (client.call("say", {"text": f"number {n}"})["id"] for n in (1, 2, 3))
            client.call("say", {"text": "first of all", "priority": "high"})
            next(client.events(chance.random() * 0.1), None)  # some time passes
            client.call("queue.move", {"id": third})
            client.call("queue.remove", {"id": first})
            client.call("resume")
            next(client.events(chance.random() * 0.05), None)
            client.call("clear")
            client.call("skip")
        said = client.call("say", {"text": "after all of this", "wait": True})
    assert said["state"] == "spoken"
    assert daemon.logged("ended_already") == []
    ended = daemon.history()
    assert len({one.id for one in ended}) == len(ended)
    assert daemon.status()["queue"] == {"queued": 0, "speaking": 0}
