"""What is said of deployments in requests: versions and other names, and the bodies of what is done to one."""

import re
from typing import Final

from sentinel.app.deploying.asking import AskedRollback, AskedStart
from sentinel.reports.forms.library import TYPES
from sentinel.web.fields import (
    Field,
    Given,
    Shape,
    asked,
    asked_number,
    asked_text,
    asked_word,
    flag,
    lasting,
    maybe_text,
    number,
    optional,
    text,
)
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, BadRequest
from sentinel.web.shapes import BY

#: Seconds that a question for what changes may wait: an answer has to be taken within 30 s (`web.guard`).
LONGEST_WAIT: Final = 25

#: Versions, commits and ids of backups: they become arguments of commands, so none looks like an option or holds a blank.
PLAIN_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+:/@=-]{{0,{LONGEST_NAME - 1}}}")


def name(called: str, says: str) -> Field[str]:
    """A version, or whatever else is written like one."""

    def read(value: object, called: str) -> str:
        if not isinstance(value, str) or not PLAIN_NAME.fullmatch(value):
            raise BadRequest(
                f"`{called}` has to be a name such as 2.4.1: letters, digits and any of ._+:/@=- behind the first, "
                f"at most {LONGEST_NAME}"
            )
        return value

    return Field(called, read, {"type": "string", "pattern": f"^{PLAIN_NAME.pattern}$", "examples": ["2.4.1"]}, says)


def maybe_name(called: str, says: str) -> Field[str]:
    return optional(name(called, says), "", empty=True)


SYSTEM = maybe_text("system", LONGEST_NAME, "which; none: the only one that is configured")
ENVIRONMENT = maybe_text("environment", LONGEST_NAME, "is refused unless it is the one that is configured")
VERSION = name("version", "what is deployed")
REF = maybe_name("ref", "such as a commit")
FROM = maybe_name("from", "the version before; none: that of the last one that stands")
BACKUP = maybe_name("backup_id", "of the backup that was made before")
LASTS = optional(lasting("window", "how long it may take; none: as configured"), None, empty=True)
EXPECT_DOWN = flag("expect_down", "the system is meant to be down meanwhile")
IMPACT = maybe_text("impact", LONGEST_REASON, "what its users notice; none: as configured")
ANYWAY = flag("anyway", "also where a condition does not hold")
START = Shape(BY, VERSION, SYSTEM, ENVIRONMENT, REF, FROM, BACKUP, LASTS, EXPECT_DOWN, IMPACT, ANYWAY)

TEXT = text("text", LONGEST_REASON, "what was done")
TOOK = optional(lasting("took", "how long that took"), None, empty=True)
NOTE = Shape(BY, TEXT, TOOK)

LONGER = lasting("for", "how much longer")
EXTEND = Shape(BY, LONGER)

FOR = optional(lasting("for", "how long; none: as configured"), None, empty=True)
WATCH = Shape(BY, FOR)

MAYBE_WHY = maybe_text("why", LONGEST_REASON, "others read it")
FINISH = Shape(BY, MAYBE_WHY)

REASON = text("reason", LONGEST_REASON, "why; others read it")
NUMBER = optional(number("deployment", "its number; none: the current or last one of the system"), 0)
QUICK = flag("quick", "to the version before; else to the backup `backup_id`")
DRY_RUN = flag("dry_run", "only say what would run")
ROLLBACK = Shape(BY, REASON, SYSTEM, ENVIRONMENT, NUMBER, QUICK, BACKUP, DRY_RUN)

OF = asked_text("system", LONGEST_NAME, "of one system")
LIST = Shape(OF)


def _edition(value: object, called: str) -> int:
    found = value if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else None
    if found is None:
        raise BadRequest(f"the parameter `{called}` has to be a number")
    return int(found)


SEEN = asked(Field("seen", _edition, {"type": "integer", "minimum": 0}, "the edition that is known already"), 0)
WITHIN = asked_number("within", LONGEST_WAIT, "seconds to wait at most", most=LONGEST_WAIT)
CHANGES = Shape(SEEN, WITHIN)

FORM = asked_word("form", tuple(form for form in TYPES if form != "csv"), "html", "in which form")
REPORT = Shape(FORM)


def asked_start(given: Given) -> AskedStart:
    """What is read by `START`."""
    return AskedStart(
        by=given[BY],
        version=given[VERSION],
        system=given[SYSTEM],
        environment=given[ENVIRONMENT],
        ref=given[REF],
        from_version=given[FROM],
        backup_id=given[BACKUP],
        window=given[LASTS],
        expects_down=given[EXPECT_DOWN],
        impact=given[IMPACT],
        anyway=given[ANYWAY],
    )


def asked_rollback(given: Given) -> AskedRollback:
    """What is read by `ROLLBACK`; raises BadRequest where it says two ways, or none."""
    if given[QUICK] == bool(given[BACKUP]):
        raise BadRequest("say to where: `quick`, which is the version before, or `backup_id`; one of the two")
    return AskedRollback(
        by=given[BY],
        reason=given[REASON],
        system=given[SYSTEM],
        environment=given[ENVIRONMENT],
        deployment=given[NUMBER],
        quick=given[QUICK],
        backup_id=given[BACKUP],
    )
