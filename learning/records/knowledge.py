"""What a channel should know, and what it must not know again."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from learning.records.base import Key, Record, now


class LessonStatus(StrEnum):
    """Where a lesson is on its way into the weights."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    LEARNED = "learned"
    SUPERSEDED = "superseded"
    EXTERNAL = "external"
    FORGOTTEN = "forgotten"


class Lesson(Record):
    """One statement that the channel should know. `digest` is its content id; an erased lesson has neither text nor digest.

    `origin` is `taught`, or the rule by which it was noticed in messages.
    """

    __tablename__ = "lessons"
    __table_args__ = (
        Index("uq_lessons_active", "channel_id", "digest", unique=True,
              sqlite_where=text("status NOT IN ('forgotten', 'superseded')"), postgresql_where=text("status NOT IN ('forgotten', 'superseded')")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    text: Mapped[str]
    question: Mapped[str | None]
    digest: Mapped[str] = mapped_column(Key)
    author: Mapped[str] = mapped_column(Key)
    origin: Mapped[str] = mapped_column(Key, default="taught")
    source_ts: Mapped[str | None] = mapped_column(Key)
    permalink: Mapped[str | None]
    post_ts: Mapped[str | None] = mapped_column(Key)  # the bot's own note in the channel, redacted when the lesson is forgotten
    valid_until: Mapped[date | None]
    status: Mapped[str] = mapped_column(Key, default=LessonStatus.APPROVED)
    beside: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # ids of older lessons that somebody has said to stand beside it, though it seemed to replace them
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    approved_at: Mapped[datetime | None]  # where it had to wait for that
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    @property
    def said(self) -> str:
        """All that it says, as it is searched: the question that it came with included."""
        return f"{self.question or ''} {self.text}".strip()

    @property
    def told(self) -> str:
        """As people read it: with the question that it came with."""
        return f"{self.question} — {self.text}" if self.question else self.text


class LessonSource(Record):
    """A message that a noticed lesson rests on: what happens to the message happens to the lesson."""

    __tablename__ = "lesson_sources"
    __table_args__ = (Index(None, "ts"),)

    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True)
    ts: Mapped[str] = mapped_column(Key, primary_key=True)


class Tombstone(Record):
    """A source, and a salted digest of a text, that must not become a lesson again."""

    __tablename__ = "tombstones"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), index=True)
    source_ts: Mapped[str | None] = mapped_column(Key)
    salted_digest: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Forgetting(Record):
    """A request to forget, until its receipt is written. `lessons` are lesson ids."""

    __tablename__ = "forgettings"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    requested_by: Mapped[str] = mapped_column(Key)
    lessons: Mapped[list[Any]]
    receipt: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
