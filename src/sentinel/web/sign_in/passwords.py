"""Whether a password is right, at a bounded cost: each look takes 64 MB and a tenth of a second by argon2's usual profile."""

import asyncio
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHash

from sentinel.base.errors import SentinelError
from sentinel.core.access import User

#: Looks at once, and how many may wait for one.
AT_ONCE, WAITING = 2, 20

#: Longer than any password; argon2 would take it, and the time to read it.
LONGEST = 1_000


class TooBusy(SentinelError):
    """More people want to sign in at once than there is room for."""

    hint = "try again in a few seconds"


class Passwords:
    """Looks passwords up. Somebody who is not known costs as much as somebody who is (W12: names cannot be tried out)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._looking = 0
        self._nobodys: dict[str, str] = {}  # a hash of nobody's password for each cost

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def right(self, users: Mapping[str, User], name: str, password: str) -> User | None:
        """The user of that name, when that is the password.

        Raises:
            TooBusy: too many are being looked up.
        """
        if self._looking >= AT_ONCE + WAITING:
            raise TooBusy("too many people sign in at once")
        self._looking += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, users, name, password)
        finally:
            self._looking -= 1

    def _look(self, users: Mapping[str, User], name: str, password: str) -> User | None:
        usual = next(iter(users.values()), None)
        nobodys = self._of_nobody(usual)
        user = users.get(name)
        if len(password) > LONGEST:
            user = None
        matches = _matches(user.password.reveal() if user else nobodys, password[:LONGEST])
        return user if matches else None

    def _of_nobody(self, like: User | None) -> str:
        """A hash that costs as much to try as that user's, and that no password has."""
        hasher = (
            PasswordHasher.from_parameters(extract_parameters(like.password.reveal())) if like else PasswordHasher()
        )
        cost = f"{hasher.time_cost} {hasher.memory_cost} {hasher.parallelism} {hasher.hash_len} {hasher.salt_len}"
        if cost not in self._nobodys:
            self._nobodys[cost] = hasher.hash(secrets.token_hex())
        return self._nobodys[cost]


def _matches(known: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(known, password)
    except (Argon2Error, InvalidHash):
        return False
