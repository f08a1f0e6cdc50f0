"""The loops: they wait and call."""
