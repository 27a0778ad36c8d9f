"""The JSON Schema (2020-12) of ttsd.toml, for editors: with the own options of every known engine and converter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ttsd.engines import catalog
from ttsd.schema import Table, json_schema
from ttsd.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from ttsd.engines.options import Option

_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number"}


def config_schema() -> dict[str, Any]:
    """The schema, as `json.dumps` takes it."""
    schema = json_schema(Settings, "ttsd.toml")
    engines = schema["properties"]["engine"]
    engines["properties"] = {entry.name: _engine(entry) for entry in catalog.ENTRIES}
    converter = schema["properties"]["voice"]["additionalProperties"]["properties"]["convert"]
    own = {option.name: _option(option) for entry in catalog.CONVERTERS for option in entry.options}
    converter["properties"] |= own
    converter["additionalProperties"] = False
    schema["properties"]["engines"]["items"]["examples"] = list(catalog.names())
    return schema


def _engine(entry: catalog.Entry) -> dict[str, Any]:
    table = Table(EngineSettings).json()
    return table | {
        "description": f"{entry.label}: {entry.description}",
        "properties": table["properties"] | {option.name: _option(option) for option in entry.options},
        "additionalProperties": False,
    }


def _option(option: Option) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "type": _KINDS[option.kind],
        "description": option.help,
        "default": option.default,
        "minimum": option.low,
        "maximum": option.high,
        "enum": list(option.choices) or None,
    }
    return {key: value for key, value in wanted.items() if value is not None}
