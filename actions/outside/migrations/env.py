"""Alembic's entry: migrates over the connection that the store hands in, so there is one place that knows the URL."""

from alembic import context

from actions.outside.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
