"""Knows nothing of the trade: clock, errors, units, secrets, logs."""
