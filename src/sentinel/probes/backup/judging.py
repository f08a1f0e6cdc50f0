"""What is wrong with what is in the places."""

from collections.abc import Iterator, Sequence
from typing import Final

from sentinel.base.units import format_bytes, format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.backup.copies import Copy, Place
from sentinel.probes.backup.formats import format_of, promised_by
from sentinel.probes.backup.options import BackupOptions, FormatName
from sentinel.probes.backup.reading import corrupt
from sentinel.probes.finding import Finding


def is_fresh(place: Place, options: BackupOptions, now: float) -> bool:
    """Whether a place has a backup that is young enough, with something in it."""
    newest = place.newest
    return newest is not None and newest.size > 0 and now - newest.written <= options.max_age.total_seconds()


def findings_of(places: Sequence[Place], options: BackupOptions, now: float) -> Iterator[Finding]:
    """Missing, old, empty and readable for everybody; and copies that differ from the main place's."""
    for place in places:
        yield from _of_place(place, options, now)
    main = places[0].newest
    if main is not None:
        for place in places[1:]:
            for copy in place.copies:
                if copy.path.name == main.path.name and copy.size != main.size:
                    yield corrupt(
                        copy.path,
                        f"{format_bytes(copy.size)} in {copy.path.parent}, {format_bytes(main.size)} in the main place",
                    )


def _of_place(place: Place, options: BackupOptions, now: float) -> Iterator[Finding]:
    newest = place.newest
    if newest is None and place.closed is not None:
        yield Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not look into {place.closed}", GRANT)
    elif newest is None and place.is_folder:
        explanation = f"{place.path} is a folder, where the path of the backups in it is wanted"
        yield Finding(FailureClass.MISCONFIGURED, explanation, f'Name the files in `places`: "{place.path}/*".')
    elif newest is None:
        yield Finding(FailureClass.MISSING, f"there is no backup at {place.path}", _MISSING)
    else:
        yield from _of_newest(place, newest, options, now)


def _of_newest(place: Place, newest: Copy, options: BackupOptions, now: float) -> Iterator[Finding]:
    age, allowed = now - newest.written, options.max_age
    if age > allowed.total_seconds():
        explanation = (
            f"the newest backup at {place.path} is {format_duration(age)} old, allowed are {format_duration(allowed)}"
        )
        yield Finding(FailureClass.STALE, explanation, _STALE)
    if not newest.size:
        yield corrupt(newest.path, "it is empty")
    if options.private and newest.readable_by_all:
        yield Finding(FailureClass.INSECURE, f"every user of the host may read {newest.path}", _PRIVATE)


def known_format(copy: Copy, options: BackupOptions) -> FormatName | None:
    """What a backup is. Raises Finding when it is not what it must be, and OSError when it cannot be read."""
    known = format_of(copy.path)
    if options.encrypted and known != "encrypted":
        raise Finding(FailureClass.INSECURE, f"{copy.path.name} is not encrypted", _ENCRYPTED)
    expected = promised_by(copy.path) if options.format == "auto" else options.format
    if expected is not None and known != expected and not (expected == "tar" and known == "custom"):
        raise corrupt(copy.path, f"it is {known or 'nothing that is known'}, expected {expected}")
    return known


GRANT: Final = (
    "Give Sentinel's user a right to read the backups and to enter their folder: a group (SupplementaryGroups= in a drop-in of "
    "its service), or `setfacl -m u:sentinel:rX`."
)
_MISSING: Final = (
    "Look whether the job that makes or copies backups runs, and where it writes to; is the place mounted?"
)
_STALE: Final = "Look at the last runs of the job that makes or copies them, its log, and the room on the disk."
_PRIVATE: Final = "chmod o-rwx on it, and a umask of 077 in the job that makes backups: they hold everything."
_ENCRYPTED: Final = "See whether the job still encrypts, and take away what it has left in the clear."
