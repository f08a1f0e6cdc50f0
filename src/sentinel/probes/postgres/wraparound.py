"""How far the server is from the end of its transaction ids, where it stops taking writes."""

from collections.abc import Sequence
from typing import Any, Final

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.probes.postgres.part import Look, PartKind, Rule, above

#: Half of the 32-bit ring: what is older would lie in the future (PostgreSQL's manual, "Routine Vacuuming").
_RING: Final = 2**31


class WraparoundOptions(Options):
    """Ages of transaction and multixact ids, of all databases of the server."""


_TEXT: Final = """
SELECT datname, greatest(age(datfrozenxid), mxid_age(datminmxid)) AS age FROM pg_database ORDER BY age DESC LIMIT 1
"""


class Wraparound:
    """The oldest database counts: the server stops for all of them."""

    def __init__(self, options: WraparoundOptions) -> None:
        """There is nothing to choose."""

    async def look(self, look: Look) -> None:
        oldest = await look.row(_TEXT)
        hint = (
            f"VACUUM FREEZE the oldest tables of database {oldest.text('datname')} (by age(relfrozenxid) in pg_class); what "
            "keeps autovacuum from it is an old transaction, a prepared one or a replication slot."
        )
        look.read("transaction_ids_used", oldest.number("age") / _RING, Unit.RATIO, hint)


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [above("transaction_ids_used", warning="40%", critical="70%")]


PART: Final = PartKind(
    name="wraparound",
    readings={"transaction_ids_used": Unit.RATIO},
    build=lambda options, _tools: Wraparound(options),
    usual_rules=_usual_rules,
    unwritten=WraparoundOptions(),
)
