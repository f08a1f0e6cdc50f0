"""Small real systems for Sentinel to watch, and a local sink for what it tells."""
