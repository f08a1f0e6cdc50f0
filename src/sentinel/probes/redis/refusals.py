"""What Redis means when it refuses, by the first word of its answer."""

from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.redis.resp import Refusal

_CREDENTIAL_HINT: Final = (
    "Renew the user and password in `url`; on the server, `ACL LIST` and `requirepass` show what it wants."
)
LOADING_HINT: Final = (
    "It reads its data from disk after a start, and serves nothing until then: look why it was started."
)
SAVE_HINT: Final = (
    "Look at the server's log and at the room on its disk; a failed fork also asks for `vm.overcommit_memory = 1`. Until a save "
    "succeeds, a crash loses what was written since."
)

#: Words of answers, in the source of Redis (server.c, networking.c, acl.c).
_BY_CODE: Final = {
    "NOAUTH": (FailureClass.CREDENTIAL_REFUSED, "the server wants a password", _CREDENTIAL_HINT),
    "WRONGPASS": (FailureClass.CREDENTIAL_REFUSED, "the user or password was refused", _CREDENTIAL_HINT),
    "DENIED": (
        FailureClass.NOT_PERMITTED,
        "the server is in protected mode and serves its own host alone",
        "Set a password on the server and put it into `url`, or run Sentinel on that host.",
    ),
    "LOADING": (FailureClass.UNHEALTHY, "the server is loading its data", LOADING_HINT),
    "MASTERDOWN": (
        FailureClass.UNHEALTHY,
        "the replica has lost its master and serves no old data",
        "Look whether the master runs, and at the network between the two.",
    ),
    "MISCONF": (FailureClass.UNHEALTHY, "the server takes no writes, as it cannot save", SAVE_HINT),
    "NOREPLICAS": (
        FailureClass.UNHEALTHY,
        "the server takes no writes, as it has too few good replicas",
        "Look whether the replicas run, and at `min-replicas-to-write`.",
    ),
    "BUSY": (
        FailureClass.UNHEALTHY,
        "a script holds the server up",
        "`SCRIPT KILL` ends it, unless it has written something.",
    ),
    "CLUSTERDOWN": (
        FailureClass.UNHEALTHY,
        "the cluster is down",
        "`CLUSTER INFO` and `CLUSTER NODES` tell which node is missing.",
    ),
    "WRONGTYPE": (
        FailureClass.MISCONFIGURED,
        "something of another type stands there",
        "`TYPE` tells of what type it is; set `type` of the queue.",
    ),
    "MOVED": (
        FailureClass.MISCONFIGURED,
        "the key belongs to another node of the cluster",
        "Name that node in `url`, in a check of its own; `CLUSTER KEYSLOT` and `CLUSTER NODES` tell which it is.",
    ),
}


def refused(step: str, refusal: Refusal, *, asked: str) -> Finding:
    """What a refusal of the command `asked` stands for."""
    failure, explanation, hint = _meaning(refusal, asked)
    return Finding(failure, f"{step}: {explanation}", hint)


def _meaning(refusal: Refusal, asked: str) -> tuple[FailureClass, str, str]:
    if refusal.code == "NOPERM":
        hint = f"On the server: ACL SETUSER with the user in `url` and +ping +info{_key_hint(asked)}."
        return FailureClass.NOT_PERMITTED, f"the user in `url` may not use {asked}", hint
    if refusal.code in _BY_CODE:
        return _BY_CODE[refusal.code]
    if refusal.says("max number of clients"):
        hint = "Raise `maxclients`, or find who keeps so many connections with `CLIENT LIST`."
        return FailureClass.REFUSED, "the server takes no further client", hint
    if refusal.says("without any password") or refusal.says("no password is set"):
        hint = "Leave the password out of `url`, or set one on the server."
        return FailureClass.CREDENTIAL_REFUSED, "a password was given, and the server has none", hint
    if refusal.says("invalid password"):
        return _BY_CODE["WRONGPASS"]
    if refusal.says("unknown command"):
        hint = "Commands can be renamed or taken away by `rename-command`; `INFO` and `PING` have to be there."
        return FailureClass.NOT_PERMITTED, f"the server does not know {asked}", hint
    if refusal.says("db index is out of range"):
        return FailureClass.MISCONFIGURED, "there is no database of that number", "Put another one into `url`."
    hint = "Try the same with `redis-cli`; the server's log may have more."
    return FailureClass.QUERY_FAILED, f"the server refused {asked} ({refusal.code})", hint


def _key_hint(asked: str) -> str:
    return "" if asked in {"PING", "INFO", "SELECT", "AUTH"} else f" +{asked.lower()}, and ~KEY for the key"
