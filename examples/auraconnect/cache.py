"""The service's Redis, and what its faults do to it."""

from pathlib import Path

import redis

FILL = "fill:{}"
PIECE = 1 << 20  # bytes
ROOM = 24 << 20  # bytes that Redis may use


class Cache:
    """Redis, as the service sees it."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5)

    def make(self) -> None:
        """An empty one, with the bounds of the guide in small, that has saved its file once."""
        self._client.flushall()
        self._client.config_set("maxmemory", str(ROOM))
        self._client.config_set("maxmemory-policy", "allkeys-lru")
        self._client.config_resetstat()
        self._client.save()

    def ping(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self._client.ping())
        except redis.RedisError:
            return False

    def fill(self, share: float) -> None:
        """Use up so much of the room."""
        used = int(self._client.info("memory")["used_memory"])
        for number in range(max(0, int((ROOM * share - used) // PIECE))):
            self._client.set(FILL.format(number), b"x" * (PIECE - 4096))

    def overflow(self) -> None:
        """Write more than there is room for, so that keys are thrown away."""
        for number in range(2 * ROOM // PIECE):
            self._client.set(FILL.format(number), b"x" * (PIECE - 4096))

    def empty(self) -> None:
        self._client.flushall()

    def fail_to_save(self) -> None:
        """Have it save where a folder of that name stands."""
        name = "blocked.rdb"
        folder = Path(str(self._client.config_get("dir")["dir"])) / name
        (folder / "in-the-way").mkdir(parents=True, exist_ok=True)
        self._client.config_set("dbfilename", name)
        self._save_in_the_background()

    def save(self) -> None:
        """Save as before."""
        self._client.config_set("dbfilename", "dump.rdb")
        self._save_in_the_background()

    def close(self) -> None:
        self._client.close()

    def _save_in_the_background(self) -> None:
        self._client.bgsave()
        while self._client.info("persistence")["rdb_bgsave_in_progress"]:
            self._client.ping()
