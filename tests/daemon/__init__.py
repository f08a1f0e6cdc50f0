"""The daemon as its users have it: a process of its own that is started, told, stopped and killed."""
