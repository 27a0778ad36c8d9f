"""A foreign Wyoming server, made of the package wyoming alone, as the tests' partner.

    python wyoming_server.py tcp://127.0.0.1:0

It says on stdout where it listens. Texts tell it how to misbehave.
"""

from __future__ import annotations

import asyncio
import math
import struct
import sys
import warnings

warnings.simplefilter("ignore")  # it imports audioop

from wyoming.audio import AudioChunk, AudioStart, AudioStop  # noqa: E402  # after the line above
from wyoming.error import Error  # noqa: E402  # likewise
from wyoming.event import Event  # noqa: E402  # likewise
from wyoming.info import Attribution, Describe, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker  # noqa: E402
from wyoming.server import AsyncEventHandler, AsyncServer  # noqa: E402  # likewise
from wyoming.tts import Synthesize  # noqa: E402  # likewise

RATE = 16000
NOBODY = Attribution(name="nobody", url="")


def voice(name: str, language: str, *speakers: str) -> TtsVoice:
    """A voice of the list."""
    return TtsVoice(
        name=name,
        languages=[language],
        attribution=NOBODY,
        installed=True,
        description=None,
        version=None,
        speakers=[TtsVoiceSpeaker(name=speaker) for speaker in speakers] or None,
    )


INFO = Info(
    tts=[
        TtsProgram(
            name="foreign",
            attribution=NOBODY,
            installed=True,
            description=None,
            version=None,
            voices=[voice("amy", "en_US"), voice("choir", "de_DE", "anna", "bert")],
        )
    ]
)


class Handler(AsyncEventHandler):  # type: ignore[misc]  # the package is not read by mypy
    """One connection; like some servers it drops a client that says what it does not know."""

    asked = 0

    async def handle_event(self, event: Event) -> bool:
        """Answer one event."""
        if Describe.is_type(event.type):
            await self.write_event(INFO.event())
            return True
        if not Synthesize.is_type(event.type) or self.asked:
            return False
        self.asked += 1
        assert set(event.data) <= {"text", "voice"}
        await self.speak(Synthesize.from_event(event))
        return True

    async def speak(self, request: Synthesize) -> None:
        """A tenth of a second for each character, twice that for the speaker bert; or a fault."""
        if "fail" in request.text:
            await self.write_event(Error(text="no such phoneme", code="ValueError").event())
            return
        await self.write_event(AudioStart(rate=RATE, width=2, channels=1).event())
        tenths = len(request.text) * (2 if request.voice and request.voice.speaker == "bert" else 1)
        level = 0 if "silent" in request.text else 8000
        for number in range(tenths):
            if "break" in request.text and number == 5:
                self.writer.close()
                return
            if "hang" in request.text and number == 5:
                await asyncio.sleep(3600)
            samples = [int(level * math.sin(i / 10)) for i in range(RATE // 10)]
            audio = struct.pack(f"<{len(samples)}h", *samples)
            await self.write_event(AudioChunk(rate=RATE, width=2, channels=1, audio=audio).event())
        await self.write_event(AudioStop().event())

    async def disconnect(self) -> None:
        """Tell the test, which counts."""
        sys.stdout.write("gone\n")
        sys.stdout.flush()


async def main() -> None:
    """Serve until killed."""
    server = AsyncServer.from_uri(sys.argv[1])
    await server.start(Handler)
    listening = getattr(server, "_server", None)
    where = sys.argv[1]
    if where.startswith("tcp"):
        assert listening is not None
        where = f"tcp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    sys.stdout.write(f"{where}\n")
    sys.stdout.flush()
    await asyncio.sleep(3600)


asyncio.run(main())
