"""The bot's own notes of lessons in the channel: what answers cite, and what is redacted when a lesson is forgotten."""

import html
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from learning.database import add_once
from learning.memory import approval
from learning.records import UNFINISHED, Announcement, Channel, Lesson, LessonStatus, Work

REDACTED = "_(a lesson that was forgotten)_"
WAITS = ":hourglass:"


def note_taught(session: Session, lesson: Lesson, by: str) -> None:
    """Have the bot say in the channel what it was taught, and `by` whom: everybody sees it, and answers can cite it. Once, whoever teaches it again."""
    key = f"taught-{lesson.id}"
    if lesson.status == LessonStatus.PROPOSED and lesson.author != by:
        return  # it was noticed, say, and waits already
    if session.scalars(select(Announcement.id).where(Announcement.key == key)).first() is None:
        session.add(Announcement(channel_id=lesson.channel_id, key=key, text=note(session, lesson, by), lesson_id=lesson.id))


def note(session: Session, lesson: Lesson, by: str) -> str:
    """The bot's note of a lesson in the channel, shown as written: it pings nobody but whoever taught it."""
    said = html.escape(f"{lesson.question} {lesson.text}" if lesson.question else lesson.text, quote=False)
    if lesson.status == LessonStatus.PROPOSED:
        who = approval.by_whom(session.get_one(Channel, lesson.channel_id), lesson)
        return f"{WAITS} <@{by}> suggests: {said}\n{who[:1].upper() + who[1:]} has to approve it: `/nightschool proposals`."
    return f":books: <@{by}> taught me: {said}"


def unsay(session: Session, lesson_ids: Sequence[int]) -> None:
    """What was given up of saying some lessons, and may be tried again, says them no more; nor what is still to be put in a note's place."""
    given_up = (Announcement.state == Work.FAILED) | (Announcement.state.in_(UNFINISHED) & Announcement.update_ts.is_not(None))
    session.execute(update(Announcement).where(Announcement.lesson_id.in_(lesson_ids), given_up).values(text=REDACTED))


def tell_settled(session: Session, lesson: Lesson) -> None:
    """The channel was told that a lesson waits for approval: it does not any more."""
    if lesson.post_ts:
        told = {"update_ts": lesson.post_ts, "text": note(session, lesson, lesson.author), "lesson_id": lesson.id}
        add_once(session, Announcement, channel_id=lesson.channel_id, key=f"approved-{lesson.id}", **told)


def noted(session: Session, lesson_id: int, post_ts: str, permalink: str | None) -> None:
    """The bot's note was posted; a lesson forgotten meanwhile has the note redacted."""
    lesson = session.get_one(Lesson, lesson_id)
    lesson.post_ts, lesson.permalink = post_ts, lesson.permalink or permalink
    said = session.scalars(select(Announcement.text).where(Announcement.key == f"taught-{lesson.id}")).first() or ""
    if said.startswith(WAITS) and lesson.status not in (LessonStatus.PROPOSED, LessonStatus.FORGOTTEN):  # approved before this was posted
        tell_settled(session, lesson)
    if lesson.status == LessonStatus.FORGOTTEN:
        lesson.permalink = None
        add_once(session, Announcement, channel_id=lesson.channel_id, key=f"redact-{lesson.id}", update_ts=post_ts, text=REDACTED)
