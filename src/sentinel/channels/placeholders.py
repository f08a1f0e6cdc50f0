"""Placeholders in the arguments of a command: `{version}` stands for the version that is rolled back.

What is put in stays within its argument, whatever it holds: no shell reads it, it has no line end, and it cannot begin an
argument with a dash and so become an option. `{{` stands for one brace.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from sentinel.base.fields import Refused
from sentinel.channels.clean import one_line, shorten
from sentinel.core.notification import AboutDeployment

#: In arguments, by these names; in the environment in capitals, after `SENTINEL_`.
NAMES: Final = ("version", "from", "ref", "backup_id", "reason", "mode", "deployment", "system")

#: Characters of a value.
_LONGEST: Final = 500

#: Characters of what is no placeholder that a message shows.
_SHOWN: Final = 20

_BRACE: Final = re.compile(r"\{\{|\{([a-z_]+)\}|\{[^{}]*\}?")


def facts_of(deployment: AboutDeployment | None) -> dict[str, str]:
    """What is known of the deployment that is undone, each on one line; all of it empty where there is none.

    The names are `NAMES` and `environment`.
    """
    if deployment is None:
        return dict.fromkeys((*NAMES, "environment"), "")
    facts = {
        "version": deployment.version,
        "from": deployment.from_version,
        "ref": deployment.ref,
        "backup_id": deployment.backup_id,
        "reason": deployment.reason,
        "mode": "quick" if deployment.quick else "backup",
        "deployment": str(deployment.id),
        "system": deployment.system,
        "environment": deployment.environment,
    }
    return {name: shorten(one_line(text), _LONGEST) for name, text in facts.items()}


def checked(argument: str) -> str:
    """The argument, if every placeholder in it is known.

    Raises:
        Refused: one is not.
    """
    for found in _BRACE.finditer(argument):
        if found[0] != "{{" and found[1] not in NAMES:
            close = get_close_matches(found[0].strip("{}"), NAMES, n=1)
            hint = f"did you mean {{{close[0]}}}?" if close else "`{{` stands for a brace"
            hint = f"{shorten(one_line(found[0]), _SHOWN)} is none of them; {hint}"
            raise Refused(f"arguments with no placeholders but {', '.join(f'{{{name}}}' for name in NAMES)}", hint)
    return argument


def filled(argument: str, facts: Mapping[str, str]) -> str:
    """The argument with the values put in."""
    whole = _BRACE.sub(lambda found: "{" if found[0] == "{{" else facts.get(found[1] or "", ""), argument)
    # At the beginning a dash would make an option of it, even behind a value that is empty.
    begins = _BRACE.match(argument)
    return whole.lstrip("- ") if begins is not None and begins[0] != "{{" else whole
