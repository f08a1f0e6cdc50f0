"""What lies around the service on its host: settings, logs, backups. Written at the start, and changed by faults."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from examples import backups
from examples.auraconnect.settings import Settings

GOOD = {
    "ENVIRONMENT": "production",
    "DEBUG": "false",
    "JWT_SECRET_KEY": "demo-3f9c1a7be2d84c6f905e71b8a4d2c6f0",
    "DATABASE_URL": "postgresql://payroll_api@127.0.0.1/auraconnect",
    "CORS_ORIGINS": "https://payroll.example.org",
    "REDIS_URL": "redis://127.0.0.1/0",
    "API_RATE_LIMIT_PER_MINUTE": "100",
}
INSECURE = {
    "DEBUG": "true",
    "JWT_SECRET_KEY": "your-super-secure-256-bit-secret-key-here",
    "DATABASE_URL": "sqlite:///./payroll.db",
    "CORS_ORIGINS": "*",
}
OLD = 3.0  # days


class Surroundings:
    """Files of one service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.bound = True  # whether log lines carry their job and tenant

    def make(self) -> None:
        self._settings.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.secure_settings()
        self.back_up()
        self.back_jobs_up()

    def secure_settings(self) -> None:
        self._write_settings(GOOD)

    def insecure_settings(self) -> None:
        self._write_settings(GOOD | INSECURE)

    def bind_logs(self, *, bound: bool) -> None:
        """From the next line on, which comes at once."""
        self.bound = bound
        self.log("payroll_run_started", staff_count=50)

    def log(self, event: str, **bound: object) -> None:
        """One line of the service's log, as structlog writes it."""
        line: dict[str, object] = {"event": event, "level": "info", "timestamp": datetime.now(UTC).isoformat()}
        if self.bound:
            line |= {"job_id": str(uuid4()), "tenant_id": 1, **bound}
        with self._settings.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def back_up(self) -> None:
        backups.dump(self._settings.owned, self._newest)

    def age_backup(self) -> None:
        backups.age(self._newest, OLD)

    def cut_backup(self) -> None:
        """As a full disk leaves it."""
        os.truncate(self._newest, self._newest.stat().st_size // 2)

    def back_jobs_up(self) -> None:
        backups.dump(self._settings.owned, self._jobs, "--table", "payroll_job_tracking")

    def lose_jobs_backup(self) -> None:
        self._jobs.unlink(missing_ok=True)

    @property
    def _newest(self) -> Path:
        return self._settings.backups / "backup_latest.sql"

    @property
    def _jobs(self) -> Path:
        return self._settings.backups / "jobs_backup.sql"

    def _write_settings(self, values: dict[str, str]) -> None:
        file = self._settings.env_file
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
