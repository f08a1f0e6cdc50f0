"""The `health` probe: what a service says of itself, component by component, from one request."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel.base.units import Unit, parse_duration
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.document import UNITS, USUAL_RULES, Document, DocumentSource, shared_phase
from sentinel.probes.expect.answers import status_hint
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.health.options import ComponentOptions, HealthOptions, HealthValue, reading_name
from sentinel.probes.health.shapes import Said, part, parts_of, said_by
from sentinel.probes.health.words import State, Vocabulary, is_known

_STEP: Final = "health document"
_MOST_TOLD: Final = 5  # components in one explanation
_LONGEST_WORD: Final = 64  # bytes of a body that is a bare word, as ASP.NET's is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One component as it was found."""

    name: str
    state: State | None  # None: it is not there
    word: str = ""  # as it may be shown

    @property
    def told(self) -> str:
        return f"{self.name} says {self.word}"


class HealthProbe:
    """Asks for the document, or shares what another check was given, and judges its part of it."""

    def __init__(self, options: HealthOptions, tools: ProbeTools) -> None:
        self._options = options
        limit, statuses = options.body_limit, all_of(options.status)
        self._source = DocumentSource(options, tools, name=_STEP, body_limit=limit, statuses=statuses)
        self._named = _named(options)

    @property
    def host(self) -> str:
        return self._source.host

    async def measure(self, deadline: float) -> Measurement:
        try:
            answer = await self._source.get(deadline)
            return await self._source.read(answer, self._judged, deadline)
        except Finding as finding:
            return measurement([finding], [])

    async def close(self) -> None:
        """There is nothing to give back."""

    def _judged(self, answer: Document) -> Measurement:
        """What the document says. Raises Finding when it is none."""
        document = _read(answer)
        parts = self._parts(document)
        if answer.status >= 300 and not _says_anything(document, parts):
            raise _no_document(answer.status)
        findings = list(_told(parts))
        if self._options.component is None:
            findings += _overall(answer, document, parts)
        values, missing = _values(self._options.values, document)
        findings += missing
        readings = [*answer.readings(), *_readings(parts), *values]
        return measurement(sorted(findings, key=_gravity), readings)

    def _parts(self, document: Any) -> list[_Part]:
        if not self._named:
            return [_part(name, said, Vocabulary()) for name, said in parts_of(document).items()]
        found = [(name, options, _said(document, name, options)) for name, options in self._named.items()]
        return [
            _part(name, said, Vocabulary.of(options.good, options.degraded))
            for name, options, said in found
            if said or not options.optional
        ]


def _named(options: HealthOptions) -> Mapping[str, ComponentOptions]:
    """The components that are named, with what is declared of them."""
    if options.component is None:
        return options.components
    return {options.component: options.components.get(options.component, ComponentOptions())}


def _read(answer: Document) -> Any:
    """The document; raises Finding."""
    try:
        return read_json(answer.body)
    except ValueError:
        word = answer.body.decode("ascii", "replace") if len(answer.body) <= _LONGEST_WORD else ""
        if is_known(word):
            return {"status": word}
    if answer.status >= 300:
        raise _no_document(answer.status)
    raise Finding(FailureClass.WRONG_BODY, f"{_STEP}: it is not JSON", _URL_HINT)


def _says_anything(document: Any, parts: Sequence[_Part]) -> bool:
    """Whether it is a health document at all: errors are often told in JSON, too."""
    return any(part.state is not None for part in parts) or (isinstance(document, dict) and bool(said_by(document)))


def _no_document(status: int) -> Finding:
    return Finding(FailureClass.WRONG_STATUS, f"{_STEP}: status {status}, and no document", status_hint(status))


def _said(document: Any, name: str, options: ComponentOptions) -> Said:
    return part(document, name) if options.path is None else said_by(options.path.find(document))


def _part(name: str, said: Said, words: Vocabulary) -> _Part:
    if not said:
        return _Part(name=name, state=None)
    worst = max(said, key=words.state)
    return _Part(name=name, state=words.state(worst), word=words.shown(worst))


def _told(parts: Sequence[_Part]) -> Iterator[Finding]:
    """What is wrong with them, the worst first."""
    if bad := [part.told for part in parts if part.state is State.BAD]:
        yield Finding(FailureClass.UNHEALTHY, _listed(bad), _UNHEALTHY_HINT)
    if missing := [part.name for part in parts if part.state is None]:
        yield Finding(FailureClass.MISSING, f"the document has no {_listed(missing)}", _MISSING_HINT)
    if degraded := [part.told for part in parts if part.state is State.DEGRADED]:
        yield Finding(FailureClass.DEGRADED, _listed(degraded), _UNHEALTHY_HINT)


def _overall(answer: Document, document: Any, parts: Sequence[_Part]) -> Iterator[Finding]:
    """What the service says of itself as a whole, where no part of it explains that."""
    worst = max((part.state for part in parts if part.state is not None), default=State.GOOD)
    said = said_by(document) if isinstance(document, dict) else []
    whole = _part("the service", said, Vocabulary())
    if not said and not parts:
        yield Finding(FailureClass.WRONG_BODY, f"{_STEP}: it has no status and no components", _SHAPE_HINT)
    elif whole.state is not None and whole.state > worst:
        failure = FailureClass.UNHEALTHY if whole.state is State.BAD else FailureClass.DEGRADED
        yield Finding(failure, f"{whole.told} of itself", _UNHEALTHY_HINT)
    elif answer.status >= 300 and worst is State.GOOD:
        explanation = f"{_STEP}: status {answer.status}, though it says that all is well"
        yield Finding(FailureClass.WRONG_STATUS, explanation, _LOG_HINT)


def _values(options: Mapping[str, HealthValue], document: Any) -> tuple[list[Reading], list[Finding]]:
    readings, findings = [], []
    for name, value in options.items():
        number = _number(value.path.find(document), value.unit)
        if number is not None:
            readings.append(Reading(f"values.{name}", number * value.scale, value.unit))
        elif not value.optional:
            explanation = f"the document has no number at {value.path.source}"
            findings.append(Finding(FailureClass.MISSING, explanation, _VALUE_HINT))
    return readings, findings


def _number(found: Any, unit: Unit) -> float | None:
    """The number; a text may hold one, and of a time its unit: `45`, `45ms`."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        is_time = isinstance(found, str) and unit is Unit.SECONDS and not found.strip()[-1:].isdigit()
        number = parse_duration(found).total_seconds() if is_time else float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _readings(parts: Sequence[_Part]) -> list[Reading]:
    found = [(part.name, part.state) for part in parts if part.state is not None]
    return [Reading(f"components.{reading_name(name)}", state, Unit.NONE) for name, state in found]


def _listed(told: Sequence[str]) -> str:
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"{', '.join(told[:_MOST_TOLD])}{more}"


def _gravity(finding: Finding) -> int:
    """A warning is told only when there is nothing worse."""
    return 1 if finding.failure is FailureClass.DEGRADED else 0


_UNHEALTHY_HINT: Final = (
    "Ask the same URL by hand: the document may say more, which is never repeated here. Then see that component's log."
)
_MISSING_HINT: Final = (
    "Ask the same URL by hand: a newer version may name it otherwise; then change `component` or its `path`."
)
_VALUE_HINT: Final = "Ask the same URL by hand; when the number has moved, change its `path`."
_SHAPE_HINT: Final = "Say under `components` where each one's word stands (`path`), and which words are good."
_URL_HINT: Final = "Ask the same URL by hand: does `url` lead to an error page, a login page or another service?"
_LOG_HINT: Final = "Look at the service's log for this request."


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.values, "`values`", "values.*")


def _build(options: Any, tools: ProbeTools) -> HealthProbe:
    return HealthProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    components = {f"components.{reading_name(name)}": Unit.NONE for name in _named(options)}
    return {**components, **{f"values.{name}": value.unit for name, value in options.values.items()}}


KIND: Final = ProbeKind(
    name="health",
    summary="Reads what a service says of its own health, and judges every component.",
    options=HealthOptions,
    readings={**UNITS, "components.*": Unit.NONE, "values.*": Unit.NONE},
    main="response_time",
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=lambda _: USUAL_RULES,
    shares=shared_phase,
)
