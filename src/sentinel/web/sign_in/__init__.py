"""Who asks over TCP, how they say so, and what they may."""
