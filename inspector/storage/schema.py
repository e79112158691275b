"""The tables.

What is kept of a part stands in `parts`, `views`, `findings`; what came later stands beside it
and never changes it: `plc_decisions`, `verdict_events`. `source` is where in the journal a row
came from, "<ring>:<offset>": applying an entry twice finds it there and adds nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

Utc = BigInteger
"""Times are microseconds since 1970 UTC: sorted, exact, the same in every database."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(when: datetime) -> int:
    """Return a time as the tables hold it; one without a zone raises `TypeError`."""
    return (when - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return a time of the tables, UTC with its zone."""
    return _EPOCH + microseconds * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(64)
Name = String(64)
Digest = String(64)
AutoId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what it calls INTEGER


def one_of(column: str, *words: str) -> CheckConstraint:
    """Return the rule that a column holds one of these words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _part_of() -> Column[str]:
    return Column("record", Id, ForeignKey("parts.record"), primary_key=True)


stations = Table(
    "stations",
    metadata,
    Column("name", Name, primary_key=True),
    Column("first_seen_at", Utc, nullable=False),
)

parts = Table(
    "parts",
    metadata,
    Column("record", Id, primary_key=True),
    Column("station", Name, ForeignKey("stations.name"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("triggered_at", Utc, nullable=False),
    Column("judged_at", Utc, nullable=False),
    Column("encoder", BigInteger, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("not_inspected", Text, nullable=False),
    Column("recipe", Name, nullable=False),
    Column("package", Name, nullable=False),
    Column("model_sha256", Digest, nullable=False),
    Column("device_asked", Name, nullable=False, server_default=""),
    Column("device", Name, nullable=False),
    Column("precision", Name, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("ready_to_judged_ms", Float),
    Column("latency_ms", Float),
    Column("late", Boolean),
    Column("stratum", SmallInteger),
    Column("audit_pi", Float),
    Column("selected", Boolean),
    Column("score", Float),  # what the strata are cut by
    Column("strata_version", Integer),
    Column("audit_key", Name),  # id of the key that drew, not the key
    Column("limits_version", Integer),  # of `versions`, kind "thresholds"; null: not known
    one_of("verdict", "pass", "reject", "unknown"),
    UniqueConstraint("station", "run", "number"),
    Index("ix_parts_station_time", "station", "triggered_at"),
    Index("ix_parts_time", "triggered_at"),
    # All that is asked of drawn parts, so that none of them is looked up among millions.
    Index(
        "ix_parts_selected",
        *("triggered_at", "record", "stratum", "audit_pi", "station", "selected"),
        sqlite_where=text("selected"),
        postgresql_where=text("selected"),
    ),
    Index(
        "ix_parts_not_passed",
        *("triggered_at", "station", "verdict"),
        sqlite_where=text("verdict <> 'pass'"),
        postgresql_where=text("verdict <> 'pass'"),
    ),
)

views = Table(
    "views",
    metadata,
    _part_of(),
    Column("view", Name, primary_key=True),
    Column("position", SmallInteger, nullable=False),
    Column("picture", Digest, nullable=False),
    Column("width_px", Integer, nullable=False),
    Column("height_px", Integer, nullable=False),
    Column("missed", Text, nullable=False),
    Column("model_ms", Float, nullable=False),
    Column("top_scores", JSON, nullable=False),
    Index("ix_views_picture", "picture"),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    _part_of(),
    Column("view", Name, primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("score", Float, nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("outline", JSON(none_as_null=True)),  # corners [x, y]; null: none was drawn
    sqlite_with_rowid=False,
)

plc_decisions = Table(
    "plc_decisions",
    metadata,
    _part_of(),
    Column("action", SmallInteger),  # null: the evidence was lost
    Column("agrees", Boolean, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("at", Utc, nullable=False),
    sqlite_with_rowid=False,
)

verdict_events = Table(
    "verdict_events",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("source", String(64), nullable=False, unique=True),
    Column("record", Id, ForeignKey("parts.record"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("press_id", String(128), unique=True),  # null for latched: nobody pressed
    Column("revision", SmallInteger, nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("person", Id, nullable=False),
    Column("person_name", String(128), nullable=False),
    Column("role", String(16), nullable=False),
    Column("signed_in", Boolean, nullable=False),
    Column("panel", String(128), nullable=False),
    Column("painted_at", Utc),
    Column("at", Utc, nullable=False),
    Column("why", Text, nullable=False),
    one_of("kind", "override", "latched", "correction"),
    one_of("verdict", "pass", "reject", "unknown"),
)

gaps = Table(
    "gaps",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("station", Name, ForeignKey("stations.name"), nullable=False),
    Column("run", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("totals", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    UniqueConstraint("station", "run", "first"),
)

boots = Table(
    "boots",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("source", String(64), nullable=False, unique=True),
    Column("station", Name, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("plc_boot", BigInteger, nullable=False),
    Column("at", Utc, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("source", String(64), nullable=False, unique=True),
    Column("station", Name, nullable=False),  # "": the whole gateway
    Column("name", Name, nullable=False),
    Column("text", Text, nullable=False),
    Column("on", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_alarms_at", "at"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("digest", Digest, primary_key=True),  # of the pixels
    Column("file_sha256", Digest, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("path", Text, nullable=False),  # within the data folder
    Column("at", Utc, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("badge", Name, nullable=False, unique=True),
    Column("pin_hash", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", Utc, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_sha256", Digest, primary_key=True),
    Column("person", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("csrf", Digest, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("last_seen_at", Utc, nullable=False),
    Column("ended_at", Utc),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("kind", String(8), primary_key=True),  # "badge" or "address"
    Column("key", String(128), primary_key=True),
    Column("wrong", Integer, nullable=False),  # since the last right one
    Column("last_at", Utc, nullable=False),
    Column("blocked_until", Utc),
)

journal_position = Table(
    "journal_position",
    metadata,
    Column("journal", Name, primary_key=True),
    Column("ring", Name, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("at", Utc, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", AutoId, primary_key=True, autoincrement=False),  # from 1, without a hole
    Column("body", LargeBinary, nullable=False),  # what is hashed is these bytes
    # The leaf's hash, then that of each subtree that this entry completes (audit/merkle.py).
    Column("hashes", LargeBinary, nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("size", AutoId, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
)
