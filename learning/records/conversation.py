"""Who speaks where, and what was said."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from learning.records.base import Key, Leased, Record, now


class Workspace(Record):
    """A Slack workspace: its address, the clock of its nights, and the attestation without which nothing is learned from messages."""

    __tablename__ = "workspaces"

    team_id: Mapped[str] = mapped_column(Key, primary_key=True)
    url: Mapped[str | None]  # ends with a slash
    time_zone: Mapped[str | None] = mapped_column(Key)
    attested_at: Mapped[datetime | None]
    attested_by: Mapped[str | None] = mapped_column(Key)
    attestation: Mapped[str | None]  # the wording that was agreed to


class Installation(Record):
    """A workspace that the app was installed in besides that of the settings. `token` is encrypted."""

    __tablename__ = "installations"

    team_id: Mapped[str] = mapped_column(Key, primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(Key, default="")
    bot_user_id: Mapped[str] = mapped_column(Key)
    bot_id: Mapped[str] = mapped_column(Key)
    token: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Person(Record):
    """A member of a workspace. After an opt-out their messages are neither kept nor studied."""

    __tablename__ = "people"

    team_id: Mapped[str] = mapped_column(Key, primary_key=True)
    slack_id: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str | None] = mapped_column(Key)
    is_bot: Mapped[bool] = mapped_column(default=False)
    is_deactivated: Mapped[bool] = mapped_column(default=False)
    is_admin: Mapped[bool | None]  # of the workspace
    viewing: Mapped[str | None] = mapped_column(Key)  # the channel that they have open beside the bot
    opted_out_at: Mapped[datetime | None]


class Channel(Record):
    """A Slack conversation, keyed by ids, never by name."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("enterprise_id", "team_id", "slack_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[str] = mapped_column(Key, default="")
    team_id: Mapped[str] = mapped_column(Key)
    slack_id: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(default="")
    salt: Mapped[str] = mapped_column(Key)  # makes the digests of forgotten texts useless elsewhere
    time_zone: Mapped[str | None] = mapped_column(Key)  # the most common one of its members
    is_external: Mapped[bool] = mapped_column(default=False)  # shared with another organisation: nothing is learned from its messages
    learns_since: Mapped[datetime | None]  # opted in: lessons may be noticed in its messages
    learns_by: Mapped[str | None] = mapped_column(Key)  # who opted it in
    archived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]  # the bot was removed, or the channel deleted
    paused_at: Mapped[datetime | None]  # no nights until they are resumed
    approval: Mapped[str | None] = mapped_column(Key)  # who settles what is taught; None: by the number of members
    members: Mapped[int | None]  # as last counted
    reports: Mapped[str | None] = mapped_column(Key)  # where the mornings' reports go: `channel` (None), `admins` or `off`
    created_at: Mapped[datetime] = mapped_column(default=now)

    @hybrid_property
    def is_direct(self) -> bool:
        """Is it somebody's conversation with the bot?"""
        return self.slack_id.startswith("D")

    @property
    def is_group(self) -> bool:
        """Is it a conversation of several people that is no channel? The bot's scopes do not reach into it."""
        return self.name.startswith("mpdm-")


class ChannelAlias(Record):
    """An id that a channel had before `channel_id_changed`."""

    __tablename__ = "channel_aliases"

    team_id: Mapped[str] = mapped_column(Key, primary_key=True)
    slack_id: Mapped[str] = mapped_column(Key, primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))


class Event(Record):
    """A Slack event that was recorded; redelivery finds it here."""

    __tablename__ = "events"

    event_id: Mapped[str] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(Key)
    received_at: Mapped[datetime] = mapped_column(default=now)


class Message(Record):
    """What somebody wrote, edits and deletion included. `author` is a Slack user id."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("channel_id", "ts"), Index(None, "channel_id", "thread_ts"), Index(None, "channel_id", "examined"))

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    ts: Mapped[str] = mapped_column(Key)
    thread_ts: Mapped[str | None] = mapped_column(Key)
    author: Mapped[str] = mapped_column(Key)
    is_bot: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str]
    edited_ts: Mapped[str | None] = mapped_column(Key)
    deleted_at: Mapped[datetime | None]
    examined: Mapped[bool] = mapped_column(default=False)  # for lessons, as it and its thread are now
    off_record: Mapped[bool] = mapped_column(default=False)  # said where nothing might be learned: kept for follow-ups, never looked at for lessons

    @classmethod
    def in_thread(cls, ts: str) -> ColumnElement[bool]:
        """Those of a thread, its first one included."""
        return (cls.thread_ts == ts) | (cls.ts == ts)


class Reaction(Record):
    """Who reacted to which message with which emoji; taking it back deletes the row."""

    __tablename__ = "reactions"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    ts: Mapped[str] = mapped_column(Key, primary_key=True)
    author: Mapped[str] = mapped_column(Key, primary_key=True)
    emoji: Mapped[str] = mapped_column(Key, primary_key=True)


class Reading(Leased, Record):
    """One reading of a channel's history in Slack, newest first. `reached` is the oldest ts that was reconciled; one at a time for a channel."""

    __tablename__ = "readings"
    __table_args__ = (
        Index("uq_readings_unfinished", "channel_id", unique=True,
              sqlite_where=text("state IN ('waiting', 'running')"), postgresql_where=text("state IN ('waiting', 'running')")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    requested_by: Mapped[str] = mapped_column(Key)
    latest: Mapped[str | None] = mapped_column(Key)
    cursor: Mapped[str | None]
    reached: Mapped[str | None] = mapped_column(Key)
    share: Mapped[float] = mapped_column(default=0.0)
    messages: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    deleted: Mapped[int] = mapped_column(default=0)
    progress_ts: Mapped[str | None] = mapped_column(Key)  # the bot's message that shows how far it is
    night_id: Mapped[int | None] = mapped_column(ForeignKey("nights.id", ondelete="SET NULL"))


class ImportedFile(Record):
    """A file of an export that is in the log already."""

    __tablename__ = "imported_files"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Key, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Key)
