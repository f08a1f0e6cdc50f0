"""Deployments of a running Sentinel: what people ask, and what it does by itself."""
