"""The tables. Truth is here: a question, a lesson, a night and an announcement are rows with a state, a lease and a generation."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes on every database; SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Record(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s",
        }
    )  # fmt: skip
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON, str: Text}  # noqa: RUF012


Key = String(64)


class LessonStatus(StrEnum):
    """Where a lesson is on its way into the weights."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    LEARNED = "learned"
    SUPERSEDED = "superseded"
    EXTERNAL = "external"
    FORGOTTEN = "forgotten"


class AdapterState(StrEnum):
    """Where an adapter is in its life."""

    CANDIDATE = "candidate"
    SERVING = "serving"
    RETIRED = "retired"
    HELD = "held"
    TAINTED = "tainted"


class Work(StrEnum):
    """States of a question, a night and an announcement. `waiting` and `running` are unfinished."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Leased:
    """Columns of work that is claimed: whoever publishes checks that `generation` is still its own."""

    state: Mapped[str] = mapped_column(Key, default=Work.WAITING)
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


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
    created_at: Mapped[datetime] = mapped_column(default=now)


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
    __table_args__ = (UniqueConstraint("channel_id", "ts"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    ts: Mapped[str] = mapped_column(Key)
    thread_ts: Mapped[str | None] = mapped_column(Key)
    author: Mapped[str] = mapped_column(Key)
    is_bot: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str]
    edited_ts: Mapped[str | None] = mapped_column(Key)
    deleted_at: Mapped[datetime | None]


class Reaction(Record):
    """Who reacted to which message with which emoji; taking it back deletes the row."""

    __tablename__ = "reactions"

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    ts: Mapped[str] = mapped_column(Key, primary_key=True)
    author: Mapped[str] = mapped_column(Key, primary_key=True)
    emoji: Mapped[str] = mapped_column(Key, primary_key=True)


class Lesson(Record):
    """One statement that the channel should know. `digest` is its content id; an erased lesson has neither text nor digest."""

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
    source_ts: Mapped[str | None] = mapped_column(Key)
    permalink: Mapped[str | None]
    post_ts: Mapped[str | None] = mapped_column(Key)  # the bot's own note in the channel, redacted when the lesson is forgotten
    valid_until: Mapped[date | None]
    status: Mapped[str] = mapped_column(Key, default=LessonStatus.APPROVED)
    superseded_by: Mapped[int | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class Tombstone(Record):
    """A source, and a salted digest of a text, that must not become a lesson again."""

    __tablename__ = "tombstones"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"), index=True)
    source_ts: Mapped[str | None] = mapped_column(Key)
    salted_digest: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Night(Leased, Record):
    """One consolidation of one channel. `occasion` tells apart what may happen more than once a day (a forgetting, a `sleep`)."""

    __tablename__ = "nights"
    __table_args__ = (UniqueConstraint("channel_id", "date", "kind", "occasion"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    date: Mapped[date]
    kind: Mapped[str] = mapped_column(Key)
    occasion: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str] = mapped_column(Key, default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    verdict: Mapped[str | None] = mapped_column(Key)
    report_card: Mapped[dict[str, Any] | None]


class Adapter(Record):
    """One immutable trained LoRA folder, named `CHANNEL@vN`."""

    __tablename__ = "adapters"
    __table_args__ = (
        UniqueConstraint("channel_id", "version"),
        Index("uq_adapters_serving", "channel_id", unique=True,
              sqlite_where=text("state = 'serving'"), postgresql_where=text("state = 'serving'")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    night_id: Mapped[int] = mapped_column(ForeignKey("nights.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(Key, unique=True)
    state: Mapped[str] = mapped_column(Key, default=AdapterState.CANDIDATE)
    base_hash: Mapped[str] = mapped_column(Key)
    weights_sha256: Mapped[str | None] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(default=now)
    served_at: Mapped[datetime | None]


class AdapterLesson(Record):
    """An adapter's lineage: each lesson it was trained on, and whether the exam proved that it knows it."""

    __tablename__ = "adapter_lessons"

    adapter_id: Mapped[int] = mapped_column(ForeignKey("adapters.id", ondelete="CASCADE"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True)
    proven: Mapped[bool] = mapped_column(default=False)


class StudyItemRecord(Record):
    """A training example of a channel's latest night."""

    __tablename__ = "study_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    night_id: Mapped[int] = mapped_column(ForeignKey("nights.id", ondelete="CASCADE"), index=True)
    question: Mapped[str]
    answer: Mapped[str]
    strategy: Mapped[str] = mapped_column(Key)
    lessons: Mapped[list[Any]]  # content ids


class ExamAnswer(Record):
    """One exam question and what the candidate said, closed-book."""

    __tablename__ = "exam_answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    night_id: Mapped[int] = mapped_column(ForeignKey("nights.id", ondelete="CASCADE"), index=True)
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Key)
    question: Mapped[str]
    answer: Mapped[str]
    right: Mapped[bool]


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


class Announcement(Leased, Record):
    """What a background job wants said in a channel. `key` makes it said once; with `update_ts` it replaces an own message."""

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Key, unique=True)
    text: Mapped[str]
    update_ts: Mapped[str | None] = mapped_column(Key)
    lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"))  # the lesson that the message will be the source of
    reply_ts: Mapped[str | None] = mapped_column(Key)
