"""The sources: files, globs and directories that are followed, line by line."""

from ttsd.sources.reader import SourceReader
from ttsd.sources.status import FileStatus, SourceStatus

__all__ = ["FileStatus", "SourceReader", "SourceStatus"]
