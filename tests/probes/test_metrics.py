"""The `metrics` probe against pages of metrics, and against a server with the form of Prometheus' API."""

from __future__ import annotations

import asyncio
import json
import math
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.metrics.exposition import Unreadable, read_page
from sentinel.probes.metrics.increases import Increase, Increases, Look
from sentinel.probes.metrics.quantile import quantile
from sentinel.probes.metrics.selector import Selector
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver
from tests.kit.memory import peak_growth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sentinel.core.result import Measurement, Note

MINUTE = timedelta(minutes=1)

ERROR_RATE = {"ratio": {"of": 'api_requests_total{status=~"5.."}', "to": "api_requests_total"}}
REQUESTS = {"rate": "api_requests_total"}
P95 = {"quantile": {"q": 0.95, "of": "api_request_duration_seconds"}}
ACTIVE = {"gauge": "active_workflows_total"}


def page(*, good: float = 0, bad: float | None = None, user: str = "Mary Canary") -> str:
    """What a service shows that has answered so many requests."""
    failed = "" if bad is None else f'api_requests_total{{user="{user}",status="500"}} {bad}\n'
    return (
        "# HELP api_requests_total Requests.\n# TYPE api_requests_total counter\n"
        f'api_requests_total{{user="{user}",status="200"}} {good}\n{failed}'
        "# TYPE active_workflows_total gauge\nactive_workflows_total 7.0\n"
    )


def histogram(*counts: float) -> str:
    bounds = ["0.1", "0.5", "1.0", "+Inf"]
    rows = [f'd_bucket{{le="{bound}"}} {count}' for bound, count in zip(bounds, counts, strict=True)]
    return "\n".join(["# TYPE d histogram", *rows, f"d_sum 3.5\nd_count {counts[-1]}\n"])


class Service:
    """A service with a page of metrics, looked at once in a minute."""

    def __init__(self, bench: Bench, receiver: HttpReceiver, clock: FakeClock) -> None:
        self.bench = bench
        self.receiver = receiver
        self.clock = clock
        self.note: Note | None = None
        self._options: dict[str, Any] = {}

    def watch(self, values: dict[str, Any], **options: Any) -> None:
        """As from a start on: with what was noted before."""
        known = CATALOGUE["metrics"]
        self._options = {"url": f"{self.receiver.url}/metrics", "values": values, **options}
        # No interval: each look asks anew.
        tools = replace(self.bench.tools, interval=timedelta(0), note=self.note)
        self.probe = known.build(known.options.model_validate(self._options), tools)

    def restart_sentinel(self) -> None:
        self.note = orjson.loads(orjson.dumps(self.note))
        self.watch(**self._options_without_url())

    def _options_without_url(self) -> dict[str, Any]:
        return {name: value for name, value in self._options.items() if name != "url"}

    async def look(self, body: str, *, after: float = 60.0) -> Measurement:
        self.receiver.answer = Answer(body=body.encode())
        await self.clock.advance(seconds=after)
        found = await run(self.probe)
        self.note = found.note or self.note
        return found

    async def values(self, body: str, *, after: float = 60.0) -> dict[str, float]:
        found = await self.look(body, after=after)
        assert found.outcome is Outcome.PASS, found.explanation
        return {name[7:]: value for name, value in readings(found).items() if name.startswith("values.")}


@pytest.fixture
async def service(receiver: HttpReceiver) -> AsyncIterator[Service]:
    clock = FakeClock()
    async with Bench(clock) as bench:
        yield Service(bench, receiver, clock)


# Gauges


@pytest.mark.parametrize(("by", "value"), [("sum", 9), ("max", 6), ("min", 1)])
async def test_the_series_of_a_gauge_become_one_number(service: Service, by: str, value: float) -> None:
    service.watch({"pool": {"gauge": 'pool{state!="x"}', "by": by, "unit": "count"}})
    found = await service.values('pool{state="x"} 99\npool{state="a"} 2\npool{state="b"} 1\npool{state="c"} 6\n')
    assert found == {"pool": value}


async def test_a_gauge_is_read_at_the_first_look(service: Service) -> None:
    service.watch({"active": ACTIVE})
    assert await service.values(page()) == {"active": 7}


@pytest.mark.parametrize(
    ("body", "explanation"),
    [
        ("", "active: there is no metric active_workflows_total"),
        ("active_workflows_total_bis 7\n", "active: there is no metric active_workflows_total"),
        (
            "active_workflows_total NaN\n",
            "active: there is no series of active_workflows_total with such labels and a number",
        ),
    ],
)
async def test_a_gauge_that_is_not_there_is_missing(service: Service, body: str, explanation: str) -> None:
    service.watch({"active": ACTIVE})
    found = await service.look(body)
    assert (found.failure, found.explanation) == (FailureClass.MISSING, explanation)


async def test_what_is_optional_may_be_absent(service: Service) -> None:
    service.watch({"active": {**ACTIVE, "optional": True}, "requests": {**REQUESTS, "optional": True}})
    assert await service.values("other 1\n") == {}


async def test_a_series_that_nobody_measures_any_more_is_stale(service: Service) -> None:
    service.watch({"active": ACTIVE})
    then = round((service.clock.now() - timedelta(minutes=20)).timestamp() * 1000)
    found = await service.look(f"active_workflows_total 7 {then}\n")
    assert (found.failure, found.explanation) == (
        FailureClass.STALE,
        "active: active_workflows_total was last measured 21 min ago",
    )


# Counters


async def test_a_rate_needs_two_looks(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    assert await service.values(page(good=1000)) == {}
    assert await service.values(page(good=1120)) == {"requests": 2.0}


async def test_an_error_rate_counts_a_series_that_comes_into_being(service: Service) -> None:
    """A counter with labels comes into being with its first event: five errors among a hundred were not seen."""
    service.watch({"errors": ERROR_RATE})
    await service.look(page(good=1000))
    assert await service.values(page(good=1095, bad=5)) == {"errors": 0.05}


async def test_a_value_says_what_it_was_made_of(service: Service) -> None:
    service.watch({"errors": ERROR_RATE, "requests": REQUESTS, "p95": {"quantile": {"q": 0.95, "of": "d"}}})
    await service.look(page(good=1000) + histogram(0, 0, 0, 0))
    found = await service.look(page(good=1095, bad=5) + histogram(1, 2, 3, 4))
    assert found.hints == {
        "values.errors": '5 of 100 within the last 1 min: api_requests_total{status=~"5.."}.',
        "values.requests": "It grew by 100 within the last 1 min.",
        "values.p95": "Of 4 observations within the last 1 min: d.",
    }


async def test_a_service_that_restarts_does_not_upset_the_rate(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    await service.look(page(good=100_000))
    assert await service.values(page(good=30)) == {"requests": 0.5}


async def test_each_series_restarts_for_itself(service: Service) -> None:
    service.watch({"requests": {"increase": "c"}})
    await service.look('c{worker="1"} 100\nc{worker="2"} 100\n')
    assert await service.values('c{worker="1"} 10\nc{worker="2"} 150\n') == {"requests": 60}


async def test_a_restart_of_sentinel_forgets_nothing(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    await service.look(page(good=1000))
    service.restart_sentinel()
    assert await service.values(page(good=1120)) == {"requests": 2.0}


async def test_a_value_that_is_asked_otherwise_begins_anew(service: Service) -> None:
    """After a reload with another selector, all that a counter had ever counted was told as its growth."""
    service.watch({"requests": {"rate": 'api_requests_total{status="500"}'}})
    await service.look(page(good=1_000_000, bad=1))
    service.watch({"requests": REQUESTS})
    assert await service.values(page(good=1_000_010, bad=1)) == {}
    assert await service.values(page(good=1_000_070, bad=1)) == {"requests": 1.0}


async def test_growth_over_a_long_gap_says_nothing_of_now(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    await service.look(page(good=0))
    assert await service.values(page(good=7200), after=7200) == {}
    assert await service.values(page(good=7260)) == {"requests": 1.0}


async def test_a_clock_that_is_set_does_not_upset_the_rate(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    await service.look(page(good=0))
    service.clock.step(hours=-1)
    assert await service.values(page(good=60)) == {"requests": 1.0}


async def test_a_clock_that_was_set_back_over_a_restart_begins_anew(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    await service.look(page(good=0))
    service.restart_sentinel()
    service.clock.step(hours=-1)
    assert await service.values(page(good=60)) == {}


@pytest.mark.parametrize("good", [18, 19])
async def test_few_events_make_no_rate(service: Service, good: int) -> None:
    service.watch({"errors": ERROR_RATE})
    await service.look(page())
    assert await service.values(page(good=good, bad=1)) == ({} if good == 18 else {"errors": 0.05})


async def test_a_service_without_traffic_passes(service: Service) -> None:
    service.watch({"errors": {**ERROR_RATE, "min_count": 1}, "requests": REQUESTS})
    await service.look(page(good=5))
    assert await service.values(page(good=5)) == {"requests": 0.0}


async def test_a_counter_without_series_is_known_by_its_type(service: Service) -> None:
    service.watch({"panics": {"increase": "panics_total"}})
    await service.look("# TYPE panics_total counter\n")
    assert await service.values("# TYPE panics_total counter\npanics_total 3\n") == {"panics": 3}


async def test_a_counter_that_nobody_knows_is_missing(service: Service) -> None:
    service.watch({"panics": {"increase": "panics_total"}})
    found = await service.look("x 1\n")
    assert (found.failure, found.explanation) == (FailureClass.MISSING, "panics: there is no metric panics_total")
    assert "look for the name" in found.hint


async def test_a_window_sums_what_it_holds(service: Service) -> None:
    service.watch({"requests": REQUESTS}, over="2m")
    for good in (0, 600, 600):
        await service.look(page(good=good))
    assert await service.values(page(good=720)) == {"requests": 1.0}
    service.restart_sentinel()
    assert await service.values(page(good=720)) == {"requests": 1.0}
    assert await service.values(page(good=720)) == {"requests": 0.0}


async def test_an_average_is_a_ratio_of_sum_and_count(service: Service) -> None:
    service.watch({"average": {"ratio": {"of": "d_sum", "to": "d_count"}, "min_count": 1, "unit": "s"}})
    await service.look("d_sum 10\nd_count 100\n")
    found = await service.look("d_sum 13\nd_count 110\n")
    assert readings(found)["values.average"] == pytest.approx(0.3)
    assert found.readings[-1].unit is Unit.SECONDS


def test_a_long_window_of_many_looks_is_kept_in_few_steps() -> None:
    increases = Increases(None, interval=timedelta(seconds=1), window=timedelta(hours=1))
    for second in range(4000):
        at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=second)
        found = increases.take(Look(at=at, moment=second, values={"v": {"counter": {"a": 2.0 * second}}}))
    assert found["v"].seconds == pytest.approx(3600, abs=60)
    assert found["v"].amounts["counter"] == 2 * found["v"].seconds
    assert len(increases.note()["steps"]) <= 240


_pages = st.lists(st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e6)), min_size=2, max_size=8)


@given(_pages, st.integers(0, 7))
def test_a_restart_of_sentinel_changes_nothing_at_any_time(pages: list[dict[str, float]], restart_before: int) -> None:
    def steps(increases: Increases, *, restart: bool) -> list[Mapping[str, Increase]]:
        found = []
        for number, series in enumerate(pages):
            if restart and number == restart_before:
                increases = Increases(orjson.loads(orjson.dumps(increases.note())), interval=MINUTE, window=3 * MINUTE)
            at = datetime(2026, 3, 2, tzinfo=UTC) + number * MINUTE
            found.append(increases.take(Look(at=at, moment=60.0 * number, values={"v": {"counter": series}})))
        return found

    without, with_one = (
        steps(Increases(None, interval=MINUTE, window=3 * MINUTE), restart=restart) for restart in (False, True)
    )
    assert without == with_one


@given(_pages)
def test_growth_is_never_below_nothing_and_never_above_what_is_shown(pages: list[dict[str, float]]) -> None:
    increases = Increases(None, interval=MINUTE, window=timedelta(0))
    for number, series in enumerate(pages):
        at = datetime(2026, 3, 2, tzinfo=UTC) + number * MINUTE
        found = increases.take(Look(at=at, moment=60.0 * number, values={"v": {"counter": series}}))
        if number:
            assert 0 <= found["v"].amounts["counter"] <= sum(series.values())


# Histograms


async def test_a_quantile_is_of_what_came_since_the_last_look(service: Service) -> None:
    service.watch({"p95": {"quantile": {"q": 0.95, "of": "d"}}})
    await service.look(histogram(1_000, 1_000, 1_000, 1_000))
    found = await service.values(histogram(1_000, 1_090, 1_100, 1_100))
    assert found == {"p95": pytest.approx(0.75)}


async def test_a_quantile_beyond_the_last_bound_is_that_bound(service: Service) -> None:
    service.watch({"p95": {"quantile": {"q": 0.95, "of": "d"}}})
    await service.look(histogram(0, 0, 0, 0))
    assert await service.values(histogram(0, 0, 0, 100)) == {"p95": 1.0}


async def test_a_summary_has_no_buckets(service: Service) -> None:
    service.watch({"p95": {"quantile": {"q": 0.95, "of": "d"}}})
    found = await service.look('# TYPE rest summary\nrest{quantile="0.5"} 1\n')
    assert (found.failure, found.explanation) == (FailureClass.MISSING, "p95: there is no metric d_bucket")
    assert "histogram" in found.hint


def test_a_quantile_is_promqls() -> None:
    """The figures are those that `histogram_quantile` gives for the same buckets."""
    buckets = {0.1: 50.0, 0.5: 90.0, 1.0: 100.0, math.inf: 100.0}
    assert quantile(0.5, buckets) == pytest.approx(0.1)
    assert quantile(0.25, buckets) == pytest.approx(0.05)
    assert quantile(0.9, buckets) == pytest.approx(0.5)
    assert quantile(0.99, buckets) == pytest.approx(0.95)
    assert quantile(0.5, {0.0: 6.0, 0.5: 11.0, 1.0: 14.0, math.inf: 19.0}) == pytest.approx(0.35)


@pytest.mark.parametrize("buckets", [{}, {math.inf: 5.0}, {1.0: 5.0}, {1.0: 0.0, math.inf: 0.0}])
def test_without_observations_there_is_no_quantile(buckets: dict[float, float]) -> None:
    assert quantile(0.5, buckets) is None


@given(
    st.floats(0.01, 0.99),
    st.dictionaries(st.floats(-10, 1000), st.floats(0, 1e9), min_size=1, max_size=12),
    st.floats(1, 1e9),
)
def test_a_quantile_lies_between_the_bounds(q: float, buckets: dict[float, float], last: float) -> None:
    found = quantile(q, {**buckets, math.inf: last})
    assert found is not None
    assert min(0.0, *buckets) <= found <= max(0.0, *buckets)


# The page


async def test_labels_are_about_people_and_leave_the_probe_nowhere(service: Service) -> None:
    service.watch({"requests": REQUESTS, "errors": ERROR_RATE, "missing": {"gauge": "nothing"}})
    await service.look(page(good=1))
    found = await service.look(page(good=2, bad=1))
    assert "Mary" not in words(found)
    assert "Mary" not in json.dumps(found.note)


@pytest.mark.parametrize(
    "body", ["<html>Mary Canary</html>", '{"status": "ok"}', "Mary Canary\n", "active_workflows_total Mary\n"]
)
async def test_a_page_of_another_kind_is_told(service: Service, body: str) -> None:
    service.watch({"active": ACTIVE})
    found = await service.look(body)
    assert found.failure is FailureClass.WRONG_BODY
    assert "Mary" not in words(found)


async def test_the_page_is_asked_for_as_text(service: Service) -> None:
    service.watch({"active": ACTIVE})
    await service.look(page())
    assert service.receiver.requests[0].headers["accept"].startswith("text/plain;version=0.0.4")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('x{a="1",b="2"} 5', 5),
        ('x{a="1",b="2",} 5', 5),
        ('x { a = "1" , b = "2" } 5', 5),
        ('x{b="2",a="1"} 5 1700000000000', 5),
        ('x{a="1",b="2"} 5 # {trace_id="t"} 0.3', 5),
        ('x{a="1",b="2",c="} \\" \\\\ \\n"} 5e0', 5),
        ('x{a="1",b="2"} +Inf', math.inf),
    ],
)
def test_lines_are_read_in_every_form(line: str, value: float) -> None:
    [sample] = read_page(f"# TYPE x gauge\n{line}\n".encode(), ["x"]).samples["x"]
    assert sample.value == value
    assert (sample.labels["a"], sample.labels["b"]) == ("1", "2")


@pytest.mark.parametrize("line", ["x{", 'x{a="1" 5', "x{a=1} 5", 'x{a="1"}', "x y", "x 1 2 3"])
def test_a_broken_line_is_told_by_its_metric(line: str) -> None:
    with pytest.raises(Unreadable, match="a line of x"):
        read_page(f"y 1\n{line}\n".encode(), ["x"])


@given(st.binary(max_size=200))
def test_no_page_upsets_the_reader(body: bytes) -> None:
    try:
        read_page(b"x 1\nx{" + body, ["x"])
    except Unreadable:
        return


@given(st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True), st.text(max_size=20), max_size=4))
def test_every_label_comes_back(labels: dict[str, str]) -> None:
    written = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    line = "x{" + ",".join(f'{name}="{value}"' for name, value in written.items()) + "} 1"
    [sample] = read_page(line.encode("utf-8", "replace"), ["x"]).samples["x"]
    assert {**sample.labels} == {name: value.encode("utf-8", "replace").decode() for name, value in labels.items()}


@pytest.mark.parametrize(
    ("source", "labels", "matches"),
    [
        ("x", {"a": "1"}, True),
        ('x{a="1"}', {"a": "1"}, True),
        ('x{a="1", b=""}', {"a": "1"}, True),
        ('x{a!="1"}', {"a": "1"}, False),
        ('x{a=~"5.."}', {"a": "500"}, True),
        ('x{a=~"5.."}', {"a": "1500"}, False),
        ('x{a=~"a|b"}', {"a": "ac"}, False),
        ("x{a!~'5..',}", {"a": "500"}, False),
        ('x{a="\\"}"}', {"a": '"}'}, True),
    ],
)
def test_a_selector_matches_as_in_promql(source: str, labels: dict[str, str], matches: bool) -> None:
    assert Selector(source).matches(labels) is matches


def large_page() -> str:
    """5 MB and 50,000 series, of which 5,000 are needed."""
    rows = [f'http_requests_total{{endpoint="/api/v1/patients/{n}",status="200"}} {n}' for n in range(45_000)]
    rows += [f'api_requests_total{{endpoint="/{n}",status="{200 + n % 4 * 100}"}} {n}' for n in range(5_000)]
    return ("\n".join(rows) + "\n").ljust(5 << 20, "#")


async def test_a_large_page_holds_nothing_up(service: Service) -> None:
    service.watch({"requests": REQUESTS, "errors": ERROR_RATE})
    service.receiver.answer = Answer(body=large_page().encode())
    running = asyncio.create_task(run(service.probe))
    longest = 0.0
    while not running.done():
        before = perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, perf_counter() - before)
    assert (await running).outcome is Outcome.PASS
    assert longest < 0.25


async def test_a_large_page_takes_little_more_than_its_own_memory(service: Service) -> None:
    service.watch({"requests": REQUESTS, "errors": ERROR_RATE})
    body = large_page()
    with peak_growth() as growth:
        await service.look(body)
    assert growth.bytes < 32 << 20  # the server's copies included


def test_a_page_of_blank_lines_takes_no_memory_of_its_own() -> None:
    """A pattern that passed over them took a gigabyte, and held every thread up for more than a second."""
    body = b"\n" * (8 << 20) + b"x"
    with peak_growth() as growth, pytest.raises(Unreadable):
        read_page(body, ["x"])
    assert growth.bytes < 1 << 20


async def test_a_page_that_no_thread_is_free_for_is_unknown(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=large_page().encode())
    ended = threading.Event()
    busy = [bench.tools.threads.submit(ended.wait, 5.0) for _ in range(4)]
    found = await bench.measure("metrics", url=receiver.url, values={"v": REQUESTS}, within=1.0)
    ended.set()
    await asyncio.gather(*map(asyncio.wrap_future, busy))
    assert (found.failure, found.outcome) == (FailureClass.OVERLOADED, Outcome.UNKNOWN)


async def test_too_many_series_are_refused(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    found = await service.look("\n".join(f'api_requests_total{{n="{n}"}} 1' for n in range(50_001)))
    assert found.failure is FailureClass.WRONG_BODY
    assert "more than 50000 series of api_requests_total" in found.explanation


async def test_a_note_has_a_bound(service: Service) -> None:
    service.watch({"requests": REQUESTS})
    found = await service.look("\n".join(f'api_requests_total{{n="{n}"}} 1' for n in range(5_000)))
    assert found.note == {}


@pytest.mark.parametrize(
    "note", [{}, {"version": 0}, {"version": 1, "at": "x"}, {"version": 1, "at": 1e99, "series": {}, "covered": []}]
)
async def test_a_note_of_another_form_is_as_none(service: Service, note: Note) -> None:
    service.note = note
    service.watch({"requests": REQUESTS})
    assert await service.values(page(good=60)) == {}


async def test_checks_of_one_page_share_one_request(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=page().encode())
    probes = [bench.build("metrics", url=receiver.url, values={"v": value}) for value in (ACTIVE, REQUESTS, ERROR_RATE)]
    found = await asyncio.gather(*map(run, probes))
    assert [one.outcome for one in found] == [Outcome.PASS] * 3
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("status", "auth", "failure"),
    [
        (404, None, FailureClass.WRONG_STATUS),
        (401, None, FailureClass.WRONG_STATUS),
        (401, {"bearer": "token-canary"}, FailureClass.CREDENTIAL_REFUSED),
        (403, {"bearer": "token-canary"}, FailureClass.NOT_PERMITTED),
    ],
)
async def test_a_status_is_told(
    bench: Bench, receiver: HttpReceiver, status: int, auth: dict[str, str] | None, failure: FailureClass
) -> None:
    receiver.answer = Answer(status=status)
    found = await bench.measure("metrics", url=receiver.url, values={"v": ACTIVE}, auth=auth)
    assert (found.failure, found.explanation) == (failure, f"metrics: status {status}")
    assert found.hint


async def test_a_page_that_is_too_long_is_not_looked_at(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(body=page().encode() * 100)
    found = await bench.measure("metrics", url=receiver.url, values={"v": ACTIVE}, body_limit=1024)
    assert found.failure is FailureClass.BODY_TOO_LARGE


async def test_a_login_that_fails_is_told(bench: Bench, receiver: HttpReceiver) -> None:
    receiver.answer = Answer(status=500)
    login = {"url": f"{receiver.url}/login", "username": "monitor", "password": "pass-canary"}
    found = await bench.measure("metrics", url=receiver.url, values={"v": ACTIVE}, login=login)
    assert found.failure is FailureClass.LOGIN_FAILED


# A Prometheus server


def answer(kind: str, result: Any, *, status: int = 200) -> Answer:
    body = json.dumps({"status": "success", "data": {"resultType": kind, "result": result}})
    return Answer(status=status, body=body.encode())


def refusal(status: int) -> Answer:
    body = {"status": "error", "errorType": "bad_data", "error": "parse error: Mary Canary"}
    return Answer(status=status, body=json.dumps(body).encode())


def vector(*values: str) -> Answer:
    return answer("vector", [{"metric": {"user": "Mary Canary"}, "value": [1700000000.1, value]} for value in values])


async def asked(bench: Bench, receiver: HttpReceiver, scripted: Answer, **value: Any) -> Measurement:
    receiver.answer = scripted
    query = {"query": 'sum(rate(errors{code=~"5.."}[5m]))', "unit": "ratio", **value}
    return await bench.measure("metrics", url=f"{receiver.url}/prefix/", values={"errors": query})


@pytest.mark.parametrize("scripted", [vector("0.25"), answer("scalar", [1700000000, "0.25"])])
async def test_a_query_yields_a_number(bench: Bench, receiver: HttpReceiver, scripted: Answer) -> None:
    found = await asked(bench, receiver, scripted)
    assert readings(found)["values.errors"] == 0.25
    assert found.readings[-1].unit is Unit.RATIO
    assert receiver.requests[0].target.startswith(
        "/prefix/api/v1/query?query=sum%28rate%28errors%7Bcode%3D~%225..%22%7D"
    )


async def test_nothing_divided_by_nothing_is_no_failure(bench: Bench, receiver: HttpReceiver) -> None:
    found = await asked(bench, receiver, vector("NaN"))
    assert found.outcome is Outcome.PASS
    assert "values.errors" not in readings(found)


@pytest.mark.parametrize(
    ("scripted", "failure", "explanation"),
    [
        (vector(), FailureClass.MISSING, "errors: the query finds nothing"),
        (vector("1", "2"), FailureClass.MISCONFIGURED, "errors: the query finds 2 series"),
        (answer("matrix", []), FailureClass.MISCONFIGURED, "errors: the query yields no single number"),
        (refusal(400), FailureClass.MISCONFIGURED, "errors: the server refuses the query"),
        (refusal(422), FailureClass.MISCONFIGURED, "errors: the server refuses the query"),
        (refusal(503), FailureClass.QUERY_TIMEOUT, "errors: the server gave the query up"),
        (Answer(status=503, body=b"<html>"), FailureClass.WRONG_STATUS, "errors: status 503"),
        (Answer(status=404), FailureClass.WRONG_STATUS, "Prometheus server: status 404"),
        (Answer(body=b"<html>"), FailureClass.WRONG_BODY, "errors: the answer is not that of a Prometheus server"),
        (Answer(body=b"[]"), FailureClass.WRONG_BODY, "errors: the answer is not that of a Prometheus server"),
        (
            answer("vector", [{"value": "Mary"}]),
            FailureClass.WRONG_BODY,
            "errors: the answer is not that of a Prometheus server",
        ),
    ],
)
async def test_what_a_server_answers_otherwise_is_told(
    bench: Bench, receiver: HttpReceiver, scripted: Answer, failure: FailureClass, explanation: str
) -> None:
    found = await asked(bench, receiver, scripted)
    assert (found.failure, found.explanation) == (failure, explanation)
    assert found.hint
    assert "Mary" not in words(found)


async def test_an_optional_query_may_find_nothing(bench: Bench, receiver: HttpReceiver) -> None:
    assert (await asked(bench, receiver, vector(), optional=True)).outcome is Outcome.PASS


# Options


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, "exactly one of gauge, rate"),
        ({"gauge": "x", "rate": "x"}, "exactly one of gauge, rate"),
        ({"gauge": "x{a=1}"}, "a metric's name with or without labels"),
        ({"gauge": "5x"}, "a metric's name with or without labels"),
        ({"gauge": 'x{a=~"("}'}, "a pattern in RE2's syntax"),
        ({"rate": "x", "by": "max"}, "by only beside gauge"),
        ({"rate": "x", "min_count": 5}, "min_count only beside ratio or quantile"),
        ({"quantile": {"q": 95, "of": "x"}}, "less than 1"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(value: dict[str, Any], expected: str) -> None:
    assert expected in problem("metrics", url="http://127.0.0.1/", values={"v": value})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"values": {}}, "at least 1"),
        ({"values": {"a": {"query": "up"}, "b": ACTIVE}}, "values that all have a query, or none"),
        ({"values": {"a": {"query": "up"}}, "url": "http://h/?x=1"}, "the address of a Prometheus server"),
        ({"values": {"a": {"query": "up"}}, "method": "POST"}, "no method and no body beside queries"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], expected: str) -> None:
    assert expected in problem("metrics", **{"url": "http://127.0.0.1/", **options})


def test_options_that_were_written_out_can_be_read_again() -> None:
    """A rate that was written out had a `min_count`, which is refused beside a rate."""
    known = CATALOGUE["metrics"].options
    values = {"errors": ERROR_RATE, "requests": REQUESTS, "p95": P95, "active": ACTIVE}
    options = known.model_validate({"url": "http://127.0.0.1/", "values": values, "over": "5m"})
    assert known.model_validate_json(options.model_dump_json(by_alias=True, exclude_none=True)) == options
