"""Stand-ins for programs of a production host that a demo's machine may not have: they answer as the real ones do."""
