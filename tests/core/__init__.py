"""Tests of what decides: values in, values out, no servers and no waiting."""
