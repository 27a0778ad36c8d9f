"""`python -m ttsd`."""

import sys

from ttsd.cli import main

if __name__ == "__main__":
    sys.exit(main())
