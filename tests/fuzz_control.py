"""A coverage-guided fuzzer for what strangers may send: `pip install atheris`, then

    python tests/fuzz_control.py -max_total_time=60 [CORPUS-FOLDER]

It looks for exceptions and for answers that are not one line. The quick check of the same promises is
tests/control/test_protocol.py.
"""

from __future__ import annotations

import importlib
import json
import sys

# By name: the fuzzer is no dependency of the tests, and its library carries no types.
atheris = importlib.import_module("atheris")

with atheris.instrument_imports(include=["ttsd", "json"]):
    from ttsd.control import protocol


def one(data: bytes) -> None:
    """One input: some lines of a client."""
    for line in data.split(b"\n"):
        request = protocol.parse(line)
        if request is None:
            continue
        answer = protocol.answer(request, {})
        assert answer.count(b"\n") == 1
        assert answer.endswith(b"\n")
        if not request.plain:
            json.loads(answer)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
