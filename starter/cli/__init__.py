"""The command line."""

from starter.cli.app import app

__all__ = ["app"]
