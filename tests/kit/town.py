"""Several targets that hang together, three receivers, a real daemon between them, and all that can come over them.

Whatever a story lets happen is one method here; `heal` ends all of it. What people do is kept as acts, and every fault that
was made is counted, so that a story in which nothing went wrong can be told from one that went well.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Self

from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.promises import Act
from tests.kit.receipts import faults
from tests.kit.smtp import SmtpScript
from tests.kit.stage import POSTED, Stage, Target, check, level

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from tests.kit.daemon import Json, Said
    from tests.kit.process import Children

#: Everything is well again and everybody knows within this, in seconds: receivers that failed for long are asked again late.
QUIET_WITHIN = 60.0

#: Only the C library reads this as 127.0.0.1. To Sentinel it is a name like any other, beyond the network.
BEYOND = "127.1"

FAR_AWAY = Answer(after=asyncio.Event())  # for ever

NAMES = ("db", "api", "web", "shop", "login")
CHANNELS = ("hook", "slack", "mail")


class Town(Stage):
    """`api` depends on `db`; `api`, `web` and `shop` belong together; `login` tells the webhook alone."""

    def __init__(self, children: Children, folder: Path, *, env: dict[str, str] | None = None) -> None:
        super().__init__(children, folder, env=env)
        self.targets = {name: Target() for name in NAMES}
        self.beacon = HttpReceiver()
        self.acts: list[Act] = []
        self.happened: Counter[str] = Counter()
        self.story: list[str] = []  # what was let happen, for whoever reads of a failure
        self._gates: list[asyncio.Event] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        for target in (*self.targets.values(), self.beacon):
            await self._stack.enter_async_context(target)
        self.tell("hook", "slack", "mail")
        self.checks(*(self.check(name) for name in NAMES))
        self.daemon.config["policies"] = {
            "default": policy(level(0, "hook", "mail"), level(1.2, "slack")),
            "calm": policy(level(0, "hook")),
        }
        self.daemon.config["connectivity"] = {
            "targets": [f"http://{BEYOND}:{self.beacon.port}/"],
            "every": "1s",
            "timeout": "900ms",
        }
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The daemon goes first: a server that is asked while it closes leaves a connection open.
        await self.daemon.end()
        await super().__aexit__(kind, error, trace)

    def check(self, name: str, **more: object) -> Json:
        """The entry of one of the checks."""
        how: Json = {"group": "emr" if name in ("api", "web", "shop") else "", "recheck": "200ms", "flapping": False}
        how |= {"depends_on": ["db"]} if name == "api" else {}
        how |= {"policy": "calm"} if name == "login" else {}
        return check(name, f"http://{BEYOND}:{self.targets[name].port}/", **(how | more))

    # --- Targets ---

    def fail(self, *names: str) -> None:
        for name in names:
            self.targets[name].fail()

    def mend(self, *names: str) -> None:
        for name in names:
            self.targets[name].recover()

    async def blind(self, seconds: float) -> None:
        """The network of this host is gone for a while, with everything behind it."""
        before = {name: target.answer for name, target in self.targets.items()}
        for target in (*self.targets.values(), self.beacon):
            target.answer = FAR_AWAY
        await asyncio.sleep(seconds)
        self.beacon.answer = Answer()
        for name, target in self.targets.items():
            target.answer = before[name]
        self.happened["blind"] += 1

    # --- Receivers ---

    def refuse(self, channel: str) -> None:
        """It takes nothing, until it is healed."""
        self._behave(channel, Answer(status=503), SmtpScript(mail="451 4.3.0 later"))

    def swallow(self, channel: str) -> None:
        """It takes everything and never says so, until it is healed."""
        self._behave(channel, Drop(), SmtpScript(reset_after_message=True))

    def hang(self, channel: str) -> None:
        """It takes everything, and says so when it is healed."""
        gate = asyncio.Event()
        self._gates.append(gate)
        well = self._well(channel)
        self._behave(channel, Answer(headers=well.headers, body=well.body, after=gate), SmtpScript(accept_after=gate))

    def cure(self, channel: str) -> None:
        self._behave(channel, self._well(channel), SmtpScript())
        self.release()

    def release(self) -> None:
        """Answer whoever hangs."""
        for gate in self._gates:
            gate.set()
        self._gates.clear()

    def _well(self, channel: str) -> Answer:
        return POSTED if channel == "slack" else Answer()

    def _behave(self, channel: str, answer: Answer | Drop, script: SmtpScript) -> None:
        if channel == "mail":
            self.mail.script = script
        else:
            (self.hook if channel == "hook" else self.slack).answer = answer

    # --- The daemon ---

    async def kill(self) -> None:
        """SIGKILL, and a new start."""
        self.see_alive()
        await self.daemon.kill()
        self.happened["killed"] += 1
        await self.daemon.start()

    def see_alive(self) -> None:
        """It must not have ended by itself."""
        process = self.daemon.process
        assert process.returncode is None, f"it ended with {process.returncode}:\n{process.tail()}"

    async def restart(self) -> None:
        """SIGTERM, and a new start."""
        self.release()
        self.see_alive()
        assert await self.daemon.stop() == 0
        self.happened["stopped"] += 1
        await self.daemon.start()

    async def reload(self, change: Callable[[Json], object], what: str) -> None:
        """Have it read a changed configuration, and see that it goes by it."""
        change(self.daemon.config)
        self.daemon.write()
        await self.daemon.reload()
        assert not (await self.daemon.status())["own"]["reload_problem"]
        self.happened[what] += 1

    # --- People ---

    async def does(self, verb: str, *words: str, by: str = "ann", text: str = "--why") -> Said:
        """A person does something that has a reason. A refusal is no act, but what is not answered may be one."""
        why = f"{verb} number {len(self.acts) + 1} in {self.daemon.folder.name}."
        said = await self.daemon.say(*verb.split(), *words, text, why, "--by", by)
        self.acts.append(Act(why=why, confirmed=said.code == 0))
        self.happened[verb] += said.code == 0
        return said

    def open_incidents(self) -> list[int]:
        return [one.id for one in self.daemon.ledger.incidents() if one.is_open]

    # --- The end ---

    async def heal(self) -> None:
        """All is well again, and the daemon runs until no incident is open and no message waits."""
        for channel in CHANNELS:
            self.cure(channel)
        self.mend(*NAMES)
        await eventually(lambda: not self.open_incidents(), within=QUIET_WITHIN)
        await self.settles(within=QUIET_WITHIN)

    @property
    def faults(self) -> list[str]:
        """What is wrong with what was told and written down."""
        return faults(self.daemon.ledger, self.receipts, self.acts)

    def ledger(self) -> str:
        """What was committed, in lines, for whoever reads of a failure."""
        book = self.daemon.ledger.book()
        return "\n".join(map(str, (*book.courses, *book.entries, *book.rows)))

    def idle(self, *wanted: str) -> list[str]:
        """What a story was to make happen, or lives by, and did not happen: then its success means nothing."""
        rows = self.daemon.ledger.rows()
        happened = {
            **self.happened,
            "opened": sum(row.kind == "opened" for row in rows),
            "spoilt": sum(max(0, row.attempts - 1) for row in rows),
            "unclear": sum(row.ambiguous for row in rows),
        }
        return [f"nothing was {what}" for what in ("opened", *wanted) if not happened.get(what)]


def policy(*levels: Json) -> Json:
    """With short times, so that a story of some seconds has all there is."""
    return {
        "levels": list(levels),
        "remind": {"warning": "3s", "critical": "2500ms"},
        "group": {"wait": "800ms", "every": "2s"},
    }
