"""Erasing what was forgotten: the texts of lessons, what they rest on, and whatever repeats them."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from learning.memory import log, notes, wondering
from learning.records import Announcement, Channel, Lesson, LessonSource, LessonStatus, Tombstone

GONE = (LessonStatus.FORGOTTEN, LessonStatus.SUPERSEDED)


def unerased(session: Session, channel: Channel) -> list[Lesson]:
    """Forgotten lessons whose text is still there, for the exam of the adapter that is rebuilt without them."""
    return list(session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.FORGOTTEN, Lesson.text != "")))


def erase(session: Session, channel: Channel, lesson_ids: Sequence[int]) -> None:
    """Remove the texts of forgotten lessons, here and in the log, and whatever restates them, also in direct messages, where they may have been answered.

    Rows and tombstones stay, without content; so do messages that say what was taught anew meanwhile.
    """
    asides = (Channel.team_id == channel.team_id, Channel.is_direct, Channel.id != channel.id)
    replies = log.replies(session, [channel, *session.scalars(select(Channel).where(*asides))])
    anew = set(session.scalars(select(Lesson.digest).where(Lesson.channel_id == channel.id, Lesson.status.not_in(GONE))))
    for lesson in session.scalars(select(Lesson).where(Lesson.id.in_(lesson_ids), Lesson.status == LessonStatus.FORGOTTEN)):
        answers = replies.get(lesson.id, ())
        sources = (*sources_of(session, lesson), lesson.post_ts, *(ts for room, ts in answers if room == channel.id))
        if lesson.digest not in anew:
            for source_ts in log.erase(session, channel, sources, lesson):
                session.add(Tombstone(channel_id=channel.id, source_ts=source_ts, salted_digest=""))
            told = {room for room, _ in answers} - {channel.id}
            for aside in session.scalars(select(Channel).where(*asides, Channel.id.in_(told) | Channel.id.in_(log.rooms(lesson.text)))):
                log.erase(session, aside, [ts for room, ts in answers if room == aside.id], lesson)
        blank(session, lesson)
    wondering.tidy(session, channel)


def blank(session: Session, lesson: Lesson) -> None:
    """Take the words out of a lesson's row, and out of the bot's own notes of it."""
    session.execute(update(Announcement).where(Announcement.lesson_id == lesson.id).values(text=notes.REDACTED))
    lesson.text, lesson.question, lesson.digest, lesson.permalink = "", None, f"erased-{lesson.id}", None


def sources_of(session: Session, lesson: Lesson) -> list[str]:
    """The ts of all messages that a lesson rests on."""
    resting = session.scalars(select(LessonSource.ts).where(LessonSource.lesson_id == lesson.id))
    return sorted({*resting, *([lesson.source_ts] if lesson.source_ts else [])})


def salted(channel: Channel, content: str) -> str:
    """A digest that tells nothing outside this channel."""
    return hashlib.sha256(f"{channel.salt}{content}".encode()).hexdigest()
