"""What a person configures of the `roles` probe."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from sentinel.base.fields import Options, SecretField
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import LoginWay
from sentinel.probes.database.identifiers import is_postgres
from sentinel.probes.database.options import DatabaseField, IntegrityQuery
from sentinel.probes.expect.statuses import StatusField
from sentinel.probes.roles.content import Content
from sentinel.probes.roles.counting import CountOptions
from sentinel.probes.roles.coverage import OpenApiOptions
from sentinel.probes.roles.grants import GrantsOptions
from sentinel.probes.roles.integrity import AssignmentTableOptions

OBJECT: Final = "object"  # the word that stands for a record in an object's request
_MOST_CELLS: Final = 2000

RoleName = Annotated[str, StringConstraints(min_length=1, max_length=50)]
RequestName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
#: What can stand in a URL as it is.
_OBJECT: Final = r"^[A-Za-z0-9._~@:+,=-]{1,200}$"
ObjectName = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    StringConstraints(pattern=_OBJECT),
    WithJsonSchema({"type": ["string", "integer"], "pattern": _OBJECT}),
]


class RoleOptions(Options):
    """One role: the user that stands for it, and what it may do. Every other listed request must be refused."""

    username: str | None = None
    """A user with this role alone, to log in as."""
    password: SecretField | None = None
    """Its password."""
    token: SecretField | None = None
    """A lasting token, instead of a login."""
    anonymous: bool = False
    """Instead of both: nobody in particular, who sends no credential."""
    allow: tuple[RequestName, ...] = ()
    """Names of the requests that it may do."""

    @model_validator(mode="after")
    def _has_one_credential(self) -> Self:
        ways = (self.username is not None, self.token is not None, self.anonymous)
        if sum(ways) != 1 or (self.username is None) != (self.password is None):
            raise ValueError("either username and password, or token, or anonymous: true")
        return self


class MatrixRequest(RequestOptions):
    """A request that roles try."""

    refused_without: Content | None = None
    """What must not be in the answer when it is refused; none: what the check says for all requests."""


class ObjectOptions(Options):
    """Records that belong to somebody: each role gets its own, and must be refused another's."""

    request: MatrixRequest
    """The request for one record, with `{object}` in its place."""
    own: dict[RoleName, ObjectName] = Field(min_length=1)
    """For each role that has a record of its own, the id of that."""
    foreign: dict[RoleName, tuple[ObjectName, ...]] | None = None
    """For each role, ids of records that it must not get; none: for each role under `own`, those of the others."""
    unrestricted: tuple[RoleName, ...] = ()
    """Roles that may get every record under `own`."""

    @model_validator(mode="after")
    def _has_a_place_and_a_stranger(self) -> Self:
        request, placeholder = self.request, f"{{{OBJECT}}}"
        texts = (request.url, *request.headers.values(), request.body or "", str(request.json_body))
        if not any(placeholder in text for text in texts):
            raise ValueError("{object} in the request, where the record's id belongs")
        if self.foreign is None and len(self.own) < 2:
            raise ValueError("foreign, or two roles under own")
        return self

    def strangers(self) -> dict[RoleName, tuple[ObjectName, ...]]:
        """The records that each role must be refused."""
        if self.foreign is not None:
            return self.foreign
        free = set(self.unrestricted)
        return {
            role: tuple(dict.fromkeys(other for other in self.own.values() if other != mine))
            for role, mine in self.own.items()
            if role not in free
        }


class AssignmentOptions(Options):
    """A role that is given and taken away in every run, and how long giving it takes."""

    by: RoleName
    """The role that does both."""
    assign: RequestOptions
    """The request that gives a role to a user made for this purpose."""
    revoke: RequestOptions
    """The request that takes it away. It is sent whatever came of the first one."""


class RolesOptions(Options):
    """Tries every request as every role. The requests should change nothing: one that is wrongly allowed really happens."""

    login: LoginWay | None = None
    """How the roles' users log in."""
    roles: dict[RoleName, RoleOptions] = Field(default_factory=dict)
    """The roles by name."""
    requests: dict[RequestName, MatrixRequest] = Field(default_factory=dict)
    """The requests by name."""
    objects: dict[RequestName, ObjectOptions] = Field(default_factory=dict)
    """Records with an owner, by name."""
    allowed: StatusField = ("2xx",)
    """Statuses that mean that a request was allowed."""
    refused: StatusField = ("401", "403", "404")
    """Statuses that mean that it was refused."""
    refused_without: Content | None = None
    """What must not be in the answer to any request that is refused."""
    concurrency: int = Field(default=4, ge=1, le=32)
    """Requests at the same time."""
    assignment: AssignmentOptions | None = None
    """A role to give and take away."""
    openapi: OpenApiOptions | None = None
    """The service's own list of endpoints: those that no request here tries are counted."""
    database: DatabaseField | None = None
    """The database that everything below is asked of."""
    counts: tuple[CountOptions, ...] = ()
    """Numbers to read, such as how many roles and assignments there are."""
    assignment_table: AssignmentTableOptions | None = None
    """The table that says who has which role: nothing in it may be orphaned, double or out of date."""
    integrity: tuple[IntegrityQuery, ...] = ()
    """Other counts that must all be 0."""
    grants: GrantsOptions | None = None
    """What database users may do with which tables; PostgreSQL only."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._names_are_known()
        self._database_is_named()
        if not any((self.requests, self.objects, self.assignment, self.counts, self._asks_database())):
            raise ValueError("requests, assignment or counts, or one of objects, assignment_table, integrity, grants")
        if len({count.name for count in self.counts}) < len(self.counts):
            raise ValueError("counts with different names")
        if len({query.name for query in self.integrity}) < len(self.integrity):
            raise ValueError("integrity queries with different names")
        if self.openapi is not None and not self.requests and not self.objects:
            raise ValueError("requests or objects beside openapi")
        if self._cells() > _MOST_CELLS:
            raise ValueError(f"at most {_MOST_CELLS} pairs of role and request")
        return self

    def _names_are_known(self) -> None:
        only_database = self._asks_database() or self.counts
        if not self.roles and (self.requests or self.objects or self.assignment or not only_database):
            raise ValueError("at least 1 role")
        for name, role in self.roles.items():
            if unknown := sorted(set(role.allow) - set(self.requests)):
                raise ValueError(f"only names of `requests` under roles.{name}.allow; {unknown[0]!r} is none")
            if role.username is not None and self.login is None:
                raise ValueError("login, which says how the users log in")
        named = [self.assignment.by] if self.assignment is not None else []
        named += [count.by for count in self.counts if count.by is not None]
        if unknown := sorted(set(named) - set(self.roles)):
            raise ValueError(f"names of `roles` for `by`; {unknown[0]!r} is none")
        for name, one in self.objects.items():
            if unknown := sorted({*one.own, *one.strangers(), *one.unrestricted} - set(self.roles)):
                raise ValueError(f"names of `roles` under objects.{name}; {unknown[0]!r} is none")

    def _database_is_named(self) -> None:
        if self.database is None:
            if any(count.query is not None for count in self.counts):
                raise ValueError("database, which the queries of counts are asked of")
            if self._asks_database():
                raise ValueError("database, which assignment_table, integrity and grants are asked of")
        elif self.grants is not None and not is_postgres(self.database):
            raise ValueError("a PostgreSQL server under database: other databases have no grants")

    def _asks_database(self) -> bool:
        return bool(self.assignment_table or self.integrity or self.grants)

    def _cells(self) -> int:
        """How many pairs of role and request are tried in a run."""
        records = (
            len(one.own) * (1 + len(one.unrestricted)) + sum(map(len, one.strangers().values()))
            for one in self.objects.values()
        )
        return len(self.roles) * len(self.requests) + sum(records)
