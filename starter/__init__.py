"""Requests: who may start and steer calls."""

from starter.client import Calls

__all__ = ["Calls"]
