"""Promises: what is seen through to the end. Deterministic; no clock, socket, disk or vendor."""

from workflows.call import Call
from workflows.limiter import Limiter
from workflows.orphans import OrphanSweep

__all__ = ["Call", "Limiter", "OrphanSweep"]
