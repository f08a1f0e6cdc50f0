"""Sentinel's tests. Shared helpers live in `tests.kit`."""
