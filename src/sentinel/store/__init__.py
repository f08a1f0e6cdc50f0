"""Remembers: all of Sentinel's own SQL. `sentinel.store.database` is the door; importing it costs SQLAlchemy."""
