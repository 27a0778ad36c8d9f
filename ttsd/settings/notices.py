"""What can be configured about notices: the table `[notices]`.

Pure data; `Settings` puts this table into the whole.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ttsd.frozen import frozen
from ttsd.settings.marks import Duration, Help, Range

How = Literal["off", "sound", "speak"]


@frozen(kw_only=True)
class NoticeSettings:
    """`[notices]`: what is heard when something fails, and when it works again."""

    engine: Annotated[How, Help("Of an engine: nothing, two tones, or words by another engine.")] = "off"
    device: Annotated[How, Help("Of an output: heard by those that are left, or when it is back.")] = "off"
    source: Annotated[How, Help("Of a file or a folder that cannot be read.")] = "off"
    every: Annotated[
        Duration, Range(1, 86_400), Help("At most one notice of the same thing in so much time.")
    ] = Duration(60.0)
