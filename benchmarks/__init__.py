"""Benchmarks: ratios within one run, on one machine, against a floor measured beside them."""
