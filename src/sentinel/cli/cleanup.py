"""What scenarios left in the systems that they watch: by the daemon if one runs, else by the store."""

import click

from sentinel.base.errors import NotRunning
from sentinel.cli import options, wire
from sentinel.cli.options import as_json, chosen_config, print_json
from sentinel.cli.planning import planned
from sentinel.reports.text import clean, moment

#: Seconds that cleaning up after all scenarios may take: more than the daemon gives itself.
WITHIN = 40.0


@click.command()
@options.config
@click.option("--run", "now", is_flag=True, help="Take it away now.")
@click.option(
    "--drop", "marks", multiple=True, metavar="MARK", help="Forget a run that you have cleaned up after yourself."
)
@as_json
def cleanup(now: bool, marks: tuple[str, ...], as_json: bool) -> int:
    """List what scenarios made and have not taken away.

    Such as after a crash, or when something could not be deleted. Every next run tries again by itself; a run that is under way
    is listed too. Exits with 0 when nothing is left, else with 1.

    \b
    Examples:
      sentinel cleanup --run
      sentinel cleanup --drop sentinel-3f0c1a9be27d
    """
    if marks:
        if now:
            raise click.UsageError("either --run or --drop")
        return _drop(marks)
    left = _left_after_cleaning() if now else _left()
    if as_json:
        print_json({"left": left})
    else:
        click.echo("\n".join(map(_line, left)) or "Nothing is left.")
    return 1 if left else 0


def _left() -> list[wire.Json]:
    answer = _asked("/api/v1/cleanup")
    if answer is not None:
        return list(answer["left"])
    import asyncio

    from sentinel.app import once

    with planned(lenient=True) as plan:
        return [line.to_json() for line in asyncio.run(once.left_behind(plan))]


def _left_after_cleaning() -> list[wire.Json]:
    answer = _asked("/api/v1/cleanup/run", {}, patience=WITHIN)
    if answer is not None:
        return list(answer["left"])
    import asyncio

    from sentinel.app import once

    with planned() as plan:
        return [line.to_json() for line in asyncio.run(once.clean_up(plan))]


def _drop(marks: tuple[str, ...]) -> int:
    answer = _asked("/api/v1/cleanup/drop", {"marks": list(marks)})
    dropped = answer["dropped"] if answer is not None else _drop_in_store(marks)
    click.echo(f"{dropped} forgotten.")
    return 0 if dropped == len(set(marks)) else 1


def _drop_in_store(marks: tuple[str, ...]) -> int:
    import asyncio

    from sentinel.app import once

    with planned(lenient=True) as plan:
        return asyncio.run(once.drop_left(plan, marks))


def _asked(target: str, body: wire.Json | None = None, *, patience: float | None = None) -> wire.Json | None:
    """What the daemon answers; None when none runs. One that runs and does not answer has the store: that is an error."""
    try:
        return wire.ask(chosen_config(), target, body, patience=patience)
    except wire.NotAllowed:
        raise
    except NotRunning:
        return None


def _line(line: wire.Json) -> str:
    known = " ".join(f"{name}={value}" for name, value in line["values"].items() if name not in {"run", "begun"})
    what = f"{moment(line['at']):%Y-%m-%d %H:%M} UTC  {line['check']}  {line['id']}  {known}"
    return clean(what).rstrip() + (f"\n    {clean(line['problem'])}" if line["problem"] else "")
