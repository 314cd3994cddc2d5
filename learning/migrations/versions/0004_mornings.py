"""Reports come in the morning, where they are wanted, with what the bot wonders; what people look at; and lessons that stand beside each other."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = (
    ("announcements", "due_at", sa.DateTime(timezone=True)),
    ("announcements", "audience", sa.String(length=64)),
    ("announcements", "wonders", sa.JSON()),
    ("channels", "reports", sa.String(length=64)),
    ("lessons", "beside", sa.JSON()),
    ("people", "is_admin", sa.Boolean()),
    ("people", "viewing", sa.String(length=64)),
)


def upgrade() -> None:
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
