"""What `ttsd` exits with; docs/cli.md tells scripts."""

OK = 0
FAILURE = 1
"""It could not be done."""
USAGE = 2
"""Words that make no sense; argparse's own."""
NOT_RUNNING = 3
BAD_CONFIGURATION = 78
"""EX_CONFIG of sysexits.h: systemd is told not to start again."""
INTERRUPTED = 130
"""128 and SIGINT, as shells count."""
