"""Many at once: everybody is answered or told when to come again. Times are scripts/bench http's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import http_load
from daemon_process import REAL_TIME

if TYPE_CHECKING:
    from http_daemon import MakeHttp


def test_fifty_requests_and_two_hundred_subscribers_are_answered_while_it_reads_aloud(
    make_http: MakeHttp,
) -> None:
    daemon = make_http(output=REAL_TIME, pace=50)
    load = http_load.run(daemon, requests=50, subscribers=200, text="Some words to be spoken.", said=3)
    assert load.answers.total() == 50
    assert set(load.answers) <= {200, 429, 503}
    assert load.answers[200] >= 8  # what one address may have under way
    assert load.told_when == load.answers[429] + load.answers[503]
    assert load.events == [6] * 200
    assert daemon.status()["counters"]["spoken"] == 3
    assert daemon.call("ping") == "pong"
