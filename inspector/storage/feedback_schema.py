"""The tables of what people say and decide later, of what is counted, kept for a time, and sent.

All of them but `outbox` are append-only, and so are those of `schema` that hold a record: a trigger
refuses to change a row, and to delete one unless a row of `deletions` is open, which names the
policy it follows. What holds no more is superseded by a newer row that names it.
"""

from __future__ import annotations

from typing import Final

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
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from inspector.storage.schema import AutoId, Digest, Id, Name, Utc, metadata, one_of

REVIEW_SOURCES: Final = "flagged", "audit", "confirm", "second", "seed", "downstream"
WORDS: Final = "OK", "NOK", "UNSURE"
LABEL_FORMATS: Final = "coco", "label-studio", "cvat"
VERSIONED: Final = "settings", "recipe", "thresholds", "strata", "retention", "costs", "policy"

seeded_defects = Table(
    "seeded_defects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("station", Name, ForeignKey("stations.name"), nullable=False),
    Column("kind", Name, nullable=False),  # of defect
    Column("picture", Digest, nullable=False),
    Column("made_from", Text, nullable=False),  # the part or the picture it was made from
    Column("person", Id, nullable=False),
    Column("at", Utc, nullable=False),
)

# What one look of a person came to. Newest first holds: a later row names what it supersedes.
reviews = Table(
    "reviews",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("request", String(128), nullable=False, unique=True),  # the browser's id of the press
    Column("record", Id, ForeignKey("parts.record"), index=True),
    Column("seeded", Id, ForeignKey("seeded_defects.id"), index=True),
    Column("source", String(16), nullable=False),
    Column("reviewer", Id, nullable=False),  # empty for "downstream": a customer, a test bench
    Column("verdict", String(8), nullable=False),
    Column("kind", Name, nullable=False),  # of defect; empty: none was named
    Column("reason", Text, nullable=False),
    Column("shown_ms", Integer),  # how long the picture stood before it could be answered
    Column("decided_ms", Integer),  # from then to the answer
    Column("supersedes", AutoId, ForeignKey("reviews.id"), unique=True),
    Column("at", Utc, nullable=False),
    one_of("source", *REVIEW_SOURCES),
    one_of("verdict", *WORDS),
    CheckConstraint("(record IS NULL) <> (seeded IS NULL)", name="of_one"),
    Index("ix_reviews_at", "at"),
)

# A file of labels that was made in another tool.
label_imports = Table(
    "label_imports",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("file_sha256", Digest, nullable=False, unique=True),
    Column("file_name", String(128), nullable=False),
    Column("format", String(16), nullable=False),
    Column("person", String(128), nullable=False),
    Column("at", Utc, nullable=False),
    one_of("format", *LABEL_FORMATS),
)

# What a person marked in a picture. Of several imports the newest that names the picture holds.
labels = Table(
    "labels",
    metadata,
    Column("imported", AutoId, ForeignKey("label_imports.id"), primary_key=True),
    Column("picture", Digest, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", Name, nullable=False),  # of defect; empty: there is none in this picture
    *(Column(side, Float, nullable=False) for side in "xywh"),
    Index("ix_labels_picture", "picture"),
    sqlite_with_rowid=False,
)

alarm_answers = Table(
    "alarm_answers",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("alarm", AutoId, ForeignKey("alarms.id"), nullable=False, index=True),
    Column("person", Id, nullable=False),
    Column("did", Text, nullable=False),  # empty: only acknowledged
    Column("at", Utc, nullable=False),
)

# Settings, recipes, thresholds and policies, each with every version that ever held.
versions = Table(
    "versions",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", Name, nullable=False),  # of the station, the recipe, ...; empty: of the site
    Column("version", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("person", Id, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Utc, nullable=False),
    one_of("kind", *VERSIONED),
    UniqueConstraint("kind", "name", "version"),
)

# What figures propose for one class's limit, until a person signs it or for ever.
limit_proposals = Table(
    "limit_proposals",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("station", Name, nullable=False, index=True),
    Column("kind", Name, nullable=False),  # of defect
    Column("follows", Integer, nullable=False),  # version of the station's "thresholds"
    Column("now", Float, nullable=False),
    Column("proposed", Float, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("person", String(128), nullable=False),
    Column("at", Utc, nullable=False),
)

packages = Table(
    "packages",
    metadata,
    Column("name", Name, primary_key=True),
    Column("model_sha256", Digest, primary_key=True),
    Column("first_seen_at", Utc, nullable=False),
    sqlite_with_rowid=False,
)

lots = Table(
    "lots",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("station", Name, nullable=False),
    Column("name", String(128), nullable=False),
    Column("began_at", Utc, nullable=False),  # it ends where the station's next one begins
    UniqueConstraint("station", "began_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("body", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", Utc),
    Index("ix_outbox_sent_at", "sent_at"),
)

deletions = Table(
    "deletions",
    metadata,
    Column("id", AutoId, primary_key=True),
    Column("policy", AutoId, ForeignKey("versions.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # class of data
    Column("why", Text, nullable=False),
    Column("before", Utc, nullable=False),  # what was older is gone
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("at", Utc, nullable=False),
    Column("ended_at", Utc),  # null: in this transaction, and then rows may be deleted
)

ACTIONS: Final = 1, 2, 3, 4, 6, 7
COUNTED: Final = (
    "records",
    "passed",
    "rejected",
    "unknown",
    "not_inspected",
    "late",
    "decided",
    "lost",
    "disagreeing",
    "overrides",
    "corrections",
    *(f"action_{action}" for action in ACTIONS),
)
"""What is counted of a period's parts, by when they were triggered; `domain.record.Counts`."""

_STALE = text("stale")

# Counts of a period that has closed. A row that something late belongs to is stale until recounted.
period_counts = Table(
    "period_counts",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("station", Name, primary_key=True),
    Column("began_at", Utc, primary_key=True),
    Column("ended_at", Utc, nullable=False),
    Column("name", String(128), nullable=False),  # of the shift or the lot
    Column("stale", Boolean, nullable=False),
    *(Column(name, Integer, nullable=False) for name in COUNTED),
    one_of("kind", "hour", "shift", "lot"),
    Index("ix_period_counts_ended", "station", "ended_at"),
    Index("ix_period_counts_stale", "stale", sqlite_where=_STALE, postgresql_where=_STALE),
    sqlite_with_rowid=False,
)

# Of each hour, how many passed parts had which chance of an audit: what weights are made of.
cell_counts = Table(
    "cell_counts",
    metadata,
    Column("station", Name, primary_key=True),
    Column("began_at", Utc, primary_key=True),
    Column("strata_version", Integer, primary_key=True),
    Column("stratum", SmallInteger, primary_key=True),
    Column("audit_pi", Float, primary_key=True),
    Column("parts", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
