"""The `openapi` probe: which endpoints a service has by its own document, how many, and whether they changed."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.document import UNITS, USUAL_RULES, Document, DocumentSource, shared_phase
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.openapi.listing import Listing, NotOpenApi, read_listing
from sentinel.probes.openapi.memory import Change, Memory
from sentinel.probes.openapi.options import OpenApiOptions

_STEP: Final = "OpenAPI document"
_OK: Final = frozenset(range(200, 300))
_MOST_TOLD: Final = 5  # endpoints in one sentence
_LONGEST: Final = 100  # characters of one


class OpenApiProbe:
    """Reads the document in each run, and remembers the endpoints that are known."""

    def __init__(self, options: OpenApiOptions, tools: ProbeTools) -> None:
        self._options = options
        self._source = DocumentSource(options, tools, name=_STEP, body_limit=options.body_limit, statuses=_OK)
        self._memory = Memory(tools.note, remember=options.remember)
        self._last: tuple[bytes, Listing] | None = None  # by the digest of its document
        self.host = self._source.host

    async def measure(self, deadline: float) -> Measurement:
        try:
            document = await self._source.get(deadline)
            listing = await self._read(document, deadline)
        except Finding as finding:
            return measurement([finding], [])
        agreed = listing.fingerprint == self._options.accepted
        change = self._memory.look(listing.endpoints, document.asked_at, agreed=agreed)
        return measurement(
            self._findings(listing, change),
            [*document.readings(), *_readings(listing, change)],
            note=self._memory.note(),
            hints=_hints(listing, change),
        )

    async def close(self) -> None:
        """There is nothing to give back."""

    async def _read(self, document: Document, deadline: float) -> Listing:
        """The listing; that of the last run when the document is still the same. Raises Finding when it is none."""
        digest = sha256(document.body).digest()
        if self._last is None or self._last[0] != digest:
            self._last = digest, await self._read_anew(document, deadline)
        return self._last[1]

    async def _read_anew(self, document: Document, deadline: float) -> Listing:
        try:
            return await self._source.read(document, lambda document: read_listing(document.body), deadline)
        except NotOpenApi as error:
            raise Finding(FailureClass.WRONG_BODY, f"{_STEP}: {error}", _DOCUMENT_HINT) from None

    def _findings(self, listing: Listing, change: Change | None) -> list[Finding]:
        findings = []
        if missing := sorted(set(self._options.required) - set(listing.endpoints)):
            findings.append(Finding(FailureClass.MISSING, f"there is no {_listed(missing)}", _MISSING_HINT))
        if self._options.public is not None and (open_ones := set(listing.unsecured) - set(self._options.public)):
            explanation = f"no credential is needed for {_listed(sorted(open_ones))}"
            findings.append(Finding(FailureClass.INSECURE, explanation, _OPEN_HINT))
        if self._options.accepted is not None and listing.fingerprint != self._options.accepted:
            told = f"; {_told(change)}" if change else ""
            explanation = f"the {len(listing.endpoints)} endpoints are not those agreed on{told}"
            findings.append(Finding(FailureClass.DRIFTED, explanation, _accept_hint(listing)))
        return findings


def _readings(listing: Listing, change: Change | None) -> list[Reading]:
    readings = [
        Reading("endpoints", len(listing.endpoints), Unit.COUNT),
        Reading("paths", listing.paths, Unit.COUNT),
        Reading("unsecured", len(listing.unsecured), Unit.COUNT),
        Reading("faults", listing.repeated + len(listing.dangling), Unit.COUNT),
    ]
    if change is not None:
        readings.append(Reading("added", len(change.added), Unit.COUNT))
        readings.append(Reading("removed", len(change.removed), Unit.COUNT))
    return readings


def _hints(listing: Listing, change: Change | None) -> dict[str, str]:
    """What stands behind the readings that are not 0."""
    hints: dict[str, str] = {}
    if change:
        # One sentence for both: a message has the hint of one reading only, and a renamed endpoint is gone and new.
        told = _told(change)
        drift = f"{told[0].upper()}{told[1:]} (since they were last known). {_accept_hint(listing)}"
        hints |= {"removed": drift, "added": drift}
    if listing.unsecured:
        hints["unsecured"] = f"By the document, no credential is needed for {_listed(listing.unsecured)}."
    if told := _faults(listing):
        hints["faults"] = f"{told}. Clients and tests that are made from the document may be wrong."
    return hints


def _faults(listing: Listing) -> str:
    """What is wrong with the document itself."""
    repeated = [f"{listing.repeated} operationId with several endpoints"] if listing.repeated else []
    dangling = [f"references that lead nowhere: {_listed(listing.dangling)}"] if listing.dangling else []
    return "; ".join(repeated + dangling)


def _told(change: Change) -> str:
    """How they differ; what is gone comes first, as that is what breaks clients."""
    differences = {"gone": change.removed, "new": change.added}
    return "; ".join(f"{what}: {_listed(endpoints)}" for what, endpoints in differences.items() if endpoints)


def _listed(endpoints: Sequence[str]) -> str:
    """The first by name: they are the target's words, made fit for a line."""
    names = [_shown(endpoint) for endpoint in endpoints[:_MOST_TOLD] if endpoint]
    more = len(endpoints) - len(names)
    return f"{', '.join(names)}{' and ' if names and more else ''}{f'{more} more' if more else ''}"


def _shown(endpoint: str) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in endpoint)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _accept_hint(listing: Listing) -> str:
    return f'If that was meant, set `accepted` to "{listing.fingerprint}"; otherwise see what was deployed last.'


_DOCUMENT_HINT: Final = (
    "Ask the same URL by hand: the document is read in JSON, as FastAPI has it at `/openapi.json`; YAML is not read."
)
_MISSING_HINT: Final = (
    "See what was deployed last; the path must be written as the document has it, `{names}` included."
)
_OPEN_HINT: Final = "Have them ask for a credential, or name those that are meant to be open under `public`."


def _usual_rules(_options: Any) -> tuple[dict[str, Any], ...]:
    # A change is no outage: somebody should know of it by day.
    return (*USUAL_RULES, *({"reading": reading, "warning": 0} for reading in ("removed", "added", "faults")))


def _build(options: Any, tools: ProbeTools) -> OpenApiProbe:
    return OpenApiProbe(options, tools)


KIND: Final = ProbeKind(
    name="openapi",
    summary="Reads a service's OpenAPI document: which endpoints there are, how many, and whether they changed.",
    options=OpenApiOptions,
    readings={
        **UNITS,
        "endpoints": Unit.COUNT,
        "paths": Unit.COUNT,
        "added": Unit.COUNT,
        "removed": Unit.COUNT,
        "unsecured": Unit.COUNT,
        "faults": Unit.COUNT,
    },
    lower_is_worse=frozenset({"endpoints", "paths"}),
    main="endpoints",
    build=_build,
    usual_rules=_usual_rules,
    shares=shared_phase,
)
