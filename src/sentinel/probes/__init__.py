"""The world in, a Measurement out: one file per kind."""
