"""Pages, the local interface and metrics over HTTP."""
