"""What lies around the service on its host: settings, logs, backups, systemd. Written at the start, changed by faults."""

import logging
import logging.handlers
import time
from pathlib import Path

from examples import backups
from examples.fhs_prosight.settings import UNIT, Settings
from examples.stand_ins.systemd import Host, Unit

GOOD = {
    "DATABASE_URL": "postgresql+asyncpg://app_user@127.0.0.1/fhs_prosight",
    "FHS_HRS_BASE_URL": "https://hrs.example.org/ads/api/Furnace/rest/json/hr",
    "FHS_COVID_API_BASE_URL": "https://covid.example.org/fhs_covid_api/api/reportVaccines/detail",
    "SECRET_KEY": "demo-5d1f7be2d84c6f905e71b8a4d2c6f03a",
    "BACKEND_CORS_ORIGINS": '["https://prosight.example.org"]',
}
OLD = 3.0  # days
AN_HOUR = 1 / 24  # days: what is still being written is left alone by those who look at backups
FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Surroundings:
    """Files of one service, and the systemd of its host."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unit = Unit(name=UNIT)
        self.host = Host(settings.programs, self._unit)

    def make(self) -> None:
        self._settings.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(self._settings.log, maxBytes=1_000_000, backupCount=2)
        formatter = logging.Formatter(FORMAT)
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        self.logger = logging.getLogger("fhs-prosight")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.addHandler(handler)
        self.host.install()
        self.set_variables()
        self.back_up()

    def close(self) -> None:
        for handler in self.logger.handlers:
            handler.close()

    def live(self) -> None:
        """What a healthy service writes now and then."""
        self.logger.info("employees are in step with HRS")
        self.host.log(UNIT, "GET /health 200")

    def log_errors(self) -> None:
        for number in range(30):
            self.logger.error("Failed to sync employee: sqlalchemy error, timeout after 30 s (attempt %d)", number)

    def journal_errors(self) -> None:
        for _ in range(30):
            self.host.log(UNIT, "ERROR Failed to sync employee: timeout")

    def fail_unit(self) -> None:
        self._unit.active, self._unit.sub = "failed", "failed"
        self.host.changed()

    def run_unit(self) -> None:
        self._unit.active, self._unit.sub = "active", "running"
        self.host.changed()

    def restart_unit(self) -> None:
        self._unit.restarts += 5
        self.host.changed()

    def set_variables(self) -> None:
        self._write(GOOD)

    def lose_variable(self) -> None:
        self._write({name: value for name, value in GOOD.items() if name != "SECRET_KEY"})

    def back_up(self) -> None:
        backups.dump(self._settings.owned, self._newest, "--format", "custom")
        backups.age(self._newest, AN_HOUR)

    def age_backup(self) -> None:
        backups.age(self._newest, OLD)

    def cut_backup(self) -> None:
        content = self._newest.read_bytes()
        self._newest.write_bytes(content[: len(content) // 20])
        backups.age(self._newest, AN_HOUR)

    @property
    def _newest(self) -> Path:
        return self._settings.backups / "backup_prod_latest.dump"

    def _write(self, values: dict[str, str]) -> None:
        file = self._settings.env_file
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
