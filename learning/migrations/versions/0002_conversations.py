"""Learning from conversations: people, consent, sources of lessons, readings of history, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# Plain ALTER TABLE throughout: to rebuild a SQLite table is to drop it, and that takes along what refers to it.


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("slack_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("is_deactivated", sa.Boolean(), nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("team_id", "slack_id", name=op.f("pk_people")),
    )
    op.create_table(
        "workspaces",
        sa.Column("team_id", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("attested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attested_by", sa.String(length=64), nullable=True),
        sa.Column("attestation", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_workspaces")),
    )
    op.create_table(
        "imported_files",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_imported_files_channel_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel_id", "name", name=op.f("pk_imported_files")),
    )
    op.create_table(
        "lesson_sources",
        sa.Column("lesson_id", sa.Integer(), nullable=False),
        sa.Column("ts", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_lesson_sources_lesson_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lesson_id", "ts", name=op.f("pk_lesson_sources")),
    )
    op.create_index(op.f("ix_lesson_sources_ts"), "lesson_sources", ["ts"], unique=False)

    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("latest", sa.String(length=64), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("reached", sa.String(length=64), nullable=True),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("progress_ts", sa.String(length=64), nullable=True),
        sa.Column("night_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_readings_channel_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["night_id"], ["nights.id"], name=op.f("fk_readings_night_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    op.create_index(
        "uq_readings_unfinished",
        "readings",
        ["channel_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )

    op.add_column("channels", sa.Column("time_zone", sa.String(length=64), nullable=True))
    op.add_column("channels", sa.Column("is_external", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("channels", sa.Column("learns_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("learns_by", sa.String(length=64), nullable=True))
    op.add_column("channels", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("channels", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))

    op.add_column("lessons", sa.Column("origin", sa.String(length=64), nullable=False, server_default="taught"))

    op.add_column("messages", sa.Column("examined", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_messages_channel_id_examined"), "messages", ["channel_id", "examined"], unique=False)
    op.create_index(op.f("ix_messages_channel_id_thread_ts"), "messages", ["channel_id", "thread_ts"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_messages_channel_id_thread_ts"), "messages")
    op.drop_index(op.f("ix_messages_channel_id_examined"), "messages")
    op.drop_column("messages", "examined")

    op.drop_column("lessons", "origin")

    op.drop_column("channels", "left_at")
    op.drop_column("channels", "archived_at")
    op.drop_column("channels", "learns_by")
    op.drop_column("channels", "learns_since")
    op.drop_column("channels", "is_external")
    op.drop_column("channels", "time_zone")

    op.drop_index(
        "uq_readings_unfinished",
        "readings",
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )

    op.drop_table("readings")
    op.drop_index(op.f("ix_lesson_sources_ts"), "lesson_sources")

    op.drop_table("lesson_sources")
    op.drop_table("imported_files")
    op.drop_table("workspaces")
    op.drop_table("people")
