"""Promises: what is seen through to the end. Deterministic; no clock, socket, disk or vendor."""

from workflows.call import Call

__all__ = ["Call"]
