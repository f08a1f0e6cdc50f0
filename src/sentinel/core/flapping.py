"""Whether a check comes and goes: the weighted share of changes among its last 20 transitions.

The method is the one that Nagios, Naemon and Icinga 2 have (Icinga 2, Advanced Topics, Check Flapping): the newest transition
counts 1.18, the oldest 0.8, those between in even steps; their sum is divided by 20. Above 30 % it flaps, and until it is
below 25 % again.
"""

from dataclasses import dataclass, replace

TRANSITIONS = 20
OLDEST_WEIGHT = 0.8
STEP = 0.02
ABOVE, BELOW = 0.30, 0.25

_WEIGHTS = tuple(OLDEST_WEIGHT + STEP * place for place in range(TRANSITIONS))
_ALL = (1 << TRANSITIONS) - 1


@dataclass(frozen=True, slots=True)
class Flapping:
    """The last transitions of a check; bit 0 is the newest."""

    changes: int = 0
    state: int | None = None  # of the last result that was judged; None before the first
    flaps: bool = False

    def after(self, state: int) -> "Flapping":
        """With one more result. Any number tells states apart."""
        if state == self.state and not self.changes:
            return self
        changed = self.state is not None and state != self.state
        changes = (self.changes << 1 | changed) & _ALL
        now = replace(self, changes=changes, state=state)
        return replace(now, flaps=now.share >= BELOW if self.flaps else now.share > ABOVE)

    @property
    def share(self) -> float:
        """The weighted share of changes, 0 to 1."""
        if not self.changes:
            return 0.0
        set_bits = (weight for place, weight in enumerate(reversed(_WEIGHTS)) if self.changes >> place & 1)
        return sum(set_bits) / TRANSITIONS
