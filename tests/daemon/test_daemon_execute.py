"""Whoever asks gets an answer, whatever happens."""

from __future__ import annotations

import json
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from ttsd import commands
from ttsd.control import protocol
from ttsd.daemon.execute import LATER, Executor
from ttsd.errors import StoreFull
from ttsd.model import UtteranceId

if TYPE_CHECKING:
    from ttsd.daemon.house import House
    from ttsd.text.withdraw import Target


@pytest.mark.parametrize(
    ("error", "number", "told"),
    [
        (StoreFull("no room"), protocol.FAILED, "no room"),
        (
            ZeroDivisionError("by zero"),
            protocol.INTERNAL_ERROR,
            "a fault of ttsd: ZeroDivisionError: by zero",
        ),
    ],
)
def test_what_fails_beside_the_main_thread_is_answered_and_the_daemon_goes_on(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    number: int,
    told: str,
) -> None:
    def fail(_: Target) -> tuple[UtteranceId, ...]:
        raise error

    monkeypatch.setattr(house.withdrawals, "rest", fail)
    answers: SimpleQueue[object] = SimpleQueue()
    executor, command = Executor(house, lambda: "idle"), commands.Withdraw(id=UtteranceId(1))
    assert executor.execute(command, answers.put) is LATER
    line = protocol.answer(protocol.Request(command, 7), answers.get(timeout=10))
    answer = json.loads(line)["error"]
    assert (answer["code"], answer["message"]) == (number, told)
    house.beside.join()
    assert ("Traceback" in capsys.readouterr().out) == (number == protocol.INTERNAL_ERROR)
    assert executor.execute(commands.Ping(), answers.put) == "pong"
