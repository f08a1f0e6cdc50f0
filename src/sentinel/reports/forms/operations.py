"""The part of a report for those who run the systems, as sections."""

from collections.abc import Iterator, Mapping

from sentinel.base.units import Unit
from sentinel.reports.forms.layout import Cell, Column, Line, Section, Table, Tile
from sentinel.reports.forms.words import NOTHING, amount, counted, lasted, measured, per_cent, tied
from sentinel.reports.operations import (
    AlertQuality,
    BudgetLine,
    ChannelLine,
    FlakyLine,
    NoisyLine,
    Operations,
    QuantileLine,
    QuantileTarget,
    SlowLine,
    TimeFigure,
    ToldLine,
    UptimeLine,
)

#: From so many times the budget on it is said how many times it is: nobody reads 57,300 %.
_MANIFOLD = 10.0


def sections(part: Operations) -> Iterator[Section]:
    """What stands beneath the checks and the incidents; parts without anything to say are left out."""
    if part.systems:
        yield _systems(part)
    if part.budgets:
        yield _budgets(part)
    if part.quantiles:
        yield _quantiles(part)
    if part.slowest:
        yield _slowest(part)
    if part.flakiest:
        yield _flakiest(part)
    yield _times(part)
    yield from _quality(part.quality)
    if part.channels:
        yield _channels(part)


def _named(title: str, name: str) -> Cell:
    return Cell(text=title, strong=True, below=(Line(text=name),) if name != title else ())


# --- Uptime and budgets -----------------------------------------------------------------------------------------------


def _systems(part: Operations) -> Section:
    columns = (
        Column(heading=""),
        Column(heading="System", weight=1),
        Column(heading="Checks", number=True),
        Column(heading="Uptime", number=True),
        Column(heading="Before", number=True),
        Column(heading="Target", number=True),
        Column(heading="Down", number=True),
        Column(heading="Degraded", number=True),
        Column(heading="Unknown", number=True),
        Column(heading="In windows", number=True),
    )
    rows = [_uptime(line) for line in part.systems]
    return Section(heading="Systems", table=Table(columns=columns, rows=(*rows, _uptime(part.whole))))


def _uptime(line: UptimeLine) -> tuple[Cell, ...]:
    return (
        Cell(badge=line.severity.label),
        Cell(text=line.title or line.name or "All checks", strong=True),
        Cell(text=amount(line.checks)),
        Cell(text=per_cent(line.uptime)),
        Cell(text=per_cent(line.before)),
        Cell(text=per_cent(line.target)),
        Cell(text=lasted(line.down) if line.down else NOTHING),
        Cell(text=lasted(line.degraded) if line.degraded else NOTHING),
        Cell(text=lasted(line.unknown) if line.unknown else NOTHING),
        Cell(text=lasted(line.planned) if line.planned else NOTHING),
    )


def _budgets(part: Operations) -> Section:
    columns = (
        Column(heading=""),
        Column(heading="Objective", weight=1),
        Column(heading="Target", number=True),
        Column(heading="Allowed", number=True),
        Column(heading="Used", number=True),
        Column(heading="Left", number=True),
        Column(heading="Of the budget", number=True),
        Column(heading="Before", number=True),
    )
    over = sum(line.kept is False for line in part.budgets)
    judged = sum(line.kept is not None for line in part.budgets)
    return Section(
        heading="Objectives and error budgets",
        intro=(
            f"{judged - over} of {counted(judged, 'objective')} kept; down time is counted against what a target allows.",
        ),
        table=Table(columns=columns, rows=tuple(map(_budget, part.budgets))),
        brief=(f"{over} of {counted(judged, 'error budget')} overspent.",) if over else (),
    )


def _budget(line: BudgetLine) -> tuple[Cell, ...]:
    # A burn-rate rule or an uptime rule says what its target means; the usual target is nobody's promise.
    source = "usual target" if line.source == "usual" else f"{line.source} rule"
    badge = "UNKNOWN" if line.kept is None else "OK" if line.kept else "CRITICAL"
    return (
        Cell(badge=badge),
        Cell(text=line.title, strong=True, below=(Line(text=source),)),
        Cell(text=per_cent(line.target)),
        Cell(text=lasted(line.allowed)),
        Cell(text=lasted(line.used)),
        Cell(text=lasted(line.left)),
        Cell(text=_burnt(line.burn)),
        Cell(text=_burnt(line.before)),
    )


def _burnt(burn: float | None) -> str:
    if burn is None:
        return NOTHING
    return f"{burn:,.0f} times" if burn >= _MANIFOLD else tied(f"{burn * 100:,.0f} %")


# --- Readings ---------------------------------------------------------------------------------------------------------


def _quantiles(part: Operations) -> Section:
    columns = (
        Column(heading="Check", weight=1),
        Column(heading="Results", number=True),
        Column(heading="p50", number=True),
        Column(heading="p95", number=True),
        Column(heading="p99", number=True),
        Column(heading="p95 before", number=True),
        Column(heading="Target", weight=1),
        Column(heading="Within target", number=True),
    )
    return Section(
        heading="Readings against their targets",
        table=Table(columns=columns, rows=tuple(map(_quantile, part.quantiles))),
    )


def _quantile(line: QuantileLine) -> tuple[Cell, ...]:
    targets = tuple(Line(text=_target(one, line.unit), tone=_kept(one)) for one in line.targets)
    within = [one.within for one in line.targets if one.within is not None]
    return (
        Cell(text=line.title, strong=True, below=(Line(text=line.reading.replace("_", " ")),)),
        Cell(text=amount(line.samples)),
        Cell(text=measured(line.p50, line.unit)),
        Cell(text=measured(line.p95, line.unit)),
        Cell(text=measured(line.p99, line.unit)),
        Cell(text=measured(line.before, line.unit)),
        Cell(text="" if targets else "none", below=targets),
        Cell(text=per_cent(min(within)) if within else NOTHING),
    )


def _target(target: QuantileTarget, unit: Unit) -> str:
    bounds = [measured(bound, unit) for bound in (target.warning, target.critical) if bound is not None]
    side = "at most" if target.direction.value == "above" else "at least"
    kept = {True: "kept", False: "missed", None: "not measured"}[target.kept]
    return f"p{target.quantile * 100:g} {side} {' / '.join(bounds)}: {kept}"


def _kept(target: QuantileTarget) -> str:
    return {True: "OK", False: "WARNING", None: "UNKNOWN"}[target.kept]


def _slowest(part: Operations) -> Section:
    columns = (
        Column(heading="Check", weight=1),
        Column(heading="p95", number=True),
        Column(heading="Target", number=True),
        Column(heading="Of its target", number=True),
        Column(heading="Before", number=True),
    )
    return Section(
        heading="Slowest, by how near they come to their target",
        table=Table(columns=columns, rows=tuple(map(_slow, part.slowest))),
    )


def _slow(line: SlowLine) -> tuple[Cell, ...]:
    return (
        Cell(text=line.title, strong=True, below=(Line(text=line.reading.replace("_", " ")),)),
        Cell(text=measured(line.p95, line.unit)),
        Cell(text=measured(line.target, line.unit)),
        Cell(text=tied(f"{line.ratio * 100:,.0f} %")),
        Cell(text=measured(line.before, line.unit)),
    )


def _flakiest(part: Operations) -> Section:
    columns = (
        Column(heading="Check", weight=1),
        Column(heading="Times down", number=True),
        Column(heading="Before", number=True),
        Column(heading="Incidents", number=True),
        Column(heading="Found flapping", number=True),
    )
    return Section(heading="Most restless", table=Table(columns=columns, rows=tuple(map(_flaky, part.flakiest))))


def _flaky(line: FlakyLine) -> tuple[Cell, ...]:
    numbers = (line.spells, line.before, line.incidents, line.flapped)
    return (_named(line.title, line.check), *(Cell(text=amount(number)) for number in numbers))


# --- Incidents and alerts ---------------------------------------------------------------------------------------------


def _times(part: Operations) -> Section:
    columns = (
        Column(heading="", weight=1),
        Column(heading="Incidents", number=True),
        Column(heading="Median", number=True),
        Column(heading="Longest", number=True),
        Column(heading="Median before", number=True),
    )
    return Section(
        heading="How fast incidents went",
        table=Table(columns=columns, rows=tuple(map(_time, part.times)), empty="No incident opened."),
    )


def _time(figure: TimeFigure) -> tuple[Cell, ...]:
    return (
        Cell(text=figure.title, strong=True),
        Cell(text=amount(figure.count)),
        Cell(text=lasted(figure.median)),
        Cell(text=lasted(figure.longest)),
        Cell(text=lasted(figure.before)),
    )


def _quality(quality: AlertQuality) -> Iterator[Section]:
    per_incident = NOTHING if quality.per_incident is None else f"{quality.per_incident:.1f}"
    muted = tuple(f"{number} muted by a {by}" for by, number in quality.muted.items() if number)
    acts = _listed(quality.acts)
    yield Section(
        heading="Were alerts worth reading",
        tiles=(
            Tile(value=amount(quality.incidents), label=f"incidents, {amount(quality.incidents_before)} before"),
            Tile(value=amount(quality.messages), label=f"messages to people, {amount(quality.messages_before)} before"),
            Tile(value=per_incident, label="messages to an incident"),
            Tile(value=amount(quality.acted_on), label="acted on by a person"),
            Tile(value=amount(quality.by_themselves), label="over by themselves"),
            Tile(value=amount(quality.messages_at_night), label=f"messages at night ({quality.night})"),
        ),
        notes=tuple(
            part
            for part in (
                f"What people did: {acts}." if acts else "",
                f"{counted(quality.untouched, 'incident')} still open and untouched." if quality.untouched else "",
                f"{counted(quality.untold, 'incident')} that nobody was told of." if quality.untold else "",
                f"{'; '.join(muted)}." if muted else "",
                f"{counted(quality.flapping, 'incident')} found flapping." if quality.flapping else "",
                f"{counted(quality.at_night, 'incident')} opened at night." if quality.at_night else "",
            )
            if part
        ),
        brief=(f"{quality.acted_on} of {counted(quality.incidents, 'incident')} acted on by a person.",)
        if quality.incidents
        else (),
    )
    if quality.noisy:
        yield _noisy(quality)
    if quality.told:
        yield _told(quality)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in counts.items() if number)


def _noisy(quality: AlertQuality) -> Section:
    columns = (
        Column(heading="Check", weight=1),
        Column(heading="Messages", number=True),
        Column(heading="Incidents", number=True),
        Column(heading="Acted on", number=True),
    )
    return Section(heading="What told most", table=Table(columns=columns, rows=tuple(map(_noise, quality.noisy))))


def _noise(line: NoisyLine) -> tuple[Cell, ...]:
    numbers = (line.messages, line.incidents, line.acted_on)
    return (_named(line.title, line.check), *(Cell(text=amount(number)) for number in numbers))


def _told(quality: AlertQuality) -> Section:
    columns = (
        Column(heading="Who", weight=1),
        Column(heading="Messages", number=True),
        Column(heading="Incidents", number=True),
        Column(heading="At night", number=True),
    )
    return Section(heading="Who was told most", table=Table(columns=columns, rows=tuple(map(_listener, quality.told))))


def _listener(line: ToldLine) -> tuple[Cell, ...]:
    who = Cell(
        text=line.recipient or line.channel, strong=True, below=(Line(text=line.channel),) if line.recipient else ()
    )
    return (who, *(Cell(text=amount(number)) for number in (line.messages, line.incidents, line.at_night)))


def _channels(part: Operations) -> Section:
    columns = (
        Column(heading="Channel", weight=1),
        Column(heading="Messages", number=True),
        Column(heading="Sent", number=True),
        Column(heading="Waiting", number=True),
        Column(heading="Given up", number=True),
        Column(heading="Retried", number=True),
        Column(heading="Perhaps twice", number=True),
        Column(heading="Slowest", number=True),
    )
    dead = sum(line.dead for line in part.channels)
    return Section(
        heading="Deliveries",
        table=Table(columns=columns, rows=tuple(map(_channel, part.channels))),
        brief=(f"{counted(dead, 'message')} given up.",) if dead else (),
    )


def _channel(line: ChannelLine) -> tuple[Cell, ...]:
    causes = _listed(line.causes)
    return (
        Cell(text=line.channel, strong=True, below=(Line(text=line.kind or "no longer configured"),)),
        Cell(text=amount(line.rows)),
        Cell(text=amount(line.sent)),
        Cell(text=amount(line.waiting)),
        Cell(text=amount(line.dead), below=(Line(text=causes, tone="WARNING"),) if causes else ()),
        Cell(text=amount(line.retried)),
        Cell(text=amount(line.ambiguous)),
        Cell(text=lasted(line.slowest)),
    )
