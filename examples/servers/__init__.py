"""Database servers on loopback, for demos and tests: started by an ordinary user, with nothing to install or configure."""
