"""What can be configured about other sounds: the tables `[duck]` and `[hold]`.

Pure data; `Settings` puts these tables into the whole.
"""

from __future__ import annotations

from typing import Annotated

from ttsd.frozen import frozen
from ttsd.settings.marks import Duration, Help, Range


@frozen(kw_only=True)
class DuckSettings:
    """`[duck]`: what other programs play is lowered while ttsd speaks (PulseAudio, PipeWire)."""

    level: Annotated[
        int | None, Range(0, 99), Help("Per cent of their volume that is left; default: they are left alone.")
    ] = None
    spare: Annotated[
        tuple[str, ...], Help("Programs that are left alone, by the names that `pactl list clients` tells.")
    ] = ()
    release: Annotated[Duration, Range(0, 60), Help("How long after the last word they come back.")] = (
        Duration(0.5)
    )


@frozen(kw_only=True)
class HoldSettings:
    """`[hold]`: what waits is not begun while somebody speaks into a microphone (PulseAudio, PipeWire)."""

    microphone: Annotated[
        str | None, Help("Its source's name, or default; not set: nothing is listened to.")
    ] = None
    level: Annotated[
        float, Range(-90, 0), Help("In dB of full scale: what is louder is somebody speaking.")
    ] = -35.0
    release: Annotated[Duration, Range(0.1, 60), Help("How long it must be quiet.")] = Duration(1.0)
    longest: Annotated[
        Duration | None,
        Range(1, None),
        Help("Nothing waits for longer than this; default: for as long as it takes."),
    ] = None
