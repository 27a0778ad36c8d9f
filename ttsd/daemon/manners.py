"""Manners: other programs are lowered while ttsd speaks, and what waits is held while somebody speaks.

One thread calls `step`; it alone talks to the sound server. `notice`, `use` and `wake` may be called from
any. Invariants: what was lowered comes back when speech is over, when ttsd ends, and, after a crash, at
the next start (it is noted in a file before it is done). Without a sound server, or without the
microphone, nothing is held and speech goes on as ever.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING

from ttsd import events
from ttsd.audio.microphone import Microphone
from ttsd.audio.programs import Lowered, Program, bring_back, lower, to_lower
from ttsd.audio.pulse_client import PulseClient
from ttsd.errors import OutputError
from ttsd.logger import Logger
from ttsd.replace_file import replace_file
from ttsd.speech.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ttsd.clock import Clock
    from ttsd.model import UtteranceId
    from ttsd.settings.manners import DuckSettings, HoldSettings

log = Logger("ttsd.daemon.manners")

LOOK_SECONDS = 1.0
"""How often, while ttsd speaks, it is looked for programs that have begun to play."""
LISTEN_SECONDS = 0.1
"""Longest wait for a peak of the microphone."""
RETRY_SECONDS = 5.0
"""Between two tries at a sound server or microphone that is not there."""


class Manners:
    """See the module."""

    def __init__(
        self,
        duck: DuckSettings,
        hold: HoldSettings,
        note: Path,
        clock: Clock,
        *,
        keep_back: Callable[[bool], None],
        died: Callable[[str, BaseException], None],
        server: str | None = None,
    ) -> None:
        """*note*: the file that tells what is lowered; *keep_back*: begin nothing new, or go on; *died*: told
        of a fault of ours; *server*: the sound server's address, for tests."""
        self.stage = Stage("manners", self.step, interrupt=self.wake, prod=self.wake, died=died)
        """The thread; whoever made this starts it."""
        self._duck, self._hold, self._note, self._clock = duck, hold, note, clock
        self._keep_back, self._server = keep_back, server
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._sounding: set[UtteranceId] = set()
        self._paused = False
        self.live = False
        """Whether what waits is held."""
        self._client: PulseClient | None = None
        self._microphone: Microphone | None = None
        self._lowered: list[Lowered] = self._noted()
        self._quiet_since = self._looked = self._heard = float("-inf")
        self._live_since = 0.0
        self._impatient = False
        """It was held for long enough; until it is quiet, nothing is held."""
        self._retry_at = float("-inf")
        self._trouble = ""

    # ---- from any thread

    def notice(self, event: events.Event) -> None:
        """Something happened."""
        with self._lock:
            match event:
                case events.Begin(id=id):
                    self._sounding.add(id)
                case events.End(id=id):
                    self._sounding.discard(id)
                case events.Paused() | events.Resumed():
                    self._paused = isinstance(event, events.Paused)
                case _:
                    return
        self._wake.set()

    def use(self, duck: DuckSettings, hold: HoldSettings) -> None:
        """Mind these from the next step on."""
        self._duck, self._hold = duck, hold
        self._wake.set()

    def wake(self) -> None:
        """Make the running `step` return soon."""
        self._wake.set()

    @property
    def holding(self) -> str | None:
        """Why nothing new is begun; None: it is."""
        return f"somebody speaks into the microphone {self._hold.microphone}" if self.live else None

    # ---- the thread's side

    def step(self) -> None:
        """One round; blocks until something happens, or a tenth of a second while it listens."""
        now = self._clock.monotonic()
        if self._speaks():
            self._quiet_since = now
        if now >= self._retry_at:
            try:
                self._mind(now)
                self._well()
            except (OutputError, OSError) as error:  # OSError: what is lowered cannot be noted
                self._suffer(error, now)
        if self._microphone is None:
            self._wake.wait(self._patience(now))
            self._wake.clear()

    def close(self) -> None:
        """End the thread, bring back what is lowered, and listen no more; idempotent."""
        self.stage.stop()
        try:
            if self._lowered:
                self._restore(self._connected())
        except (OutputError, OSError) as error:  # it is noted, for the next start
            log.warning("others_stay_lowered", error=str(error))
        self._hang_up()

    # ---- inside

    def _mind(self, now: float) -> None:
        self._listen(now)
        level = self._duck.level
        quiet_for = now - self._quiet_since
        if level is not None and quiet_for <= 0:
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                self._lower(self._connected(), level)
        elif self._lowered and (level is None or quiet_for >= self._duck.release):
            self._restore(self._connected())
            self._looked = float("-inf")

    def _lower(self, client: PulseClient, level: int) -> None:
        made = to_lower(client, level, self._duck.spare, self._lowered)
        if made:
            noted = [*self._lowered, *made]
            replace_file(self._note, json.dumps([asdict(low) for low in noted]).encode())
            self._lowered = noted
            lower(client, made)
            log.info("others_lowered", programs=sorted({low.before.name for low in made}), level=level)

    def _restore(self, client: PulseClient) -> None:
        bring_back(client, self._lowered)
        log.info("others_back", programs=sorted({low.before.name for low in self._lowered}))
        self._lowered = []
        self._note.unlink(missing_ok=True)

    def _listen(self, now: float) -> None:
        name = self._hold.microphone
        if self._microphone is not None and self._microphone.name != name:
            self._microphone.close()
            self._microphone = None
        if name is None:
            self._tell_live(live=False, now=now)
            return
        if self._microphone is None:
            self._microphone = Microphone(self._connected(), name)
        if self._microphone.loudest(LISTEN_SECONDS) >= self._hold.level:
            self._heard = now
        loud = now - self._heard < self._hold.release
        if self.live and self._hold.longest is not None and now - self._live_since >= self._hold.longest:
            self._impatient = True
        elif not loud:
            self._impatient = False
        self._tell_live(live=loud and not self._impatient, now=now)

    def _tell_live(self, *, live: bool, now: float) -> None:
        if live == self.live:
            return
        self.live = live
        if live:
            self._live_since = now
        log.info("held" if live else "no_longer_held", microphone=self._hold.microphone)
        self._keep_back(live)

    def _speaks(self) -> bool:
        return bool(self._sounding) and not self._paused

    def _patience(self, now: float) -> float | None:
        """Seconds until something is due; None: nothing is."""
        due = []
        if self._trouble and (self._lowered or self._speaks() or self._hold.microphone):
            due.append(self._retry_at - now)
        elif self._duck.level is not None and self._speaks():
            due.append(LOOK_SECONDS)
        elif self._lowered:
            due.append(self._quiet_since + self._duck.release - now)
        return max(0.01, min(due)) if due else None

    def _connected(self) -> PulseClient:
        if self._client is None or not self._client.alive:
            self._hang_up()
            self._client = PulseClient(self._server)
        return self._client

    def _hang_up(self) -> None:
        if self._microphone is not None:
            self._microphone.close()
            self._microphone = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def _suffer(self, error: OutputError | OSError, now: float) -> None:
        """Speech goes on without manners, and they are tried again after a while."""
        self._hang_up()
        self._retry_at = now + RETRY_SECONDS
        self._tell_live(live=False, now=now)
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.warning("no_manners", error=str(error))

    def _well(self) -> None:
        if self._trouble:
            self._trouble = ""
            log.info("manners_again")

    def _noted(self) -> list[Lowered]:
        """What a ttsd that crashed has left lowered."""
        try:
            rows = json.loads(self._note.read_text(encoding="utf-8"))
            return [
                Lowered(
                    Program(row["before"]["index"], row["before"]["name"], tuple(row["before"]["volume"])),
                    tuple(row["after"]),
                )
                for row in rows
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("note_not_read", path=str(self._note), error=str(error))
            return []
