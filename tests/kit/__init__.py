"""Real things to test against: servers, processes and the few small stand-ins."""
