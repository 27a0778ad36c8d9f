"""Whoever asks may leave before the answer comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from ttsd.commands import Borrow, Command, Return
from ttsd.errors import ControlError
from ttsd.http.backstage import Asking, Backstage
from ttsd.model import SAY, Utterance, UtteranceId
from ttsd.settings import Settings
from ttsd.speech.right_of_way import RightOfWay

if TYPE_CHECKING:
    from collections.abc import Callable

LENT = Utterance(UtteranceId(7), "hello", SAY, 0.0)


def test_what_was_lent_to_somebody_who_has_gone_goes_back() -> None:
    asked: list[tuple[Command, Callable[[object], None]]] = []
    asking = Asking(Backstage(lambda *what: asked.append(what), Settings, RightOfWay()))

    async def leave() -> None:
        with pytest.raises(ControlError):
            await asking(Borrow(source=SAY), patience=0)
        asked[0][1](LENT)
        await asyncio.sleep(0)

    asyncio.run(leave())
    assert [command for command, _ in asked] == [Borrow(source=SAY), Return(id=LENT.id)]
    asked[0][1](LENT)  # even if the server has ended
    assert len(asked) == 3
