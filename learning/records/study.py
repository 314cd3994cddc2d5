"""Nights, and the adapters that they make."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from learning.records.base import Key, Leased, Record, now


class AdapterState(StrEnum):
    """Where an adapter is in its life."""

    CANDIDATE = "candidate"
    SERVING = "serving"
    RETIRED = "retired"
    HELD = "held"
    TAINTED = "tainted"
    PRUNED = "pruned"  # too old to be served again: its files are gone


EXAMINED = ("promoted", "held")  # verdicts of nights whose candidate sat an exam


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
    studied: Mapped[str | None] = mapped_column(Key)  # what tells apart what two adapters learned: their lessons, and what people asked about these
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
