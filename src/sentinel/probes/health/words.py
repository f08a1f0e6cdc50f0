"""What services call themselves and their parts, and what that means."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

Word = str | bool


class State(IntEnum):
    """How a part is; the worse, the larger. The number is the reading."""

    GOOD = 0
    DEGRADED = 1
    BAD = 2


def _plain(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Spring's actuator, ASP.NET, MicroProfile, NestJS, application/health+json, gRPC, Elasticsearch, and what people write.
#: What is switched off is so on purpose.
GOOD: Final = _plain(
    "up ok okay pass passed passing healthy connected operational available running ready active alive online live green good "
    "success successful serving normal enabled started reachable "
    "disabled skipped not_configured not_applicable n/a"
)
DEGRADED: Final = _plain(
    "degraded degraded_performance partial partially_available partial_outage limited warn warning slow yellow unstable "
    "overloaded busy starting initializing reconnecting recovering read_only readonly maintenance under_maintenance unknown"
)
BAD: Final = _plain(
    "down fail failed failing failure error errored unhealthy disconnected not_connected unavailable not_available "
    "out_of_service outage major_outage offline stopped stopping dead red critical fatal broken timeout timed_out "
    "unreachable refused not_ready not_running not_serving inactive crashed exhausted stalled stuck blocked"
)

_BETWEEN: Final = re.compile(r"[\s-]+")
_LONGEST: Final = 40  # characters of a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of one part: those declared for it come first, then those that are known anyway."""

    good: frozenset[str] = frozenset()
    degraded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, good: Collection[str], degraded: Collection[str]) -> "Vocabulary":
        return cls(good=frozenset(map(normal, good)), degraded=frozenset(map(normal, degraded)))

    def state(self, word: Word) -> State:
        """What the word means. Where good words are declared, no other is good; a word that nobody knows is bad."""
        if isinstance(word, bool):
            return State.GOOD if word else State.BAD
        said = normal(word)
        if said in self.good:
            return State.GOOD
        if said in self.degraded or said in DEGRADED:
            return State.DEGRADED
        return State.GOOD if not self.good and said in GOOD else State.BAD

    def shown(self, word: Word) -> str:
        """The word, when it is one that can be no secret and no person's; otherwise that it is another one."""
        said = normal(word)
        known = said in self.good or said in self.degraded or is_known(word)
        return f'"{said}"' if known else "a word that is not known here"


def normal(word: Word) -> str:
    """How words are compared: small letters, `_` between."""
    if isinstance(word, bool):
        return "true" if word else "false"
    return _BETWEEN.sub("_", word.strip()[: _LONGEST + 1]).casefold()


def is_known(word: Word) -> bool:
    """Whether the word is about how something is, without having been declared."""
    if isinstance(word, bool):
        return True
    said = normal(word)
    return said in GOOD or said in DEGRADED or said in BAD
