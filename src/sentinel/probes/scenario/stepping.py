"""Takes single steps: sends what they say with the words known so far, and answers the words that they found."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from sentinel.base.units import format_duration
from sentinel.core.result import OWN_SIDE, FailureClass
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.caller import Caller, account_of
from sentinel.probes.calls.cookies import CookieJar
from sentinel.probes.calls.patience import Patience
from sentinel.probes.calls.session import Account, LoginRefused
from sentinel.probes.database import Answer, Database, Statement, open_database
from sentinel.probes.expect.answers import ExpectedAnswer
from sentinel.probes.expect.patterns import JsonPath, read_json
from sentinel.probes.finding import Finding
from sentinel.probes.scenario.captures import from_exchange, from_row, refuse_missing
from sentinel.probes.scenario.options import NOBODY, ScenarioOptions, Step, Until
from sentinel.probes.scenario.words import RUN, Value, Words, filled
from sentinel.probes.wire import Exchange

_NOTHING_THERE: Final = frozenset({404, 410})
_SHOWN: Final = 60  # characters of what `show` finds


@dataclass(slots=True, kw_only=True)
class Course:
    """What one run, or one clean-up, knows so far."""

    words: dict[str, Value] = field(repr=False)
    jar: CookieJar = field(default_factory=CookieJar)


class NothingThere(Exception):
    """What a step of `finally` was about is not there (any more)."""


class Stepper:
    """The steps of one scenario, made ready once."""

    def __init__(self, options: ScenarioOptions, tools: ProbeTools) -> None:
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._clock = tools.clock
        self._default = account_of(options.login, tools)
        self._accounts = {name: account_of(login, tools) for name, login in options.logins.items()}
        accounts = {"login": self._default, **{f"as {name}": account for name, account in self._accounts.items()}}
        self.patience = Patience(accounts, tools.clock, (tools.note or {}).get("logins"))
        every = (*options.steps, *options.finally_)
        self._expected = {step.name: _expected(step, tools.check) for step in every if step.request is not None}
        self.known_names = words = frozenset({RUN, *(name for step in every for name in step.capture)})
        self._databases = {step.name: _database(step, words, tools) for step in every if step.database is not None}

    async def take(self, step: Step, course: Course, deadline: float) -> None:
        """Take a step, its waiting included, and add its words to the course. Raises Finding when it is not as expected."""
        if step.until is not None:
            found = await self._wait_until(step, step.until, course, deadline)
        else:
            found = await self._try(step, course, deadline)
        course.words.update(found)
        refuse_missing(step.name, step.capture, found)

    async def take_away(self, step: Step, course: Course, deadline: float) -> None:
        """Take a step of `finally`: as `take`, but that nothing is there is as good as done, and a word need not be found.

        Raises NothingThere for the former, Finding when it is not as expected.
        """
        if step.until is not None:
            course.words.update(await self._wait_until(step, step.until, course, deadline))
        elif step.request is not None:
            exchange = await self._exchange(step, course, deadline)
            if exchange.status in _NOTHING_THERE:
                raise NothingThere
            course.words.update(self._judged(step, exchange))
        else:
            course.words.update(await self._try(step, course, deadline))

    async def _wait_until(self, step: Step, until: Until, course: Course, deadline: float) -> dict[str, Value]:
        loop = asyncio.get_running_loop()
        began, tries = loop.time(), 0
        end = began + until.within.total_seconds()
        last: Finding | None = None
        while True:
            tries += 1
            try:
                return await self._try(step, course, min(end, deadline))
            except _Stopped as stopped:
                raise stopped from None
            except Finding as finding:
                last = Unmet.keep(last, finding)
                if finding.failure in OWN_SIDE:
                    raise
            pause = until.every.total_seconds()
            if loop.time() + pause >= min(end, deadline):
                raise _hung(step, until, last, tries, loop.time() - began, cut_short=deadline < end)
            await asyncio.sleep(pause)

    async def _try(self, step: Step, course: Course, deadline: float) -> dict[str, Value]:
        if step.query is not None:
            return await self._ask(step, course.words, deadline)
        if step.log_in:
            await self._log_in(step, deadline)
            return {}
        exchange = await self._exchange(step, course, deadline)
        if step.makes:
            # What is not as expected may have made something all the same, and say what.
            course.words.update(from_exchange(step.capture, exchange))
        return self._judged(step, exchange)

    async def _exchange(self, step: Step, course: Course, deadline: float) -> Exchange:
        assert step.request is not None
        request = filled(step.request, course.words)
        account, cookies = self._account(step), course.jar.header(request.url)
        exchange = await self._caller.call_as(step.name, account, request, deadline, headers=cookies)
        course.jar.take(request.url, exchange, self._clock.now())
        return exchange

    def _judged(self, step: Step, exchange: Exchange) -> dict[str, Value]:
        if step.must_be_refused and 200 <= exchange.status < 300:
            explanation = _told(step, f"allowed with status {exchange.status}, and must be refused")
            raise Finding(FailureClass.ACCESS_GAINED, explanation, _GAINED_HINT)
        if step.until is not None:
            _refuse_stop(step, step.until, exchange)
        if (finding := self._expected[step.name].unmet(exchange)) is not None:
            says = finding.failure is not FailureClass.WRONG_STATUS or _says_of_it(exchange.status)
            explanation = _told(step, finding.explanation) if says else f"{step.name}: {finding.explanation}"
            stage = _stage(step, exchange)
            raise Unmet(finding.failure, explanation, finding.hint, status=exchange.status, stage=stage)
        return from_exchange(step.capture, exchange)

    async def _ask(self, step: Step, words: Words, deadline: float) -> dict[str, Value]:
        database, statement = self._databases[step.name]
        bound = tuple(str(words[name]) for name in statement.parameters)
        asked = await database.ask([statement], deadline, bound)
        if asked.trouble is not None:
            raise Finding.of_database(step.name, asked.trouble)
        if unmet := _unmet(step, asked.answers[0]):
            raise Finding(FailureClass.WRONG_ANSWER, _told(step, unmet), _ANSWER_HINT)
        return from_row(step.capture, asked.answers[0])

    async def _log_in(self, step: Step, deadline: float) -> None:
        account = self._account(step)
        assert account is not None
        try:
            await account.log_in(self._caller.transport, deadline)
        except LoginRefused as refused:
            raise Finding(refused.failure, f"{step.name}: {refused.explanation}", refused.hint) from None

    def _account(self, step: Step) -> Account | None:
        if step.as_ is None:
            return self._default
        return None if step.as_ == NOBODY else self._accounts[step.as_]


class Unmet(Finding):
    """What was expected of an answer does not hold (yet)."""

    def __init__(self, failure: FailureClass, explanation: str, hint: str, *, status: int, stage: str) -> None:
        super().__init__(failure, explanation, hint)
        self.status = status  # of the answer
        self.stage = stage  # how far the answer says that it is; empty where it is not asked

    @staticmethod
    def keep(last: Finding | None, finding: Finding) -> Finding:
        """The one to tell of: the last try is often cut short, and then what the one before it saw says more."""
        cut_short = finding.failure in {FailureClass.READ_TIMEOUT, FailureClass.QUERY_TIMEOUT}
        return last if last is not None and cut_short else finding


class _Stopped(Finding):
    """What was waited for will not come about any more."""


def _expected(step: Step, check: str) -> ExpectedAnswer:
    expect = step.expect.model_copy(update={"status": step.refusals}) if step.must_be_refused else step.expect
    # By hand it is too late: what the run made, and this step asked for, is taken away by the time anybody reads of it.
    return ExpectedAnswer(expect, again=f"Have `sentinel check {check}` take step {step.name} once more")


def _told(step: Step, unmet: str) -> str:
    return f"{step.name}: {step.means} ({unmet})" if step.means else f"{step.name}: {unmet}"


def _says_of_it(status: int) -> bool:
    """Whether an answer of this status says anything of what was asked for: not one that was refused, or that failed."""
    return status < 400 or status in _NOTHING_THERE


def _database(step: Step, words: frozenset[str], tools: ProbeTools) -> tuple[Database, Statement]:
    assert step.database is not None
    assert step.query is not None
    database = open_database(step.database, threads=tools.threads, resolver=tools.transport.resolver)
    return database, Statement(name=step.name, text=step.query, parameters=tuple(sorted(step.needs() & words)))


def _unmet(step: Step, answer: Answer) -> str:
    expect = step.expect
    if expect.rows is not None and (unmet := expect.rows.unmet(answer.rows)):
        return f"rows: expected {unmet}, found {answer.rows}"
    if expect.value is not None and (unmet := expect.value.unmet(answer.value)):
        return f"value: expected {unmet}, found {expect.value.shown(answer.value)}"
    return ""


def _refuse_stop(step: Step, until: Until, exchange: Exchange) -> None:
    if not until.stop_when:
        return
    try:
        document = read_json(exchange.body)
    except ValueError:
        return
    for ending in until.stop_when:
        if not ending.failing(document):
            explanation = _told(step, f"it will not come about: {ending.path.source} is as in stop_when")
            raise _Stopped(FailureClass.STEP_FAILED, f"{explanation}{_stage(step, exchange)}", _HUNG_HINT)


def _stage(step: Step, exchange: Exchange) -> str:
    """How far the answer says that it is; only where the step says that this may be shown."""
    path: JsonPath | None = step.until.show if step.until is not None else None
    if path is None:
        return ""
    try:
        found = path.find(read_json(exchange.body))
    except ValueError:
        return ""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return f"; {path.source}: {''.join(c if c.isprintable() else ' ' for c in str(found))[:_SHOWN]}"


def _hung(step: Step, until: Until, last: Finding | None, tries: int, seconds: float, *, cut_short: bool) -> Finding:
    said = last.explanation if last is not None else f"{step.name}: no answer"
    stage = last.stage if isinstance(last, Unmet) else ""
    after = f"after {format_duration(seconds)} ({tries} {'try' if tries == 1 else 'tries'})"
    limit = ", cut short by the check's timeout" if cut_short else ""
    known = isinstance(last, Unmet) or (last is not None and last.failure is FailureClass.WRONG_ANSWER)
    failure = FailureClass.STEP_FAILED if known or last is None else last.failure
    hint = _HUNG_HINT if known else last.hint if last is not None else ""
    if cut_short and until.within.total_seconds() > seconds:
        hint = "Raise the check's `timeout`: it has to leave room for `within`, for the other steps and for `finally`."
    return Finding(failure, f"{said} {after}{limit}{stage}", hint)


_HUNG_HINT: Final = "Look at the queue, the worker and the log behind this step: what is its oldest unfinished work?"
_ANSWER_HINT: Final = "Run the query by hand and compare; if the new answer is right, change what the step expects."
_GAINED_HINT: Final = (
    "Somebody may do what they must not: see what was deployed or granted last, and who used it meanwhile."
)
