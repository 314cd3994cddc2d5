"""A channel's nights can be paused, and lessons may need a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("approval", sa.String(length=64), nullable=True))
    op.add_column("channels", sa.Column("members", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("channels", "members")
    op.drop_column("channels", "approval")
    op.drop_column("channels", "paused_at")
