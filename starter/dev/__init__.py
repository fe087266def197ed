"""Everything a call needs, in one process: Temporal, the simulated telephone network, the intake, a worker."""

from starter.dev.endpoints import DEFAULT_PORT_BASE, Endpoints, Ports
from starter.dev.stack import Plan, Stack, stack

__all__ = ["DEFAULT_PORT_BASE", "Endpoints", "Plan", "Ports", "Stack", "stack"]
