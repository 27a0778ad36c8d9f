"""Started with any venv's interpreter: makes this ttsd importable there, and nothing else, and runs the worker.

PYTHONPATH or a path entry would bring the daemon's numpy into the engine's venv; loading the one
package by its spec does not.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def main() -> int:
    """Run the worker on this process's arguments; its exit status."""
    package = Path(__file__).resolve().parent.parent
    # The folder of this file came first: its modules would hide others of the same name.
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != package / "engines"]
    spec = spec_from_file_location("ttsd", package / "__init__.py", submodule_search_locations=[str(package)])
    if spec is None or spec.loader is None:
        raise SystemExit(f"{package} is not the package ttsd")
    module = module_from_spec(spec)
    sys.modules["ttsd"] = module
    spec.loader.exec_module(module)

    from ttsd.engines.worker import main as work

    return work(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
