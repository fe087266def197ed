"""The outside world, one module a vendor."""
