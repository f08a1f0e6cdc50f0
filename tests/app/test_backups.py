"""Which checks of backups look after the backup of Sentinel's own store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.app.backups import of_store
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.probes.backup.options import BackupOptions
from tests.kit.scene import check, plan


@pytest.mark.parametrize(
    ("place", "url", "own"),
    [
        ("/backups/sentinel-*.db", "sqlite:////var/lib/sentinel/sentinel.db", True),
        ("/backups/sentinel.db", "sqlite:////var/lib/sentinel/sentinel.db", True),
        ("/backups/clinic-*.dump", "sqlite:////var/lib/sentinel/sentinel.db", False),
        ("/backups/sentinel-*.dump", "sqlite:////var/lib/sentinel/sentinel.db", False),
        ("/backups/sentinels-*.db", "sqlite:////var/lib/sentinel/sentinel.db", False),
        ("/backups/watch-*.dump", "postgresql://user@127.0.0.1/watch", True),
        ("/backups/clinic-*.dump", "postgresql://user@127.0.0.1/watch", False),
    ],
)
def test_a_backup_is_of_the_store_when_it_is_named_after_it(place: str, url: str, own: bool) -> None:
    one = replace(check("nightly", kind="backup"), options=BackupOptions.model_validate({"places": [place]}))
    asked = replace(plan(check("api"), one), store=StorePlan(url=Secret(url)))
    assert of_store(asked) == (frozenset({"nightly"}) if own else frozenset())
