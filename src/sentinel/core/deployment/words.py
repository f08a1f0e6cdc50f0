"""Words of deployments: which names and sentences can be taken, and what is said of a verification."""

import re

from sentinel.core.deployment.deployment import Verification

#: Characters of a version or another name, and of a sentence that people write.
LONGEST_NAME, LONGEST_TEXT = 100, 500

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+:/@=-]*")


def refuse_odd_name(text: str, *, may_be_empty: bool = True) -> str:
    """Why a version, a ref or the number of a backup cannot be taken; empty when it can.

    They become arguments of commands and parts of messages, so none begins with a dash or holds anything but plain letters.
    """
    if not text:
        return "" if may_be_empty else "it is empty"
    if len(text) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if not _NAME.fullmatch(text):
        return "it has to begin with a letter or a digit, and to hold nothing but letters, digits and . _ + : / @ = -"
    return ""


def refuse_odd_text(text: str) -> str:
    """Why a reason or a note cannot be taken; empty when it can."""
    if len(text) > LONGEST_TEXT:
        return f"it is longer than {LONGEST_TEXT} characters"
    return "" if text.isprintable() else "it has to be one line, without control characters"


def version_before(version: str) -> str:
    """The version before, by its name where that is known; where it is not, whoever reads it should know that, too."""
    return version or "the version before (which one is not known here)"


def summary(verification: Verification) -> str:
    """What came of a verification, such as `post: 11 of 12 pass; not: login`."""
    tags = f"{', '.join(verification.tags)}: " if verification.tags else ""
    bad = [one.name for one in verification.checks if not one.holds]
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    not_good = f"; not: {', '.join(bad[:5])}{more}" if bad else ""
    return f"{tags}{verification.passed} of {verification.planned or len(verification.checks)} pass{not_good}"
