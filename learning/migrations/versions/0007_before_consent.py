"""What was said before anybody agreed that lessons are looked for stays off the record; older versions kept it like all else. When a lesson was approved."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(  # who agrees again opts channels in anew
        "UPDATE channels SET learns_since = NULL, learns_by = NULL WHERE team_id NOT IN (SELECT team_id FROM workspaces WHERE attested_at IS NOT NULL)"
    )
    # An export was brought on purpose, so what such a channel holds may be looked at once it is opted in.
    op.execute(
        "UPDATE messages SET off_record = true WHERE channel_id IN (SELECT id FROM channels WHERE learns_since IS NULL)"
        " AND channel_id NOT IN (SELECT channel_id FROM imported_files)"
    )
    op.add_column("lessons", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("lessons", "approved_at")
