"""Finding lessons for people: those that they list, and those that they want forgotten."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from learning.memory import recall, replacing
from learning.memory.lessons import FORGETTABLE, IN_FORCE, in_force
from learning.memory.words import digest, stems
from learning.records import Channel, Lesson, LessonStatus


def listed(session: Session, channel: Channel, search: str = "") -> list[Lesson]:
    """Lessons in force and proposed ones, newest first; with `search`, those that hold all its words, in any inflection."""
    waiting = select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status == LessonStatus.PROPOSED)
    shown = sorted([*in_force(session, channel), *session.scalars(waiting)], key=lambda lesson: -lesson.id)
    wanted = set(stems(search))
    return [lesson for lesson in shown if wanted <= set(stems(lesson.said))]


def find(session: Session, channel: Channel, text: str) -> list[Lesson]:
    """The lessons that a request to forget means: the one of this number, or with this text and what says the same, else those nearest to it.

    Those that were replaced or expired are among them, of equally near ones those in force first; those that wait for approval where nothing else is near.
    """
    kept = session.scalars(select(Lesson).where(Lesson.channel_id == channel.id, Lesson.status.in_(FORGETTABLE)).order_by(Lesson.id)).all()
    numbered = [lesson for lesson in kept if text.strip().removeprefix("#") == str(lesson.id)]
    if numbered:
        return numbered
    exact = [lesson for lesson in kept if lesson.digest == digest(text)]
    waiting = [lesson for lesson in exact if lesson.status == LessonStatus.PROPOSED]
    if waiting:
        return waiting
    if exact:
        return [lesson for lesson in kept if lesson in exact or any(replacing.says_the_same(lesson, one) for one in exact)]
    hits = recall.relevant(recall.search(kept, text, limit=3))
    near = [hit for hit in hits if hit.score >= 0.7 * hits[0].score]
    settled = [hit for hit in near if hit.lesson.status != LessonStatus.PROPOSED]
    near = settled or near  # what others suggest does not keep anybody from forgetting their own
    return [hit.lesson for hit in sorted(near, key=lambda hit: (-hit.score, hit.lesson.status not in IN_FORCE))]


def surely_meant(text: str, lesson: Lesson) -> bool:
    """Does a lesson hold all that a request to forget names, or its number?"""
    return text.strip().removeprefix("#") == str(lesson.id) or set(stems(text)) <= set(stems(lesson.said))
