"""What was told by a command and is still to be taken."""

from collections.abc import Callable, Set
from contextlib import suppress
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from learning.memory.statements import LessonError, told
from learning.memory.words import digest
from learning.records import UNFINISHED, Channel, Telling


def waiting(session: Session, channel: Channel) -> bool:
    """Is something still to be taken?"""
    return session.scalars(select(Telling.id).where(Telling.channel_id == channel.id, Telling.state.in_(UNFINISHED)).limit(1)).first() is not None


def in_turn() -> ColumnElement[bool]:
    """The oldest of each channel: what is told later must not be taken earlier, since the newer lesson holds."""
    return Telling.id.in_(select(func.min(Telling.id)).where(Telling.state.in_(UNFINISHED)).group_by(Telling.channel_id))


def forget(session: Session, channel: Channel, forgotten: Set[str], day_of: Callable[[datetime], date]) -> None:
    """Lines that say what was just forgotten, by digests, are not taken any more. `day_of`: by the channel's clock."""
    for telling in session.scalars(select(Telling).where(Telling.channel_id == channel.id, Telling.state.in_(UNFINISHED))):
        telling.lines = [line for line in telling.lines if _digest(line, day_of(telling.created_at)) not in forgotten]


def drop(session: Session, channel: Channel) -> None:
    """Nothing of it is taken any more."""
    session.execute(delete(Telling).where(Telling.channel_id == channel.id))


def _digest(line: str, day: date) -> str:
    with suppress(LessonError):
        question, dated = told(line, day)
        return digest(f"{question} {dated.text}" if question else dated.text)
    return ""
