"""Room on file systems, and whether they answer at all."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sentinel.base.units import Unit, format_bytes, format_value
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.host.look import Look
from sentinel.probes.local.lane import Hanging, Lane

StatVfs = Callable[[str], os.statvfs_result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One file system, as `df` sees it."""

    path: str
    used: float  # share of what users may have
    free: int  # bytes that users may have
    inodes: float | None  # share used; None where the file system has no fixed number of them
    mounted: bool  # whether something is mounted at just that path


class Disks:
    """Looks at file systems by a path in each. One that hangs costs a thread, however often it is looked at."""

    def __init__(self, paths: Sequence[str], mounted: Sequence[str], statvfs: StatVfs = os.statvfs) -> None:
        """`mounted` are those where something has to be mounted."""
        self._lanes = {path: Lane(f"disk {path}") for path in dict.fromkeys((*paths, *mounted))}
        self._mounted = frozenset(mounted)
        self._statvfs = statvfs

    async def look(self, deadline: float) -> Look:
        found = await asyncio.gather(*(self._room(path, lane, deadline) for path, lane in self._lanes.items()))
        rooms = [room for room in found if isinstance(room, Room)]
        look = Look(findings=[finding for finding in found if isinstance(finding, Finding)])
        look.findings += [_unmounted(room.path) for room in rooms if room.path in self._mounted and not room.mounted]
        for room in rooms:
            look.readings += _readings(room)
        if rooms:
            _add_worst(look, rooms)
        return look

    async def _room(self, path: str, lane: Lane, deadline: float) -> Room | Finding:
        try:
            return await lane.call(lambda: room(path, self._statvfs), deadline)
        except Hanging:
            hint = "Is the server of that file system there? `mount` shows it; `umount -f -l` lets go of it."
            return Finding(FailureClass.READ_TIMEOUT, f"the file system of {path} does not answer", hint)
        except FileNotFoundError:
            return Finding(FailureClass.MISSING, f"there is no {path}", "Is it mounted? See `findmnt` and /etc/fstab.")
        except PermissionError:
            hint = f"Let Sentinel's user enter every folder above {path} (`chmod o+x`)."
            return Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not look at {path}", hint)
        except OSError as error:
            hint = "See `dmesg` for errors of the disk or of the network's file system."
            return Finding(FailureClass.UNHEALTHY, f"{path}: {error.strerror}", hint)


def room(path: str, statvfs: StatVfs = os.statvfs) -> Room:
    """How much room there is. Blocks; raises OSError."""
    stat = statvfs(path)
    used, free = stat.f_blocks - stat.f_bfree, stat.f_bavail
    return Room(
        path=path,
        used=used / max(used + free, 1),
        free=free * stat.f_frsize,
        inodes=(stat.f_files - stat.f_ffree) / stat.f_files if stat.f_files else None,
        mounted=os.path.ismount(path),
    )


def _readings(room: Room) -> list[Reading]:
    readings = [
        Reading(f"disk_used.{room.path}", room.used, Unit.RATIO),
        Reading(f"disk_free.{room.path}", room.free, Unit.BYTES),
    ]
    return (
        readings if room.inodes is None else [*readings, Reading(f"inodes_used.{room.path}", room.inodes, Unit.RATIO)]
    )


def _add_worst(look: Look, rooms: Sequence[Room]) -> None:
    """The fullest file system, with its path for people."""
    fullest, smallest = max(rooms, key=lambda room: room.used), min(rooms, key=lambda room: room.free)
    look.readings += [Reading("disk_used", fullest.used, Unit.RATIO), Reading("disk_free", smallest.free, Unit.BYTES)]
    look.hints |= {"disk_used": _disk_hint(fullest), "disk_free": _disk_hint(smallest)}
    counted = [(room.inodes, room.path) for room in rooms if room.inodes is not None]
    if counted:
        share, path = max(counted)
        look.readings.append(Reading("inodes_used", share, Unit.RATIO))
        look.hints["inodes_used"] = (
            f"It is {path}: many small files. `du --inodes -x {path} | sort -n | tail` finds them."
        )


def _disk_hint(room: Room) -> str:
    used, free = format_value(room.used, Unit.RATIO), format_bytes(room.free)
    return f"It is {room.path}: {used} used, {free} free. `du -xh {room.path} | sort -h | tail` finds what is large."


def _unmounted(path: str) -> Finding:
    return Finding(FailureClass.MISSING, f"nothing is mounted at {path}", _MOUNT_HINT)


_MOUNT_HINT: Final = "Mount it (`mount -a`, /etc/fstab); what was written there meanwhile lies on the disk below."
