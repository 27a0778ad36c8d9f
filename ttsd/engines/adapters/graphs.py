"""ONNX graphs, run with the session options that measured best for Piper's voices. numpy and onnxruntime."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class GraphError(Exception):
    """onnxruntime cannot load or run a graph, or was told to stop running it."""


class LoadedGraph:
    """A graph that is ready to run."""

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        optimised: bool = False,
        write_optimised: Path | None = None,
        plan_memory: bool = False,
    ) -> None:
        """*optimised*: it is already; *write_optimised*: keep what onnxruntime makes of it there;
        *plan_memory*: ahead of all runs, which takes a second for an encoder and gains it nothing.

        Raises GraphError.
        """
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_mem_reuse = plan_memory
        # Threads that spin burn 42 ms after each run, and slow a busy machine down.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        levels = ort.GraphOptimizationLevel
        if optimised:
            options.graph_optimization_level = levels.ORT_DISABLE_ALL
        elif write_optimised is not None:
            # One level below all: nothing in it belongs to this very processor.
            options.graph_optimization_level = levels.ORT_ENABLE_EXTENDED
            options.optimized_model_filepath = str(write_optimised)
        with named_faults():
            self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.several_speakers = any(given.name == "sid" for given in self._session.get_inputs())
        """It takes the number of a speaker."""

    def run(self, fed: Mapping[str, Any], options: Any = None) -> dict[str, Any]:
        """All outputs by name. *options*: onnxruntime.RunOptions, by which it can be stopped. Raises GraphError."""
        with named_faults():
            return dict(zip(self._outputs, self._session.run(None, dict(fed), options), strict=True))

    def sound(self, fed: Mapping[str, Any], options: Any = None) -> Any:
        """Its first output as float32 samples, shape (frames,). Raises GraphError."""
        import numpy as np

        return np.ascontiguousarray(self.run(fed, options)[self._outputs[0]].reshape(-1), np.float32)


@contextmanager
def named_faults() -> Iterator[None]:
    """onnxruntime's errors have no base of their own: give them one, GraphError."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.startswith("onnxruntime"):
            raise GraphError(str(error)) from error
        raise
