"""Decisions: pure functions and tables, no clock, no socket, no Temporal."""
