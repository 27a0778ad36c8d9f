"""Where a so-vits-svc model lies, and who speaks in it. Standard library: the doctor asks, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsd.errors import EngineMissing, EngineRefused, UnknownVoice
from ttsd.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ttsd.engines.engine import Scalar

USUAL = "sovits"
"""The folder of the model where none is named, beside the configuration or in the data folder."""
HUBERT = "content-vec-best"
"""The folder of the network that hears what is said, where none is named, beside the model."""
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


@frozen
class Files:
    """A model on disk."""

    weights: Path
    config: Path
    hubert: Path
    """A folder: config.json and the weights, as transformers keeps them."""
    speakers: Mapping[str, int]
    """Who speaks, and its number in the model."""

    def speaker(self, wanted: str) -> str:
        """Of the one that is meant; empty: the only one. Raises UnknownVoice: the library would take the first."""
        known = f"it has {', '.join(list(self.speakers)[:12])}"
        if wanted and wanted not in self.speakers:
            raise UnknownVoice(f"has no speaker {wanted}", next_step=known)
        if not wanted and len(self.speakers) > 1:
            raise UnknownVoice("has several speakers, and none is named", next_step=f"speaker = …: {known}")
        return wanted or next(iter(self.speakers))


def find(options: Mapping[str, Scalar], base: Path, data: Path) -> Files:
    """The model as configured. *base*: the configuration's folder; *data*: the user's data folder.

    Raises EngineMissing, EngineRefused for a config.json that describes no model.
    """
    weights = _model(str(options.get("model", "")), base, data)
    config = _named(options, "config", base) or weights.with_name("config.json")
    if not config.is_file():
        raise EngineMissing(f"{config} is missing", next_step="it was made with the model")
    hubert = _named(options, "hubert", base) or weights.with_name(HUBERT)
    if not (hubert / "config.json").is_file() or not any((hubert / name).is_file() for name in _WEIGHTS):
        raise EngineMissing(
            f"the content-vec network is missing: there is no {hubert / 'config.json'} with {_WEIGHTS[0]}",
            next_step='get lengyue233/content-vec-best once, and name its folder: hubert = "…"',
        )
    return Files(weights, config, hubert, _speakers(config))


def _named(options: Mapping[str, Scalar], option: str, base: Path) -> Path | None:
    given = str(options.get(option, ""))
    return base / Path(given).expanduser() if given else None


def _model(given: str, base: Path, data: Path) -> Path:
    places = [base / Path(given).expanduser()] if given else [base / USUAL, data / USUAL]
    place = next((place for place in places if place.exists()), None)
    if place is None:
        raise EngineMissing(
            f"has no model: there is no {places[-1]}",
            next_step='put G_….pth, config.json and content-vec-best there, or set model = "…"',
        )
    found = [place] if place.is_file() else sorted(place.glob("G*.pth"))
    if len(found) != 1:
        raise EngineMissing(
            f"there is {'no' if not found else 'more than one'} G_….pth in {place}",
            next_step='name the file: model = "…"',
        )
    return found[0]


def _speakers(config: Path) -> dict[str, int]:
    try:
        found: Any = json.loads(config.read_text("utf-8"))
        speakers = {str(name): int(number) for name, number in found["spk"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineRefused(f"{config} describes no model ({type(error).__name__}: {error})"[:300]) from error
    if not speakers or len(set(speakers.values())) < len(speakers):
        raise EngineRefused(f"{config} names no speakers, or two of one number")
    return speakers
