"""Small numbers for words: names of checks, endings of results, shapes of readings."""

from enum import StrEnum

from sqlalchemy import Connection, insert, select

from sentinel.store.tables import names


class Word(StrEnum):
    """What a number stands for."""

    CHECK = "check"
    ENDING = "ending"
    READINGS = "readings"  # of a result
    SUMS = "sums"  # readings of a roll-up


class Names:
    """What one connection knows of the table of names. Forget it when a transaction is rolled back: its numbers are void."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Word, str], int] = {}
        self._words: dict[int, str] = {}
        #: What the connection that writes knows of the table `latest`: number of the check -> slot.
        self.latest: dict[int, int] | None = None

    def forget(self) -> None:
        self._numbers.clear()
        self._words.clear()
        self.latest = None

    def number(self, connection: Connection, kind: Word, name: str) -> int:
        """The number of a word, made now if there is none."""
        known = self._numbers.get((kind, name))
        if known is None:
            known = self.find(connection, kind, name)
        if known is None:
            made = connection.execute(insert(names).values(kind=kind.value, name=name).returning(names.c.id))
            known = self._learn(made.scalar_one(), kind, name)
        return known

    def find(self, connection: Connection, kind: Word, name: str) -> int | None:
        """The number of a word, or None when it has none yet."""
        if (kind, name) in self._numbers:
            return self._numbers[kind, name]
        asked = select(names.c.id).where(names.c.kind == kind.value, names.c.name == name)
        number = connection.execute(asked).scalar_one_or_none()
        return None if number is None else self._learn(number, kind, name)

    def word(self, connection: Connection, number: int) -> str:
        """The word of a number. KeyError: there is no such number."""
        if number not in self._words:
            for row in connection.execute(select(names)):
                self._learn(row.id, Word(row.kind), row.name)
        return self._words[number]

    def _learn(self, number: int, kind: Word, name: str) -> int:
        self._numbers[kind, name] = number
        self._words[number] = name
        return number
