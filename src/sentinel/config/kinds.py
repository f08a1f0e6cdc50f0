"""What the configuration needs to know of a kind of check or channel. Probes and channels fit without knowing of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.budget import Budget


class KindOfCheck(Protocol):
    """One kind of check."""

    @property
    def summary(self) -> str:
        """One sentence for the reference."""
        ...

    @property
    def options(self) -> type[Options]: ...

    @property
    def readings(self) -> Mapping[str, Unit]:
        """Every reading that rules may name; a name that ends in `.*` stands for a family."""
        ...

    @property
    def lower_is_worse(self) -> frozenset[str]:
        """Those of the readings, families too, of which a low value is trouble and a high one is not."""
        ...

    @property
    def main(self) -> str:
        """The reading that stands for the check."""
        ...

    @property
    def main_of(self) -> Callable[[Any], str]:
        """The reading that stands for a check with such options; empty: the kind's `main`."""
        ...

    @property
    def more_readings(self) -> Callable[[Any], Mapping[str, Unit]]:
        """The readings that options add."""
        ...

    @property
    def idle(self) -> Callable[[Any], Mapping[str, str]]:
        """Of `readings`, those that options leave off, each with what would switch it on."""
        ...

    @property
    def usual_rules(self) -> Callable[[Any], Sequence[Mapping[str, Any]]]:
        """Rules, as a file has them, for readings that the check has no rule of its own for."""
        ...

    @property
    def lacks(self) -> Callable[[Any], str]:
        """What has to be installed on this host before options can be used, and how; empty: nothing."""
        ...

    @property
    def shares(self) -> Callable[[Any], str]:
        """Checks whose options answer the same are due together; empty: it shares with none."""
        ...


class KindOfChannel(Protocol):
    """One kind of channel."""

    @property
    def summary(self) -> str:
        """One sentence for the reference."""
        ...

    @property
    def options(self) -> type[Options]: ...

    @property
    def recipients(self) -> Callable[[Any], tuple[str, ...]]:
        """Whom it reaches; one empty name where the channel itself is the address."""
        ...

    @property
    def own_address(self) -> Callable[[Any, str], str]:
        """What a person's own address in a channel with such options becomes. Raises ValueError, saying what it should be."""
        ...

    @property
    def lacks(self) -> Callable[[Any], str]:
        """What has to be installed on this host before options can be used, and how; empty: nothing."""
        ...

    @property
    def veto_of(self) -> Callable[[Any], timedelta | None]:
        """Of a kind that runs commands: how long anybody may stop one; None for a kind that tells people."""
        ...

    @property
    def budget(self) -> Budget | None:
        """How many messages a recipient gets unless the file says otherwise; None: as many as there are."""
        ...


CheckKinds = Mapping[str, KindOfCheck]
ChannelKinds = Mapping[str, KindOfChannel]
