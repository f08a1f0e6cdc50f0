"""Settings of an application: where they stand, and what makes them unfit for production. Values are never shown."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sentinel.core.result import FailureClass
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.finding import Finding
from sentinel.probes.hardening.options import SettingsOptions
from sentinel.probes.hardening.remarks import Remark, remark
from sentinel.probes.wire import Exchange

Settings = Mapping[str, str]

_LARGEST: Final = 1 << 20  # bytes of a file
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*")
_OFF: Final = frozenset({"", "0", "false", "no", "off", "none", "null", "disabled", "n", "f"})
#: Parts of values that stand in examples and defaults; in a random text of 32 characters one occurs once in a million.
_KNOWN: Final = (
    "change", "secret", "default", "example", "password", "insecure", "your-", "your_", "placeholder", "12345", "qwerty",
)  # fmt: skip
_FEWEST: Final = 8  # different characters of a secret


def judged(settings: Settings, options: SettingsOptions) -> Iterator[Remark]:
    """What is wrong with them."""
    for name in dict.fromkeys((*options.required, *options.secrets, *options.databases)):
        if not settings.get(name):
            hint = "Set it where the application reads its settings, and restart the application."
            yield remark("settings", f"{name} is not set", hint, FailureClass.MISSING)
    for name in options.off:
        if settings.get(name, "").strip().lower() not in _OFF:
            yield remark("settings", f"{name} is on", f"Set {name} to false and restart the application.")
    for name in options.secrets:
        if weakness := _weakness(settings.get(name, ""), options.secret_length):
            hint = "Make a random one, for instance with `openssl rand -base64 48`, and see what has to be issued anew."
            yield remark("settings", f"{name} {weakness}", hint)
    for name in options.databases:
        if settings.get(name, "").strip().lower().startswith(("sqlite", "file:")):
            yield remark(
                "settings", f"{name} names an SQLite database", "Give it the address of the production database."
            )
    for name in options.origins:
        if "*" in settings.get(name, ""):
            yield remark("settings", f"{name} allows any origin", "List the origins that may read answers.")
    for name, expected in options.expect.items():
        if unmet := expected.unmet(settings.get(name)):
            yield remark("settings", f"{name}: expected {unmet}", "Compare with the settings of the last good release.")


def _weakness(secret: str, length: int) -> str:
    """What makes a secret unfit; empty when nothing does, or when it is not set."""
    if not secret:
        return ""
    if len(secret) < length:
        return f"is shorter than {length} characters"
    if any(part in secret.lower() for part in _KNOWN):
        return "looks like a default or an example"
    return "repeats a few characters" if len(set(secret)) < _FEWEST else ""


def from_env_file(file: Path) -> Settings:
    """The settings of a file of lines `NAME=value`. Blocks. Raises Finding."""
    lines = _read(file, _FILE_HINT).decode("utf-8", "replace").splitlines()
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    return {match[1]: _unquoted(match[2]) for match in found}


def from_process(pid_file: Path) -> Settings:
    """The environment of the process that a file names. Blocks. Raises Finding."""
    number = _read(pid_file, _PID_HINT).decode("ascii", "replace").split()
    if not number or not number[0].isdigit():
        raise Finding(FailureClass.MISSING, f"settings: {pid_file} has no number of a process", _PID_HINT)
    try:
        environment = _read(Path(f"/proc/{int(number[0])}/environ"), _PID_HINT)
    except Finding as finding:
        if finding.failure is FailureClass.MISSING:
            what = f"settings: the process that {pid_file} names does not run"
            raise Finding(FailureClass.NOT_RUNNING, what, _PID_HINT) from None
        raise
    pairs = (entry.partition(b"=") for entry in environment.split(b"\0") if b"=" in entry)
    return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, _, value in pairs}


def from_answer(exchange: Exchange, options: SettingsOptions) -> Settings:
    """The settings of an answer. Raises Finding."""
    if exchange.status in {401, 403}:
        what = f"settings: the request is refused with status {exchange.status}"
        raise Finding(
            FailureClass.CREDENTIAL_REFUSED, what, "Give Sentinel's credential the right to read the settings."
        )
    if exchange.status // 100 != 2:
        what = f"settings: status {exchange.status}, expected 2xx"
        raise Finding(FailureClass.WRONG_STATUS, what, "Ask the same URL by hand and compare.")
    try:
        document = read_json(exchange.body)
    except ValueError:
        raise Finding(FailureClass.WRONG_BODY, "settings: the answer is not JSON", _BODY_HINT) from None
    found = options.at.find(document) if options.at is not None else document
    if not isinstance(found, dict):
        raise Finding(FailureClass.WRONG_BODY, "settings: there is no object with settings in the answer", _BODY_HINT)
    return {name: _as_text(value) for name, value in found.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_as_text, value))
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return str(value)


def _read(file: Path, missing: str) -> bytes:
    """What stands in a file; `missing` is the hint when there is none."""
    try:
        # A pipe would hold the thread until somebody writes into it.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        raise Finding(FailureClass.MISSING, f"settings: {file} does not exist", missing) from None
    except OSError as error:
        raise _forbidden(file, error) from None
    with open(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Finding(FailureClass.MISSING, f"settings: {file} is no file", "Correct the path.")
        try:
            content = opened.read(_LARGEST + 1)
        except ProcessLookupError:
            raise Finding(FailureClass.MISSING, f"settings: {file} does not exist", missing) from None
        except OSError as error:
            raise _forbidden(file, error) from None
    if len(content) > _LARGEST:
        raise Finding(
            FailureClass.BODY_TOO_LARGE, f"settings: {file} has more than {_LARGEST} bytes", "Correct the path."
        )
    return content


def _forbidden(file: Path, error: OSError) -> Finding:
    what = f"settings: {file} cannot be read ({error.strerror})"
    if str(file).startswith("/proc/"):
        hint = "Run Sentinel as that process's user, or give its unit CAP_SYS_PTRACE; or name its env_file instead."
    else:
        hint = f"Let Sentinel's user read it: `setfacl -m u:sentinel:r {file}`."
    return Finding(FailureClass.NOT_PERMITTED, what, hint)


def _unquoted(value: str) -> str:
    """A value without its quotes, or without the comment after it."""
    if value[:1] in {'"', "'"}:
        return value[1:].partition(value[0])[0]
    return re.split(r"\s#", value, maxsplit=1)[0].rstrip()


_FILE_HINT: Final = "Correct the path of `env_file`, or put the file back: see what deployed or removed it last."
_PID_HINT: Final = "Does the application run, and does it write that file when it starts? Else correct `pid_file`."
_BODY_HINT: Final = "Ask the same URL by hand; `at` says where in the answer the settings stand."
