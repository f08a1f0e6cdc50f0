"""The `scenario` probe: ordered steps that hand values on, and that always take away what they made."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.scenario.options import ScenarioOptions
from sentinel.probes.scenario.probe import ScenarioProbe

__all__ = ["KIND", "ScenarioOptions", "ScenarioProbe"]


def _build(options: Any, tools: ProbeTools) -> ScenarioProbe:
    return ScenarioProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"steps.{step.name}": Unit.SECONDS for step in options.steps}


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    """What a person waits for takes 2 s at most; what is waited for has its own `within`."""
    quick = [step.name for step in options.steps if step.until is None]
    return [{"reading": f"steps.{name}", "warning": "2s", "critical": "5s"} for name in quick]


def _makes(options: Any) -> bool:
    return bool(options.makes)


KIND: Final = ProbeKind(
    name="scenario",
    summary="Takes steps in order, hands values from one to the next, and takes away what they made, whatever happens.",
    options=ScenarioOptions,
    readings={"scenario_time": Unit.SECONDS, "steps.*": Unit.SECONDS, "left": Unit.COUNT},
    main="scenario_time",
    build=_build,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
    makes=_makes,
)
