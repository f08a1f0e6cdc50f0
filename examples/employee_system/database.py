"""The service's database: made anew at each start, used by its endpoints, and broken by its faults."""

from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow, dict_row

from examples.databases import execute, make_anew
from examples.employee_system.settings import DATABASE, REVISION, Settings

SCHEMA = Path(__file__).with_name("schema.sql")
ROLES = ("employee_app", "sentinel_monitor")  # the service's user, and the one that Sentinel asks as
COLUMNS = "e.id, first_name, last_name, position, d.name AS department, phone"
FROM = "FROM employees e LEFT JOIN departments d ON d.id = department_id"

KEY = (
    "ALTER TABLE schedules ADD CONSTRAINT schedules_employee FOREIGN KEY (employee_id) REFERENCES employees (id)"
    " ON DELETE CASCADE"
)
NO_KEY = "ALTER TABLE schedules DROP CONSTRAINT IF EXISTS schedules_employee"

#: By fault: what breaks, and what mends it.
STATEMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "table_missing": (
        ("ALTER TABLE departments RENAME TO departments_gone",),
        ("ALTER TABLE IF EXISTS departments_gone RENAME TO departments",),
    ),
    "table_empty": (
        ("DELETE FROM schedules",),
        ("INSERT INTO schedules (employee_id, day) SELECT id, current_date FROM employees",),
    ),
    "orphans": (
        (
            NO_KEY,
            "INSERT INTO schedules (employee_id, day) SELECT 1000000 + n, current_date FROM generate_series(1, 3) n",
        ),
        ("DELETE FROM schedules WHERE employee_id > 1000000", NO_KEY, KEY),
    ),
    "foreign_key_gone": ((NO_KEY,), (NO_KEY, KEY)),
    "migration_failed": (
        ("UPDATE alembic_version SET version_num = '7c2d5b90e1f4'",),
        (f"UPDATE alembic_version SET version_num = '{REVISION}'",),
    ),
}

Employee = dict[str, Any]


class Database:
    """PostgreSQL, as the service sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: SimpleQueue[Connection[DictRow]] = SimpleQueue()

    def make(self) -> None:
        """An empty database with what a healthy system has in it."""
        make_anew(self._settings.postgres, DATABASE, ROLES, SCHEMA.read_text())
        execute(self._settings.owned, "VACUUM ANALYZE")

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def answers(self) -> bool:
        return bool(self._ask("SELECT 1 AS one"))

    def employees(self, limit: int = 20) -> list[Employee]:
        return self._ask(f"SELECT {COLUMNS} {FROM} ORDER BY e.id LIMIT %s", limit)

    def search(self, word: str) -> list[Employee]:
        return self._ask(f"SELECT {COLUMNS} {FROM} WHERE last_name ILIKE %s ORDER BY e.id LIMIT 20", f"%{word}%")

    def employee(self, number: int) -> Employee | None:
        found = self._ask(f"SELECT {COLUMNS} {FROM} WHERE e.id = %s", number)
        return found[0] if found else None

    def create(self, employee: Employee) -> int:
        """Its number."""
        statement = (
            "INSERT INTO employees (first_name, last_name, position, phone, department_id) VALUES (%(first_name)s,"
            " %(last_name)s, %(position)s, %(phone)s, (SELECT id FROM departments WHERE name = %(department)s))"
            " RETURNING id"
        )
        return int(self._ask(statement, **employee)[0]["id"])

    def update(self, number: int, changes: Employee) -> bool:
        """Whether there is such an employee."""
        statement = (
            "UPDATE employees SET position = coalesce(%(position)s, position), phone = coalesce(%(phone)s, phone),"
            " department_id = coalesce((SELECT id FROM departments WHERE name = %(department)s), department_id)"
            " WHERE id = %(id)s RETURNING id"
        )
        return bool(self._ask(statement, id=number, **changes))

    def remove(self, number: int) -> bool:
        """Whether there was such an employee."""
        return bool(self._ask("DELETE FROM employees WHERE id = %s RETURNING id", number))

    def break_(self, fault: str) -> None:
        """Make what a fault does to the database."""
        execute(self._settings.owned, *STATEMENTS[fault][0])

    def mend(self, fault: str) -> None:
        execute(self._settings.owned, *STATEMENTS[fault][1])

    def _ask(self, query: str, *values: object, **named: object) -> list[Employee]:
        """The rows of one statement, by a connection of the pool; one that has failed does not go back."""
        connection = self._connection()
        try:
            found = connection.execute(query.encode(), named or values).fetchall()
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return found

    def _connection(self) -> Connection[DictRow]:
        try:
            return self._idle.get_nowait()
        except Empty:
            url = self._settings.database
            return Connection[DictRow].connect(url, autocommit=True, connect_timeout=5, row_factory=dict_row)
