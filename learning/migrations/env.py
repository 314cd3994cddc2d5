"""How Alembic reaches the database: always over the connection that `database.migrate` hands in."""

from typing import Any, Literal

from alembic import context

from learning.records import Record, UtcDateTime


def plain_type(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Migrations name column types of SQLAlchemy only, so that they outlive the code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(connection=context.config.attributes["connection"], target_metadata=Record.metadata, render_as_batch=True, render_item=plain_type)
context.run_migrations()
