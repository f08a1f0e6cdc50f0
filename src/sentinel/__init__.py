"""Sentinel: a production monitor and alerting daemon."""

__version__ = "0.1.0"
