"""What Sentinel costs and how quick it is, measured on the real daemon: `make bench`, or `python -m benchmarks --help`."""
