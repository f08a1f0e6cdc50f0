"""Asking over HTTP: requests as a configuration writes them, sent with or without a login."""
