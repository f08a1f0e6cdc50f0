"""The composition root: it alone knows everybody. It builds, starts, reloads and stops Sentinel, and has its verbs."""
