"""Looking at the host that Sentinel runs on: programs, files and processes, within bounds and off the event loop."""
