"""Reports come in the morning, where they are wanted, with what the bot wonders; what people look at; lessons that stand beside each other; several
workspaces."""

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
    op.create_table(
        "installations",
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("enterprise_id", sa.String(length=64), nullable=False),
        sa.Column("bot_user_id", sa.String(length=64), nullable=False),
        sa.Column("bot_id", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_installations")),
    )


def downgrade() -> None:
    op.drop_table("installations")
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
