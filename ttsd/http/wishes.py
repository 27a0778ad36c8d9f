"""What a request wishes of an engine: the parameters of the API, and each engine's options that they are.

Invariant: a parameter at its default is not passed on, so that what is configured holds; one that is not is
passed on to an engine that has it and takes the value, or the request is refused, naming it. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.engines import catalog
from ttsd.engines.speed import paced
from ttsd.frozen import frozen
from ttsd.http.problems import Refused
from ttsd.settings import EngineSettings
from ttsd.text.language import general, is_tag

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ttsd.engines.engine import Scalar
    from ttsd.engines.entry import Entry
    from ttsd.model import EngineName
    from ttsd.settings import Settings

LANGUAGE = "pt"
"""Where a request names none: it holds for engines whose every voice speaks it; others speak their voice's."""

RECORDING = "speaker_wav"
"""The option by which engines that clone take a recording."""


@frozen
class Parameter:
    """One parameter of a synthesis."""

    name: str
    kind: type[int | float | str]
    default: int | float | str | None
    help: str
    low: float | None = None
    high: float | None = None


PARAMETERS = (
    Parameter("speed", float, 1.0, "Pace; 2 is twice as fast.", 0.1, 4.0),
    Parameter("temperature", float, 0.75, "How freely it speaks.", 0.01, 5.0),
    Parameter("top_k", int, 50, "Candidates for each token.", 1, 1000),
    Parameter("top_p", float, 0.85, "Share of probability the candidates have.", 0.01, 1.0),
    Parameter("length_scale", float, 1.0, "Length of the sounds; 0.5 is twice as fast.", 0.1, 5.0),
    Parameter("gpt_cond_len", float, 12.0, "Seconds of the recording that a voice is taken from.", 1.0, 60.0),
    Parameter("repetition_penalty", float, None, "How much repetition is avoided.", 0.1, 100.0),
    Parameter("speaker", str, None, "A speaker within the voice, or a recording of `GET /v1/speakers`."),
    Parameter("checkpoint", str, None, "A fine-tuned model of `GET /v1/finetune/checkpoints`."),
)
"""What a synthesis takes besides text, language, voice and the form of the sound."""


@frozen
class Cast:
    """How an engine is to be asked."""

    options: Mapping[str, Scalar]
    speaker: str | None = None
    language: str | None = None
    """Where nobody knows the text's; None: the voice's own."""


def takers(parameter: Parameter) -> tuple[str, ...]:
    """The engines that have it."""
    return tuple(entry.name for entry in catalog.entries() if _has(entry, parameter.name))


def casts(
    engines: Sequence[EngineName],
    wishes: Mapping[str, Scalar],
    settings: Settings,
    recordings: Collection[str] = (),
) -> dict[EngineName, Cast]:
    """For each of *engines* that has everything wished for, how to ask it. Raises Refused if none has.

    wishes: parameters that are not at their defaults; recordings: names of those that can be cloned.
    """
    found: dict[EngineName, Cast] = {}
    refusals: list[Refused] = []
    for name in engines:
        try:
            found[name] = _cast(name, wishes, settings, recordings)
        except Refused as refused:
            refusals.append(refused)
    if not found and refusals:
        raise refusals[0]
    return found


def check_language(language: str, engines: Sequence[EngineName]) -> None:
    """Raises Refused if it is no language, or none of *engines* speaks it."""
    if not is_tag(language):
        raise Refused(
            422, f"{language!r} is no language tag", where="language", next_step="such as pt or pt-BR"
        )
    spoken: set[str] = set()
    for name in engines:
        entry = catalog.find(name)
        if entry is None or "*" in entry.languages:
            return
        spoken.update(entry.languages)
    if general(language) not in map(general, spoken):
        raise Refused(
            422,
            f"{' and '.join(engines)} cannot speak {language}",
            where="language",
            next_step=f"they speak {', '.join(sorted(spoken))}",
        )


def _cast(
    name: EngineName, wishes: Mapping[str, Scalar], settings: Settings, recordings: Collection[str]
) -> Cast:
    entry = catalog.find(name)
    configured = settings.engine.get(name, EngineSettings()).options
    options: dict[str, Scalar] = {}
    for key, value in wishes.items():
        if key == "speaker":
            if entry is not None and not _has(entry, key):
                raise _lacking(name, key)
        elif entry is None or not _has(entry, key):
            raise _lacking(name, key)
        elif key != "speed":
            options[key] = value
    if "speed" in wishes:
        options |= paced(name, float(wishes["speed"]), {**configured, **options}) or {}
    if entry is not None and (problems := catalog.option_problems(name, options)):
        raise Refused(422, f"{entry.label}: {problems[0]}", where=next(iter(options)))
    speaker = wishes.get("speaker")
    language = None
    if entry is not None and LANGUAGE in entry.languages and "language" not in configured:
        language = LANGUAGE
    if speaker is not None and speaker in recordings and entry is not None and entry.cloning:
        return Cast({**options, RECORDING: speaker}, language=language)
    return Cast(options, None if speaker is None else str(speaker), language)


def _has(entry: Entry, parameter: str) -> bool:
    if parameter == "speed":
        return paced(entry.name, 1.0, {}) is not None
    if parameter == "speaker":
        return entry.cloning or any(option.name == "speaker" for option in entry.options)
    return any(option.name == parameter for option in entry.options)


def _lacking(engine: str, parameter: str) -> Refused:
    return Refused(
        422,
        f"{engine} has no {parameter}",
        where=parameter,
        next_step="GET /v1/synthesis-config tells which engines take it",
    )
