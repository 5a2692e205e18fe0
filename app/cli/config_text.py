"""The configuration as TOML text: the commented example with every option, and the values in force. Reads nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BeforeValidator, SecretStr

from ..kernel.config import Config, Section, Storage, format_size
from ..kernel.config_sources import Option, options

REDACTED = "***"
_HEAD = """\
# Every option of Darkroom with its default. Nothing here needs to be set: copy what you want to change into a file of your own,
# remove the leading "# " and start `darkroom serve --config FILE`.
#
# The same options can be set in the environment, under the name given with each (lists: separated by commas), and secrets by a
# file that holds them: the name with _FILE at its end. Flags win over the environment, the environment over the file.
# DARKROOM_CONFIG names the file where no --config is given. Sizes are bytes, or texts such as "500MB" and "10GiB".
#
# Generated from app/kernel/config.py by `darkroom config example`.
"""


def example() -> str:
    """The text of config.example.toml."""
    lines: list[str] = [_HEAD]
    section: tuple[str, ...] = ()
    for option in options():
        *head, _ = option.path
        if tuple(head) != section:
            section = tuple(head)
            lines += ["", *_about(section), _header(section)]
        lines += _described(option)
    return "\n".join(lines) + "\n"


def _about(section: tuple[str, ...]) -> list[str]:
    """The description of a table, where its parent gives one."""
    model: Any = Config
    for name in section[:-1]:
        model = model.model_fields[name].annotation
    text = model.model_fields[section[-1]].description
    return [f"# {text}"] if text else []


def _header(section: tuple[str, ...]) -> str:
    return "[[storage]]" if section == ("storage",) else f"[{'.'.join(section)}]"


def _described(option: Option) -> list[str]:
    notes = [f"# {option.field.description}"]
    of_first = " (of the first store)" if option.path[0] == "storage" else ""
    variable = f"{option.variable}{of_first}" if option.variable else "this file only"
    if option.default is None:
        shown = (option.field.examples or ["…"])[0]
        return [*notes, f"# {variable}; no default", f"# {option.path[-1]} = {value(shown)}", ""]
    return [*notes, f"# {variable}", f"# {option.path[-1]} = {_default(option)}", ""]


def _default(option: Option) -> str:
    is_size = any(isinstance(m, BeforeValidator) for m in option.field.metadata)
    return value(format_size(option.default) if is_size and option.default else option.default)


def value(v: Any) -> str:
    """One value in TOML. JSON's texts, numbers and arrays are TOML too."""
    if isinstance(v, SecretStr):
        v = v.get_secret_value()
    if isinstance(v, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {value(x)}" for k, x in v.items()) + "}"
    if isinstance(v, list | tuple):
        return "[" + ", ".join(value(x) for x in v) + "]"
    return json.dumps(v if isinstance(v, int | bool | str) else str(v), ensure_ascii=False)


def effective(config: Config, *, redact: bool) -> str:
    """The values in force; with `redact`, no secret is in the text."""
    return "\n".join(_lines(config, (), redact)).lstrip("\n") + "\n"


def _lines(section: Section, path: tuple[str, ...], redact: bool) -> Iterator[str]:
    tables: list[tuple[str, Section]] = []
    for name in type(section).model_fields:
        v = getattr(section, name)
        if isinstance(v, Section):
            tables.append((f"[{'.'.join((*path, name))}]", v))
        elif isinstance(v, tuple) and v and isinstance(v[0], Storage):
            tables += [(f"[[{name}]]", store) for store in v]
        elif v is None:
            yield f"# {name} is not set"
        else:
            yield f"{name} = {value(_redacted(v) if redact else v)}"
    for header, table in tables:
        yield f"\n{header}"
        yield from _lines(table, (*path, header.strip("[]").rpartition(".")[2]), redact)


def _redacted(v: Any) -> Any:
    """Secrets, and the fixed codes, which open accounts too."""
    if isinstance(v, SecretStr):
        return REDACTED
    return dict.fromkeys(v, REDACTED) if isinstance(v, dict) else v
