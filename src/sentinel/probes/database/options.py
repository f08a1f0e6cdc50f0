"""How a person names a database and a statement for it."""

from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.probes.database.asking import refuse_control
from sentinel.probes.database.url import problem_of_url


def _known(url: Secret) -> Secret:
    if problem := problem_of_url(url):
        raise ValueError(problem)
    return url


#: `postgresql://…`, `sqlite:///…` or `sqlite+libsql://…`.
DatabaseField = Annotated[SecretField, AfterValidator(_known)]

#: One statement that reads.
StatementField = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(refuse_control)]

#: What can be done where an integrity query has no number to compare with 0.
NO_COUNT_HINT: Final = (
    "Let the query select one number: `SELECT count(*) …`, or `coalesce(sum(…), 0)`, as a sum over no rows is none."
)

#: The last part of a reading's name.
NameField = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


class IntegrityQuery(Options):
    """A query that counts what must not be there, such as role assignments without a user."""

    name: NameField
    """What is counted, in small letters, digits and `_`; the reading is `integrity.<name>`."""
    query: StatementField
    """One statement whose first value is the count."""
