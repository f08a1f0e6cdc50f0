"""The demo: a system of a guide, its servers, Sentinel watching it, and a sink for what Sentinel tells."""
