"""Asks a database a few questions in one read-only transaction, bounded in time, rows and bytes.

`open_database` reads the URL once, when the configuration is loaded; each run asks `Database.ask`, which answers what it
came to know and never raises for the database's own failures.
"""

from sentinel.probes.database.asking import Answer, Asked, Cell, Database, Statement, Trouble, as_number
from sentinel.probes.database.url import file_of, open_database, problem_of_url

__all__ = [
    "Answer",
    "Asked",
    "Cell",
    "Database",
    "Statement",
    "Trouble",
    "as_number",
    "file_of",
    "open_database",
    "problem_of_url",
]
