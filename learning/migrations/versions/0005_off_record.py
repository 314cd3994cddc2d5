"""What is said where nothing may be learned stays off the record; an adapter says what it studied."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("off_record", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("adapters", sa.Column("studied", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("adapters", "studied")
    op.drop_column("messages", "off_record")
