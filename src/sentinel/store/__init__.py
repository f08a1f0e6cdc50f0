"""Sentinel's own SQL, all of it."""
