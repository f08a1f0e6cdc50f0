"""The service unit: how far it is locked up, and what it says about starting, stopping and failing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "systemd" / "sentinel.service"
LOCAL = UNIT.with_name("local-checks.conf")
HIGHEST_EXPOSURE = 2.0  # of 10, by `systemd-analyze security`; 1.1 when this was written, by systemd 252
ANALYZE = shutil.which("systemd-analyze")

Directives = dict[str, dict[str, list[str]]]


def read_unit(text: str) -> Directives:
    """Section -> directive -> its values in order: unlike an ini file, a unit may repeat a directive."""
    sections: Directives = {}
    for line in map(str.strip, text.splitlines()):
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(header[1], {})
        elif line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    return read_unit(UNIT.read_text(encoding="utf-8"))["Service"]


LIFE = {
    "Type": "notify",
    "NotifyAccess": "main",
    "ExecStart": "/opt/sentinel/bin/sentinel run --config /etc/sentinel/monitoring_config.json",
    "ExecReload": "/bin/kill -HUP $MAINPID",
    "WatchdogSec": "30",
    "Restart": "on-failure",
    "RestartSec": "5",
    "RestartPreventExitStatus": "65 78",
    "LimitCORE": "0",
}

PLACES = {
    "DynamicUser": "yes",
    "StateDirectory": "sentinel",
    "StateDirectoryMode": "0700",
    "LogsDirectory": "sentinel",
    "RuntimeDirectory": "sentinel",
    "ConfigurationDirectory": "sentinel",
    "ConfigurationDirectoryMode": "0755",  # root's folder: with 0750 the dynamic user could not read it
    "UMask": "0077",
}

SANDBOX = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectProc": "invisible",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "PrivateUsers": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
}


@pytest.mark.parametrize(("name", "value"), [*LIFE.items(), *PLACES.items(), *SANDBOX.items()])
def test_the_unit_says(service: dict[str, list[str]], name: str, value: str) -> None:
    assert service[name] == [value]


def test_dangerous_system_calls_are_taken_from_the_usual_ones(service: dict[str, list[str]]) -> None:
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]


def test_no_outage_is_so_long_that_systemd_gives_up() -> None:
    """Once six starts within five minutes ended it for good: a database that was down for a minute was enough."""
    unit = read_unit(UNIT.read_text(encoding="utf-8"))["Unit"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert "StartLimitBurst" not in unit


def test_it_starts_after_what_it_may_need() -> None:
    unit = read_unit(UNIT.read_text(encoding="utf-8"))["Unit"]
    assert set(unit["After"][0].split()) == {"network-online.target", "time-sync.target", "postgresql.service"}
    assert unit["Wants"] == ["network-online.target"]


def test_no_secret_is_put_into_the_environment(service: dict[str, list[str]]) -> None:
    assert all(not re.search(r"TOKEN|PASSWORD|SECRET|KEY", value) for value in service["Environment"])


def test_the_exposure_is_low() -> None:
    """Where systemd is missing, the directives above are what can be known."""
    if ANALYZE is not None:
        report = _analyze("security", "--offline=true", "--no-pager", str(UNIT))
        score = re.search(r"exposure level for sentinel.service: ([\d.]+)", report.stdout)
        assert score is not None, report.stderr
        assert float(score[1]) <= HIGHEST_EXPOSURE


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """With a program in place of Sentinel's, which is not installed under /opt here."""
    if ANALYZE is not None:
        text = UNIT.read_text(encoding="utf-8").replace("/opt/sentinel/bin/sentinel", sys.executable)
        copy = tmp_path / "sentinel.service"
        copy.write_text(text, encoding="utf-8")
        report = _analyze("verify", str(copy))
        assert (report.returncode, report.stdout + report.stderr) == (0, "")


def test_what_local_checks_need_is_taken_by_systemd_and_opens_no_more_than_that(tmp_path: Path) -> None:
    """The directives that are in force, and those that a reader may add."""
    settings = LOCAL.read_text(encoding="utf-8").partition("[Service]")[2]
    named = set(re.findall(r"^#?([A-Z]\w+)=", settings, re.MULTILINE))
    assert named <= set(SANDBOX) | {"ProcSubset", "SupplementaryGroups", "ProtectClock"}
    if ANALYZE is not None:
        unit = tmp_path / "sentinel.service"
        unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/sentinel/bin/sentinel", sys.executable))
        unit.write_text(unit.read_text(encoding="utf-8").replace("\n[Install]", f"\n{settings}\n[Install]"))
        report = _analyze("verify", str(unit))
        assert (report.returncode, report.stdout + report.stderr) == (0, "")
        score = re.search(r"service: ([\d.]+)", _analyze("security", "--offline=true", "--no-pager", str(unit)).stdout)
        assert score is not None
        assert float(score[1]) <= HIGHEST_EXPOSURE


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)
