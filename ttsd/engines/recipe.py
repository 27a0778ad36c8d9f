"""What is put into an engine's own venv: pinned requirements, as data. Pure.

What differs by Python or platform is said by markers inside a requirement (`; python_version < "3.13"`),
what differs by device by `cpu` and `cuda`. Names no package index: pip's configuration and the user do.
"""

from __future__ import annotations

from ttsd.frozen import frozen

SENTENCE = "This engine is ready to speak."
"""What a new venv must be able to say before it counts as installed."""


@frozen(kw_only=True)
class Step:
    """One call of pip."""

    packages: tuple[str, ...]
    """Requirements as pip takes them, pinned."""
    cpu: tuple[str, ...] = ()
    """More of them where it computes on the processor."""
    cuda: tuple[str, ...] = ()
    """More of them where it computes on a graphics card of Nvidia's."""
    bare: bool = False
    """Without their dependencies: for packages whose own pins exclude what works."""
    torch: bool = False
    """torch and what belongs to its build: taken from `--torch-index` where that is given, and refused if it
    would bring CUDA to where it is not wanted. Holds nothing that such an index does not have."""

    def requirements(self, device: str) -> tuple[str, ...]:
        """What pip is asked for. *device*: cpu or cuda."""
        return (*self.packages, *(self.cuda if device == "cuda" else self.cpu))


WORKER = Step(packages=("numpy>=1.26", "wyoming==1.10.2"))
"""What ttsd's worker and adapters use beside the engine; last, so that the engine's own pins decide."""


@frozen(kw_only=True)
class Recipe:
    """How an engine's venv is made."""

    steps: tuple[Step, ...]
    """In order; see also WORKER."""
    megabytes: int
    """Room that the venv takes, in 10^6 bytes; as much again is used while it is made."""
    python: tuple[tuple[int, int], tuple[int, int]] = ((3, 11), (3, 15))
    """The first version of Python it runs on, and the first that it does not."""
    sentence: str = SENTENCE
    """What the trial at the end speaks."""

    @property
    def knows_devices(self) -> bool:
        """Whether it matters where it computes."""
        return any(step.cpu or step.cuda or step.torch for step in self.steps)

    def all_steps(self) -> tuple[Step, ...]:
        """With what every venv gets."""
        return (*self.steps, WORKER)

    def requirements(self, device: str) -> tuple[str, ...]:
        """Everything that pip is asked for, in order: equal ones make equal venvs."""
        return tuple(one for step in self.all_steps() for one in step.requirements(device))

    def runs_on(self, python: tuple[int, int]) -> bool:
        """Whether it can be installed for this version of Python."""
        return self.python[0] <= python < self.python[1]
