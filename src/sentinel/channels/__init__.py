"""A Notification in, a message out in the world: one file per kind."""
