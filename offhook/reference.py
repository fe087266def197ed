"""The generated pages, settings.md and end-reasons.md under docs/. ``python -m offhook.reference`` writes them."""

import json
import types
from enum import StrEnum
from pathlib import Path
from typing import Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from offhook.reference_reasons import END_REASONS_PAGE, end_reasons_page, line
from offhook.settings import Settings

PAGE = Path("docs/settings.md")

KINDS: dict[object, str] = {
    Path: "path",
    bool: "true or false",
    float: "number",
    int: "whole number",
    str: "text",
    tuple: "JSON list",
    dict: "JSON object",
    SecretStr: "secret",
}

UNITS = {"_s": "seconds", "_bytes": "bytes"}
"""A setting's unit is the end of its name."""

HEAD = """\
# Settings

Written by `python -m offhook.reference` from `offhook/settings.py`; change it there.

Every setting is an environment variable; a file `.env` in the working directory is read too, and the environment wins.

| variable | type and unit | default | meaning |
|---|---|---|---|
"""

TEMPORAL = """
## Temporal

Where Temporal is, is said as to every Temporal client: by these variables, or by a profile in its configuration file.
They are read from the environment alone, not from `.env`.

| variable | default | meaning |
|---|---|---|
| `TEMPORAL_ADDRESS` | `localhost:7233` | Host and port of Temporal's frontend. |
| `TEMPORAL_NAMESPACE` | `default` | Namespace that calls live in. |
| `TEMPORAL_API_KEY` | unset | API key, for Temporal Cloud; turns TLS on. |
| `TEMPORAL_TLS` | unset | `true`: connect with TLS. |
| `TEMPORAL_TLS_CLIENT_CERT_PATH`, `TEMPORAL_TLS_CLIENT_KEY_PATH` | unset | Files of the client's certificate and key. |
| `TEMPORAL_TLS_SERVER_CA_CERT_PATH` | unset | File of the authority that signed the server's certificate. |
| `TEMPORAL_TLS_SERVER_NAME` | unset | Name expected in the server's certificate. |
| `TEMPORAL_PROFILE` | `default` | Profile to take from the configuration file. |
| `TEMPORAL_CONFIG_FILE` | `temporalio/temporal.toml` in the user's configuration directory | The configuration file. |
"""


def variable(name: str) -> str:
    """The environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


def settings_page() -> str:
    """The page as Markdown."""
    rows = (_row(name, field) for name, field in Settings.model_fields.items())
    return HEAD + "".join(rows) + TEMPORAL


def _row(name: str, field: FieldInfo) -> str:
    return line(f"`{variable(name)}`", _kind(name, field), _default(field), field.description or "")


def _kind(name: str, field: FieldInfo) -> str:
    units = (unit for suffix, unit in UNITS.items() if name.endswith(suffix))
    return ", ".join((_type(field.annotation), *units, *_limits(field)))


def _type(annotation: object) -> str:
    if get_origin(annotation) in {Union, types.UnionType}:
        return _type(next(kind for kind in get_args(annotation) if kind is not types.NoneType))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(f"`{member}`" for member in annotation)
    return KINDS[get_origin(annotation) or annotation]


def _limits(field: FieldInfo) -> list[str]:
    limits: list[str] = []
    for mark in field.metadata:
        match mark:
            case Ge():
                limits.append(f"≥ {mark.ge}")
            case Gt():
                limits.append(f"> {mark.gt}")
            case Le():
                limits.append(f"≤ {mark.le}")
            case Lt():
                limits.append(f"< {mark.lt}")
            case _:
                pass
    return limits


def _default(field: FieldInfo) -> str:
    match field.get_default(call_default_factory=True, validated_data={}):
        case None | "":
            return "unset"
        case SecretStr() as secret:
            return "set" if secret.get_secret_value() else "unset"
        case float() as number:
            return f"`{number:g}`"
        case value:
            return f"`{json.dumps(value) if isinstance(value, tuple | dict) else value}`"


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
    END_REASONS_PAGE.write_text(end_reasons_page(), encoding="utf-8")
