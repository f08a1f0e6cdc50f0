"""The plan of a command that works by itself."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sentinel.cli.options import chosen_config

if TYPE_CHECKING:
    from sentinel.core.plan import Plan


@contextmanager
def planned(*, lenient: bool = False) -> "Iterator[Plan]":
    """The plan to work by. What its parts log meanwhile goes to standard error, so that output stays what was asked for.

    Args:
        lenient: for reading the store alone; a person's shell has not the credentials of the service.

    Raises:
        ConfigError: the file cannot be used.
    """
    from sentinel.app.plans import load_plan
    from sentinel.base import logs
    from sentinel.base.redact import Redactor

    plan = load_plan(chosen_config(), os.environ, lenient=lenient)
    sink = logs.configure(level="warning", redactor=Redactor(plan.secrets), stream=sys.stderr)
    try:
        yield plan
    finally:
        sink.close()
