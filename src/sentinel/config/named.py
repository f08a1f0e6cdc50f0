"""Sections whose entries have names, such as channels, policies and calendars."""

from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.problems import Problems
from sentinel.config.schema.fields import checked_name


def named_entries(loaded: Loaded, path: KeyPath, expected: str) -> dict[str, object]:
    """The entries of a section by name; wrong names are noted. None when the section is no object, which is noted too."""
    entries = loaded.tree.get(str(path[0]), {})
    if not isinstance(entries, dict):
        loaded.problems.add(path, loaded.problems.shown(path, secret=True), f"an object of {expected}")
        return {}
    for name in entries:
        check_name((*path, name), name, loaded.problems)
    return entries


def check_name(path: KeyPath, name: str, problems: Problems) -> None:
    """Note a name that is none."""
    try:
        checked_name(name)
    except ValueError as error:
        problems.add(path, f"the name {name[:60]!r}", str(error))
