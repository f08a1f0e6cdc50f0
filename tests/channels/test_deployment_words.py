"""What people read of deployments, and of the deployment that an incident may come of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.channels.conversation import conversation
from sentinel.channels.opsgenie import requests
from sentinel.channels.pagerduty import event
from sentinel.channels.payload import payload
from sentinel.channels.render import Tone, words
from sentinel.channels.wording import Wording
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message
from sentinel.core.rule import Severity
from tests.kit.messages import BEGAN, DEPLOYMENT, FAILED, OPENED, SLOWER, message, notification

ENDED = message(Kind.DEPLOYMENT_ENDED)


def lines(told: Message) -> list[tuple[str, str]]:
    return [(line.label, line.text) for line in words(told).lines]


def ended(ending: str, severity: Severity = Severity.OK, rollback: str = "") -> Message:
    assert ENDED.deployment is not None
    return replace(ENDED, severity=severity, deployment=replace(ENDED.deployment, ending=ending, rollback=rollback))


def test_the_start_says_what_when_for_how_long_and_what_users_notice() -> None:
    """EM-4: window, expected downtime, impact, what follows."""
    assert lines(message(Kind.DEPLOYMENT_STARTED)) == [
        ("What", "deployment 7 of payroll: 2.4.0 to 2.4.1 (3f2a91c) in production"),
        ("Started", "2026-03-02 03:00:05 UTC by ci"),
        ("Window", "03:00 to 03:30 UTC (30 min)"),
        ("Expected", "to be down"),
        ("Impact", "no payslips meanwhile"),
        ("Now", "From 03:00 to 03:30 UTC payroll goes from 2.4.0 to 2.4.1."),
        ("What follows", "You hear every 15 min how it goes."),
        ("Look at", "https://sentinel.example.org/deployments/7"),
    ]
    assert words(message(Kind.DEPLOYMENT_STARTED)).body == ""


def test_a_failure_says_the_figures_and_how_the_rollback_is_stopped() -> None:
    said = lines(message(Kind.DEPLOYMENT_FAILED))
    assert said[4:] == [
        ("Why", "it is slower than before"),
        ("Figure", SLOWER),
        ("Rollback", "to 2.4.0"),
        ("Reason", "too slow"),
        ("Checks", "Payroll API: critical, 3 well"),
        ("Stop it with", 'sentinel deploy veto 7 --why "not now"'),
    ]
    assert words(message(Kind.DEPLOYMENT_FAILED)).lines[-1].command


def test_the_end_says_how_long_it_took_and_was_down_and_brings_the_timeline() -> None:
    said = dict(lines(ENDED))
    assert (said["Ended"], said["Seen down for"]) == ("2026-03-02 03:18:05 UTC", "4 min 10 s")
    assert said["As before"] == "18 figures"
    assert "Figure" not in said
    assert words(ENDED).body.splitlines() == [
        "Timeline (UTC):",
        "03:00 started by ci",
        "03:10 note by kim: the tables are moved (35 s)",
    ]


def test_the_figure_that_decided_is_said_once() -> None:
    """A mail had it in its subject, as the reason, as a figure, for the rollback, and in three lines of its timeline."""
    why = "failures of all checks together 12 %, were 0 % (bound 1 %), p < 0.001, 96 and 540 results"
    other = "failures of login 30 %, were 0 % (bound 1 %), p < 0.001, 24 and 135 results"
    timeline = (
        f"03:12 judged: after 2 min: {why[:60]}",
        f"03:12 rollback planned: {why[:60]}",
        "03:13 note by kim: I see",
    )
    one = replace(FAILED, findings=(why, other), as_before=18, reason=f"{why}; and 1 more", timeline=timeline)
    told = replace(
        message(Kind.DEPLOYMENT_FAILED), explanation=f"{why}; and 1 more", title="12 % of all looks fail, 0 % before"
    )
    said = words(replace(told, deployment=one))
    assert said.headline == "payroll 2.4.1 failed: 12 % of all looks fail, 0 % before"
    assert [(line.label, line.text) for line in said.lines][4:8] == [
        ("Why", f"{why}; and 1 more"),
        ("Figure", other),
        ("As before", "18 figures"),
        ("Rollback", "to 2.4.0"),
    ]
    assert said.body.splitlines()[1:] == [
        "03:12 judged: after 2 min: as said above", "03:12 rollback planned: as said above", "03:13 note by kim: I see",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ending", "tag", "headline"),
    [
        ("passed", "DEPLOYED", "payroll 2.4.1 is in place after 18 min, and as good as what was before"),
        ("inconclusive", "DEPLOYED", "payroll 2.4.1 is in place after 18 min; it could not be judged"),
        ("unwatched", "DEPLOYED", "payroll 2.4.1 is in place after 18 min, without a watch"),
        ("accepted", "DEPLOYED", "payroll 2.4.1 had failed, and is taken as it is"),
        ("failed", "DEPLOYMENT FAILED", "payroll 2.4.1 failed after 18 min, and stands as it is"),
        ("rolled_back", "ROLLED BACK", "payroll 2.4.1 was rolled back after 18 min"),
        ("rollback_failed", "ROLLBACK FAILED",
         "payroll 2.4.1 was rolled back after 18 min, and that did not bring it in order"),
    ],
)  # fmt: skip
def test_every_end_has_its_words(ending: str, tag: str, headline: str) -> None:
    said = words(ended(ending))
    assert (said.tag, said.headline) == (tag, headline)


@pytest.mark.parametrize(
    ("rollback", "headline"),
    [
        ("done", "payroll 2.4.1 was rolled back, and what came of that is taken as it is"),
        ("failed", "payroll 2.4.1 was to be rolled back, which failed; that is taken as it is"),
        ("interrupted", "payroll 2.4.1 was to be rolled back, which broke off; that is taken as it is"),
    ],
)
def test_what_was_accepted_after_its_rollback_is_not_called_deployed(rollback: str, headline: str) -> None:
    said = words(ended("accepted", rollback=rollback))
    assert (said.tag, said.headline) == ("ACCEPTED", headline)


@pytest.mark.parametrize(
    ("phase", "headline"),
    [
        ("under_way", "payroll 2.4.1 goes on until 03:30 UTC: 3 of 4 checks well"),
        ("watching", "payroll 2.4.1 is watched until 03:40 UTC: 3 of 4 checks well"),
        ("proposed", "payroll 2.4.1 is rolled back at 03:23 UTC unless somebody stops that: 3 of 4 checks well"),
        ("rolling_back", "payroll 2.4.1 is being rolled back: 3 of 4 checks well"),
        ("verifying", "payroll 2.4.1 has been rolled back, and its checks are run: 3 of 4 checks well"),
    ],
)
def test_the_course_says_how_far_it_has_come(phase: str, headline: str) -> None:
    one = replace(FAILED, phase=phase, watched_until=BEGAN + timedelta(minutes=40))
    assert words(replace(message(Kind.DEPLOYMENT_PROGRESS), deployment=one)).headline == headline


def test_what_takes_longer_than_agreed_says_so() -> None:
    late = replace(message(Kind.DEPLOYMENT_PROGRESS), at=BEGAN + timedelta(minutes=45), severity=Severity.WARNING)
    said = words(late)
    assert said.headline == "payroll 2.4.1 takes 15 min longer than agreed: 3 of 4 checks well"
    assert said.tone is Tone.WARNING


@pytest.mark.parametrize(
    ("rollback", "tag", "headline"),
    [
        ("stopped", "ROLLBACK STOPPED", "payroll 2.4.1 is not rolled back: somebody stopped that"),
        ("failed", "ROLLBACK FAILED", "payroll 2.4.1: its rollback failed"),
        ("interrupted", "ROLLBACK FAILED",
         "payroll 2.4.1: its rollback failed: it was interrupted, and may have run in part"),
    ],
)  # fmt: skip
def test_a_rollback_that_did_not_go_well_says_so_first(rollback: str, tag: str, headline: str) -> None:
    one = replace(FAILED, rollback=rollback, runs_at=None)
    said = words(replace(message(Kind.ROLLBACK_ENDED), deployment=one))
    assert (said.tag, said.headline) == (tag, headline)


def test_a_rollback_to_a_backup_of_what_nobody_told_sentinel_of() -> None:
    one = replace(FAILED, version="", from_version="", ref="", quick=False, backup_id="nightly-7")
    said = dict(lines(replace(message(Kind.ROLLBACK_PLANNED), deployment=one)))
    assert said["What"] == "deployment 7 of payroll in production"
    assert said["Rollback"] == "to the backup nightly-7"


def test_tones_tell_good_from_bad_at_a_glance() -> None:
    told = [message(kind) for kind in (Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_FAILED, Kind.ROLLBACK_STARTED)]
    tones = [words(one).tone for one in (*told, ENDED, ended("rolled_back", Severity.WARNING))]
    assert tones == [Tone.CALM, Tone.CRITICAL, Tone.WARNING, Tone.GOOD, Tone.WARNING]


# --- Suspects --------------------------------------------------------------------------------------------------------


def suspect(minutes: float, over: float | None = None) -> str:
    """What an incident says of a deployment that began so long before it, and was over so long before it."""
    one = replace(
        DEPLOYMENT,
        started_at=BEGAN - timedelta(minutes=minutes),
        ended_at=None if over is None else BEGAN - timedelta(minutes=over),
    )
    return dict(lines(replace(OPENED, suspect=one)))["Suspect"]


def test_an_incident_names_the_deployment_that_it_may_come_of() -> None:
    assert suspect(6) == "deployment 7 of payroll 2.4.1, began 6 min before (by ci)"
    assert suspect(40, 20) == "deployment 7 of payroll 2.4.1, began 40 min before and was over 20 min before (by ci)"


def test_a_suspect_stands_below_the_reason_and_takes_nothing_away() -> None:
    labels = [label for label, _ in lines(replace(OPENED, suspect=DEPLOYMENT))]
    assert labels.index("Suspect") == labels.index("Why") + 1
    assert [label for label in labels if label != "Suspect"] == [label for label, _ in lines(OPENED)]


# --- In the channels -------------------------------------------------------------------------------------------------


def test_a_mail_shows_the_timeline_and_escapes_what_people_wrote() -> None:
    one = replace(DEPLOYMENT, impact="<b>none</b>", timeline=("03:10 note by kim: <script>",))
    told = replace(message(Kind.DEPLOYMENT_PROGRESS), deployment=one)
    mail = Wording().mail(words(told), told)
    assert "Impact:            <b>none</b>" in mail.text
    assert "&lt;b&gt;none" in mail.html
    assert "03:10 note by kim: &lt;script&gt;" in mail.html


def test_a_webhook_gets_the_facts_with_durations_in_seconds() -> None:
    body = payload(notification(replace(ENDED, suspect=DEPLOYMENT)))
    assert body["deployment"]["down_for"] == 250.0
    assert body["deployment"]["components"][0] == "Payroll API: critical"
    assert (body["suspect"]["id"], body["suspect"]["version"]) == (7, "2.4.1")
    assert "checks" not in body["suspect"], "an incident does not know how its checks are: 0 would be false"


def test_a_template_of_a_users_own_knows_the_deployment() -> None:
    own = Wording({"headline.txt": "{% if message.deployment %}Release {{ message.deployment.version }}{% endif %}"})
    assert own.words(ENDED).subject == "[DEPLOYED] Release 2.4.1 (deployment 7)"


@pytest.mark.parametrize("kind", sorted(OF_DEPLOYMENTS))
def test_no_deployment_pages_anybody(kind: Kind) -> None:
    """The incident of the deployment's own check does, by its policy."""
    row = notification(message(kind))
    assert "event_action" not in event(row, words(row.message))
    made = [body for _, path, body in requests(row, words(row.message)) if path == "/v2/alerts"]
    assert [body["priority"] for body in made] in ([], ["P5"])


def test_all_of_one_deployment_has_one_name_and_two_have_two() -> None:
    names = {conversation(notification(message(kind), key=kind.value)) for kind in OF_DEPLOYMENTS}
    assert names == {"sentinel-ward-deployment-7"}
