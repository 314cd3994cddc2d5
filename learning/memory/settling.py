"""What people say of two lessons of which the newer one has replaced the other, or may: which of them hold."""

import sys
from contextlib import suppress

from sqlalchemy.orm import Session

from learning.memory import channels, lessons, replacing
from learning.memory.statements import LessonError, told
from learning.records import Channel, Lesson, LessonStatus


def put_aside(session: Session, channel: Channel, new_id: int) -> list[Lesson]:
    """Somebody said that a lesson replaces what it has replaced, and what it seems to contradict. All these lessons."""
    channels.lock(session, channel)
    new = _in_force(session, channel, new_id)
    return [*lessons.replaced(session, new), *lessons.set_aside(new, lessons.contradicting(session, channel, new))] if new else []


def keep_both(session: Session, channel: Channel, new_id: int) -> list[Lesson]:
    """What a lesson has replaced is in force again, beside it, and what it seems to contradict stays so. All these lessons."""
    channels.lock(session, channel)
    new = _in_force(session, channel, new_id)
    if new is None:
        return []
    taken, contradicted = lessons.standing(session, channel), lessons.contradicting(session, channel, new)
    restored = []
    for old in lessons.replaced(session, new):
        if old.digest not in taken:  # else who taught it again has settled that
            old.status, old.superseded_by = LessonStatus.APPROVED, None
            taken.add(old.digest)
            restored.append(old)
    new.beside = [*(new.beside or ()), *(old.id for old in (*restored, *contradicted))]
    return [*restored, *contradicted]


def _in_force(session: Session, channel: Channel, lesson_id: int) -> Lesson | None:
    return next((lesson for lesson in lessons.in_force(session, channel) if lesson.id == lesson_id), None)


def consider(session: Session, channel: Channel, *texts: str) -> None:
    """Judge what statements would replace, before they are taught: by a model, and so not within a transaction that writes."""
    alike = session.info.get("alike")
    if not alike:
        return
    known = lessons.in_force(session, channel)
    for number, text in enumerate(texts, sys.maxsize - len(texts)):
        with suppress(LessonError):
            question, dated = told(text, channels.day_of(session, channel))
            new = Lesson(id=number, text=dated.text, question=question)
            replacing.replaced_by(new, known, alike)
            known.append(new)
