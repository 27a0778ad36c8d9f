"""ttsd: text that grows in files becomes speech in a device, exactly once, whatever fails."""

# A literal: importlib.metadata costs 33 ms at every start.
__version__ = "0.1.0"
