"""A demo's database in PostgreSQL: made anew at each start, and changed as its owner."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

CONNECT_WITHIN = 5  # seconds


def make_anew(server: str, name: str, roles: Sequence[str], schema: str) -> None:
    """An empty database of that name, users without password, and what the statements of `schema` make in it.

    Args:
        server: address of the server, as its owner.
        name: of the database; one of that name is dropped.
        roles: of the users, likewise.
        schema: statements, executed as the owner.
    """
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in map(sql.Identifier, roles):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    execute(f"{server}/{name}", schema)


def execute(url: str, *statements: str) -> None:
    """Execute statements, each committed by itself."""
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_WITHIN) as connection:
        for statement in statements:
            connection.execute(statement.encode())
