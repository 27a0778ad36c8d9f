"""The store: a durable queue in SQLite, and where ttsd stands in each file."""

from ttsd.store.records import Batch, Checkpoint, Committed, Counters, Counts, FileId, Recovery
from ttsd.store.store import Store

__all__ = ["Batch", "Checkpoint", "Committed", "Counters", "Counts", "FileId", "Recovery", "Store"]
