"""Bugs that are sown on purpose, to see that they are caught."""
