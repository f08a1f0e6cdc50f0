"""The `browser` probe: loads a page in a real headless Chromium, timed, and looks at what is on it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.base import ProbeKind, idle_unless
from sentinel.probes.browser.chromium import lacking
from sentinel.probes.browser.options import BrowserOptions
from sentinel.probes.browser.probe import TIMES, BrowserProbe


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.text or options.selector, "`text` or `selector`", "shown_time")


def _usual_rules(_options: Any) -> Sequence[Mapping[str, Any]]:
    return [{"reading": "load_time", "warning": "1s", "critical": "2s"}]


def _lacks(options: Any) -> str:
    return lacking(options.program)


KIND: Final = ProbeKind(
    name="browser",
    summary="Loads a page in a headless Chromium, timed, and looks whether what must be on it is there.",
    options=BrowserOptions,
    readings={
        **dict.fromkeys(TIMES, Unit.SECONDS),
        "shown_time": Unit.SECONDS,
        "requests": Unit.COUNT,
        "failed_requests": Unit.COUNT,
        "blocked_requests": Unit.COUNT,
        "bytes": Unit.BYTES,
        "console_errors": Unit.COUNT,
    },
    main="load_time",
    build=BrowserProbe,
    idle=_idle,
    usual_rules=_usual_rules,
    lacks=_lacks,
)
