"""What was asked of the bot, and what it has to say."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from learning.records.base import Key, Leased, Record
from learning.records.conversation import Channel


class Question(Leased, Record):
    """Something that was asked in Slack, and what became of it."""

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("channel_id", "ts"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    ts: Mapped[str] = mapped_column(Key)
    thread_ts: Mapped[str | None] = mapped_column(Key)
    author: Mapped[str] = mapped_column(Key)
    text: Mapped[str]
    must_be_sure: Mapped[bool] = mapped_column(default=False)  # a follow-up without a mention: silence beats a guess
    attempts: Mapped[int] = mapped_column(default=0)
    answer: Mapped[dict[str, Any] | None]
    reply_ts: Mapped[str | None] = mapped_column(Key)

    channel: Mapped[Channel] = relationship(lazy="raise")

    @classmethod
    def in_thread(cls, ts: str | None) -> ColumnElement[bool]:
        """Those asked in a thread, its first message included."""
        return (cls.thread_ts == ts) | (cls.ts == ts)


class Announcement(Leased, Record):
    """What a background job wants said in a channel. `key` makes it said once; with `update_ts` it replaces an own message, with no text it deletes it.

    `wonders` are questions that it asks: what somebody answers in its thread becomes a proposed lesson.
    """

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Key, unique=True)
    text: Mapped[str]
    update_ts: Mapped[str | None] = mapped_column(Key)
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"))  # the lesson that the message will be the source of
    reply_ts: Mapped[str | None] = mapped_column(Key)
    due_at: Mapped[datetime | None]  # not to be said before
    audience: Mapped[str | None] = mapped_column(Key)  # `admins`: said to each of the channel's admins alone; None: in the channel
    wonders: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Telling(Leased, Record):
    """Lessons told by a command, more than are taken while Slack waits. Once that is told of, the row goes: what is forgotten may stand nowhere else.

    `lines` are those still to be taken, `outcomes` what became of the others: `{"lesson": id}` or `{"refused": reason}`, each as it is told.
    """

    __tablename__ = "tellings"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(Key)
    lines: Mapped[list[Any]]
    outcomes: Mapped[list[Any]] = mapped_column(default=list)
    attempts: Mapped[int] = mapped_column(default=0)  # at the first of the lines; each is ended by whatever ends the bot
    respond_to: Mapped[str]  # Slack's address for what there is to say to whoever told them; good for half an hour
