"""Users, their roles, and patients: the service's own statements about them."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from examples.healthcare import passwords, settings
from examples.healthcare.database import Database, timestamp
from examples.healthcare.roles import Role

PATIENTS = 24
WARDS = ("cardiology", "paediatrics", "surgery", "radiology")
TARGET_USER = "role-target"  # has no role and cannot log in; the monitor assigns roles to it


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    user_id: int
    username: str
    password_hash: str


class People:
    def __init__(self, database: Database) -> None:
        self._database = database

    def user(self, username: str) -> User | None:
        rows = self._database.query("SELECT id, username, password_hash FROM users WHERE username = ?", (username,))
        return user_from(rows[0]) if rows else None

    def profile(self, user_id: int) -> dict[str, object] | None:
        rows = self._database.query("SELECT id, username, created_at FROM users WHERE id = ?", (user_id,))
        return dict(rows[0]) if rows else None

    def user_exists(self, user_id: int) -> bool:
        return bool(self._database.query("SELECT 1 FROM users WHERE id = ?", (user_id,)))

    def roles_of(self, user_id: int) -> frozenset[Role]:
        rows = self._database.query(
            "SELECT roles.name FROM user_roles JOIN roles ON roles.id = role_id WHERE user_id = ?", (user_id,)
        )
        return frozenset(Role(row["name"]) for row in rows)

    def assign(self, user_id: int, role: Role) -> bool:
        """Whether the role was new to the user."""
        changed = self._database.execute(
            "INSERT OR IGNORE INTO user_roles SELECT ?, id, ? FROM roles WHERE name = ?",
            (user_id, timestamp(), role),
        )
        return changed == 1

    def remove(self, user_id: int, role: Role) -> bool:
        """Whether the user had the role."""
        changed = self._database.execute(
            "DELETE FROM user_roles WHERE user_id = ? AND role_id = (SELECT id FROM roles WHERE name = ?)",
            (user_id, role),
        )
        return changed == 1

    def role_counts(self) -> list[dict[str, object]]:
        rows = self._database.query(
            "SELECT roles.id, roles.name, count(user_id) AS users FROM roles"
            " LEFT JOIN user_roles ON roles.id = role_id GROUP BY roles.id ORDER BY roles.id"
        )
        return [dict(row) for row in rows]

    def patients(self, limit: int) -> list[dict[str, object]]:
        rows = self._database.query("SELECT id, record_number, ward FROM patients ORDER BY id LIMIT ?", (limit,))
        return [dict(row) for row in rows]

    def patient(self, patient_id: int) -> dict[str, object] | None:
        rows = self._database.query("SELECT * FROM patients WHERE id = ?", (patient_id,))
        return dict(rows[0]) if rows else None

    def revoke(self, token_id: str, expires_at: int) -> None:
        self._database.execute("DELETE FROM revoked_tokens WHERE expires_at < unixepoch()")
        self._database.execute("INSERT OR IGNORE INTO revoked_tokens VALUES (?, ?)", (token_id, expires_at))

    def is_revoked(self, token_id: str) -> bool:
        return bool(self._database.query("SELECT 1 FROM revoked_tokens WHERE token_id = ?", (token_id,)))


def user_from(row: sqlite3.Row) -> User:
    return User(user_id=row["id"], username=row["username"], password_hash=row["password_hash"])


def seed(database: Database, environment: Mapping[str, str]) -> None:
    """Puts the tables in the state the service starts from; other rows stay as they are."""
    people = People(database)
    database.remove_orphans()
    for number, role in enumerate(Role, start=1):
        database.execute("INSERT OR IGNORE INTO roles VALUES (?, ?)", (number, role))
        seed_user(database, number, settings.username(role), settings.password(role, environment))
        people.assign(number, role)
    seed_user(database, len(Role) + 1, TARGET_USER, "")
    for number in range(1, PATIENTS + 1):
        seed_patient(database, number)


def seed_user(database: Database, user_id: int, username: str, password: str) -> None:
    """A user whose password is the one now configured; an empty one lets nobody in."""
    stored = passwords.hashed(password) if password else ""
    database.execute(
        "INSERT INTO users VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash",
        (user_id, username, stored, timestamp()),
    )


def seed_patient(database: Database, number: int) -> None:
    """A synthetic patient: no such person exists."""
    values = (
        number,
        f"SYN-{number:05d}",
        f"Synthetic Patient {number}",
        1930 + number * 3,
        WARDS[number % 4],
    )
    database.execute("INSERT OR IGNORE INTO patients VALUES (?, ?, ?, ?, ?)", values)
