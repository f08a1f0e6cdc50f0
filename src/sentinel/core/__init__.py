"""Decides: what Sentinel is, as values and functions of values. No waiting, no input or output, no clock, no chance."""
