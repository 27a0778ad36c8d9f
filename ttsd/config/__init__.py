"""ttsd.toml: read whole, checked whole, written without losing a comment.

What most callers need is here by name; `edit`, `show`, `watch`, `first` and `json_schema` are modules of
their own.
"""

from __future__ import annotations

from ttsd.config.loading import (
    MAX_BYTES,
    Given,
    build,
    check,
    given,
    keep_text,
    load,
    read_given,
    variable_of,
)

__all__ = ["MAX_BYTES", "Given", "build", "check", "given", "keep_text", "load", "read_given", "variable_of"]
