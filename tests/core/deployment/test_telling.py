"""What stakeholders are told of a deployment: when, the sentences, and the rows of the outbox."""

from dataclasses import replace

import pytest

from sentinel.core.deployment.deployment import Deployment, Ending, Entry, Phase, Ran
from sentinel.core.deployment.plan import DeploymentPlan, OnFail
from sentinel.core.deployment.telling import about, compose, outdated, rows, suspected, told
from sentinel.core.incident import Address
from sentinel.core.notification import OF_DEPLOYMENTS, Kind, Message
from sentinel.core.rule import Severity
from tests.kit.released import PASSED, UNDONE, at, entries

PLAN = DeploymentPlan(system="portal")
FOUND = (("Portal API", Severity.OK), ("Login", Severity.WARNING), ("Database", Severity.UNKNOWN))
MAIL, CHAT = Address("mail", "lead@example.org"), Address("chat", "")
STARTED = replace(
    PASSED, phase=Phase.UNDER_WAY, verifications=(), watch=None, ending=None, ended_at=None, ended_why="", down_for=None
)
assert UNDONE.rollback is not None
ORDERED = replace(UNDONE.rollback, state=Ran.ORDERED, ended_at=None, text="", verification=None)
PROPOSED = replace(
    UNDONE, phase=Phase.PROPOSED, broken=None, rollback=ORDERED, ending=None, ended_at=None, ended_why=""
)


def tell(one: Deployment, kind: Kind, minutes: float, **more: object) -> Message:
    facts = {"plan": PLAN, "found": FOUND, "timeline": entries(one) if one.is_over else (), **more}
    return compose(one, kind, source="ward", now=at(minutes), **facts)  # type: ignore[arg-type]  # whichever are given


def undone(state: Ran, phase: Phase, text: str = "", ending: Ending | None = None) -> Deployment:
    rollback = replace(ORDERED, state=state, text=text, ended_at=at(16))
    over = {"ending": ending, "ended_at": at(16)} if ending else {}
    return replace(PROPOSED, phase=phase, rollback=rollback, **over)  # type: ignore[arg-type]  # as above


def test_the_start_says_when_what_and_what_follows() -> None:
    message = tell(STARTED, Kind.DEPLOYMENT_STARTED, 0)
    assert message.explanation == (
        "From 2026-11-22 10:20 to 10:50 UTC (30 min) portal goes from 2.4.0 to 2.4.1. "
        "It is expected to be down meanwhile: nobody is alarmed for that."
    )
    assert message.hint == (
        "You hear every 15 min how it goes, and what came of it. After the work it is watched for 15 min; "
        "if it is worse than before, people decide what to do."
    )


def test_without_a_version_before_and_without_updates_the_start_says_less() -> None:
    plan = replace(PLAN, update_every=0 * PLAN.update_every)
    message = tell(replace(STARTED, from_version="", expects_down=False), Kind.DEPLOYMENT_STARTED, 0, plan=plan)
    assert "portal is changed to 2.4.1. It should stay up" in message.explanation
    assert message.hint.startswith("You hear what came of it. After")


@pytest.mark.parametrize(
    ("minutes", "going"),
    [
        (15, "It has gone on for 15 min, and has 15 min to go."),
        (40, "It has gone on for 40 min, and its window was over 10 min ago: alarms are as always."),
    ],
)
def test_the_course_says_how_long_it_is_to_go_and_how_the_checks_are(minutes: float, going: str) -> None:
    said = tell(replace(STARTED, step=1), Kind.DEPLOYMENT_PROGRESS, minutes).explanation
    assert said == f"{going} 1 of 3 checks are well; not well: Login; of 1 it is not known."


def test_while_it_is_watched_the_course_says_what_was_found_so_far() -> None:
    assert PASSED.watch is not None
    watch = replace(PASSED.watch, judgements=PASSED.watch.judgements[:1])
    message = tell(replace(STARTED, phase=Phase.WATCHING, watch=watch), Kind.DEPLOYMENT_PROGRESS, 15, found=FOUND[:1])
    assert message.explanation == (
        "It is done, and watched until 10:43 UTC. So far: nothing is worse than before. 1 of 1 check is well."
    )


def test_a_failure_says_the_numbers_and_until_when_the_rollback_can_be_stopped() -> None:
    message = tell(PROPOSED, Kind.DEPLOYMENT_FAILED, 10)
    assert message.deployment is not None
    assert (message.severity, message.explanation) == (Severity.CRITICAL, "slower than before")
    assert message.deployment.findings[0].startswith("p95 of login 0.41 s, was 0.25 s, p = 0.0002")
    assert message.deployment.runs_at == at(15)
    assert message.hint == (
        "Portal goes back from 2.4.1 to 2.4.0 at 10:35 UTC, unless somebody stops that; you hear how it went."
    )


def test_a_failure_that_is_only_told_says_what_people_can_do() -> None:
    message = tell(replace(PROPOSED, rollback=None, phase=Phase.ENDED, ended_at=at(10)), Kind.DEPLOYMENT_FAILED, 10)
    assert message.hint.startswith("Nothing is rolled back by itself. `sentinel rollback --quick --system portal")


def test_a_failure_that_is_undone_at_once_says_so() -> None:
    at_once = replace(PROPOSED, on_fail=OnFail.ACT, rollback=replace(ORDERED, runs_at=ORDERED.ordered_at))
    assert (
        tell(at_once, Kind.DEPLOYMENT_FAILED, 10).hint
        == "Portal goes back from 2.4.1 to 2.4.0 now; you hear how it went."
    )


def test_what_fails_and_is_proposed_is_one_message() -> None:
    """EM-5: whoever is told twice in the same minute asks himself which of the two is true."""
    assert told((Kind.DEPLOYMENT_FAILED, Kind.ROLLBACK_PLANNED)) == (Kind.DEPLOYMENT_FAILED,)
    assert told((Kind.ROLLBACK_PLANNED,)) == (Kind.ROLLBACK_PLANNED,)


@pytest.mark.parametrize(
    ("one", "severity", "said"),
    [
        (undone(Ran.STARTED, Phase.ROLLING_BACK), Severity.CRITICAL, "Portal goes back from 2.4.1 to 2.4.0: that runs now."),
        (undone(Ran.DONE, Phase.VERIFYING), Severity.WARNING,
         "The rollback is done after 1 min. Its checks are run now, to know whether it has helped."),
        (undone(Ran.STOPPED, Phase.ENDED, "we look first (kim)", Ending.FAILED), Severity.WARNING,
         "The rollback was stopped before it began: we look first (kim)."),
        (undone(Ran.FAILED, Phase.ENDED, "undo ended with status 3\nwhat it wrote", Ending.ROLLBACK_FAILED), Severity.CRITICAL,
         "The rollback failed: undo ended with status 3."),
        (undone(Ran.INTERRUPTED, Phase.ENDED, "x", Ending.ROLLBACK_FAILED), Severity.CRITICAL,
         "The rollback was interrupted: nobody knows how far it came."),
    ],
)  # fmt: skip
def test_a_rollback_says_how_far_it_has_come(one: Deployment, severity: Severity, said: str) -> None:
    message = tell(one, Kind.ROLLBACK_ENDED, 16)
    assert (message.severity, message.explanation) == (severity, said)


def test_a_rollback_to_a_backup_names_the_backup() -> None:
    to_backup = replace(PROPOSED, rollback=replace(ORDERED, quick=False, backup_id="nightly-7"))
    assert (
        "Portal goes back from 2.4.1 to the backup nightly-7 at"
        in tell(to_backup, Kind.ROLLBACK_PLANNED, 10).explanation
    )


@pytest.mark.parametrize(
    ("ending", "severity", "said"),
    [
        (Ending.PASSED, Severity.OK, "Its watch found nothing that is worse than before. It took 23 min."),
        (Ending.INCONCLUSIVE, Severity.WARNING, "Too few results. It took 23 min."),
        (Ending.UNWATCHED, Severity.OK, "Too few results. It took 23 min."),
        (Ending.ROLLBACK_FAILED, Severity.CRITICAL, "Too few results. It took 23 min."),
        (Ending.ACCEPTED, Severity.OK, "Too few results. It took 23 min."),
    ],
)
def test_the_end_says_what_came_of_it(ending: Ending, severity: Severity, said: str) -> None:
    message = tell(replace(PASSED, ending=ending, ended_why="too few results"), Kind.DEPLOYMENT_ENDED, 23, found=())
    assert (message.severity, message.explanation) == (severity, said)


def test_a_rollback_that_no_check_proves_says_so() -> None:
    assert UNDONE.rollback is not None
    proven, not_proven = (
        tell(replace(UNDONE, rollback=one), Kind.DEPLOYMENT_ENDED, 17, found=()).explanation
        for one in (UNDONE.rollback, replace(UNDONE.rollback, verification=None))
    )
    assert proven == "It was rolled back, and the checks prove that. It took 17 min."
    assert not_proven == "It was rolled back; no check was asked to prove that. It took 17 min."


def test_the_end_brings_the_summary_along() -> None:
    """EM-4: start, end, duration, downtime, versions, the state of each part, and the figures."""
    one = about(PASSED, found=FOUND, timeline=entries(PASSED))
    assert (one.verdict, one.ending, one.down_for) == ("pass", "passed", 4 * (at(1) - at(0)))
    assert one.components == ("Login: warning", "Database: not known", "Portal API: well")
    assert one.findings == (
        "p95 of login 0.24 s, was 0.25 s, p = 0.7, 96 and 540 results",
        "0.0% of all results failed, 0.1% before",
    )
    assert one.timeline[0] == "10:20 started by ann: 2.4.0 to 2.4.1"


def test_what_is_down_still_counts_as_down() -> None:
    one = replace(STARTED, down_since=at(2), down_for=at(1) - at(0))
    assert about(one, now=at(5)).down_for == at(4) - at(0)


def test_what_a_command_wrote_is_nothing_for_stakeholders() -> None:
    entry = Entry(deployment=12, at=at(16), kind="rollback_ended", text="the rollback was done: canary-output")
    many = Entry(deployment=12, at=at(17), kind="note", by="ann", text="first\ncanary-output")
    assert about(UNDONE, timeline=(entry, many)).timeline == ("10:36 rollback ended", "10:37 note by ann: first")


def test_a_message_leads_to_the_page_of_the_deployment() -> None:
    assert (
        tell(STARTED, Kind.DEPLOYMENT_STARTED, 0, link="https://s.example.org/").link
        == "https://s.example.org/deployments/12"
    )
    assert tell(STARTED, Kind.DEPLOYMENT_STARTED, 0).link == ""


def test_a_message_is_bounded() -> None:
    crowd = [(f"check-{n}", Severity.OK) for n in range(100)]
    lines = [Entry(deployment=12, at=at(n), kind="note", text="x" * 5_000) for n in range(100)]
    one = about(PASSED, found=crowd, timeline=lines)
    assert (len(one.components), one.components[-1], len(one.timeline)) == (21, "80 more", 20)
    assert max(map(len, one.timeline)) < 250


def test_a_suspect_is_named_without_what_people_wrote() -> None:
    one = suspected(replace(UNDONE, impact="canary"))
    assert (one.id, one.version, one.by) == (12, "2.4.1", "ann")
    assert (one.impact, one.reason, one.findings, one.timeline, one.backup_id) == ("", "", (), (), "")


def test_all_of_one_deployment_is_one_conversation_that_no_incident_has() -> None:
    written = [
        row for kind in OF_DEPLOYMENTS for row in rows(PROPOSED, tell(PROPOSED, kind, 10), (MAIL, CHAT, MAIL), "me")
    ]
    assert len(written) == 2 * len(OF_DEPLOYMENTS) == len({row.key for row in written})
    assert {row.incident for row in written} == {-12}
    assert {row.deployment for row in written} == {12}


def test_what_is_decided_again_after_a_crash_has_the_same_keys() -> None:
    first, again = (rows(STARTED, tell(STARTED, Kind.DEPLOYMENT_STARTED, n), (MAIL,), "me") for n in (0, 1))
    assert (
        first[0].key
        == again[0].key
        != rows(STARTED, tell(STARTED, Kind.DEPLOYMENT_STARTED, 0), (MAIL,), "other")[0].key
    )


def test_each_step_of_the_course_has_a_key_of_its_own_that_the_next_makes_pointless() -> None:
    one, two = replace(STARTED, step=1), replace(STARTED, step=2)
    (first,), (second,) = (rows(step, tell(step, Kind.DEPLOYMENT_PROGRESS, 15), (MAIL,), "me") for step in (one, two))
    assert first.key != second.key
    assert outdated(one, (MAIL,), "me") == (first.key,)
    assert outdated(None, (MAIL,), "me") == outdated(STARTED, (MAIL,), "me") == ()


def test_a_rollback_that_is_ordered_again_is_told_again() -> None:
    later = replace(PROPOSED, rollback=replace(ORDERED, ordered_at=at(30), runs_at=at(35)))
    keys = {rows(one, tell(one, Kind.ROLLBACK_PLANNED, 30), (MAIL,), "me")[0].key for one in (PROPOSED, later)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Ran.DONE, "It was rolled back to 2.4.0, and what came of that is taken as it is. Known."),
        (
            Ran.INTERRUPTED,
            "Its rollback was interrupted, so it is not known which version runs; that is taken as it is.",
        ),
        (Ran.FAILED, "Its rollback failed, so it is not known which version runs"),
    ],
)
def test_one_that_was_accepted_after_its_rollback_says_what_is_known(state: Ran, said: str) -> None:
    one = replace(undone(state, Phase.ENDED, ending=Ending.ACCEPTED), ended_why="known")
    message = tell(one, Kind.DEPLOYMENT_ENDED, 16)
    assert message.severity is Severity.WARNING
    assert message.explanation.startswith(said)


def test_that_the_version_before_is_not_known_is_said() -> None:
    one = replace(PROPOSED, from_version="")
    assert "to the version before (which one is not known here) at" in tell(one, Kind.ROLLBACK_PLANNED, 10).explanation
