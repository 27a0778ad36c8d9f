"""The tables of docs/configuration.md, made from the settings' annotations.

`python tests/config_tables.py` writes them into the file; test_docs_configuration.py checks that they are there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ttsd.config.show import toml_value
from ttsd.engines import catalog
from ttsd.schema import Table, fields_of, plain
from ttsd.settings import EngineSettings, Settings
from ttsd.settings.voices import ConvertSettings, VoiceSettings
from ttsd.shapes import ListOf, MapOf, Optional, Quantity

if TYPE_CHECKING:
    from ttsd.schema import Field
    from ttsd.shapes import Shape

FILE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
HEAD = "| Key | Default | Allowed | What it does |\n|---|---|---|---|\n"


def tables() -> str:
    """All tables, one for each TOML table."""
    top = [field for field in fields_of(Settings) if _table(field.shape) is None]
    parts = ["### At the top\n", HEAD + "".join(map(_row, top))]
    for field in fields_of(Settings):
        table = _table(field.shape)
        if table is None:
            continue
        heading = {ListOf: f"[[{field.name}]]", MapOf: f"[{field.name}.NAME]"}.get(
            type(field.shape), f"[{field.name}]"
        )
        text = (table.cls.__doc__ or "").strip().split(": ", 1)[-1]
        rows = "".join(_row(inner) for inner in fields_of(table.cls) if not inner.rest)
        parts += [f"\n### `{heading}`\n", text[0].upper() + text[1:] + "\n", HEAD + rows]
        if table.cls is EngineSettings:
            parts.append(_engines())
        if table.cls is VoiceSettings:
            parts.append(_converter())
    return "\n".join(parts)


def renewed(document: str) -> str:
    """The document with its tables as they are now."""
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{rest.split(END)[1]}"


def _engines() -> str:
    """Each engine's own options."""
    parts = [
        "\nEngines have options of their own in the same table:\n\n| Engine | Key | Default | Allowed | What it does |\n|---|---|---|---|---|\n"
    ]
    for entry in catalog.ENTRIES:
        for option in entry.options:
            default = "" if option.default is None else f"`{toml_value(option.default)}`"
            parts.append(
                f"| {entry.name} | `{option.name}` | {default} | {option.allowed()} | {option.help} |\n"
            )
    return "".join(parts)


def _converter() -> str:
    """The table inside a preset."""
    rows = "".join(_row(inner) for inner in fields_of(ConvertSettings) if not inner.rest)
    text = (ConvertSettings.__doc__ or "").split(": ", 1)[-1]
    own = "".join(
        f'\nWith `type = "{entry.name}"`:\n\n{HEAD}{_options(entry)}' for entry in catalog.CONVERTERS
    )
    return f"\n### `[voice.NAME.convert]`\n\n{text[0].upper()}{text[1:]}\n\n{HEAD}{rows}{own}"


def _options(entry: catalog.Entry) -> str:
    return "".join(
        f"| `{option.name}` | {'' if option.default is None else f'`{toml_value(option.default)}`'}"
        f" | {option.allowed()} | {option.help} |\n"
        for option in entry.options
    )


def _row(field: Field) -> str:
    return (
        f"| `{field.name}` | {_default(field)} | {field.shape.words().replace('|', '/')} | {field.help} |\n"
    )


def _default(field: Field) -> str:
    if field.required:
        return "must be given"
    if field.default is None:
        return ""
    shape = field.shape.shape if isinstance(field.shape, Optional) else field.shape
    value = shape.show(field.default) if isinstance(shape, Quantity) else plain(field.default)
    return f"`{toml_value(value)}`"


def _table(shape: Shape) -> Table | None:
    inner = shape.shape if isinstance(shape, (ListOf, MapOf)) else shape
    return inner if isinstance(inner, Table) else None


if __name__ == "__main__":
    FILE.write_text(renewed(FILE.read_text(encoding="utf-8")), encoding="utf-8")
