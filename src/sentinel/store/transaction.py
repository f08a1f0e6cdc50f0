"""What one transaction can do: the tables, on one connection."""

from collections.abc import Iterable

from sqlalchemy import Connection

from sentinel.core.slo import Rollup
from sentinel.store.aggregates import Aggregates
from sentinel.store.books import Auditing
from sentinel.store.configurations import Configurations
from sentinel.store.deployments import DeploymentTable
from sentinel.store.facts import Facts
from sentinel.store.incidents import Incidents
from sentinel.store.journal import JournalTable
from sentinel.store.ledger import Ledger
from sentinel.store.names import Names
from sentinel.store.notes import Notes
from sentinel.store.on_call import OnCallTable
from sentinel.store.orders import Orders
from sentinel.store.outbox import Outbox
from sentinel.store.posts import Posts
from sentinel.store.reports import Reports
from sentinel.store.results import Results
from sentinel.store.rollups import Rollups
from sentinel.store.sessions import SessionTable
from sentinel.store.silences import SilenceTable
from sentinel.store.states import States
from sentinel.store.windows import WindowTable


class Transaction:
    """Everything in it is committed together, or nothing. Valid only while the work that it was given to runs."""

    __slots__ = (
        "aggregates",
        "auditing",
        "configurations",
        "deployments",
        "facts",
        "incidents",
        "journal",
        "ledger",
        "notes",
        "on_call",
        "orders",
        "outbox",
        "posts",
        "reports",
        "results",
        "rollups",
        "sessions",
        "silences",
        "states",
        "windows",
    )

    def __init__(self, connection: Connection, names: Names, known: Iterable[Rollup] = ()) -> None:
        self.results = Results(connection, names)
        self.states = States(connection)
        self.incidents = Incidents(connection)
        self.outbox = Outbox(connection)
        self.orders = Orders(connection)
        self.rollups = Rollups(connection, names, known)
        self.notes = Notes(connection)
        self.ledger = Ledger(connection)
        self.reports = Reports(connection)
        self.facts = Facts(connection)
        self.auditing = Auditing(connection, self.incidents, self.results)
        self.silences = SilenceTable(connection)
        self.on_call = OnCallTable(connection)
        self.windows = WindowTable(connection)
        self.journal = JournalTable(connection)
        self.sessions = SessionTable(connection)
        self.configurations = Configurations(connection)
        self.aggregates = Aggregates(connection, names, self.rollups)
        self.posts = Posts(connection)
        self.deployments = DeploymentTable(connection)
