"""What a host has measured of its engine since it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ttsd.engines.memory import UNKNOWN, Memory

if TYPE_CHECKING:
    from ttsd.engines.engine import EngineStatus
    from ttsd.engines.protocol import Info
    from ttsd.engines.talk import Talk


@dataclass(slots=True)
class Figures:
    """The last of each; None: not measured."""

    load_seconds: float | None = None
    first_audio_seconds: float | None = None
    real_time_factor: float | None = None
    memory: Memory = UNKNOWN
    voices: int | None = None
    """How many it offered."""

    def loaded(self, seconds: float, info: Info) -> None:
        """It was ready after *seconds* and told this of itself."""
        self.load_seconds, self.memory, self.voices = seconds, info.memory, len(info.voices)

    def spoke(self, talk: Talk) -> None:
        """A sentence is over, whether whole or not."""
        self.first_audio_seconds = talk.first_seconds or self.first_audio_seconds
        self.real_time_factor = talk.factor or self.real_time_factor
        if talk.finished is not None:
            self.memory = talk.finished.memory

    def in_status(self, status: EngineStatus) -> EngineStatus:
        """*status* with what was measured; memory only of a process that is there."""
        memory = self.memory if status.state in ("ready", "busy") else UNKNOWN
        return replace(
            status,
            load_seconds=self.load_seconds,
            first_audio_seconds=self.first_audio_seconds,
            real_time_factor=self.real_time_factor,
            voices=self.voices,
            memory_bytes=memory.resident,
            vram_bytes=memory.card,
        )
