"""The command line: verbs, printing, exit codes. Client verbs import the standard library alone."""

from ttsd.cli.main import main

__all__ = ["main"]
