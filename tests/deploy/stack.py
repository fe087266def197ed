"""The files of a deployment, read."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field, TypeAdapter

from offhook.reference import variable
from offhook.settings import Settings

ROOT = Path(__file__).parents[2]

VARIABLES = frozenset(variable(name) for name in Settings.model_fields)
"""What offhook reads."""

REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?P<fallback>[^}]*)\}")
"""A variable that the compose file asks for, and what it says when that is not set."""


class Healthcheck(BaseModel):
    """How a service is asked whether it is well."""

    test: list[str]


class Dependency(BaseModel):
    """What a service waits for."""

    condition: str


class Service(BaseModel):
    """What the tests ask of a service."""

    image: str
    command: list[str] = Field(default_factory=list[str])
    environment: dict[str, str | None] = Field(default_factory=dict[str, str | None])
    healthcheck: Healthcheck | None = None
    depends_on: dict[str, Dependency] = Field(default_factory=dict[str, Dependency])
    restart: str
    ports: list[str] = Field(default_factory=list[str])
    volumes: list[str] = Field(default_factory=list[str])
    stop_grace_period: str = "10s"

    @property
    def ends(self) -> bool:
        """Whether it does one thing and exits."""
        return self.restart.startswith("on-failure")


class Stack(BaseModel):
    """docker-compose.yml."""

    services: dict[str, Service]
    volumes: dict[str, None]


def mapping(path: str) -> dict[str, Any]:
    """A YAML file, counted from the root of the repository."""
    return TypeAdapter(dict[str, Any]).validate_python(yaml.safe_load((ROOT / path).read_text()))


def stack() -> Stack:
    """docker-compose.yml, with its anchors resolved and its variables as written."""
    return Stack.model_validate(mapping("docker-compose.yml"))


def compose_text() -> str:
    """docker-compose.yml without its comments."""
    lines = (ROOT / "docker-compose.yml").read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))
