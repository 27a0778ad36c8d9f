"""What is wrong with the rules of a configuration: every problem at once, with the setting it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ttsd.errors import PatternError
from ttsd.patterns import Pattern
from ttsd.text import withdraw
from ttsd.text.language import AUTO, DEFAULT, is_tag
from ttsd.text.pronounce import problem_of
from ttsd.text.template import names, stray_brace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ttsd.settings import Settings
    from ttsd.settings.text import RouteSettings, SourceRules

Found = tuple[tuple[str | int, ...], str]
"""Where a problem is, from the root, and what it is."""


def problems(settings: Settings) -> Iterator[Found]:
    """Every problem of the rules."""
    for index, source in enumerate(settings.sources):
        for key, text in _of_source(source):
            yield ("sources", index, *key), text
    for index, entry in enumerate(settings.pronounce):
        problem = problem_of(entry)
        if problem is not None:
            yield ("pronounce", index, problem[0]), problem[1]
    known = {source.name or source.path for source in settings.sources}
    for index, route in enumerate(settings.route):
        for name, text in _of_route(route, known):
            yield ("route", index, name), text
    for index, blocklist in enumerate(settings.blocklist):
        if not blocklist.words and blocklist.file is None:
            yield ("blocklist", index), "has neither `words` nor a `file`"
        for place, name in enumerate(blocklist.sources):
            if name not in known:
                yield ("blocklist", index, "sources", place), f'there is no source "{name}"'
    for tag in settings.language:
        if tag != DEFAULT and not is_tag(tag):
            yield ("language", tag), "is no language such as de or pt-BR"


def _of_source(source: SourceRules) -> Iterator[tuple[tuple[str | int, ...], str]]:
    fields: set[str] | None = None
    if source.format == "regex":
        if source.pattern is None:
            yield ("pattern",), "is missing; format regex needs it"
        else:
            try:
                fields = {"text", "source", *Pattern(source.pattern).names}
            except PatternError as error:
                yield ("pattern",), str(error)
    elif source.pattern is not None:
        yield ("pattern",), f'belongs to format "regex", and this is "{source.format}"'
    if source.format == "plain":
        fields = {"text", "source"}
    if source.fields and source.format not in ("json", "logfmt"):
        yield ("fields",), f'belong to format "json" or "logfmt", and this is "{source.format}"'
    for key in ("template", "key"):
        for text in _of_template(getattr(source, key), fields):
            yield (key,), text
    for condition, template in source.templates.items():
        name = condition.partition("=")[0].strip()
        if "=" not in condition or (fields is not None and name not in fields):
            yield ("templates", condition), "is not `field=value` of a field that there is"
        for text in _of_template(template, fields):
            yield ("templates", condition), text
    for key in ("include_text", "exclude_text"):
        for index, text in _of_patterns(getattr(source, key)):
            yield (key, index), text
    if source.withdraw is not None:
        for text in _of_deletions(source.withdraw, has_key=source.key is not None):
            yield ("withdraw",), text
    for key in ("include_fields", "exclude_fields"):
        patterns = getattr(source, key)
        for name, (_, wrong) in zip(patterns, _each(patterns.values()), strict=True):
            if wrong is not None:
                yield (key, name), wrong
            elif fields is not None and name not in fields:
                yield (key, name), f"the pattern has no field {name}"
    if source.language is not None and source.language != AUTO and not is_tag(source.language):
        yield ("language",), f'"{source.language}" is no language such as de or pt-BR, nor auto'


def _of_deletions(pattern: str, *, has_key: bool) -> Iterator[str]:
    compiles = True
    for _, text in _of_patterns((pattern,)):
        compiles = False
        yield text
    problem = withdraw.problem_of(pattern, has_key=has_key) if compiles else None
    if problem is not None:
        yield problem


def _of_template(template: str | None, fields: set[str] | None) -> Iterator[str]:
    if template is None:
        return
    if stray_brace(template):
        yield "has a brace that belongs to no {field}; write {{ or }} for one"
    for name in names(template):
        if fields is not None and name not in fields:
            yield f"there is no field {{{name}}}; there is {', '.join(sorted(fields))}"


def _of_route(route: RouteSettings, known: set[str]) -> Iterator[tuple[str, str]]:
    if route.match is not None:
        for _, text in _of_patterns((route.match,)):
            yield "match", text
    if route.language is not None and not is_tag(route.language):
        yield "language", f'"{route.language}" is no language such as de or pt-BR'
    if route.source is not None and route.source not in known and route.source != "say":
        yield "source", f'there is no source "{route.source}"'
    if route.voice is None and not route.pool and route.engine is None and route.priority is None:
        yield "voice", "decides nothing: give a voice, a pool, an engine or a priority"


def _of_patterns(sources: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((index, text) for index, text in _each(sources) if text is not None)


def _each(sources: Iterable[str]) -> Iterator[tuple[int, str | None]]:
    for index, source in enumerate(sources):
        try:
            Pattern(source)
        except PatternError as error:
            yield index, str(error)
        else:
            yield index, None
