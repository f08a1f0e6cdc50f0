"""Tests of the ground floor: clock, units, secrets, logs."""
