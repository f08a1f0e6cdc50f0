"""Commands that work past the daemon tell its journal what they do."""

from collections.abc import Sequence
from contextlib import suppress

from sentinel.base.errors import NotRunning
from sentinel.cli import wire
from sentinel.cli.incidents import login_name
from sentinel.cli.options import chosen_config


def note(command: str, on: Sequence[str]) -> None:
    """Have the journal take down a command, before it does anything. Without a daemon there is nobody to write it; and one that
    is stuck is no reason not to try whether it could tell anybody."""
    body = {"command": command, "on": ", ".join(on)[:500] or "everything", "by": login_name()}
    with suppress(NotRunning, wire.NotAnswering):
        wire.ask(chosen_config(), "/api/v1/journal", body, patience=wire.TO_READ)
