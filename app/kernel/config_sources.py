"""Where option values come from: the TOML file, then the environment, then flags; the last one wins.

Owns the names of environment variables and the wording of configuration errors: one line that names the option. What the options are,
and what values they may have, is `app.config`'s. Nothing here creates or changes a file.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from .config import Config, Section, Storage

PREFIX = "DARKROOM_"
FILE_SUFFIX = "_FILE"
CONFIG_VARIABLE = "DARKROOM_CONFIG"  # the file, when there is no --config
IGNORED = ("DARKROOM_TEST_",)  # settings of the test suite
_SERVICE = re.compile(r"DARKROOM(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)|DARKROOM_PORT")
"""What Kubernetes puts into the environment for a service called darkroom, or darkroom-something."""
log = logging.getLogger("darkroom.config")
Path_ = tuple[str, ...]


class ConfigError(Exception):
    """The configuration cannot be used. The text is one line and begins with the option's name, e.g. `http.port: …`."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `path` as in TOML (`("http", "port")`; of stores `("storage", "endpoint")`), and the environment variable."""

    path: Path_
    field: FieldInfo
    default: Any

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str | None:
        """None where a value cannot be written in one variable (tables)."""
        return None if get_origin(self.field.annotation) is dict else PREFIX + "_".join(self.path).upper()

    @property
    def secret(self) -> bool:
        return SecretStr in (self.field.annotation, *get_args(self.field.annotation))


def options() -> list[Option]:
    """Every option, in the order of `app.config`."""
    return list(_walk(Config(), ()))


def _walk(section: Section, path: Path_) -> Iterator[Option]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        here = (*path, name)
        if isinstance(value, Section):
            yield from _walk(value, here)
        elif isinstance(value, tuple) and value and isinstance(value[0], Storage):
            yield from _walk(value[0], here)
        else:
            yield Option(here, field, value)


def load(file: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """The configuration. `flags` maps option names to texts, None for a flag that was not given; ConfigError when anything is wrong."""
    origins: dict[str, str] = {}
    environ = {name: text for name, text in environ.items() if text.strip() or not name.startswith(PREFIX)}  # `${VAR:-}` is empty: not set
    if file is None and CONFIG_VARIABLE in environ:
        file = Path(environ[CONFIG_VARIABLE])
    values = _read_toml(file) if file else {}
    known = {o.name: o for o in options()}
    for option, text, origin in _from_environment(known.values(), environ):
        _put(values, option, text)
        origins[option.name] = origin
    for name, given in flags.items():
        if given is not None:
            _put(values, known[name], given)
            origins[name] = "--" + name.rpartition(".")[2].replace("_", "-")
    return _validated(values, origins, file)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"--config: cannot read {file}: {e.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"--config: {file} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"--config: {file} is not TOML: {e}") from None


def _from_environment(known: Iterable[Option], environ: Mapping[str, str]) -> Iterator[tuple[Option, str, str]]:
    """(option, text, variable) of everything set in the environment; ConfigError for a DARKROOM_ name that means nothing."""
    variables: dict[str, Option] = {o.variable: o for o in known if o.variable}
    files = {f"{v}{FILE_SUFFIX}": o for v, o in variables.items() if o.secret}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name.startswith(IGNORED) or name == CONFIG_VARIABLE:
            continue
        if _SERVICE.fullmatch(name) and (name not in variables or "://" in environ[name]):
            log.warning("%s is ignored: Kubernetes sets it for a service of that name", name)
        elif name in variables:
            yield variables[name], environ[name], name
        elif name in files:
            option = files[name]
            if option.variable in environ:
                raise ConfigError(f"{option.name}: {option.variable} and {name} are both set")
            yield option, _secret_file(option, environ[name]), name
        else:
            raise ConfigError(f"{name}: no option has this environment variable")


def _secret_file(option: Option, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{option.name}: cannot read {path} ({option.variable}{FILE_SUFFIX}): {getattr(e, 'strerror', e)}") from None


def _put(values: dict[str, Any], option: Option, text: str) -> None:
    """Set one option from a text; an option of `storage` is one of the first store."""
    *sections, key = option.path
    table = values
    for name in sections:
        below = table.setdefault(name, [{}] if name == "storage" else {})
        if name == "registration" and isinstance(below, str):
            below = table[name] = {"mode": below}  # as `config` reads it
        if isinstance(below, list) and not below:
            below.append({})
        table = below[0] if isinstance(below, list) else below
        if not isinstance(table, dict):
            raise ConfigError(f"{name}: must be a table")
    table[key] = _typed(option.field.annotation, text)


def _typed(annotation: Any, text: str) -> Any:
    """A variable's text as the TOML value it stands for; what does not fit stays text, and validation says so."""
    if get_origin(annotation) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if annotation is bool:
        return {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}.get(
            text.strip().lower(), text
        )
    if annotation is int and text.strip().lstrip("-").isdecimal():
        return int(text)
    return text


def _validated(values: dict[str, Any], origins: dict[str, str], file: Path | None) -> Config:
    try:
        return Config.model_validate(values)
    except ValidationError as e:
        error = e.errors(include_url=False, include_input=False)[0]
        path = [str(p) for p in error["loc"] if p != "[key]"]
        name = ".".join(p for i, p in enumerate(path) if not (i and path[0] == "storage" and p == "0"))
        origin = origins.get(name) or (str(file) if file else "")
        said = _said(error["type"], error["msg"])  # of several options together it names them itself
        raise ConfigError((f"{name}: {said}" if name else said) + (f" ({origin})" if origin else "")) from None


def _said(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such option"
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return " ".join(text.split())
