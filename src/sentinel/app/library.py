"""The reports of a running Sentinel, for pages and the interface for programs: what there is, and a file of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sentinel.app.owing import OF_DEPLOYMENTS
from sentinel.core.plan import Plan
from sentinel.reports.forms import library
from sentinel.reports.forms.library import Library, ReportFile


async def reports(plan: Plan, name: str = "") -> Library:
    """The reports of the folder, the latest first; of one name, if one is given.

    Raises:
        OSError: the folder cannot be read.
    """
    return await asyncio.to_thread(library.library, plan.reports_folder, name)


async def report_file(plan: Plan, name: str) -> tuple[Path, str] | None:
    """Where a file of a report is, and its media type; None for what no manifest names.

    Raises:
        OSError: the folder cannot be read.
    """
    return await asyncio.to_thread(library.find, plan.reports_folder, name)


async def deployment_files(plan: Plan, number: int) -> Sequence[ReportFile]:
    """The files of the latest document of a deployment, one of each form; none where none was written.

    Raises:
        OSError: the folder cannot be read.
    """
    found = [one for one in (await reports(plan, OF_DEPLOYMENTS[0])).reports if one.period.startswith(f"{number}-")]
    files = (file for one in sorted(found, key=lambda one: one.made_at) for file in one.files)
    return tuple({file.form: file for file in files}.values())


async def deployment_file(plan: Plan, number: int, form: str) -> str | None:
    """The name of the latest document of a deployment in a form; None where none was written.

    Raises:
        OSError: the folder cannot be read.
    """
    return next((file.name for file in await deployment_files(plan, number) if file.form == form), None)
