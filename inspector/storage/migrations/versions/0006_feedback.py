"""What people say later, versions, counts of closed periods, deletions; what may not be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ACTIONS = 1, 2, 3, 4, 6, 7
_COUNTED = (
    *("records", "passed", "rejected", "unknown", "not_inspected", "late", "decided", "lost"),
    *("disagreeing", "overrides", "corrections", *(f"action_{action}" for action in _ACTIONS)),
)
_APPEND_ONLY = (
    *("stations", "views", "findings", "plc_decisions", "verdict_events", "gaps", "boots"),
    *("alarms", "reviews", "seeded_defects", "alarm_answers", "versions", "packages", "lots"),
)
_OF_A_PART = (
    *("record", "station", "run", "number", "triggered_at", "judged_at", "encoder", "verdict"),
    *("reasons", "not_inspected", "recipe", "package", "model_sha256", "device", "device_asked"),
    *("precision", "epoch", "score", "stratum", "audit_pi", "selected", "strata_version"),
    "audit_key",
)
_OPEN = "EXISTS (SELECT 1 FROM deletions WHERE ended_at IS NULL)"


def upgrade() -> None:
    op.add_column("parts", sa.Column("score", sa.Float()))
    op.add_column("parts", sa.Column("strata_version", sa.Integer()))
    op.add_column("parts", sa.Column("audit_key", sa.String(64)))
    drawn = sa.text("selected")
    op.create_index(
        "ix_parts_selected",
        "parts",
        ["triggered_at"],
        sqlite_where=drawn,
        postgresql_where=drawn,
    )
    _said_later()
    _kept_for_a_time()
    _counted()
    if op.get_context().dialect.name == "postgresql":
        _refuse_in_postgres()
    else:
        _refuse_in_sqlite()


def _said_later() -> None:
    op.create_table(
        "seeded_defects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("picture", sa.String(64), nullable=False),
        sa.Column("made_from", sa.Text(), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station"], ["stations.name"], name=op.f("fk_seeded_defects_station")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seeded_defects")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("request", sa.String(128), nullable=False),
        sa.Column("record", sa.String(64)),
        sa.Column("seeded", sa.String(64)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("reviewer", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shown_ms", sa.Integer()),
        sa.Column("decided_ms", sa.Integer()),
        sa.Column("supersedes", _NUMBER),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "source IN ('flagged', 'audit', 'confirm', 'second', 'seed', 'downstream')",
            name=op.f("ck_reviews_source"),
        ),
        sa.CheckConstraint("verdict IN ('OK', 'NOK', 'UNSURE')", name=op.f("ck_reviews_verdict")),
        sa.CheckConstraint("(record IS NULL) <> (seeded IS NULL)", name=op.f("ck_reviews_of_one")),
        sa.ForeignKeyConstraint(["record"], ["parts.record"], name=op.f("fk_reviews_record")),
        sa.ForeignKeyConstraint(["seeded"], ["seeded_defects.id"], name=op.f("fk_reviews_seeded")),
        sa.ForeignKeyConstraint(["supersedes"], ["reviews.id"], name=op.f("fk_reviews_supersedes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("request", name=op.f("uq_reviews_request")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_reviews_supersedes")),
    )
    for column in ("record", "seeded", "at"):
        op.create_index(op.f(f"ix_reviews_{column}"), "reviews", [column])
    op.create_table(
        "alarm_answers",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("alarm", _NUMBER, nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("did", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["alarm"], ["alarms.id"], name=op.f("fk_alarm_answers_alarm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_answers")),
    )
    op.create_index(op.f("ix_alarm_answers_alarm"), "alarm_answers", ["alarm"])
    op.create_table(
        "packages",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "model_sha256", name=op.f("pk_packages")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO packages SELECT package, model_sha256, min(judged_at) FROM parts"
        " WHERE package <> '' GROUP BY package, model_sha256"
    )
    op.create_table(
        "lots",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("station", "began_at", name=op.f("uq_lots_station_began_at")),
    )


def _kept_for_a_time() -> None:
    op.create_table(
        "versions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('settings', 'recipe', 'thresholds', 'strata', 'retention', 'costs',"
            " 'policy')",
            name=op.f("ck_versions_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("kind", "name", "version", name=op.f("uq_versions_kind_name_version")),
    )
    op.create_table(
        "deletions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("policy", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["policy"], ["versions.id"], name=op.f("fk_deletions_policy")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("sent_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_sent_at", "outbox", ["sent_at"])


def _counted() -> None:
    op.create_table(
        "period_counts",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTED),
        sa.CheckConstraint("kind IN ('hour', 'shift', 'lot')", name=op.f("ck_period_counts_kind")),
        sa.PrimaryKeyConstraint("kind", "station", "began_at", name=op.f("pk_period_counts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_period_counts_ended", "period_counts", ["station", "ended_at"])
    stale = sa.text("stale")
    op.create_index(
        "ix_period_counts_stale",
        "period_counts",
        ["stale"],
        sqlite_where=stale,
        postgresql_where=stale,
    )
    op.create_table(
        "cell_counts",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("strata_version", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.SmallInteger(), nullable=False),
        sa.Column("audit_pi", sa.Float(), nullable=False),
        sa.Column("parts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("station", "began_at", "strata_version", "stratum", "audit_pi"),
            name=op.f("pk_cell_counts"),
        ),
        sqlite_with_rowid=False,
    )


def _refuse_in_sqlite() -> None:
    def refuse(name: str, table: str, event: str, condition: str) -> None:
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )

    for table in _APPEND_ONLY:
        refuse("no_update", table, "UPDATE", "1")
        refuse("no_delete", table, "DELETE", f"NOT {_OPEN}")
    refuse("no_update", "parts", f"UPDATE OF {_quoted()}", "1")
    refuse("no_delete", "parts", "DELETE", f"NOT {_OPEN}")
    refuse("no_update", "deletions", "UPDATE", "OLD.ended_at IS NOT NULL")
    refuse("no_delete", "deletions", "DELETE", "1")


def _refuse_in_postgres() -> None:
    op.execute(
        "CREATE FUNCTION inspector_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'DELETE' AND TG_TABLE_NAME <> 'deletions' AND {_OPEN} THEN RETURN OLD;"
        " END IF; RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )

    def refuse(name: str, table: str, event: str, condition: str = "true") -> None:
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW"
            f" WHEN ({condition}) EXECUTE FUNCTION inspector_append_only()"
        )

    for table in _APPEND_ONLY:
        refuse("no_change", table, "UPDATE OR DELETE")
    refuse("no_update", "parts", f"UPDATE OF {_quoted()}")
    refuse("no_delete", "parts", "DELETE")
    refuse("no_update", "deletions", "UPDATE", "OLD.ended_at IS NOT NULL")
    refuse("no_delete", "deletions", "DELETE")


def _quoted() -> str:
    return ", ".join(f'"{column}"' for column in _OF_A_PART)
