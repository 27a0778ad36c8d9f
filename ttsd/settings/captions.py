"""What can be configured about captions: the table `[captions]`.

Pure data; `Settings` puts this table into the whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ttsd.frozen import frozen
from ttsd.settings.marks import Duration, Help, Range


@frozen(kw_only=True)
class CaptionSettings:
    """`[captions]`: what is spoken, as text: the sentence of the moment, and all of it with its times."""

    text: Annotated[
        Path | None, Help("A file that holds the sentence being spoken, for an OBS text source.")
    ] = None
    clear: Annotated[bool, Help("That file is emptied after speech.")] = True
    clear_after: Annotated[Duration, Range(0, 3600), Help("How long after.")] = Duration(1.0)
    vtt: Annotated[
        Path | None, Help("A WebVTT file of everything spoken; %Y-%m-%d and their like are filled in.")
    ] = None
    srt: Annotated[Path | None, Help("The same as SRT.")] = None
    speakers: Annotated[
        bool, Help("In those two: who said it, before the words (SRT) or as their voice (WebVTT).")
    ] = False
