"""Runs migrations on the connection that `inspector.storage.database` hands in; no ini file."""

from alembic import context

from inspector.storage.feedback_schema import reviews

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=reviews.metadata,
    render_as_batch=True,
)
context.run_migrations()
