"""How a scenario is written: its steps, what they expect, and what takes away what they make."""

import re
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from sentinel.base.fields import Options, PositiveDuration
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Login
from sentinel.probes.database.options import DatabaseField, NameField, StatementField
from sentinel.probes.expect.answers import HttpExpectations
from sentinel.probes.expect.assertions import JsonAssertion, NumberExpectation, ValueExpectation
from sentinel.probes.expect.patterns import JsonPath, Pattern
from sentinel.probes.expect.statuses import StatusField
from sentinel.probes.scenario.words import RUN, body_texts, named_in, open_texts, secret_texts

NOBODY: Final = "nobody"
REFUSED: Final = ("401", "403")  # statuses of a refusal

#: Methods that change nothing (RFC 9110, 9.2.1).
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_STEPS: Final = 50

#: What secrets are called, in words, paths and headers.
_SECRET: Final = re.compile(r"token|secret|passw|jwt|credential|authorization|api[_-]?key", re.IGNORECASE)


class Capture(Options):
    """A value to take out of an answer. A text stands for `json`."""

    json_: JsonPath | None = Field(default=None, alias="json")
    """Where it stands in the body, read as JSON: a text or a whole number."""
    header: str | None = None
    """The header whose value it is."""
    cookie: str | None = None
    """The cookie that the answer sets. Counts as a secret."""
    column: str | None = None
    """The column of the first row, of a query."""
    matches: Pattern | None = None
    """A pattern (RE2) for the part that is wanted: its first group, or all that it finds. By itself it looks into the body."""

    @model_validator(mode="after")
    def _takes_one(self) -> Self:
        places = [place for place in (self.json_, self.header, self.cookie, self.column) if place is not None]
        if len(places) > 1 or (not places and self.matches is None):
            raise ValueError(
                "one of json, header, cookie, column, or matches for the body; matches may stand beside it"
            )
        return self

    def is_secret(self, name: str) -> bool:
        """Whether the word of that name must not be written down: by where it comes from, and by what it is called."""
        texts = (name, self.json_.source if self.json_ is not None else "", self.header or "")
        return self.cookie is not None or any(_SECRET.search(text) for text in texts)


class Until(Options):
    """Waiting for something to come about: the step is taken again until what it expects holds."""

    within: PositiveDuration
    """How long that may take; beyond, the step has failed. The check's `timeout` has to leave room for it."""
    every: PositiveDuration = timedelta(seconds=1)
    """The pause between two tries."""
    stop_when: tuple[JsonAssertion, ...] = ()
    """What ends the waiting at once as failed, such as a state `failed`; one that holds is enough."""
    show: JsonPath | None = None
    """Where the answer says how far it is, such as the name of the stage that is under way; shown when the waiting fails. Never a
    place with a person's data."""


class StepExpectations(HttpExpectations):
    """What the answer must be: of a request as in `http`, of a query `rows` and `value`."""

    rows: NumberExpectation | None = None
    """Of a query: how many rows. At most 1,000 are counted."""
    value: ValueExpectation | None = None
    """Of a query: the first value of the first row."""


def _capture(value: object) -> object:
    return {"json": value} if isinstance(value, str) else value


#: Words of the configuration that begin an explanation.
MeaningField = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]

CaptureField = Annotated[Capture, BeforeValidator(_capture, json_schema_input_type=str | Capture)]


class Step(Options):
    """One step: a request, a query, or a login."""

    name: NameField
    """Its name, in small letters, digits and `_`; its time is the reading `steps.<name>`."""
    request: RequestOptions | None = None
    """The request. `{name}` in its address, headers and body is replaced by that word."""
    as_: NameField | None = Field(default=None, alias="as")
    """Who sends it: one of `logins`, or `nobody`; by default the user of `login`."""
    database: DatabaseField | None = None
    """The database of the query."""
    query: StatementField | None = None
    """One statement that reads. `{name}` stands for a word; it is bound as a parameter."""
    log_in: bool = False
    """Log in anew, instead of asking something: for a scenario that times the login too."""
    expect: StepExpectations = StepExpectations()
    """What the answer must be."""
    means: MeaningField | None = None
    """What it means when the answer is another, such as `the update was not kept`: told before what was found, word for word. Not
    told of an answer that says nothing of the matter, such as status 503."""
    must_be_refused: bool = False
    """The request must be refused (401 or 403, or the statuses of `expect`). If it is allowed, an incident opens at once."""
    until: Until | None = None
    """Take the step again until what it expects holds."""
    capture: dict[NameField, CaptureField] = Field(default_factory=dict)
    """Words to take out of the answer, for the steps that follow."""
    writes: bool | None = None
    """Whether the request makes or changes something; by default every method but `GET`, `HEAD` and `OPTIONS` does. A search by
    `POST` does not: say `false`."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.means is not None and self.log_in:
            raise ValueError("means beside a request or a query: a login that fails says itself what it means")
        given = [self.request is not None, self.query is not None, self.log_in]
        if sum(given) != 1 or (self.query is None) != (self.database is None):
            raise ValueError("one of request, query with database, log_in")
        for problem in filter(None, (self._problem_of_expect(), self._problem_of_captures())):
            raise ValueError(problem)
        if self.must_be_refused and (self.request is None or self.until is not None):
            raise ValueError("must_be_refused beside a request, and without until")
        if self.log_in and (self.until is not None or self.as_ == NOBODY):
            raise ValueError("log_in as somebody, and without until")
        return self

    @property
    def makes(self) -> bool:
        """Whether it may leave something behind."""
        if self.request is None:
            return False
        return self.request.method not in _SAFE if self.writes is None else self.writes

    @property
    def refusals(self) -> StatusField:
        """The statuses of a refusal."""
        return self.expect.status if "status" in self.expect.model_fields_set else REFUSED

    def needs(self) -> frozenset[str]:
        """The names in braces in it."""
        texts = [self.query] if self.query is not None else []
        if self.request is not None:
            texts += [*open_texts(self.request), *secret_texts(self.request), *body_texts(self.request)]
        return named_in(texts)

    def surely_needs(self) -> frozenset[str]:
        """Those of them that can only be meant as words; in a body, a query and secrets braces may mean themselves."""
        return named_in(open_texts(self.request)) if self.request is not None else frozenset()

    def needs_in_secrets(self) -> frozenset[str]:
        return named_in(secret_texts(self.request)) if self.request is not None else frozenset()

    def _problem_of_expect(self) -> str:
        given = self.expect.model_fields_set
        for_queries = {"rows", "value"}
        if self.request is not None and given & for_queries:
            return "rows and value beside a query only"
        if self.request is None and given - for_queries:
            return "status, headers, json, text and not_text beside a request only"
        return "no expect beside log_in" if self.log_in and given else ""

    def _problem_of_captures(self) -> str:
        for name, capture in self.capture.items():
            if name in _TAKEN:
                return f"another name than {name!r} for a word: Sentinel itself gives that one its value"
            if (capture.column is not None) is not (self.query is not None) or self.log_in:
                return f"column for the word of a query, and json, header, cookie or matches for that of a request ({name})"
        return ""


#: Names that the ledger uses beside the words.
BEGUN: Final = "begun"
_TAKEN: Final = frozenset({RUN, BEGUN})


class ScenarioOptions(Options):
    """Takes its steps in order, ends at the first that fails, and takes away what it made."""

    login: Login | None = None
    """Who the steps are taken as; none: requests carry their own credential, or need none."""
    logins: dict[NameField, Login] = Field(default_factory=dict)
    """Other users, by a name for `as`."""
    synthetic: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")] = "sentinel-"
    """What `{run}` begins with, so that everybody sees that a record is no real one."""
    resource: Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}$")] | None = None
    """Something that bears one run at a time: all scenarios that name the same take turns."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=_MOST_STEPS)]
    """The steps, in order."""
    finally_: Annotated[tuple[Step, ...], Field(max_length=_MOST_STEPS)] = Field(default=(), alias="finally")
    """Steps that take away what the others made: they run whatever happened, after a crash too. One whose words are not known, as
    nothing was made or found, is left out; for one that is answered by 404 or 410 there was nothing left."""
    clean_up_within: PositiveDuration = timedelta(seconds=5)
    """The part of the check's `timeout` that is kept for `finally`; at most a third of it."""

    @property
    def makes(self) -> bool:
        return any(step.makes for step in self.steps)

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        problems = (
            self._problem_of_names(),
            self._problem_of_users(),
            self._problem_of_words(),
            self._problem_of_marks(),
            self._problem_of_clean_up(),
        )
        for problem in filter(None, problems):
            raise ValueError(problem)
        return self

    def _problem_of_names(self) -> str:
        names = [step.name for step in (*self.steps, *self.finally_)]
        twice = sorted({name for name in names if names.count(name) > 1})
        return f"steps with different names; twice: {', '.join(twice)}" if twice else ""

    def _problem_of_users(self) -> str:
        for step in (*self.steps, *self.finally_):
            if step.as_ not in {None, NOBODY, *self.logins}:
                known = ", ".join(sorted([*self.logins, NOBODY]))
                return f"step {step.name}: `as` one of {known}"
            if step.log_in and step.as_ is None and self.login is None:
                return f"step {step.name}: log_in beside `login`, or `as` one of `logins`"
        return ""

    def _problem_of_words(self) -> str:
        known = {RUN}
        for step in self.steps:
            if problem := _unknown(step, known, self._all_words()):
                return problem
            if twice := known & step.capture.keys():
                return f"step {step.name}: another name for the word {min(twice)}, which an earlier step has captured"
            known |= step.capture.keys()
        for step in self.finally_:
            if problem := _unknown(step, known, self._all_words()):
                return problem
            known |= step.capture.keys()
        return ""

    def _all_words(self) -> frozenset[str]:
        return frozenset(name for step in (*self.steps, *self.finally_) for name in step.capture)

    def _problem_of_marks(self) -> str:
        """Something that is made without a mark could not be told from real data, nor found again."""
        words = {RUN, *self._all_words()}
        for step in self.steps:
            if step.makes and step.until is not None:
                return (
                    f"step {step.name}: until beside what makes nothing (`writes: false`): each try would make one more"
                )
            if step.makes and not step.needs() & words:
                return (
                    f"step {step.name}: {{run}} (or a word of an earlier step) in its address or body, so that what it makes "
                    "can be told from real data and taken away; or `writes: false` if it makes and changes nothing"
                )
        return ""

    def _problem_of_clean_up(self) -> str:
        if self.makes and "finally_" not in self.model_fields_set:
            makers = sorted((step for step in self.steps if step.makes), key=lambda step: step.must_be_refused)
            first = makers[0].name
            return f"`finally` with steps that take away what step {first} makes; an empty list if nothing of it can go again"
        secret = self._secret_words()
        found_anew: set[str] = set()
        for step in self.finally_:
            if hidden := (step.needs() & secret) - found_anew:
                return (
                    f"step {step.name}: no {{{min(hidden)}}} in `finally`, as it is a secret and the ledger keeps none; "
                    "have a step of `finally` capture it anew, or use `login`"
                )
            found_anew |= step.capture.keys()
        return ""

    def _secret_words(self) -> frozenset[str]:
        captured = {name for step in self.steps for name, capture in step.capture.items() if capture.is_secret(name)}
        in_secrets = (step.needs_in_secrets() for step in (*self.steps, *self.finally_))
        return frozenset(captured.union(*in_secrets)) - {RUN}


def _unknown(step: Step, known: set[str], ever: frozenset[str]) -> str:
    for name in sorted(step.surely_needs() - known) + sorted((step.needs() & ever) - known):
        later = "only a later step captures it" if name in ever else "no step captures it"
        return f"step {step.name}: words that are known by then; {{{name}}} is not, {later}"
    return ""
