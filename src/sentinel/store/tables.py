"""The tables, as they are after the newest migration (a test compares both).

Times are whole microseconds since 1970, UTC (`moments`), except `results.slot` (see `results`). What is only ever read as a
whole (a state, an incident, a message) is JSON with the version of its form beside it; what is asked for has a column.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

#: The revisions of the schema that this program knows, the oldest first.
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
HEAD = REVISIONS[-1]

#: SQLite stores an INTEGER PRIMARY KEY in the key of the row itself; PostgreSQL's INTEGER would be too narrow.
Long = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

#: Facts about the store itself.
meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Small numbers for words that would otherwise stand in every result. A number never changes its meaning.
names = Table(
    "names",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # `check`, `ending`, `readings` or `sums`
    Column("name", Text, nullable=False),
    UniqueConstraint("kind", "name", name="names_once"),
)

#: One row per result, in the order of time. On PostgreSQL in partitions (`partitions`).
results = Table(
    "results",
    metadata,
    Column("slot", Long, primary_key=True, autoincrement=False),  # milliseconds * 2^20 + number of the check
    Column("severity", SmallInteger, nullable=False),
    Column("ending", Integer, nullable=False),  # a name: outcome and class of failure
    Column("took", Integer, nullable=False),  # milliseconds from the slot to the end of the probe
    Column("shape", Integer, nullable=False),  # a name: which readings, in which form
    Column("readings", LargeBinary, nullable=False),
    Column("explanation", Text),
    Column("hint", Text),
    postgresql_partition_by="RANGE (slot)",
)

#: Where to look for the last result of a check that has been silent for long.
latest = Table(
    "latest",
    metadata,
    Column("check_id", Integer, primary_key=True, autoincrement=False),
    Column("slot", BigInteger, nullable=False),
)

#: What must survive a restart, per check.
states = Table(
    "states",
    metadata,
    Column("check_name", Text, primary_key=True),
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: Incidents that have opened.
incidents = Table(
    "incidents",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    Column("check_name", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),  # null while it is open
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("incidents_by_resolution", "resolved_at"),
)

#: What happened to an incident.
timeline = Table(
    "timeline",
    metadata,
    Column("id", Long, primary_key=True),
    Column("incident", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("what", Text, nullable=False),
    UniqueConstraint("incident", "at", "kind", "what", name="timeline_once"),
)

_UNDELIVERED = text("due_at IS NOT NULL")
_DONE = text("due_at IS NULL")
_CARRIED = text("carried_by IS NOT NULL AND due_at IS NOT NULL")

#: Notifications, from queued to sent, dead or cancelled.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Long, primary_key=True),
    Column("key", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("incident", BigInteger),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger),  # null unless it is queued or being sent
    Column("attempts", Integer, nullable=False),
    Column("ambiguous", Integer, nullable=False),
    Column("lease_until", BigInteger),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("message", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False, server_default="1"),  # 0: urgent, before all others
    Column("sent_at", BigInteger),  # when the receiver took it
    Column("carried_by", BigInteger),  # the row whose message stands for this one too
    Column("copy_of", BigInteger),  # the row of another channel that this is told in place of
    Column("copied_at", BigInteger),  # when it was copied to another channel
    UniqueConstraint("key", name="outbox_once"),
    Index("outbox_by_incident", "incident", "channel", "recipient"),
    Index("outbox_undelivered", "channel", "rank", "due_at", sqlite_where=_UNDELIVERED, postgresql_where=_UNDELIVERED),
    Index("outbox_done", "created_at", sqlite_where=_DONE, postgresql_where=_DONE),
    Index("outbox_carried", "carried_by", sqlite_where=_CARRIED, postgresql_where=_CARRIED),
)

#: Sums over 5 minutes (span 300), hours (span 3600) and days (span 86400, UTC).
rollups = Table(
    "rollups",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False),  # seconds
    Column("start", BigInteger, primary_key=True, autoincrement=False),  # seconds since 1970
    Column("check_id", Integer, primary_key=True, autoincrement=False),
    Column("up", Double, nullable=False),
    Column("degraded", Double, nullable=False),
    Column("down", Double, nullable=False),
    Column("unknown", Double, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False),
    Column("histogram", LargeBinary, nullable=False),
    Column("counted", Integer, nullable=False, server_default="0"),  # samples that took the main reading
    Column("total", Double, nullable=False, server_default="0"),  # sum of their values
    Column("readings", LargeBinary),  # sums of every reading (`summing`); null: none, or from before they were kept
    sqlite_with_rowid=False,
)

#: Hours and days that have a row each for all that their parts say.
condensed = Table(
    "condensed",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False),  # seconds
    Column("start", Long, primary_key=True, autoincrement=False),  # seconds since 1970
)

#: Reports that were made, or at least begun: one row per report and period.
reports = Table(
    "reports",
    metadata,
    Column("id", Long, primary_key=True),
    Column("name", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("digest", Text, nullable=False, server_default=""),  # of what it said
    UniqueConstraint("name", "period", name="reports_once"),
)

#: What the probe of each check noted last, as JSON.
notes = Table(
    "notes",
    metadata,
    Column("check_name", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

#: What scenarios made and have not cleaned up yet.
ledger = Table(
    "ledger",
    metadata,
    Column("id", Text, primary_key=True),
    Column("check_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("known", Text, nullable=False),  # names and values as JSON
)

#: Silences, those that are over too: reports list them.
silences = Table(
    "silences",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: Windows that people planned, and those of the configuration of which somebody ended an occurrence early.
windows = Table(
    "windows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ends_at", BigInteger),  # null where it comes again and again
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: Occurrences of windows as they were held: whom they were announced to is committed with the messages.
occurrences = Table(
    "occurrences",
    metadata,
    Column("window_id", Text, primary_key=True),
    Column("starts_at", BigInteger, primary_key=True, autoincrement=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("finished", SmallInteger, nullable=False),  # 1: nothing is left to do about it
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
)

#: Who stands in for whom on call, as people arranged it by command; those that are over too.
overrides = Table(
    "overrides",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    Column("schedule", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),  # the same as its start: it was called off before it began
    Column("by_whom", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("ended_by", Text),  # null unless somebody ended it early
)

#: What was posted on the status page, with what was taken off it again.
posts = Table(
    "posts",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    Column("thread", BigInteger, nullable=False),  # id of the first post of its thread
    Column("closed_at", BigInteger),  # of the whole thread; null while it is open
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("posts_by_thread", "thread"),
)

#: Deployments, from their start on.
deployments = Table(
    "deployments",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),
    Column("system", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),  # null while it goes on
    Column("version", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("deployments_by_start", "started_at"),
)

#: What happened in a deployment.
deployment_entries = Table(
    "deployment_entries",
    metadata,
    Column("id", Long, primary_key=True),
    Column("deployment", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("took", BigInteger),  # microseconds; null where nothing took its time
    Index("deployment_entries_by_deployment", "deployment"),
)

#: What people and programs had Sentinel do, each chained to the one before it.
journal = Table(
    "journal",
    metadata,
    Column("id", Long, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("at", BigInteger, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("mac", Text, nullable=False),
    Index("journal_by_time", "at"),
)

#: What is being done at this moment, and goes into the journal when it is done.
intents = Table(
    "intents",
    metadata,
    Column("key", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

#: People who are signed in.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),  # SHA-256 of what the browser has
    Column("name", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("role", SmallInteger, nullable=False),
    Column("stamp", Text, nullable=False),  # of what let them in; when that changes, it is over
    Column("made_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
