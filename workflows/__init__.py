"""Promises: what is seen through to the end. Deterministic; no clock, socket, disk or vendor."""

from workflows.call import Call
from workflows.limiter import Limiter

__all__ = ["Call", "Limiter"]
