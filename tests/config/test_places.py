"""Where Sentinel's files stand when the configuration does not say, and where `--status` looks for the socket."""

import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.config.places import SERVICE_SOCKET, Places, socket_candidates
from tests.kit.config import CHECK, ConfigFolder

#: Where systemd makes folders of each kind (systemd.exec(5), RuntimeDirectory=).
FOLDERS = {"STATE_DIRECTORY": "/var/lib", "RUNTIME_DIRECTORY": "/run", "LOGS_DIRECTORY": "/var/log"}


def test_by_default_everything_stands_beside_the_file(config: ConfigFolder, tmp_path: Path) -> None:
    plan = config.plan({"checks": [CHECK]})
    assert plan.store.url.reveal() == f"sqlite:///{tmp_path}/state/sentinel.db"
    assert plan.web.socket == tmp_path / "state" / "sentinel.sock"
    assert plan.reports_folder == tmp_path / "reports"


def test_as_a_service_everything_stands_where_systemd_says(config: ConfigFolder) -> None:
    systemd = {"STATE_DIRECTORY": "/var/lib/sentinel:/var/lib/other", "RUNTIME_DIRECTORY": "/run/sentinel"}
    plan = config.plan({"checks": [CHECK]}, systemd)
    assert plan.store.url.reveal() == "sqlite:////var/lib/sentinel/sentinel.db"
    assert plan.web.socket == Path("/run/sentinel/sentinel.sock")
    assert plan.reports_folder == Path("/var/lib/sentinel/reports")


def test_a_shell_speaks_of_the_places_of_the_service() -> None:
    """`sudo sentinel report` looked for the service's store in /etc/sentinel/state."""
    file = Path("/etc/sentinel/monitoring_config.json")
    systemd = {name: f"{folder}/sentinel" for name, folder in FOLDERS.items()}
    assert Places.of(file, {}) == Places.of(file, systemd)
    assert Places.of(file, {}).store == Path("/var/lib/sentinel/sentinel.db")
    assert socket_candidates(file, {})[0] == SERVICE_SOCKET


def test_variables_count_for_more_than_the_folder_of_the_file() -> None:
    file = Path("/etc/sentinel/monitoring_config.json")
    assert Places.of(file, {"STATE_DIRECTORY": "/srv/state"}).store == Path("/srv/state/sentinel.db")


def test_a_log_file_stands_where_systemd_says(config: ConfigFolder, tmp_path: Path) -> None:
    """Beside the configuration it could not be made: the unit may write into its own folders alone."""
    tree = {"checks": [CHECK], "logs": {"file": "sentinel.log"}}
    assert config.plan(tree, {"LOGS_DIRECTORY": "/var/log/sentinel"}).logs.file == Path(
        "/var/log/sentinel/sentinel.log"
    )
    assert config.plan(tree).logs.file == tmp_path / "sentinel.log"
    tree["logs"] = {"file": "/srv/sentinel.log"}
    assert config.plan(tree, {"LOGS_DIRECTORY": "/var/log/sentinel"}).logs.file == Path("/srv/sentinel.log")


def test_relative_paths_start_from_the_folder_of_the_file(
    config: ConfigFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    given = {
        "store": {"path": "db/s.db"},
        "web": {"socket": "s.sock"},
        "reports": {"folder": "r"},
        "logs": {"file": "l"},
    }
    plan = config.plan({"checks": [CHECK], **given})
    assert plan.store.url.reveal() == f"sqlite:///{tmp_path}/db/s.db"
    assert (plan.web.socket, plan.reports_folder, plan.logs.file) == (
        tmp_path / "s.sock",
        tmp_path / "r",
        tmp_path / "l",
    )


def test_files_and_databases_of_checks_start_there_too(config: ConfigFolder, tmp_path: Path) -> None:
    check = {"name": "db", "kind": "sql", "options": {"url": "sqlite:///app.db", "query": "SELECT 1"}}
    (plan_check,) = config.plan({"checks": [check]}).checks
    assert getattr(plan_check.options, "url").reveal() == f"sqlite:///{tmp_path}/app.db"  # noqa: B009 - options are opaque here


def test_a_socket_that_the_file_names_is_the_only_candidate(config: ConfigFolder, tmp_path: Path) -> None:
    file = config.write({"web": {"socket": "${RUN:-run}/s.sock"}})
    assert socket_candidates(file, {}) == [tmp_path / "run" / "s.sock"]
    assert socket_candidates(file, {"RUN": "/run"}) == [Path("/run/s.sock")]


def test_a_socket_in_toml_is_found(config: ConfigFolder) -> None:
    file = config.write('[web]\nsocket = "/run/s.sock"\n', "s.toml")
    assert socket_candidates(file, {}) == [Path("/run/s.sock")]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"web": 3}', '{"web": {"socket": 7}}', '{"web": {"socket": "${A}"}}']
)
def test_a_file_that_cannot_be_read_leaves_the_usual_places(config: ConfigFolder, tmp_path: Path, content: str) -> None:
    usual = [tmp_path / "state" / "sentinel.sock", SERVICE_SOCKET]
    assert socket_candidates(config.write(content), {}) == usual


def test_a_missing_file_leaves_the_usual_places(tmp_path: Path) -> None:
    assert socket_candidates(tmp_path / "nowhere.json", {"RUNTIME_DIRECTORY": "/run/x"})[0] == Path(
        "/run/x/sentinel.sock"
    )


def test_the_daemons_socket_is_the_first_candidate(config: ConfigFolder) -> None:
    for environment in ({}, {"STATE_DIRECTORY": "/var/lib/sentinel"}, {"RUNTIME_DIRECTORY": "/run/sentinel"}):
        plan = config.plan({"checks": [CHECK]}, environment)
        assert socket_candidates(plan.file, environment)[0] == plan.web.socket


def test_looking_for_the_socket_imports_nothing_heavy() -> None:
    code = "import sys, sentinel.config.places; print([m for m in sys.modules if m.split('.')[0] in %r])"
    heavy = ["pydantic", "sqlalchemy", "httpx2", "asyncio", "jinja2"]
    found = subprocess.run([sys.executable, "-c", code % heavy], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "[]"
