"""An engine's adapter called in this very process, a sentence a line: what `scripts/bench engines` compares with.

Run with the engine's own interpreter. stdin: one JSON object a line, {"text": …}; stdout: one object a line
with seconds until the first sound, until the last, and of sound. The first line tells how long it took to load.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def import_ttsd() -> None:
    """As ttsd/engines/boot.py does it: the one package, and nothing of another venv."""
    package = Path(__file__).resolve().parent.parent / "ttsd"
    spec = spec_from_file_location("ttsd", package / "__init__.py", submodule_search_locations=[str(package)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["ttsd"] = module
    spec.loader.exec_module(module)


def main(name: str, given: str) -> None:
    """*given*: JSON with voice, options, base, data and cache."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print
    began = time.perf_counter()
    import_ttsd()
    from ttsd.engines import catalog
    from ttsd.engines.adapter import Setup, load_adapter
    from ttsd.engines.cores import spare_cores
    from ttsd.engines.engine import Request
    from ttsd.engines.memory import used

    entry, setup = catalog.find(name), json.loads(given)
    assert entry is not None
    assert entry.adapter is not None
    adapter = load_adapter(entry.adapter)
    base, data, cache = (Path(setup[key]) for key in ("base", "data", "cache"))
    adapter.open(Setup(setup["voice"], setup["options"], base, data, cache, spare_cores()), lambda _: None)
    adapter.voices()

    def tell(**data: object) -> None:
        print(json.dumps(data), file=answers, flush=True)

    tell(load=time.perf_counter() - began)
    defaults = catalog.defaults(entry.name)
    for line in sys.stdin:
        request = Request(json.loads(line)["text"], options={**defaults, **setup["options"]})
        asked = time.perf_counter()
        first, seconds = 0.0, 0.0
        for chunk in adapter.synthesize(request):
            first = first or time.perf_counter() - asked
            seconds += chunk.samples.size / chunk.rate
        tell(first=first, took=time.perf_counter() - asked, sound=seconds, memory=used().resident)
    adapter.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
